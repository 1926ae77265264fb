"""JSON pages of claimed names: of files that do not fit this environment, pip makes no links."""

from __future__ import annotations

import json
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pip._internal.models.wheel import Wheel

from rim_router.hooks import pages
from rim_router.hooks.diagnostics import talks
from rim_router.hooks.early import LARGE
from rim_router.hooks.entries import PLAIN_URL, links_of, size_of
from rim_router.rules.names import normalise
from rim_router.rules.page_metadata import is_json
from rim_router.rules.selection import Environment, Selection

if TYPE_CHECKING:
    from collections.abc import Callable


_SUPPORTED = Wheel.supported


class Dropping:
    """The replacements of pip's functions that make links of pages."""

    def __init__(self) -> None:
        # The finder that reads a page, where nobody is told what it passes over and why.
        self._finder: ContextVar[Any] = ContextVar("rim_router_finder", default=None)
        self._environments: dict[int, tuple[Any, Environment]] = {}
        self._read: dict[int, tuple[bytes, str, list[Any]]] = {}
        self._sizes: dict[str, object] = {}
        self.reads = False  # whether pip's function that makes links is replaced

    def process(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``PackageFinder.process_project_url``: a page is read for a project."""

        def process(finder: Any, project_url: Any, link_evaluator: Any) -> Any:
            token = self._finder.set((finder, link_evaluator.project_name))
            try:
                return original(finder, project_url, link_evaluator)
            finally:
                self._finder.reset(token)

        return process

    def links(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``parse_links``: what a page has becomes links."""

        def links(page: Any) -> Any:
            reader = self._finder.get()
            if reader is None or not pages.is_strict() or not is_json(page.content_type):
                return original(page)
            content, url, found = self._read.pop(id(page.content), (None, None, []))
            if content is not page.content or url != page.url:
                selection = self.selection(*reader)
                if selection is None:
                    return original(page)
                files = selection.usable(json.loads(page.content).get("files", []))
                found = links_of(files, page.url, self._sizes)
            return found

        return links

    def selection(self, finder: Any, name: str) -> Selection | None:
        """What a finder can use of a project; None if it is to say why it skips the rest."""
        if talks() or getattr(finder, "uploaded_prior_to", None) is not None:
            return None
        if Wheel.supported is not _SUPPORTED:  # by whoever wants the files for other platforms, too
            return None
        target = finder.target_python
        if id(target) not in self._environments:
            tags = target.get_tags() if hasattr(target, "get_tags") else target.get_sorted_tags()
            ranks: dict[str, int] = {}
            for rank, tag in enumerate(tags):
                ranks.setdefault(str(tag), rank)
            self._environments[id(target)] = (target, Environment(ranks, {}))
        name = normalise(name)
        formats = finder.format_control.get_allowed_formats(name)
        return Selection(name, self._environments[id(target)][1], formats)

    def keep(self, content: bytes, url: str, files: list[Any]) -> None:
        """Note the usable files of a page that has been read already, until pip reads it."""
        if self.reads:
            self._read[id(content)] = (content, url, links_of(files, url, self._sizes))

    def is_small(self, link: Any) -> bool:
        """Whether a page says that a file is small enough to come early."""
        size = size_of(link, self._sizes)
        return type(size) is int and 0 <= size <= LARGE

    def forget(self) -> None:
        """Drop what has been read of pages that pip has not asked for."""
        self._read.clear()

    def close(self) -> None:
        """Drop everything that is only of use until files are downloaded."""
        self.forget()
        self._sizes.clear()


def quoted(original: Callable[..., str]) -> Callable[..., str]:
    """``_ensure_quoted_url``: what has nothing to be quoted in it need not be taken apart to see that."""
    is_plain = re.compile(PLAIN_URL).fullmatch

    def quote(url: str) -> str:
        return url if is_plain(url) is not None else original(url)

    return quote


def remembered(original: Callable[..., bool]) -> Callable[..., bool]:
    """``check_requires_python``: thousands of files have the same few values."""
    answers: dict[tuple[str, tuple[int, ...]], bool] = {}

    def check(requires_python: Any, version_info: Any) -> bool:
        if type(requires_python) is not str:
            return original(requires_python, version_info)
        key = (requires_python, version_info)
        found = answers.get(key)
        if found is None:
            found = answers[key] = original(requires_python, version_info)
        return found

    return check
