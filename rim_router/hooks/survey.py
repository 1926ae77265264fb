"""What one URL of an index answers, and what that says of the URL, for ``rim-router check --online``."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.network.utils import HEADERS, response_chunks
from pip._internal.utils.urls import url_to_path

from rim_router.errors import IndexFailedError, RimRouterError
from rim_router.hooks.answers import ERRORS
from rim_router.hooks.failures import reason, remedy
from rim_router.hooks.listings import is_secure
from rim_router.record import Record
from rim_router.rules.recognition import is_file_of, is_root, linked_files, page_fault
from rim_router.rules.table import Decision, Kind, Target
from rim_router.rules.urls import is_local, join, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rim_router.hooks.answers import Answers, Found
    from rim_router.rules.table import Index

_ENOUGH = 64 * 1024  # bytes of an index's root that are looked at; PyPI's has 30 million
_ACCEPT = {"Accept": "text/html, application/vnd.pypi.simple.v1+json; q=0.1", "Cache-Control": "max-age=0"}
_SIMPLE = ("simple/", "+simple/")
_EVERYBODYS = "pip"  # of which the public index alone has files


class _Head(Record):
    """The beginning of what a server answers."""

    status: int
    kind: str
    content: bytes
    is_devpi: bool


def survey(answers: Answers, question: Mapping[str, Any]) -> dict[str, Any]:
    """Ask one URL for the projects that are routed there, or for one that cannot be there, and for its root.

    The question has the positions of index and URL, the ``names`` to ask for and ``prefix``: what names are
    claimed for this index alone begin with, or null.
    """
    index = answers.services.table.indexes[question["index"]]
    return _Survey(answers, index, index.urls[question["url"]]).report(question["names"], question["prefix"])


class _Survey:
    """One URL of an index."""

    def __init__(self, answers: Answers, index: Index, base: str) -> None:
        self._answers = answers
        self._index = index
        self._base = base
        self._findings: list[dict[str, Any]] = []
        self._missing: list[str] = []

    def report(self, names: list[str], prefix: str | None) -> dict[str, Any]:
        """What is to be said of it."""
        asked = self._base
        if not self._index.flat:
            asked = join(self._base, names[0]) if len(names) == 1 else self._base.rstrip("/") + "/"
        try:
            ok, message = self._reach(names, prefix)
        except ERRORS as failure:
            error = getattr(failure, "error", None)
            if isinstance(error, RimRouterError):
                message = error.message if error.hint is None else f"{error.message} ({error.hint})"
            else:
                hint = remedy(failure)
                message = reason(failure) + (f" ({hint})" if hint else "")
            answered = isinstance(error, IndexFailedError) and not error.unreachable
            wrong = self._wrong_url(next(iter(names), None)) if answered else None
            ok, message = False, message if wrong is None else f"{message}; {wrong}"
        told = {"url": redact(asked), "ok": ok, "message": message, "findings": self._findings}
        return {**told, "missing": self._missing}

    def _reach(self, names: list[str], prefix: str | None) -> tuple[bool, str]:
        made_up = f"{prefix or 'rim-router-'}{secrets.token_hex(8)}"
        ok, message = self._has(names) if names else self._at_root(made_up)
        if ok and prefix is not None and not self._index.flat and not is_local(self._base):
            self._foreign(made_up, prefix)
        return ok, message

    def _has(self, names: list[str]) -> tuple[bool, str]:
        """What it has of some projects."""
        found = {name: files for name in names for files, there in [self._files(name)] if there}
        self._missing = [name for name in names if name not in found]
        if not found:
            wrong = self._wrong_url(names[0])
            return wrong is None, f"answers, and has no {_or(names)}" + (f"; {wrong}" if wrong else "")
        # A page of links has those of all projects, each time.
        files = list({each.link.url: each for files in found.values() for each in files}.values())
        message = f"answers, with {_count(len(files), 'file')}"
        message += f" of {_count(len(found), 'project')}" if len(names) > 1 and not self._index.flat else ""
        message += f", and has no {_or(self._missing)}" if self._missing else ""
        refused = [each.verdict for each in files if not each.verdict.allowed]
        if refused:
            message += f", {len(refused)} of which may not be used; the first is {refused[0]}"
        useless = [each for each in found.values() if each and not any(one.verdict.allowed for one in each)]
        return not useless, message

    def _files(self, name: str) -> tuple[list[Found], bool]:
        """The files of a project, or of all where they are on one page; and whether there is a page."""
        decision = self._answers.services.table.route(name)
        if self._index not in decision.indexes:
            decision = Decision(name, None, Target(Kind.INDEXES, (self._index,)))
        return self._answers.files(self._index, decision, (self._base,), every=True)

    def _at_root(self, made_up: str) -> tuple[bool, str]:
        """What there is where no project is known that it has to have."""
        try:
            self._files(made_up)
        except ERRORS as failure:
            if not _is_moved(failure):
                raise
        if is_local(self._base):
            return True, _in_file_system(Path(url_to_path(self._base)))
        if self._index.flat:
            return True, "answers"
        head = self._head(self._base.rstrip("/") + "/")
        wrong = self._wrong_url(None, head)
        if wrong is not None:
            return False, f"answers; {wrong}"
        if head.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, *self._index.absent_statuses):
            return True, "answers, and has no page at its root, as some indexes do"
        if head.status != HTTPStatus.OK:
            return False, f"answers {_status(head)} at its root"
        if not (head.kind.endswith("json") or "html" in head.kind):
            return (
                False,
                f"answers with {head.kind or 'no content type'} at its root, which is not an index page",
            )
        return True, f"answers with {head.kind}"

    def _foreign(self, made_up: str, prefix: str) -> None:
        """Whether it answers for names that cannot be its own: then anybody can add to what it has."""
        for name in (made_up, _EVERYBODYS):
            if self._index in self._answers.services.table.route(_EVERYBODYS).indexes and name != made_up:
                return  # by the table's own words
            why = self._answer_for(name)
            if why is not None:
                message = (
                    f"index {self._index.name} ({redact(self._base)}) {why}: it forwards to another index "
                    f"or mirrors one, so that others may add to what it has for {prefix}*"
                )
                hint = "turn that off there, or use the URL of the part of it that is yours alone"
                self._findings.append({"code": "forwarding-index", "message": message, "hint": hint})
                return

    def _answer_for(self, name: str) -> str | None:
        what = "which nobody has" if name != _EVERYBODYS else "which is not claimed for it"
        try:
            found, there = self._files(name)
        except ERRORS as failure:
            return f"redirects the page of {name}, {what}, elsewhere" if _is_moved(failure) else None
        if not there or (name == _EVERYBODYS and not found):
            return None
        return f"has {name}, {what}"

    def _wrong_url(self, name: str | None, root: _Head | None = None) -> str | None:
        """What is wrong with a URL that does not have what it should; None if that cannot be told."""
        if self._index.flat or is_local(self._base) or not is_secure(self._answers.session, self._base):
            return None
        at = self._base.rstrip("/") + "/"
        try:
            root = self._head(at) if root is None else root
            if root.status == HTTPStatus.OK and any(
                is_file_of(each, None) for each in linked_files(root.content)
            ):
                return (
                    f'it is itself a page of links to distributions: add format = "flat" to {self._where()}'
                )
            if root.status == HTTPStatus.NOT_FOUND and root.is_devpi:
                return f"devpi there knows no such user or index: correct the URL of {self._where()}"
            if root.status == HTTPStatus.OK and is_root(root.content):
                return None
            for each in _SIMPLE:
                if not at.endswith(f"/{each}") and self._is_index(at + each, name):
                    return f"the index is at {redact(at + each)}: correct the URL of {self._where()}"
        except ERRORS:
            return None  # the answer that there is has to do
        return None

    def _where(self) -> str:
        return f"index {self._index.name} in {self._index.source}"

    def _is_index(self, url: str, name: str | None) -> bool:
        head = self._head(url if name is None else join(url, name))
        if head.status != HTTPStatus.OK:
            return False
        return is_root(head.content) if name is None else page_fault(head.content, head.kind, name) is None

    def _head(self, url: str) -> _Head:
        """The beginning of a page, asked for as pip asks for pages."""
        services = self._answers.services
        hosts = services.hosts(self._index, self._index.own_origins)
        view = services.transport.guard(self._answers.session, hosts, "its page", page=True)
        response = view.get(url, headers={**HEADERS, **_ACCEPT}, stream=True)
        try:
            content = b"".join(_first(response_chunks(response)))
        finally:
            response.close()
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return _Head(response.status_code, kind, content, "X-Devpi-Server-Version" in response.headers)


def _is_moved(failure: BaseException) -> bool:
    error = getattr(failure, "error", None)
    return isinstance(error, IndexFailedError) and error.moved


def _first(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size >= _ENOUGH:
            return


def _in_file_system(path: Path) -> str:
    """What a directory or page of links or projects is, and what it has."""
    if not path.is_dir():
        return "is a file"
    below = [each for each in path.iterdir() if each.is_dir()]
    files = sum(is_file_of(each.name, None) for each in path.iterdir())
    directories = _count(len(below), "directory", "directories")
    return f"is a directory with {_count(files, 'distribution')} and {directories} in it"


def _count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def _or(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _status(head: _Head) -> str:
    try:
        return f"{head.status} {HTTPStatus(head.status).phrase}"
    except ValueError:
        return str(head.status)
