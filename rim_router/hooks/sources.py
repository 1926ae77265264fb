"""Sources of candidates for claimed names, in the form in which pip asks for them."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import contextmanager
from functools import cache
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.index.sources import LinkSource
from pip._internal.models.link import Link
from pip._internal.models.search_scope import SearchScope
from pip._internal.utils.urls import url_to_path

from rim_router.digests import strong
from rim_router.errors import IndexFailedError
from rim_router.external import judge_wheel, pinned
from rim_router.hooks import pages, rims
from rim_router.hooks.diagnostics import logger, pip_error
from rim_router.hooks.seams import parameters
from rim_router.hooks.tracking import File, digests_of, fragment_digests, url_of, urls_of
from rim_router.hosts import Hosts
from rim_router.names import RIM_SUFFIX
from rim_router.record import Record
from rim_router.urls import Origin, is_local, join, redact
from rim_router.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rim_router.hooks.services import Services
    from rim_router.table import Decision, ExternalWheel, Index

    #: pip's own sources for a search scope, given what turns a page into candidates.
    FromPip = Callable[[Any, Any], Any]


class Inquiry(Record):
    """One look-up of a claimed name, by the finder that wants it.

    :param refuse: notes that a file may not be used, and which index has it.
    :param from_pip: pip's own sources for a search scope.
    :param candidates_from_page: the finder's function that turns a page into candidates.
    :param offline: whether ``--no-index`` was given.
    """

    decision: Decision
    services: Services
    rims: rims.Rims
    refuse: Callable[[Verdict, Index | None], None]
    from_pip: FromPip
    candidates_from_page: Any
    session: Any
    offline: bool


class RoutedSource(LinkSource):
    """The files of one project on one index, of its first URL that can be reached."""

    def __init__(self, index: Index, inquiry: Inquiry) -> None:
        self._index = index
        self._inquiry = inquiry
        self._files: list[Any] = []
        self._own = index.own_origins
        self._unasked: list[str] = []
        self._judge = inquiry.services.judge(inquiry.decision.name, index, self._own)

    @property
    def link(self) -> None:
        """No single page: pip uses this in debug messages only."""
        return None

    def page_candidates(self) -> list[Any]:
        """The candidates that the index's page has and that may be used.

        :raises PipRoutingError: if neither the index nor a mirror answers as an index.
        """
        urls = [url for url in self._index.urls if not self._inquiry.offline or is_local(url)]
        for position, url in enumerate(urls):
            self._unasked = urls[position + 1 :]
            try:
                candidates = self._read(url)
                break
            except Exception as failure:
                error = getattr(failure, "error", None)
                if not self._unasked or not isinstance(error, IndexFailedError) or not error.unreachable:
                    raise
                following = redact(self._unasked[0])
                announcer = self._inquiry.services.announcer
                announcer.warn(url, f"{error.message}; asking its mirror {following}")
        usable = self._usable([candidate.link for candidate in candidates])
        return [candidate for candidate, is_usable in zip(candidates, usable) if is_usable]

    def file_links(self) -> Iterable[Any]:
        """The files of a directory of links; known once the pages have been read."""
        return [link for link, is_usable in zip(self._files, self._usable(self._files)) if is_usable]

    def _usable(self, links: list[Any]) -> list[bool]:
        """Whether each of some files may be used, as far as that can be told now."""
        urls, judge, tracker = urls_of(links), self._judge, self._inquiry.services.tracker
        if self._inquiry.offline:
            return [self._may_use(link) for link in links]
        cleared = judge.clears(urls, (getattr(link, "_hashes", None) for link in links))
        if all(cleared):
            tracker.offer(links, urls, self._judged)
            return cleared
        tracker.offer(compress(links, cleared), compress(urls, cleared), self._judged)
        return [is_clear or self._may_use(link) for link, is_clear in zip(links, cleared)]

    def _read(self, url: str) -> list[Any]:
        known = self._inquiry.session.auth.index_urls or []
        if url not in known:
            # pip finds the credentials for files by the index URLs that it knows of.
            self._inquiry.session.auth.index_urls = [*known, url]
        if not self._is_there(url):
            return []

        def candidates_from_page(link: Any) -> Any:
            inquiry = self._inquiry
            page = pages.Page(
                self._index, url, inquiry.decision.name, inquiry.decision.target.namespace, inquiry.services
            )
            with pages.strictly(page), self._reading(page):
                found = inquiry.candidates_from_page(link)
                page.read([])  # where pip has not come as far as to have links
            if page.upgraded is not None:
                self._own |= {page.upgraded}
                self._judge = inquiry.services.judge(inquiry.decision.name, self._index, self._own)
            return found

        where = scope((url,), ()) if self._index.flat else scope((), (url,))
        found = self._inquiry.from_pip(where, candidates_from_page)
        sources = [source for group in found for source in group if source is not None]
        candidates = [candidate for source in sources for candidate in source.page_candidates()]
        self._files = []
        if self._index.flat and is_local(url):  # elsewhere pip takes the page itself for a file
            files = [link for source in sources for link in source.file_links()]
            files = [link for link in files if not link.url.endswith(RIM_SUFFIX)]  # pip 22 has them
            self._files = self._stand_in([*files, *self._rims_in(Path(url_to_path(url)))])
        return candidates

    @contextmanager
    def _reading(self, page: pages.Page) -> Iterator[None]:
        def replaced(links: Iterable[Any]) -> list[Any]:
            links = list(links)
            page.read(links)
            urls = urls_of(links)
            self._note_twice(links, urls)
            return self._stand_in(links) if RIM_SUFFIX in "".join(urls) else links

        token = rims.reading.set(replaced)
        try:
            yield
        finally:
            rims.reading.reset(token)

    def _note_twice(self, links: list[Any], urls: list[str]) -> None:
        """Of several links with one URL pip takes the first it comes to; what the others say counts too."""
        if len(set(urls)) < len(urls):
            counts = Counter(urls)
            twice = [link for link, url in zip(links, urls) if counts[url] > 1]
            self._inquiry.services.tracker.tell(twice, f"index {self._index.name}")

    def _stand_in(self, links: list[Any]) -> list[Any]:
        return self._inquiry.rims.stand_in(
            links,
            self._inquiry.decision,
            self._judge,
            self._judged,
            self._refuse,
            offline=self._inquiry.offline,
        )

    def _rims_in(self, directory: Path) -> list[Any]:
        """The ``.rim`` files of a directory, which pip passes over."""
        if not directory.is_dir():
            return []
        return [Link(path.as_uri()) for path in sorted(directory.iterdir()) if path.name.endswith(RIM_SUFFIX)]

    def _is_there(self, url: str) -> bool:
        """Whether the project can be on the index at all, where pip would only warn and go on.

        :raises PipRoutingError: if the index itself is missing, or may not be asked.
        """
        if not url.startswith("file:"):
            if _is_secure(self._inquiry.session, url):
                return True
            host = Origin.of(url).netloc
            hint = f"use https, or --trusted-host {host}"
            raise self._failure(url, "is neither https nor a trusted host", hint=hint)
        try:
            if not _exists(url_to_path(url)):
                raise self._failure(url, "does not exist", unreachable=True)
            return self._index.flat or _exists(url_to_path(join(url, self._inquiry.decision.name)))
        except OSError as error:
            raise self._failure(url, f"cannot be read: {error.strerror}", unreachable=True) from error

    def _failure(self, url: str, what: str, **details: Any) -> Exception:
        return pip_error(IndexFailedError(f"Index {self._index.name} ({redact(url)}) {what}", **details))

    def _may_use(self, link: Any) -> bool:
        standin = self._inquiry.rims.standin_of(link)
        file = self._judged(link if standin is None else standin.rim)
        verdict = file.verdict
        if verdict.contradiction or verdict.allowed:
            self._inquiry.services.tracker.add(file)
            return True
        self._refuse(verdict)
        return False

    def _judged(self, link: Any) -> File:
        decision = self._inquiry.decision
        url, filename = url_of(link), link.filename
        digests, fragment = digests_of(link), fragment_digests(link)
        verdict = self._judge.judge(url, filename, digests)
        if verdict.allowed and self._inquiry.offline and not is_local(url):
            verdict = Verdict(False, verdict.url, True, "not in the file system, and --no-index is given")
        page = redact(str(link.comes_from)) if link.comes_from else None
        verdict = verdict.replaced(page=page)
        said = f"index {self._index.name}" + (f" ({page})" if page else "")
        hosts = self._inquiry.services.hosts(self._index, self._own)
        file = File(
            decision.name, filename, url, verdict, said, hosts, elsewhere=lambda: self._elsewhere(filename)
        )
        if not fragment.items() <= digests.items():
            file.require(strong(fragment), "the fragment of its URL")
        return file

    def _elsewhere(self, filename: str) -> Iterator[str]:
        """The same file on the mirrors that have not been asked yet, by their own pages."""
        for url in tuple(self._unasked):
            try:
                candidates = self._read(url)
            except Exception as failure:
                error = getattr(failure, "error", None)
                if not isinstance(error, IndexFailedError):
                    raise
                logger.warning("%s", error.message)
                continue
            for link in [candidate.link for candidate in candidates] + self._files:
                standin = self._inquiry.rims.standin_of(link)
                real = link if standin is None else standin.rim
                if real.filename == filename and self._may_use(link):
                    yield url_of(real)

    def _refuse(self, verdict: Verdict) -> None:
        self._inquiry.refuse(verdict, self._index)


class WheelSource(LinkSource):
    """The ``[[wheel]]`` entries of one project."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry

    @property
    def link(self) -> None:
        """No single page: pip uses this in debug messages only."""
        return None

    def page_candidates(self) -> Iterable[Any]:
        """None: these are files."""
        return ()

    def file_links(self) -> Iterable[Any]:
        """The first URL of each entry."""
        return [] if self._inquiry.offline else [self._link(wheel) for wheel in self._inquiry.decision.wheels]

    def _link(self, wheel: ExternalWheel) -> Any:
        services = self._inquiry.services
        pins = services.table.pins
        verdict = judge_wheel(wheel, wheel.urls[0], pins)
        file = File(
            name=wheel.name,
            filename=wheel.filename,
            url=wheel.urls[0],
            verdict=verdict,
            said=f"[[wheel]] in {wheel.source}",
            hosts=Hosts.of_wheel(wheel),
            size=wheel.size,
            elsewhere=lambda: iter(wheel.urls[1:]),
            advice=None if wheel.support is None else f"its support contact is {wheel.support}",
        )
        services.tracker.add(file)
        algorithm = next(iter(wheel.digests))
        return Link(
            f"{file.url}#{algorithm}={wheel.digests[algorithm]}", requires_python=wheel.requires_python
        )


