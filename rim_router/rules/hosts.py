"""Which hosts may be asked for what belongs to an index, redirect targets included. Pure."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rim_router.record import Record
from rim_router.rules.urls import Origin, public_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rim_router.rules.table import Decision, ExternalWheel, Index


class Fault(Enum):
    """Why a URL may not be asked, as a relative clause."""

    UNREADABLE = "which cannot be read, or which programs read differently"
    NOT_HTTPS = "which is not https"
    NOT_HTTPS_ANY_MORE = "which is no longer https"
    WITH_CREDENTIALS = "which carries credentials"
    NOWHERE = "which is on no host that may be asked for it"
    ANOTHER_ORIGIN = "which is not on its origin"
    WITHOUT_DIGEST = "which is another host, and no strong digest is known for the file"
    UNLISTED = 'which is not among the external-hosts, and policy.redirects is "listed"'
    UNVOUCHED = "which is not among the external-hosts, and no digest is known that would vouch for the file"

    def __str__(self) -> str:
        return self.value


class Hosts(Record):
    """The hosts of one index, or of what the table names otherwise.

    :param own: origins that are the index's own.
    :param indexes: those whose ``external-hosts`` are allowed besides.
    :param named: origins that the table or the user gives for this very file, and what does so.
    """

    own: frozenset[Origin]
    indexes: tuple[Index, ...] = ()
    named: tuple[tuple[Origin, str], ...] = ()

    @classmethod
    def of_index(cls, index: Index, own: frozenset[Origin] | None = None) -> Hosts:
        """Those of an index; *own* if its pages were redirected from http to https."""
        return cls(index.own_origins if own is None else own, (index,))

    @classmethod
    def of_wheel(cls, wheel: ExternalWheel) -> Hosts:
        """Those of a ``[[wheel]]``: that they are written there is what allows them."""
        return cls(
            frozenset(), (), tuple((Origin.of(url), f"[[wheel]] in {wheel.source}") for url in wheel.urls)
        )

    @classmethod
    def of_reference(cls, decision: Decision, url: str, why: str = "a direct reference") -> Hosts:
        """Those of a file that something else than an index names, and that has been judged already."""
        return cls(decision.origins, decision.indexes, ((Origin.of(url), why),))

    @classmethod
    def of_file(cls, decision: Decision, url: str) -> Hosts:
        """Those of a file that an index links to, where it is not known which one has.

        What is not the own of each index that may have is nobody's.
        """
        origin = Origin.of(url)
        having = tuple(index for index in decision.indexes if origin in index.own_origins)
        indexes = linking(origin, decision) or having or decision.indexes
        own = [index.own_origins for index in indexes]
        return cls(own[0].intersection(*own) if own else frozenset(), indexes)

    def rule(self, origin: Origin) -> str | None:
        """What allows a host that is not the index's own; None if nothing does."""
        for named, why in self.named:
            if named == origin:
                return why
        for index in self.indexes:
            entry = index.lists_host(origin)
            if entry is not None:
                return f"external-hosts of index {index.name} has {entry}"
        return None

    def is_own(self, url: str) -> bool:
        """Whether a URL is on an origin that is the index's own."""
        try:
            return Origin.of(url) in self.own
        except ValueError:
            return False

    def request_fault(self, url: str) -> Fault | None:
        """Why a URL that nobody has redirected to may not be asked; None if it may."""
        try:
            origin = Origin.of(url)
        except ValueError:
            return Fault.UNREADABLE
        if origin in self.own or any(origin == named for named, _ in self.named):
            return None
        if origin.scheme != "https":
            return Fault.NOT_HTTPS
        return None if self.rule(origin) is not None else Fault.NOWHERE

    def redirect_fault(
        self,
        source: str,
        target: str,
        *,
        page: bool,
        strong: bool,
        listed: bool,
        recording: str | None = None,
    ) -> Fault | None:
        """Why a redirect may not be followed; None if it may.

        :param target: absolute, and as it is going to be sent.
        :param page: whether it is that of an index page, and not of a file.
        :param strong: whether a strong digest of the file is known.
        :param listed: whether files too may only be redirected to ``external-hosts``.
        :param recording: the URL that was asked for first, if the file is to get a digest: then one of the
            index itself may come from wherever it says. For one on an external host the list of hosts holds.
        """
        try:
            before, after = Origin.of(source), Origin.of(target)
        except ValueError:
            return Fault.UNREADABLE
        fault = self._fault_between(before, after, page=page, strong=strong, listed=listed)
        if fault is Fault.WITHOUT_DIGEST and recording is not None:
            vouched = self.rule(after) is not None or Origin.of(recording) in self.own
            fault = None if vouched else Fault.UNVOUCHED
        return Fault.WITH_CREDENTIALS if fault is None and "@" in urlsplit(target).netloc else fault

    def _fault_between(
        self, before: Origin, after: Origin, *, page: bool, strong: bool, listed: bool
    ) -> Fault | None:
        if after == before or is_upgrade(before, after):
            return None
        if after.scheme != "https" and (after not in self.own or after.scheme != "http"):
            return Fault.NOT_HTTPS
        if before.scheme == "https" and after.scheme != "https":
            return Fault.NOT_HTTPS_ANY_MORE
        if after in self.own and not page:
            return None
        if self.rule(after) is not None:
            return None if page or strong else Fault.WITHOUT_DIGEST
        if page:
            return Fault.ANOTHER_ORIGIN
        if listed:
            return Fault.UNLISTED
        return None if strong else Fault.WITHOUT_DIGEST


