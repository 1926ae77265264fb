"""Sources of candidates for claimed names, in the form in which pip asks for them."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Any

from pip._internal.index.sources import LinkSource
from pip._internal.models.link import Link

from rim_router.errors import IndexFailedError, StatusError
from rim_router.hooks.ages import Ages
from rim_router.hooks.diagnostics import logger
from rim_router.hooks.listings import listing, scope
from rim_router.hooks.probing import believe
from rim_router.hooks.tracking import File, digests_of, fragment_digests, url_of, urls_of
from rim_router.rules.age import age_for
from rim_router.rules.digests import strong
from rim_router.rules.external import judge_wheel, pinned
from rim_router.rules.hosts import Hosts
from rim_router.rules.names import RIM_SUFFIX
from rim_router.rules.recognition import is_file_of
from rim_router.rules.remedies import ask_for_rim_digest, correct_entry, go_online
from rim_router.rules.urls import is_local, redact
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rim_router.hooks.listings import Inquiry, Listing
    from rim_router.rules.table import ExternalWheel, Index


class RoutedSource(LinkSource):
    """The files of one project on one index, of its first URL that can be reached.

    :param urls: of the index or its mirrors; None is all of them.
    :ivar own: the origins that are the index's own.
    """

    def __init__(self, index: Index, inquiry: Inquiry, urls: tuple[str, ...] | None = None) -> None:
        self.index = index
        self._urls = index.urls if urls is None else urls
        self._inquiry = inquiry
        self._files: list[Any] = []
        self.own = index.own_origins
        self._unasked: list[str] = []
        self._judge = inquiry.services.judge(inquiry.decision.name, index, self.own)
        table = inquiry.services.table
        age = age_for(inquiry.decision, index, table.policy, table.exempt)
        self._ages = None if age is None else Ages(age, inquiry.decision, index, inquiry.services)

    @property
    def link(self) -> None:
        """No single page: pip uses this in debug messages only."""
        return None

    def page_candidates(self) -> list[Any]:
        """The candidates that the index's page has and that may be used.

        :raises PipRoutingError: if neither the index nor a mirror answers as an index.
        """
        found = self._found()
        usable = self._usable([candidate.link for candidate in found.candidates])
        return [candidate for candidate, is_usable in zip(found.candidates, usable) if is_usable]

    def links(self) -> tuple[list[Any], bool]:
        """Everything that its page has, and its directory; and whether it has the project at all.

        :raises PipRoutingError: as :meth:`page_candidates`.
        """
        found = self._found()
        return [candidate.link for candidate in found.candidates] + self._files, found.has_project

    def _found(self) -> Listing:
        urls = [url for url in self._urls if not self._inquiry.offline or is_local(url)]
        for position, url in enumerate(urls):
            self._unasked = urls[position + 1 :]
            try:
                found = self._read(url)
                if found.absence is not None:
                    believe(self._inquiry, self.index, url, found.absence)
                break
            except Exception as failure:
                error = getattr(failure, "error", None)
                if not self._unasked or not isinstance(error, IndexFailedError) or not error.unreachable:
                    raise
                following = redact(self._unasked[0])
                announcer = self._inquiry.services.announcer
                announcer.warn(url, f"{error.message}; asking its mirror {following}")
        if found.has_project:
            self._inquiry.note_project(self.index, found.absence is None)
        return found

    def file_links(self) -> Iterable[Any]:
        """The files of a directory of links; known once the pages have been read."""
        return [link for link, is_usable in zip(self._files, self._usable(self._files)) if is_usable]

    def _usable(self, links: list[Any]) -> list[bool]:
        """Whether each of some files may be used, as far as that can be told now."""
        urls, judge, tracker = urls_of(links), self._judge, self._inquiry.services.tracker
        if self._inquiry.offline:
            return [self._may_use(link) for link in links]
        cleared = judge.clears(urls, (getattr(link, "_hashes", None) for link in links))
        if self._ages is not None:
            cleared = [is_clear and self._ages.clears(link) for link, is_clear in zip(links, cleared)]
        if all(cleared):
            tracker.offer(links, urls, self.judged)
            return cleared
        tracker.offer(list(compress(links, cleared)), list(compress(urls, cleared)), self.judged)
        return [is_clear or self._may_use(link) for link, is_clear in zip(links, cleared)]

    def _read(self, url: str) -> Listing:
        found = listing(self._inquiry, self.index, url, self._inquiry.decision.name, self._replaced)
        if found.upgraded is not None:
            self.own |= {found.upgraded}
            self._judge = self._inquiry.services.judge(self._inquiry.decision.name, self.index, self.own)
        self._files = self._stand_in(found.files) if found.files else []
        if self._ages is not None:
            self._ages.read(found.pages, found.headers)
            fitting = [each.link for each in found.candidates if self._inquiry.fits(each.link)]
            self._ages.look_at(list(map(self._real, fitting)), lambda link: self._verdict(link).allowed)
        return found

    def _replaced(self, links: list[Any]) -> list[Any]:
        urls = urls_of(links)
        self._note_twice(links, urls)
        return self._stand_in(links) if RIM_SUFFIX in "".join(urls) else links

    def _note_twice(self, links: list[Any], urls: list[str]) -> None:
        """Of several links with one URL pip takes the first it comes to; what the others say counts too."""
        if len(set(urls)) < len(urls):
            counts = Counter(urls)
            twice = [link for link, url in zip(links, urls) if counts[url] > 1]
            self._inquiry.services.tracker.tell(twice, f"index {self.index.name}")

    def _stand_in(self, links: list[Any]) -> list[Any]:
        return self._inquiry.rims.stand_in(
            links,
            self._inquiry.decision,
            self._judge,
            self.judged,
            self._refuse,
            offline=self._inquiry.offline,
        )

    def _real(self, link: Any) -> Any:
        """The link that the page has: a candidate's may stand for a ``.rim``."""
        standin = self._inquiry.rims.standin_of(link)
        return link if standin is None else standin.rim

    def _may_use(self, link: Any) -> bool:
        file = self.judged(self._real(link))
        verdict = file.verdict
        if verdict.contradiction or verdict.allowed:
            self._inquiry.services.tracker.add(file)
            return True
        self._refuse(verdict, link)
        return False

    def judged(self, link: Any) -> File:
        """A file of the index with the verdict on it."""
        decision = self._inquiry.decision
        url, filename = url_of(link), link.filename
        digests, fragment = digests_of(link), fragment_digests(link)
        verdict = self._verdict(link)
        if self._ages is not None:
            verdict = self._ages.judge(verdict, link)
        if verdict.allowed and self._inquiry.offline and not is_local(url):
            reason = "not in the file system, and --no-index is given"
            verdict = Verdict(False, verdict.url, True, reason, go_online())
        page = redact(str(link.comes_from)) if link.comes_from else None
        verdict = verdict.replaced(page=page)
        said = f"index {self.index.name}" + (f" ({page})" if page else "")
        hosts = self._inquiry.services.hosts(self.index, self.own)
        file = File(
            decision.name,
            filename,
            url,
            verdict,
            said,
            hosts,
            elsewhere=lambda: self._elsewhere(file),
            remedy=ask_for_rim_digest(self.index.name) if filename.endswith(RIM_SUFFIX) else None,
            index=self.index,
        )
        if not fragment.items() <= digests.items():
            file.require(strong(fragment), "the fragment of its URL")
        return file

    def _verdict(self, link: Any) -> Verdict:
        """The verdict on a file, whatever its age."""
        return self._judge.judge(url_of(link), link.filename, digests_of(link))

    def _elsewhere(self, file: File) -> Iterator[str]:
        """The same file on the mirrors that have not been asked yet, by their own pages."""
        for url in tuple(self._unasked):
            try:
                found = self._read(url)
            except Exception as failure:
                error = getattr(failure, "error", None)
                if not isinstance(error, IndexFailedError) or isinstance(error, StatusError):
                    raise
                logger.warning("%s", error.message)
                continue
            for link in [candidate.link for candidate in found.candidates] + self._files:
                real = self._real(link)
                # With the digest that it has to have, it is as old here as on the page that offered it.
                is_old = self._ages is not None and bool(file.digests) and self._verdict(real).allowed
                if real.filename == file.filename and (is_old or self._may_use(link)):
                    yield url_of(real)

    def _refuse(self, verdict: Verdict, link: Any) -> None:
        self._inquiry.refuse(verdict, self.index, link)


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
        services.tracker.add(
            File(
                name=wheel.name,
                filename=wheel.filename,
                url=wheel.urls[0],
                verdict=judge_wheel(wheel, wheel.urls[0], services.table.pins),
                said=f"[[wheel]] in {wheel.source}",
                hosts=Hosts.of_wheel(wheel),
                size=wheel.size,
                elsewhere=lambda: iter(wheel.urls[1:]),
                advice=None if wheel.support is None else f"its support contact is {wheel.support}",
                correction=correct_entry(wheel.source),
            )
        )
        algorithm = next(iter(wheel.digests))
        return Link(
            f"{wheel.urls[0]}#{algorithm}={wheel.digests[algorithm]}", requires_python=wheel.requires_python
        )


class FindLinksSource(LinkSource):
    """A local ``--find-links`` place under ``--no-index`` (reference: Look-ups, rule 5)."""

    def __init__(self, place: str, inquiry: Inquiry) -> None:
        found = inquiry.from_pip(inquiry.decision.name, scope((place,), ()), inquiry.candidates_from_page)
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
        """The project's files in the directory; pip 22 and 23.0 have those of all projects."""
        found = [link for source in self._sources for link in source.file_links()]
        name = self._inquiry.decision.name
        return [link for link in found if is_file_of(link.filename, name) and self._may_use(link)]

    def _may_use(self, link: Any) -> bool:
        url, filename = url_of(link), link.filename
        if not is_local(url):
            return False
        services = self._inquiry.services
        verdict = Verdict(True, redact(url), False, "local find-links, and --no-index is given")
        verdict = pinned(verdict, filename, services.table.pins)
        services.tracker.add(File(self._inquiry.decision.name, filename, url, verdict, "its page", None))
        return True