class FindLinksSource(LinkSource):
    """A local ``--find-links`` place under ``--no-index`` (spec section 4, rule 4)."""

    def __init__(self, place: str, inquiry: Inquiry) -> None:
        found = inquiry.from_pip(scope((place,), ()), inquiry.candidates_from_page)
        self._sources = [source for group in found for source in group if source is not None]
        self._inquiry = inquiry

    @property
    def link(self) -> None:
        """No single page: pip uses this in debug messages only."""
        return None

    def page_candidates(self) -> Iterator[Any]:
        """The candidates that local pages link to, as far as they are local too."""
        for source in self._sources:
            for candidate in source.page_candidates():
                if self._may_use(candidate.link):
                    yield candidate

    def file_links(self) -> Iterable[Any]:
        """The files of the directory."""
        return [link for source in self._sources for link in source.file_links() if self._may_use(link)]

    def _may_use(self, link: Any) -> bool:
        url, filename = url_of(link), link.filename
        if not is_local(url):
            return False
        services = self._inquiry.services
        verdict = Verdict(True, redact(url), False, "local find-links, and --no-index is given")
        verdict = pinned(verdict, filename, services.table.pins)
        services.tracker.add(File(self._inquiry.decision.name, filename, url, verdict, "its page", None))
        return True


def _exists(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116 - for each project, and a Path takes several times as long
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@cache
def _is_secure(session: Any, url: str) -> bool:
    return bool(session.is_secure_origin(Link(url)))


# Since pip 22.3 a scope also says whether --no-index was given.
_NO_INDEX = {"no_index": False} if "no_index" in parameters(SearchScope.create) else {}


@cache
def scope(find_links: tuple[str, ...], index_urls: tuple[str, ...]) -> Any:
    """A search scope of pip's, with just these places."""
    return SearchScope.create(find_links=list(find_links), index_urls=list(index_urls), **_NO_INDEX)
