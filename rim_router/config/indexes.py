"""Reads ``[indexes]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.config.ages import read_age
from rim_router.config.document import Document, fault_at, shown_text
from rim_router.config.expand import UnsetVariablesError, absolute_url, unset_text
from rim_router.config.keys import INDEX, NEVER_ABSENT, RESERVED, STATUSES, Key
from rim_router.errors import Fault, IndexFailedError
from rim_router.rules.table import Index
from rim_router.rules.urls import HostPattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def read_indexes(
    document: Document, key: Key, value: object, environ: Mapping[str, str]
) -> dict[str, Index | None]:
    """The indexes by name; None for one that has a fault, so that its uses are not faults too."""
    table = document.table(key, value, 'a table such as acme = "https://pypi.acme.example/simple"')
    if table is None:
        return {}
    indexes: dict[str, Index | None] = {}
    for name, definition in table.items():
        before = len(document.faults)
        place = (*key, name)
        _check_name(document, place, name)
        index = read_index(document, place, name, definition, environ)
        indexes[name] = index if len(document.faults) == before else None
    return indexes


def _check_name(document: Document, key: Key, name: str) -> None:
    if name in RESERVED:
        document.fault(key, f'"{name}" is reserved and cannot be defined', "choose another name")
    elif not name or name != name.strip() or not name.isprintable():
        document.fault(
            key,
            "the name of an index cannot be empty, begin or end in white space, or have control characters",
        )
    elif "://" in name:
        document.fault(key, "the name of an index cannot be a URL", 'write NAME = "URL"')


def read_index(
    document: Document, key: Key, name: str, value: object, environ: Mapping[str, str]
) -> Index | None:
    """An index; faults, and perhaps None, if it is none."""
    unset: list[str] = []
    if isinstance(value, str):
        url = _read_url(document, key, value, environ, unset)
        return None if url is None else Index(name, url, document.source(key), unset=tuple(unset))
    table = document.table(key, value, "a URL or a table")
    if table is None:
        return None
    if "url" not in table:
        document.fault(key, "has no url")
    said = document.members(key, table, INDEX)
    url = _read_url(document, (*key, "url"), said["url"], environ, unset) if "url" in said else None
    mirrors = [_read_url(document, place, text, environ, unset) for place, text in said.get("mirrors", ())]
    hosts = [_read_host(document, place, text) for place, text in said.get("external-hosts", ())]
    probe = _read_probe(document, (*key, "probe"), said["probe"]) if "probe" in said else None
    statuses = _read_statuses(document, key, table, said.get("absent-status", ()))
    return Index(
        name,
        url or "",  # with a fault, and then nobody sees this object
        document.source(key),
        mirrors=tuple(mirror for mirror in mirrors if mirror),
        external_hosts=tuple(host for host in hosts if host),
        flat=said.get("format") == "flat",
        pins_required=said.get("pins") == "required",
        probe=probe,
        absent_statuses=statuses,
        min_age=read_age(document, (*key, "min-age"), said["min-age"]) if "min-age" in said else None,
        unset=tuple(dict.fromkeys(unset)),
    )


def _read_probe(document: Document, key: Key, value: object) -> str | None:
    return document.project_name(
        key, value, "must be a name, without '*'", "name a project that the index certainly has"
    )


def _read_statuses(
    document: Document, key: Key, table: dict[str, Any], values: Iterable[tuple[Key, int]]
) -> tuple[int, ...]:
    """The statuses by which an index says "not found", each once and in order."""
    if "absent-status" not in table:
        return ()
    place = (*key, "absent-status")
    if table.get("format") == "flat":
        document.fault(
            place, 'cannot be combined with format = "flat", where the one page is the whole index'
        )
    elif "probe" not in table:
        hint = 'add probe = "NAME", a project that the index certainly has'
        document.fault(place, "needs a probe, so that a refusal is not taken to mean absent", hint)
    statuses: set[int] = set()
    for where, status in values:
        if status not in STATUSES or status in NEVER_ABSENT:
            never = ", ".join(map(str, NEVER_ABSENT))
            document.fault(where, f'{status} cannot mean "not found": only 400 to 499 can, except {never}')
        else:
            statuses.add(status)
    return tuple(sorted(statuses))


def unset_fault(index: Index) -> Fault:
    """What is wrong with an index whose URLs have variables in them that are not set."""
    return fault_at(index.source, unset_text(index.unset))


def unaskable(index: Index) -> IndexFailedError:
    """The error for such an index when it comes to be asked: it is no reason to ask another one."""
    fault = unset_fault(index)
    message = f"Index {index.name} cannot be asked: {fault.message}"
    return IndexFailedError(message, where=fault.where, hint="set it in the environment of this command")


def _read_url(
    document: Document, key: Key, value: object, environ: Mapping[str, str], unset: list[str]
) -> str | None:
    """A URL; with variables that are not set, which are added to *unset*, as it is written."""
    text = document.string(key, value)
    if text is None:
        return None
    try:
        return absolute_url(text, document.directory, environ, document.trusted)
    except UnsetVariablesError as error:
        unset += error.names
        return text
    except ValueError as error:
        document.fault(key, str(error))
        return None


def _read_host(document: Document, key: Key, text: str) -> HostPattern | None:
    if "/" in text or "@" in text:
        document.fault(key, f"{shown_text(text)} is a URL and not a host", "write only the host")
        return None
    try:
        return HostPattern.parse(text)
    except ValueError as error:
        document.fault(key, str(error))
        return None
