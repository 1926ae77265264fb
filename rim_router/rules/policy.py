"""The policy in force: what is allowed beyond look-ups (reference: [policy]). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from rim_router.record import EMPTY, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.rules.source import Source


class Policy(Record):
    """The policy in force (reference: [policy]).

    :param sources: by key, the line that sets it.
    :param lowest_age: the line of the lowest layer that has a ``min_age``: what may loosen it stands there.
    """

    require_hashes: str = "external"
    pins: str = "optional"
    direct_references: str = "hashed"
    offline_find_links: str = "allow"
    redirects: str = "hashed"
    new_environments: str = "leave"
    external_roots: str = "mozilla"
    disable: str = "allow"
    project_status: str = "warn"
    minimum_openssl: str | None = None
    min_age: str | None = None
    sources: Mapping[str, Source] = EMPTY
    lowest_age: Source | None = None
    _uncompared: ClassVar[tuple[str, ...]] = ("sources", "lowest_age")

    @property
    def forbids_find_links(self) -> str | None:
        """What forbids local find-links with ``--no-index``, as a clause; None if nothing does."""
        return None if self.offline_find_links == "allow" else self._clause("offline-find-links", "deny")

    @property
    def forbids_status(self) -> str | None:
        """What forbids archived and deprecated projects (PEP 792), as a clause; None if nothing does."""
        return None if self.project_status == "warn" else self._clause("project-status", "deny")

    def asks_for_newer(self, openssl: str) -> str | None:
        """What asks for a newer OpenSSL than this one; None if nothing does.

        :param openssl: as :data:`ssl.OPENSSL_VERSION` has it; another library is older than any.
        """
        actual = openssl_version(openssl.split()[1]) if openssl.startswith("OpenSSL ") else (0,)
        if self.minimum_openssl is None or actual >= openssl_version(self.minimum_openssl):
            return None
        return self._clause("minimum-openssl", self.minimum_openssl)

    def _clause(self, key: str, value: str) -> str:
        source = self.sources.get(key)
        return f'policy.{key} is "{value}"' + (f" in {source}" if source else "")


def openssl_version(text: str) -> tuple[int, ...]:
    """A version of OpenSSL in an order: ``1.1.1k``, with letters for patches, comes before ``3.0.15``."""
    match = re.match(r"(\d+)\.?(\d*)\.?(\d*)([a-z]*)", text)
    numbers = [int(part or 0) for part in match.groups()[:3]] if match else [0, 0, 0]
    letters = match[4] if match else ""
    return (*numbers, len(letters), *map(ord, letters))
