"""Asks indexes, for ``--online``: which files a project has, and whether the index answers at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rim_router.cli.pages import IndexFile, IndexPage, read_page
from rim_router.cli.web import Page, fetch
from rim_router.config.indexes import unaskable
from rim_router.errors import IndexFailedError, QuarantinedError
from rim_router.names import normalise
from rim_router.page_metadata import QUARANTINE_HINT, project_status
from rim_router.recognition import namespace_fault, page_fault
from rim_router.references import DISTRIBUTIONS, names_in
from rim_router.urls import join, redact

if TYPE_CHECKING:
    from rim_router.cli.contacts import Contacts
    from rim_router.table import Index

__all__ = ["IndexFile", "IndexPage", "files_of", "reach"]

_ROOT_LIMIT = 64 * 1024  # bytes of an index's root that are looked at; PyPI's has 30 million
_HTML = (".html", ".htm")


def files_of(contacts: Contacts, name: str, index: Index, namespace: str | None = None) -> IndexPage:
    """The files of one project on an index or, if that cannot be reached, on its first mirror that can.

    :param name: normalised.
    :param namespace: that the index has to own (PEP 752); None for no such condition.
    :raises IndexFailedError: if none answers as an index, or as the owner of the namespace.
    :raises RefusedHostError: if its page is on a host that may not be asked.
    """
    if index.unset:
        raise unaskable(index)
    for position, base in enumerate(index.urls):
        try:
            page = _project_page(contacts, name, index, base, namespace)
        except IndexFailedError as error:
            if not error.unreachable or position + 1 == len(index.urls):
                raise
            continue
        read = _files_on(name, index, page)
        if not read.files and index.probe is not None:
            _believe(contacts, name, index, base, index.probe)
        return read
    raise AssertionError("an index has at least one URL")


def _files_on(name: str, index: Index, page: IndexPage | None) -> IndexPage:
    if page is None:
        return IndexPage(exists=False)
    files = tuple(file for file in page.files if not index.flat or _is_of(name, file.filename))
    return replace(page, files=files, exists=bool(files) or not index.flat)


def _believe(contacts: Contacts, name: str, index: Index, base: str, probe: str) -> None:
    """Let an index say that it has no file of a project, if it has one of its probe (spec section 3).

    :raises IndexFailedError: if it has none.
    """
    if name == probe or not _files_on(probe, index, _project_page(contacts, probe, index, base)).files:
        raise _failed(index, base, f"has no file even for {probe}: are the credentials right?")


def reach(contacts: Contacts, index: Index, base: str, name: str | None) -> tuple[str, str, IndexPage]:
    """Ask one URL of an index for a project that is routed to it, or for its root if there is none.

    :param base: the URL of the index or of a mirror.
    :returns: the URL that was asked, redacted, what is to be said about the answer, and the files in it.
    :raises IndexFailedError: if it does not answer as an index.
    :raises RefusedHostError: if its page is on a host that may not be asked.
    """
    if index.flat or name is not None:
        asked = base if name is None or index.flat else join(base, name)
        page = _project_page(contacts, name or "", index, base)
        if page is None:
            return redact(asked), f"answers, and has no {name}", IndexPage()
        return redact(asked), f"answers, with {len(page.files)} files", page
    asked = base.rstrip("/") + "/"
    if base.startswith("file:"):
        if not _path(base).is_dir():
            raise _failed(index, base, "does not exist")
        return redact(asked), "is a directory", IndexPage()
    page_at_root = fetch(contacts, index, base, asked, _ROOT_LIMIT)
    if page_at_root is None:
        return redact(asked), "has nothing at its root, which an index may", IndexPage()
    kind = page_at_root.content_type.partition(";")[0].strip() or "no content type"
    if not (kind.endswith("json") or "html" in kind):
        raise _failed(index, base, f"answered with {kind}, which is not an index page")
    return redact(asked), f"answers with {kind}", IndexPage()


def _project_page(
    contacts: Contacts, name: str, index: Index, base: str, namespace: str | None = None
) -> IndexPage | None:
    if base.startswith("file:"):
        return _local_page(name, index, base)
    url = base if index.flat else join(base, name)
    page = fetch(contacts, index, base, url)
    if page is None:
        if index.flat:
            raise _failed(index, base, "failed: it answered 404 Not Found")
        return None
    read = _read(name, index, base, page)
    if namespace is not None:
        fault = namespace_fault(page.content, page.content_type, namespace)
        if fault is not None:
            raise _failed(index, base, f"is not known to own the namespace {namespace}: {fault}")
    return read


def _read(name: str, index: Index, base: str, page: Page) -> IndexPage:
    fault = page_fault(page.content, page.content_type, None if index.flat else name)
    if fault is not None:
        raise _failed(
            index,
            base,
            f"answered with {page.content_type or 'no content type'} that is not an index page: {fault}",
            hint=fault.hint,
        )
    status = project_status(page.content, page.content_type)
    if status.is_quarantined:
        what = f"says that {name} is {status}"
        raise QuarantinedError(f"Index {index.name} ({redact(base)}) {what}", hint=QUARANTINE_HINT)
    return replace(_links(index, base, page.content, page.content_type, page.url), own=page.own)


def _links(index: Index, base: str, content: bytes, content_type: str, url: str) -> IndexPage:
    try:
        return read_page(content, content_type, url)
    except ValueError as error:
        raise _failed(index, base, f"answered with a page that cannot be read: {error}") from None


def _local_page(name: str, index: Index, base: str) -> IndexPage | None:
    path = _path(base)
    try:
        if not path.exists():
            raise _failed(index, base, "does not exist", unreachable=True)
        if not index.flat:
            path = path / name / "index.html"
            return _read_local(name, index, base, path) if path.exists() else None
        if path.is_dir():
            return _directory(index, base, path)
        return _read_local(name, index, base, path)
    except OSError as error:
        raise _failed(index, base, f"failed: {error.strerror}") from None


def _directory(index: Index, base: str, path: Path) -> IndexPage:
    """A directory of links is its archives, and the links of its pages."""
    files: list[IndexFile] = []
    for entry in sorted(path.iterdir()):
        if entry.name.lower().endswith(DISTRIBUTIONS):
            files.append(IndexFile(entry.name, entry.as_uri()))
        elif entry.suffix.lower() in _HTML:
            files += _links(index, base, entry.read_bytes(), "text/html", entry.as_uri()).files
    return IndexPage(tuple(files), index.own_origins)


def _read_local(name: str, index: Index, base: str, path: Path) -> IndexPage:
    kind = "text/html" if path.suffix.lower() in _HTML else ""
    return _read(name, index, base, Page(path.as_uri(), kind, path.read_bytes(), index.own_origins))


def _path(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))


def _is_of(name: str, filename: str) -> bool:
    """Whether a file on a page of links is one of a project's, as pip decides it."""
    if filename.endswith(".whl"):
        return name in map(normalise, names_in(filename))
    # In other file names it cannot be told where the project ends: it does if a version follows.
    rest = normalise(filename)
    return rest.startswith(name + "-") and rest[len(name) + 1 : len(name) + 2].isdigit()


def _failed(
    index: Index, base: str, what: str, *, unreachable: bool = False, hint: str | None = None
) -> IndexFailedError:
    return IndexFailedError(f"Index {index.name} ({redact(base)}) {what}", unreachable=unreachable, hint=hint)
