"""The files that may come to be used: where each may be had, and which digests it must have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.record import EMPTY
from rim_router.rules.digests import strong
from rim_router.rules.remedies import record_digest, settle
from rim_router.rules.times import parse_time
from rim_router.rules.urls import host_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from rim_router.rim import Rim
    from rim_router.rules.hosts import Hosts
    from rim_router.rules.remedies import Remedy
    from rim_router.rules.table import Index
    from rim_router.rules.verdict import Verdict

_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def digests_of(link: Any) -> dict[str, str]:
    """Every digest that a link of pip's carries, of which pip itself looks at one only."""
    return {**fragment_digests(link), **dict(getattr(link, "_hashes", None) or {})}


def fragment_digests(link: Any) -> dict[str, str]:
    """The digests in the fragment of a link's URL, which the page may contradict."""
    digests: dict[str, str] = {}
    fragment = link.url.partition("#")[2]
    for part in fragment.replace("#", "&").split("&") if fragment else ():
        algorithm, _, digest = part.partition("=")
        if algorithm in _ALGORITHMS:
            digests[algorithm] = digest
    return digests


def _nowhere() -> Iterator[str]:
    return iter(())


class File:
    """A file of a claimed name, or a pinned one of any name.

    :param name: of the project, normalised.
    :param url: as :func:`url_of` has it; with credentials, if it has any.
    :param verdict: with the digests that it must have.
    :param said: who gives these digests, for messages.
    :param hosts: where it may be had; None leaves that to pip.
    :param size: in bytes, if it is known.
    :param elsewhere: further URLs of it, found out when they are needed.
    :param rim: the ``.rim`` that stood for it.
    :param offered: whether a look-up, or a direct reference that was judged, has offered it for its project.
    :param remedy: how a digest of it would become known; None is the usual way, a pin.
    :param correction: what to do if it contradicts others.
    :param index: whose page offers it; None if that is no page of an index of the table.
    :ivar path: where it was put, once it has been downloaded and verified.
    :ivar found: the digests of what was put there.
    :ivar came_from: the URL that it was downloaded from.
    """

    def __init__(
        self,
        name: str,
        filename: str,
        url: str,
        verdict: Verdict,
        said: str,
        hosts: Hosts | None,
        size: int | None = None,
        elsewhere: Callable[[], Iterator[str]] = _nowhere,
        advice: str | None = None,
        rim: Rim | None = None,
        offered: bool = True,
        remedy: Remedy | None = None,
        correction: Remedy | None = None,
        index: Index | None = None,
    ) -> None:
        self.name = name
        self.filename = filename
        self.url = url
        self.verdict = verdict
        self.said = said
        self.hosts = hosts
        self.size = size
        self.elsewhere = elsewhere
        self.advice = advice
        self.rim = rim
        self.offered = offered
        self.correction = correction
        self.index = index
        self.remedy = record_digest(name) if remedy is None else remedy
        self._sayers: dict[str, str] = {}  # of the digests that others than *said* have added
        self.path: str | None = None
        self.found: Mapping[str, str] = EMPTY
        self.came_from: str | None = None

    @property
    def digests(self) -> Mapping[str, str]:
        """The strong digests that it must have, all of them."""
        return self.verdict.digests

    def require(self, digests: Mapping[str, str], said: str, correction: Remedy | None = None) -> None:
        """Add what somebody else says of it; a contradiction is noted in the verdict."""
        if digests.items() <= self.verdict.digests.items():
            return
        for algorithm, digest in digests.items():
            known = self.verdict.digests.get(algorithm, digest)
            if known != digest:
                sayer = self._sayers.get(algorithm, self.said)
                reason = f"{sayer} says {algorithm} {known}, and {said} says {digest}"
                remedy = self.correction or correction or settle(host_of(self.url) or "that index")
                self.verdict = self.verdict.replaced(
                    allowed=False, contradiction=True, reason=reason, remedy=remedy
                )
                return
        for algorithm in digests.keys() - self.verdict.digests.keys():
            self._sayers[algorithm] = said
        self.verdict = self.verdict.replaced(digests={**self.verdict.digests, **digests})


def upload_time(link: Any) -> datetime | None:
    """When a page or a lock file says that a file was uploaded, as far as pip itself knows (since 26.0)."""
    found: datetime | None = getattr(link, "upload_time", None)
    return None if found is None else parse_time(found.isoformat())


def url_of(link: Any) -> str:
    """The URL of a file, without what the link to it says of the file in its fragment."""
    url: str = link.url
    return url.partition("#")[0]


def urls_of(links: Iterable[Any]) -> list[str]:
    """The same for several files."""
    urls = [link.url for link in links]
    return [url.partition("#")[0] for url in urls] if "#" in "".join(urls) else urls


# The links of a page, their URLs, and what judges one of them.
_Page = tuple[list[Any], list[str], "Callable[[Any], File]"]


class Tracker:
    """Files by URL; a file that is offered twice must agree with both."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._offered: dict[str, _Page] = {}
        self._offered_again: dict[str, list[_Page]] = {}
        self._told: dict[str, list[tuple[Any, str]]] = {}

    def add(self, file: File) -> File:
        """Note a file, or what else is said of one that is known."""
        known = self._files.get(file.url)
        if known is None:
            self._files[file.url] = file
            return file
        if not known.offered:
            # Nothing but its pin was known of it; now there is somebody who may be judged for offering it.
            file.require(known.digests, known.said, known.correction)
            file.path, file.found, file.came_from = known.path, known.found, known.came_from
            self._files[file.url] = file
            return file
        if known is not file:
            if file.verdict.contradiction and not known.verdict.contradiction:
                known.verdict = file.verdict
            else:
                known.require(file.verdict.digests, file.said, file.correction)
        return known

    def offer(self, links: list[Any], urls: list[str], judged: Callable[[Any], File]) -> None:
        """Note the links of files that are to be judged only if they come to be used.

        :param urls: theirs, as :func:`url_of` has them.
        :param judged: judges a link.
        """
        page = (links, urls, judged)
        once = dict.fromkeys(urls, page)
        if self._offered.keys().isdisjoint(once):
            self._offered.update(once)
            return
        for url in once:
            if self._offered.setdefault(url, page) is not page:
                self._offered_again.setdefault(url, []).append(page)

    def tell(self, links: Iterable[Any], said: str) -> None:
        """Note links of which pip may not look at each, for what they say of their files.

        :param said: who has these links, for messages.
        """
        for link in links:
            self._told.setdefault(url_of(link), []).append((link, said))

    def find(self, link: Any) -> File | None:
        """What is known of the file that a link of pip's leads to."""
        url = url_of(link)
        offered = self._offered.pop(url, None)
        if offered is not None:
            # All of them, and not this link alone: what each says of the file has to be right.
            for links, urls, judged in (offered, *self._offered_again.pop(url, ())):
                for each, its_url in zip(links, urls):
                    if its_url == url:
                        self.add(judged(each))
        file = self._files.get(url)
        if file is not None:
            for each, said in self._told.pop(url, ()):
                file.require(strong(digests_of(each)), said)
        return file