def linking(origin: Origin, decision: Decision) -> tuple[Index, ...]:
    """The indexes of a project that may link to an external file there.

    That the origin is another index's own makes no difference to them.
    """
    if origin.scheme != "https":
        return ()
    return tuple(
        index for index in decision.indexes if origin not in index.own_origins and index.lists_host(origin)
    )


def is_upgrade(before: Origin, after: Origin) -> bool:
    """Whether a redirect only goes from http to https on the same host."""
    return after.host == before.host and (before.scheme, after.scheme) == ("http", "https")


def forwards_to(index: Index, target: str, others: Iterable[Index], *, refused: bool) -> str | None:
    """Whose answer a redirect of an index page leads to, if not its own index's: PyPI's or another index's.

    An index that redirects so forwards the names that it lacks, and is no source for them.

    :param target: where the redirect leads; one that cannot be read leads to nobody.
    :param others: every index of the tables.
    :param refused: whether it may not be followed anyway. Then any page on the host of another index counts,
        and not only those of its projects: a host among ``external-hosts`` can be another index's, too.
    """
    try:
        host, path = _place(target)
        public = public_index(target)
    except ValueError:
        return None
    pages = {(host, path), (host, path.rpartition("/")[0])}  # that of a flat index, or of a project
    own = set(map(_place, index.urls))
    if not host or pages & own:
        return None
    on_own_host = host in {place[0] for place in own}
    if public is not None and not on_own_host:
        return public
    for other in others:
        places = set(map(_place, other.urls)) - own
        if pages & places or (refused and not on_own_host and host in {place[0] for place in places}):
            return f"index {other.name}"
    return None


def _place(url: str) -> tuple[str, str]:
    """Host with port, and path, by which two URLs of a page are compared."""
    return Origin.of(url).netloc, unquote(urlsplit(url).path).rstrip("/")


_LOGIN = (
    r"(?i)\b(?:(?:log|sign)[-_]?[io]n|sso|saml2?|o?auth2?|authorize|adfs|openid(?:-connect)?|idp|cas|realms"
    r"|login\w*)\b"
)


def is_login(url: str, source: str) -> bool:
    """Whether a URL looks like that of a log-in page: by its words, or because it leads back afterwards.

    :param source: the page that has redirected to it.
    """
    place, _, query = url.partition("?")
    back = urlsplit(source)
    there_and_back = unquote(query)
    return re.search(_LOGIN, place) is not None or (
        len(back.path) > 1 and (back.path in there_and_back or f"//{back.netloc}" in there_and_back)
    )
