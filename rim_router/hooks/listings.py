"""What one URL of an index lists of one project: asked as pip asks, and strictly."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.models.link import Link
from pip._internal.models.search_scope import SearchScope
from pip._internal.utils.urls import url_to_path

from rim_router.errors import IndexFailedError
from rim_router.hooks import pages, rims
from rim_router.hooks.diagnostics import pip_error
from rim_router.hooks.seam import parameters
from rim_router.record import EMPTY, Record
from rim_router.rules.names import RIM_SUFFIX
from rim_router.rules.recognition import is_file_of
from rim_router.rules.urls import Origin, is_local, join, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rim_router.hooks.services import Services
    from rim_router.rules.table import Decision, Index
    from rim_router.rules.verdict import Verdict

    #: pip's own sources of a project in a search scope, given what turns a page into candidates.
    FromPip = Callable[[str, Any, Any], Any]


_PAGE = "index.html"  # which pip asks for in a directory


class Inquiry(Record):
    """One look-up of a claimed name, by the finder that wants it.

    :param refuse: notes that a file may not be used, which index has it, and the link that pip knows it by.
    :param note_project: notes that an index has the project, and whether with any file.
    :param from_pip: pip's own sources of a project in a search scope.
    :param candidates_from_page: the finder's function that turns a page into candidates.
    :param offline: whether ``--no-index`` was given.
    :param fits: whether a candidate's link is for this environment, where that does not make it a candidate.
    """

    decision: Decision
    services: Services
    rims: rims.Rims
    refuse: Callable[[Verdict, Index, Any], None]
    note_project: Callable[[Index, bool], None]
    from_pip: FromPip
    candidates_from_page: Any
    session: Any
    offline: bool
    fits: Callable[[Any], bool] = bool


class Listing(Record):
    """What one URL of an index has of one project.

    :param candidates: pip's, of the links of its pages.
    :param files: links to the files of a directory of links, ``.rim`` files included.
    :param absence: how it says that it has no file of the project, as a sentence without its subject; None
        if it has some, whether they may be used or not.
    :param has_project: whether it has the project at all: a page of it, or on a page of several a file.
    :param upgraded: the origin of its page, if that was redirected to https on the same host.
    :param pages: its answers, in the form in which pip has them.
    :param headers: of the last answer.
    """

    candidates: list[Any]
    files: list[Any]
    absence: str | None
    has_project: bool
    upgraded: Origin | None
    pages: tuple[Any, ...] = ()
    headers: Mapping[str, str] = EMPTY


def listing(
    inquiry: Inquiry,
    index: Index,
    url: str,
    name: str,
    replaced: Callable[[list[Any]], list[Any]],
    *,
    probing: bool = False,
) -> Listing:
    """Ask one URL of an index for one project.

    :param url: of the index or of a mirror.
    :param name: normalised.
    :param replaced: turns the links of a page into those that pip is to see.
    :param probing: whether the project is the index's probe: of that only what the server says now counts.
    :raises PipRoutingError: if it does not answer as an index.
    """
    known = inquiry.session.auth.index_urls or []
    if url not in known:
        # pip finds the credentials for files by the index URLs that it knows of.
        inquiry.session.auth.index_urls = [*known, url]
    if not _is_there(inquiry, index, url, name):
        return Listing([], [], "has no page", False, None)
    read: list[pages.Page] = []

    def candidates_from_page(link: Any) -> Any:
        namespace = None if probing else inquiry.decision.target.namespace
        page = pages.Page(index, url, name, namespace, inquiry.services, fresh=probing)
        read.append(page)
        with pages.strictly(page), _reading(page, replaced):
            found = inquiry.candidates_from_page(link)
            page.read([])  # where pip has not come as far as to have links
        return found

    where = scope((url,), ()) if index.flat else scope((), (url,))
    found = inquiry.from_pip(name, where, candidates_from_page)
    sources = [source for group in found for source in group if source is not None]
    candidates = [candidate for source in sources for candidate in source.page_candidates()]
    files: list[Any] = []
    filenames: list[str] = []
    if index.flat and is_local(url):  # elsewhere pip takes the page itself for a file
        files = [link for source in sources for link in source.file_links()]
        filenames = [link.filename for link in files]
        # pip 22 has those of all projects, of which each would be offered for this one.
        files = [link for link in files if is_file_of(link.filename, name)]
        directory = Path(url_to_path(url))
        if directory.is_dir():
            # pip passes over .rim files, except pip 22, and over names that it cannot make sense of.
            entries = sorted(directory.iterdir())
            filenames = [path.name for path in entries]
            files = [link for link in files if not link.url.endswith(RIM_SUFFIX)]
            files += [Link(path.as_uri()) for path in entries if path.name.endswith(RIM_SUFFIX)]
    has_files = any(page.has_files for page in read) or any(is_file_of(each, name) for each in filenames)
    absence = next((page.absence for page in read if page.absence is not None), None)
    return Listing(
        candidates,
        files,
        None if has_files else absence or "has no file",
        has_files or not (index.flat or absence is not None),
        next((page.upgraded for page in read if page.upgraded is not None), None),
        tuple(page.answer for page in read if page.answer is not None),
        read[-1].headers if read else EMPTY,
    )


@contextmanager
def _reading(page: pages.Page, replaced: Callable[[list[Any]], list[Any]]) -> Iterator[None]:
    def links_of(links: Iterable[Any]) -> list[Any]:
        links = list(links)
        page.read(links)
        return replaced(links)

    token = rims.reading.set(links_of)
    try:
        yield
    finally:
        rims.reading.reset(token)


def _is_there(inquiry: Inquiry, index: Index, url: str, name: str) -> bool:
    """Whether the project can be on the index at all, where pip would only warn and go on.

    :raises PipRoutingError: if the index itself is missing, or may not be asked.
    """
    if not url.startswith("file:"):
        if is_secure(inquiry.session, url):
            return True
        host = Origin.of(url).netloc
        hint = f"use https, or --trusted-host {host}"
        raise _failure(index, url, "is neither https nor a trusted host", hint=hint)
    try:
        if not _exists(url_to_path(url)):
            raise _failure(index, url, "does not exist", unreachable=True)
        return index.flat or _has_page(index, url, name)
    except OSError as error:
        raise _failure(index, url, f"cannot be read: {error.strerror}", unreachable=True) from error


def _has_page(index: Index, url: str, name: str) -> bool:
    """Whether an index in the file system may have a page of a project.

    :raises PipRoutingError: if there are distributions where an index would have a page: to pass over those
        would be to look elsewhere.
    """
    root, place = url_to_path(url), url_to_path(join(url, name))
    if not _exists(place):
        if not _exists(os.path.join(root, _PAGE)) and _has_distributions(root, alone=True):  # noqa: PTH118
            hint = f'add format = "flat" to index {index.name} in {index.source}'
            raise _failure(index, url, "is a directory of distributions, and not an index", hint=hint)
        return False
    if not _exists(os.path.join(place, _PAGE)) and _has_distributions(place):  # noqa: PTH118
        raise _failure(
            index,
            url,
            f"has distributions in {name}, and no {_PAGE} that links to them",
            hint='write it (PEP 503), or use the URL of that directory for an index with format = "flat"',
        )
    return True


def _has_distributions(path: str, *, alone: bool = False) -> bool:
    """Whether a directory has distributions, if *alone* no other directories besides."""
    if not os.path.isdir(path):  # noqa: PTH112
        return False
    with os.scandir(path) as found:
        entries = list(found)
    return any(is_file_of(each.name, None) for each in entries) and not (
        alone and any(each.is_dir() for each in entries)
    )


def _failure(index: Index, url: str, what: str, **details: Any) -> Exception:
    return pip_error(IndexFailedError(f"Index {index.name} ({redact(url)}) {what}", **details))


def _exists(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116 - for each project, and a Path takes several times as long
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@cache
def is_secure(session: Any, url: str) -> bool:
    """Whether pip may ask a URL at all: it is https, or that of a trusted host."""
    return bool(session.is_secure_origin(Link(url)))


# Since pip 22.3 a scope also says whether --no-index was given.
_NO_INDEX = {"no_index": False} if "no_index" in parameters(SearchScope.create) else {}


@cache
def scope(find_links: tuple[str, ...], index_urls: tuple[str, ...]) -> Any:
    """A search scope of pip's, with just these places."""
    return SearchScope.create(find_links=list(find_links), index_urls=list(index_urls), **_NO_INDEX)
