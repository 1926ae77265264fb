"""Which hosts may be asked for what belongs to an index, redirect targets included (spec 5.7). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.record import Record
from rim_router.urls import Origin

if TYPE_CHECKING:
    from rim_router.table import Decision, ExternalWheel, Index


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
    def of_reference(cls, decision: Decision, url: str) -> Hosts:
        """Those of a direct reference that has been judged already."""
        return cls(decision.origins, decision.indexes, ((Origin.of(url), "a direct reference"),))

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

    def redirect_fault(
        self, source: str, target: str, *, page: bool, strong: bool, listed: bool
    ) -> str | None:
        """Why a redirect may not be followed, as a sentence without its subject; None if it may.

        :param page: whether it is that of an index page, and not of a file.
        :param strong: whether a strong digest of the file is known.
        :param listed: whether files too may only be redirected to ``external-hosts``.
        :raises ValueError: if a URL cannot be read.
        """
        before, after = Origin.of(source), Origin.of(target)
        if after == before or is_upgrade(before, after):
            return None
        if after.scheme != "https" and after not in self.own:
            return "which is not https"
        if before.scheme == "https" and after.scheme != "https":
            return "which is not https any more"
        if after in self.own and not page:
            return None
        if self.rule(after) is not None:
            return (
                None if page or strong else "which is another host, and no strong digest of the file is known"
            )
        if page:
            return "which is not on its origin"
        if listed:
            return 'which is not among the external-hosts, and policy.redirects is "listed"'
        return None if strong else "which is another host, and no strong digest of the file is known"


def is_upgrade(before: Origin, after: Origin) -> bool:
    """Whether a redirect only goes from http to https on the same host."""
    return after.host == before.host and (before.scheme, after.scheme) == ("http", "https")
