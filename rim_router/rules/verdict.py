"""What is said of a file: whether it may be used, with which digests, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.record import EMPTY, Record
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rim_router.rules.remedies import Remedy


class Verdict(Record):
    """Whether one file may be used, and why.

    :param allowed: whether it may.
    :param url: redacted.
    :param external: whether the file's origin is not its index's.
    :param reason: the rule that decided, as a sentence without its subject.
    :param remedy: what would let a refused file be used; each has one.
    :param digests: the strong ones that are known for it, and that all must match.
    :param contradiction: whether it is refused because it contradicts a pin, so that to pass over it in
        silence would hide an attack.
    :param page: that links to the file, redacted; None if that is not known.
    :param although: what speaks against a file that may be used all the same, as a sentence without its
        subject; empty if nothing does.
    :param uploaded: when its index says that it was uploaded; None if that is not known.
    """

    allowed: bool
    url: str
    external: bool
    reason: str
    remedy: Remedy | None = None
    digests: Mapping[str, str] = EMPTY
    contradiction: bool = False
    page: str | None = None
    although: str = ""
    uploaded: datetime | None = None

    @property
    def cause(self) -> str:
        """The file, its page and the reason."""
        where = f"{self.url}, on {self.page}" if self.page else self.url
        return visible(f"{where}: {self.reason}")

    def __str__(self) -> str:
        return self.cause if self.remedy is None else visible(f"{self.cause}; {self.remedy}")
