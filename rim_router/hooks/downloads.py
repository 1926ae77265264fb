"""Downloads of tracked files: from one place after the other, verified before anything looks inside."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.models.link import Link

from rim_router.errors import DownloadError
from rim_router.hooks.diagnostics import PipRoutingError, logger, pip_error
from rim_router.hooks.failures import FAILURES, reason, remedy
from rim_router.hooks.http_cache import fresh_if_wrong
from rim_router.hooks.lookalike import dissolve, lookalike
from rim_router.hooks.tracking import url_of
from rim_router.hooks.transfer import BrokenOffError, Transfer
from rim_router.rules.remedies import ask_server
from rim_router.rules.urls import host_of, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    from rim_router.hooks.services import Services
    from rim_router.hooks.tracking import File

    T = TypeVar("T")
    #: Of each place so far: the redacted URL, the reason and the exception.
    Failures = list[tuple[str, str, Exception]]


class Downloads:
    """The replacements of pip's downloaders."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def download(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``Downloader.__call__``."""

        def download(downloader: Any, link: Any, location: str) -> Any:
            file = self._services.tracker.find(link)
            if file is None:
                return original(downloader, link, location)
            return self._fetch(lambda *args: original(*args), downloader, link, location, file)

        return download

    def batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``BatchDownloader.__call__`` of older pips, which does not go through the other one."""

        def one(downloader: Any, link: Any, location: str) -> Any:
            return next(iter(original(downloader, [link], location)))[1]

        def batch(downloader: Any, links: Iterable[Any], location: str) -> Iterator[Any]:
            for link in links:
                file = self._services.tracker.find(link)
                if file is None:
                    yield from original(downloader, [link], location)
                else:
                    yield link, self._fetch(one, downloader, link, location, file)

        return batch

    def _fetch(
        self, original: Callable[..., Any], downloader: Any, link: Any, location: str, file: File
    ) -> tuple[str, str]:
        if file.path is not None and Path(file.path).exists():
            return file.path, ""  # pip 22 asks for what it has been given already

        def fetch(url: str) -> tuple[str, str]:
            place = link if url == file.url else Link(url, comes_from=link.comes_from)
            return self._fetch_from(original, downloader, place, location, file)

        return from_some_place(
            file, self._services, fetch, FAILURES, lambda failures: self._failed(file, failures)
        )

    def _fetch_from(
        self, original: Callable[..., Any], downloader: Any, link: Any, location: str, file: File
    ) -> tuple[str, str]:
        return fresh_if_wrong(
            lambda transfer: self._attempt(original, downloader, link, location, file, transfer),
            lambda: Transfer(file.digests, file.size),
            downloader._session,
            file.filename,
            FAILURES,
        )

    def _attempt(
        self,
        original: Callable[..., Any],
        downloader: Any,
        link: Any,
        location: str,
        file: File,
        transfer: Transfer,
    ) -> tuple[str, str]:
        followed = lookalike(downloader)
        followed._session = self._session(downloader._session, file, transfer)
        followed._resume_retries = 0  # the transfer resumes by itself, on every pip
        try:
            path, content_type = original(followed, link, location)
        finally:
            dissolve(followed._session)
        self._services.verify(file, url_of(link), transfer)
        # A server may suggest another name; what was judged is this one.
        final = os.path.join(location, file.filename)  # noqa: PTH118 - for each file, and faster
        if path != final:
            Path(path).replace(final)
        file.path, file.found, file.came_from = final, transfer.digests, url_of(link)
        return file.path, content_type

    def _session(self, session: Any, file: File, transfer: Transfer) -> Any:
        hosts = file.hosts
        view = lookalike(session) if hosts is None else self._services.guard(session, file, hosts)
        plain = view.get

        def get(url: str, **options: Any) -> Any:
            response = plain(url, **options)
            if response.status_code == 200:
                transfer.attach(response, lambda headers: plain(url, headers=headers, stream=True))
            return response

        view.get = get
        return view

    def _failed(self, file: File, failures: Failures) -> Exception:
        if len(failures) == 1 and file.advice is None and isinstance(failures[0][2], PipRoutingError):
            url, why, failure = failures[0]
            self._services.journal.write("refusal", file=file.filename, url=url, reason=why)
            return failure
        error = DownloadError(
            f"{file.filename} could not be downloaded",
            notes=[_at(url, why) for url, why, _ in failures],
            hint=file.advice
            or next(filter(None, (remedy(failure) for *_, failure in failures)), None)
            or str(ask_server(host_of(file.url) or "that host", "it has to serve that file")),
        )
        self._services.journal.write("refusal", file=file.filename, reason=str(error))
        return pip_error(error)


def from_some_place(
    file: File,
    services: Services,
    fetch: Callable[[str], T],
    kinds: tuple[type[Exception], ...],
    failed: Callable[[Failures], Exception],
) -> T:
    """What the first of a file's URLs gives; once more if that is all it takes where a server cannot resume.

    :param kinds: the exceptions of *fetch* after which the next place is tried.
    :param failed: the exception to raise where no place has it: of each redacted URL, reason and exception.
    """
    failures: Failures = []
    for url in _places(file, failures):
        try:
            return fetch(url)
        except kinds as failure:
            failures.append((redact(url), reason(failure), failure))
            services.note_failed(file, *failures[-1][:2])
    raise failed(failures) from failures[-1][2]


def _places(file: File, failures: Failures) -> Iterator[str]:
    tried = set()
    for url in chain([file.url], file.elsewhere()):
        if url not in tried:
            tried.add(url)
            _say_next(url, failures)
            yield url
            if isinstance(failures[-1][2], BrokenOffError):
                _say_next(url, failures)
                yield url


def _at(url: str, why: str) -> str:
    """Why a place has failed, with its URL once."""
    return why if url in why else f"{url}: {why}"


def _say_next(url: str, failures: Failures) -> None:
    if failures:
        logger.warning("%s; trying %s", _at(*failures[-1][:2]), redact(url))
