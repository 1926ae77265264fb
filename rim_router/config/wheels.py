"""Reads ``[[wheel]]`` entries: externally hosted wheels, pinned by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rim_router.config.document import Document, shown_text
from rim_router.config.keys import WHEEL, Key, item
from rim_router.libraries import library
from rim_router.rim.filename import WheelName
from rim_router.rules.digests import STRONG, valid
from rim_router.rules.table import ExternalWheel
from rim_router.rules.urls import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_wheels(document: Document, key: Key, value: object) -> list[ExternalWheel]:
    """The entries that have no fault."""
    if not isinstance(value, list):
        document.wrong_type(key, "an array of tables ([[wheel]])", value)
        return []
    wheels: dict[str, ExternalWheel] = {}
    for position, entry in enumerate(value):
        place = (*key, item(position))
        table = document.table(place, entry)
        wheel = None if table is None else _read_wheel(document, place, table)
        if wheel is None:
            continue
        if wheel.filename in wheels:
            earlier = wheels[wheel.filename].source.line
            document.fault(place, f"{wheel.filename} is already on line {earlier}", "remove one of them")
        else:
            wheels[wheel.filename] = wheel
    return list(wheels.values())


def _read_wheel(document: Document, key: Key, table: dict[str, Any]) -> ExternalWheel | None:
    before = len(document.faults)
    said = document.members(key, table, WHEEL)
    digests = dict(_read_digests(document, key, said))
    if not any(algorithm in table for algorithm in STRONG):
        document.fault(key, "needs a sha256, sha384 or sha512")
    size = said.get("size")
    if size is not None and size <= 0:
        document.fault((*key, "size"), "must be a positive number of bytes")
    requires_python = _read_requires_python(document, key, said)
    support = _read_text(document, key, said, "support")
    name, urls = _read_urls(document, key, table, said)
    if len(document.faults) > before or name is None:
        return None
    return ExternalWheel(
        name.filename,
        name.project,
        name.version,
        urls,
        digests,
        document.source(key),
        size,
        requires_python,
        support,
    )


def _read_digests(document: Document, key: Key, table: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for algorithm, digits in STRONG.items():
        text = _read_text(document, key, table, algorithm)
        if text is None:
            continue
        if valid(algorithm, text.lower()):
            yield algorithm, text.lower()
        else:
            document.fault((*key, algorithm), f"is not {digits} hexadecimal digits")


def _read_requires_python(document: Document, key: Key, table: dict[str, Any]) -> str | None:
    text = _read_text(document, key, table, "requires-python")
    if text is not None:
        try:
            library("packaging.specifiers").SpecifierSet(text)
        except ValueError:
            document.fault((*key, "requires-python"), f"{shown_text(text)} is not a version specifier")
    return text


def _read_text(document: Document, key: Key, table: dict[str, Any], name: str) -> str | None:
    text: str | None = table.get(name)
    if text is not None and not text.isprintable():
        document.fault((*key, name), "has characters that cannot be printed")
        return None
    return text


def _read_urls(
    document: Document, key: Key, table: dict[str, Any], said: dict[str, Any]
) -> tuple[WheelName | None, tuple[str, ...]]:
    place = (*key, "urls")
    if table.get("urls", []) == []:
        document.fault(place if "urls" in table else key, "needs urls, with at least one")
        return None, ()
    names: dict[str, WheelName] = {}
    urls = []
    for where, url in said.get("urls", ()):
        fault, name = _judge_url(url)
        if fault is not None or name is None:
            document.fault(where, f"{shown_text(url)} {fault}")
            continue
        names.setdefault(name.filename, name)
        urls.append(url)
    if len(names) > 1:
        document.fault(place, f"name different files: {', '.join(names)}")
    return next(iter(names.values()), None), tuple(urls)


def _judge_url(url: str) -> tuple[str | None, WheelName | None]:
    """What is wrong with the URL of a wheel, or what its file name says."""
    try:
        origin, parts = Origin.of(url), urlsplit(url)
    except ValueError as error:
        return str(error), None
    if origin.scheme != "https":
        return "is not an https URL", None
    if "@" in parts.netloc:
        return "has credentials in it", None
    if parts.fragment:
        return 'has a fragment; write the digest as sha256 = "…"', None
    try:
        return None, WheelName.parse(unquote(parts.path.rpartition("/")[2]))
    except ValueError as error:
        return str(error), None
