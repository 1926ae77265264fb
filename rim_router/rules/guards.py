"""Index URLs with ``rim+`` in front: guarded indexes, and routing tables that lie on a server. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

from rim_router.record import Record
from rim_router.rules.urls import Origin, is_local, redact

if TYPE_CHECKING:
    from collections.abc import Iterable

GUARD = "rim+"
DEFAULT_INDEX = "https://pypi.org/simple"
_TABLE = ".toml"
_SHA256 = r"(?a)sha256=([0-9A-Fa-f]{64})"


def is_guarded(text: str) -> bool:
    """Whether a URL has ``rim+`` in front: pip without this plugin cannot use it."""
    return text.lstrip()[: len(GUARD)].lower() == GUARD


class Guarded(Record):
    """A guarded index, or a central table.

    :param url: without ``rim+`` and fragment, with credentials if it has any.
    :param is_table: whether a routing table is there, and not an index.
    :param sha256: the digest that the table must have, in lower case; None for any.
    """

    url: str
    is_table: bool
    sha256: str | None = None

    @classmethod
    def parse(cls, text: str) -> Guarded:
        """Read a URL with ``rim+`` in front.

        :raises ValueError: with what is wrong, as a sentence that begins with the URL, redacted.
        """
        url, fragment = urldefrag(text.strip()[len(GUARD) :])
        name, colon, rest = url.partition(":")
        url = f"{name.lower()}{colon}{rest}"
        shown = GUARD + redact(url)
        try:
            scheme = Origin.of(url).scheme
        except ValueError as error:
            raise ValueError(f"{shown} {error}") from None
        segments = urlsplit(url).path.lower().split("/")
        is_table = segments[-1].endswith(_TABLE)
        if any(each.endswith(_TABLE) for each in segments[:-1]):
            raise ValueError(f"{shown}: the URL of a routing table ends in {_TABLE}, and this one goes on")
        schemes = ("https", "file") if is_table else ("https", "http", "file")
        if scheme not in schemes:
            what = "a routing table" if is_table else "a guarded index"
            raise ValueError(
                f"{shown}: the URL of {what} begins with {' or '.join(f'{GUARD}{each}:' for each in schemes)}"
            )
        if scheme == "file" and not (is_local(url) and url.lower().startswith("file:///")):
            raise ValueError(f"{shown} is not on this machine")
        if not fragment:
            return cls(url, is_table)
        digest = re.fullmatch(_SHA256, fragment)
        if digest is None or not is_table:
            what = "can only be #sha256= and 64 hexadecimal digits" if is_table else "an index cannot have"
            raise ValueError(f"{shown} has a fragment, which {what}")
        return cls(url, is_table, digest[1].lower())

    def __str__(self) -> str:
        return GUARD + redact(self.url)


def unguarded(urls: Iterable[str]) -> list[str]:
    """The URLs of indexes as pip is to ask them: without ``rim+``, and without those of tables.

    :raises ValueError: for one that cannot be read.
    """
    found = []
    for text in urls:
        if not is_guarded(text):
            found.append(text)
        elif not (guarded := Guarded.parse(text)).is_table:
            found.append(guarded.url)
    return found
