"""Where an installed distribution came from: the record beside its metadata (PEP 710). Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rim_router.record import EMPTY, Record
from rim_router.rules.digests import strong
from rim_router.rules.times import parse_time, written_time
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

#: What PEP 710 defines: the URL and the digests of the file that an index has offered.
STANDARD = "provenance_url.json"
#: What PEP 710 has no place for: the index, and the line of the table that led to it.
OWN = "rim_router.json"
#: What PEP 610 defines, for what a URL has named. Only one of this and STANDARD may be there.
DIRECT_URL = "direct_url.json"

VERSION = 1

# How a distribution came to pip: from an index of the table, from a `[[wheel]]`, from local find-links, from
# where pip itself is configured to look, because a URL named it, or an entry of a lock file did.
INDEX, WHEEL, LINKS, PIP, REFERENCE, LOCK = WAYS = (
    *("index", "wheel", "find-links", "pip", "reference", "lock"),
)

_HIDDEN_USER, _HIDDEN_QUERY = "****@", "?****"


class Provenance(Record):
    """Where a distribution came from, and what had led there.

    :param way: one of :data:`WAYS`.
    :param url: of the file, or of the source tree; as :func:`recordable` has it. For a wheel that was built
        here that is its source distribution.
    :param hashes: strong digests of that file, algorithm to hexadecimal digest. For a ``reference`` those
        that the user gave with it.
    :param listed: what :func:`listing` says of its RECORD; None if that is not recorded.
    :param expected: whether they were known before the file came: from its index, a pin or the user.
    :param index: the name of the index; None if there is none.
    :param index_url: as :func:`recordable` has it.
    :param pattern: of the route; None if no route claimed the name.
    :param layer: of the table that claimed the name; None if none did.
    :param file: that table: its absolute path, or what stands for it.
    :param line: counted from 1.
    :param uploaded: when the index said that the file had been uploaded; None if that is not known.
    """

    way: str
    url: str
    hashes: Mapping[str, str] = EMPTY
    index: str | None = None
    index_url: str | None = None
    pattern: str | None = None
    layer: str | None = None
    file: str | None = None
    line: int | None = None
    expected: bool = True
    uploaded: datetime | None = None
    listed: str | None = None

    def documents(self, *, by_name: bool) -> dict[str, bytes]:
        """The files to write into the ``.dist-info`` directory, by name.

        :param by_name: whether it was asked for by name, and not by a URL: then PEP 710 wants its own file,
            if any digest is known.
        """
        own: dict[str, Any] = {
            "version": VERSION,
            "way": self.way,
            "expected": self.expected,
            "uploaded": None if self.uploaded is None else written_time(self.uploaded),
            "listed": self.listed,
            "index": None if self.index is None else {"name": self.index, "url": self.index_url},
            "rule": None
            if self.layer is None
            else {"pattern": self.pattern, "layer": self.layer, "file": self.file, "line": self.line},
        }
        standard = {"archive_info": {"hashes": dict(self.hashes)}, "url": self.url}
        if by_name and self.hashes:
            return {STANDARD: _encoded(standard), OWN: _encoded(own)}
        return {OWN: _encoded({**own, "hashes": dict(self.hashes), "url": self.url})}


def read(own: bytes, standard: bytes | None) -> Provenance:
    """What the files in a ``.dist-info`` directory say.

    :param own: the content of :data:`OWN`.
    :param standard: that of :data:`STANDARD`; None if it is not there.
    :raises ValueError: if they do not have the shape that :meth:`Provenance.documents` gives them.
    """
    said = _decoded(OWN, own)
    if said.get("version") != VERSION:
        raise ValueError(f"{OWN} has a version other than {VERSION}")
    if standard is not None:
        document = _decoded(STANDARD, standard)
        said = {**said, "url": document.get("url"), "hashes": _part(document, "archive_info").get("hashes")}
    index, rule = _part(said, "index"), _part(said, "rule")
    index_url = _text(index, "url")
    url, hashes, line = said.get("url"), said.get("hashes"), rule.get("line")
    way = said.get("way")
    if way not in WAYS or not isinstance(url, str) or not isinstance(hashes, dict):
        raise ValueError(f"{OWN} does not say how, or from which URL, it came")
    urlsplit(url)  # raises for what is none
    return Provenance(
        str(way),
        recordable(url),  # whoever wrote it
        strong(hashes),
        _text(index, "name"),
        None if index_url is None else recordable(index_url),
        _text(rule, "pattern"),
        _text(rule, "layer"),
        _text(rule, "file"),
        line if isinstance(line, int) else None,
        said.get("expected") is True,
        parse_time(said.get("uploaded")),
        _text(said, "listed"),
    )


def listing(info: str, rows: Iterable[tuple[str, str]]) -> str:
    """A digest of which files a RECORD lists, by which it is seen if a line is taken away or added.

    :param info: the name of the ``.dist-info`` directory.
    :param rows: paths and digests. Those without a digest do not count, nor do these records themselves.
    """
    own = {f"{info}/{name}" for name in (STANDARD, OWN)}
    lines = sorted(f"{path},{digest}\n" for path, digest in rows if digest and path not in own)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def recordable(url: str) -> str:
    """A URL without anything that is secret: no credentials, query or fragment (PEP 710)."""
    shown = redact(url).replace(f"://{_HIDDEN_USER}", "://", 1)
    return shown[: -len(_HIDDEN_QUERY)] if shown.endswith(_HIDDEN_QUERY) else shown


def _encoded(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode("ascii")


def _decoded(name: str, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is not JSON") from None
    if not isinstance(document, dict):
        raise ValueError(f"{name} is not a JSON object")
    return document


def _part(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    part = document.get(key)
    return part if isinstance(part, dict) else {}


def _text(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) else None
