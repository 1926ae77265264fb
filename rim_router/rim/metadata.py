"""What METADATA must say for a resolver to rely on it (Core Metadata specification)."""

from __future__ import annotations

import re
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from rim_router.rim.faults import quoted
from rim_router.rim.filename import same_version
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from rim_router.rim.filename import WheelName

_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)
_METADATA_VERSION = re.compile(r"[0-9]+\.[0-9]+")

# Descriptions can be long, but not like that; every line of a hostile one could be a field.
_LARGEST = 4 * 1024 * 1024

# What a resolver goes by comes first: it is the difference that matters.
_TELLING = ("Name", "Version", "Requires-Dist", "Requires-Python", "Provides-Extra", "Metadata-Version")


def judge_metadata(content: bytes, name: WheelName | None, faults: list[str]) -> None:
    """Check the fields that every METADATA must have.

    :param name: what name and version must agree with; None for a file whose name is itself a fault.
    :param faults: receives every fault.
    """
    if len(content) > _LARGEST:
        faults.append(f"METADATA: over {_LARGEST // 1024 // 1024} MiB")
        return
    try:
        fields = _fields(content)
    except UnicodeDecodeError:
        faults.append("METADATA: not UTF-8")
        return
    values = {}
    for field in ("Metadata-Version", "Name", "Version"):
        found = fields.get(field.lower(), [])
        if len(found) == 1:
            values[field] = found[0]
        else:
            faults.append(f"METADATA: {f'{len(found):,} fields' if found else 'no field'} {field}")
    written = values.get("Metadata-Version", "2.1")
    if not _METADATA_VERSION.fullmatch(written):
        faults.append(f"METADATA: Metadata-Version {quoted(written)} is not of the form 2.1")
    if "Name" in values:
        _judge_name(values["Name"], name, faults)
    if "Version" in values:
        _judge_version(values["Version"], name, faults)


def _judge_name(value: str, name: WheelName | None, faults: list[str]) -> None:
    if not _PROJECT.fullmatch(value):
        faults.append(f"METADATA: Name {quoted(value)} is not a project name")
    elif name is not None and normalise(value) != name.project:
        faults.append(f"METADATA: Name {quoted(value)} does not agree with the file name: {name.project}")


def _judge_version(value: str, name: WheelName | None, faults: list[str]) -> None:
    expected = value if name is None else name.version
    try:
        if not same_version(value, expected):
            faults.append(f"METADATA: Version {quoted(value)} does not agree with the file name: {expected}")
    except ValueError:
        faults.append(f"METADATA: Version {quoted(value)} is not a version")


def difference(promised: bytes, actual: bytes) -> str | None:
    """How the METADATA that a ``.rim`` promised differs from the wheel's.

    They agree only byte for byte: PEP 759 has the ``.rim`` take the file as it is, and equal bytes
    cannot be read in two ways.

    :returns: None if they agree, else a sentence that names the first field that matters.
    """
    if promised == actual:
        return None
    try:
        ours, theirs = _fields(promised), _fields(actual)
    except UnicodeDecodeError:
        return "the METADATA in the .rim and in the wheel differ, and one of them is not UTF-8"
    for field in dict.fromkeys((*map(str.lower, _TELLING), *ours, *theirs)):
        one, other = ours.get(field, []), theirs.get(field, [])
        if one != other:
            shown = next((each for each in _TELLING if each.lower() == field), field)
            shown = shown if shown.isprintable() else quoted(shown)
            return f"{shown} is {_shown(one, other)} in the .rim and {_shown(other, one)} in the wheel"
    return "the METADATA in the .rim and in the wheel differ, although every field agrees"


def _shown(values: list[str], others: list[str]) -> str:
    if not values:
        return "absent"
    telling = [value for value in values if value not in others] or values
    text = ", ".join(quoted(value) for value in telling[:3])
    if len(telling) > 3:
        text += f" and {len(telling) - 3:,} more"
    return text


def _fields(content: bytes) -> dict[str, list[str]]:
    # Read as pip reads it: the email parser, and names of fields without regard to case.
    message = HeaderParser().parsestr(content.decode("utf-8"))
    fields: dict[str, list[str]] = {}
    for key, value in message.items():
        fields.setdefault(key.lower(), []).append(str(value).strip())
    return fields
