"""``EXTERNAL-HOSTING.json``: where a wheel is, whose it is, and which bytes it has (PEP 759).

The PEP leaves open what this dialect decides: ``version`` is the string ``"1.0"`` or a number written
with a fraction (``1.0``, not ``1``); there are no other keys than those of version 1.0; the URI is ASCII,
without credentials and fragment, and may have a query, as signed URLs do; digests of algorithms that
``hashlib`` does not have everywhere are passed over, and one of sha256, sha384 and sha512 must be there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rim_router.rim.faults import quoted
from rim_router.rules.digests import STRONG
from rim_router.rules.urls import Origin, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "EXTERNAL-HOSTING.json"
VERSION = "1.0"

# Far more than five keys need; it bounds what the JSON parser gets to see.
_LARGEST = 64 * 1024
_LONGEST_TEXT = 500
_LONGEST_URI = 8000
_REQUIRED = ("version", "owner", "uri", "size", "hashes")
_KEYS = (*_REQUIRED, "support")
_TYPES = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
# What every Python has; the length of a SHAKE digest is not fixed, so it proves nothing.
_DIGEST_SIZES = {
    name: hashlib.new(name, usedforsecurity=False).digest_size
    for name in (
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha3_224",
        "sha3_256",
        "sha3_384",
        "sha3_512",
        "blake2b",
        "blake2s",
    )
    if name in hashlib.algorithms_guaranteed
}
_HEX = re.compile(r"[0-9a-f]+")
_NOT_IN_URI = re.compile(r"[^!-~]|[\"<>\\^`{|}]")


@dataclass(frozen=True)
class Hosting:
    """What the file says.

    :param owner: the organisation that hosts the wheel.
    :param uri: the wheel's URL; its query can be a secret.
    :param size: of the wheel, in bytes.
    :param hashes: algorithm to lower-case hexadecimal digest; at least one is strong.
    :param support: a contact, if one is given.
    """

    owner: str
    uri: str
    size: int
    hashes: Mapping[str, str]
    support: str | None = None

    def dump(self) -> bytes:
        """The file, always the same bytes for the same values."""
        values: dict[str, Any] = {
            "version": VERSION,
            "owner": self.owner,
            "uri": self.uri,
            "size": self.size,
            "hashes": dict(sorted(self.hashes.items())),
        }
        if self.support is not None:
            values["support"] = self.support
        return (json.dumps(values, indent=2) + "\n").encode("ascii")


def parse(content: bytes, wheel: str | None, faults: list[str]) -> Hosting | None:
    """Read the file.

    :param wheel: the file name that the URI must have; None for a ``.rim`` whose name is itself a fault.
    :param faults: receives every fault.
    :returns: None if there is any.
    """
    found: list[str] = []
    values = _load(content, found)
    if values is not None:
        _judge(values, wheel, found)
    faults += [f"{FILE}: {fault}" for fault in found]
    if values is None or found:
        return None
    hashes = {algorithm.lower(): digest.lower() for algorithm, digest in values["hashes"].items()}
    known = {algorithm: digest for algorithm, digest in hashes.items() if algorithm in _DIGEST_SIZES}
    return Hosting(values["owner"], values["uri"], values["size"], known, values.get("support"))


def _load(content: bytes, faults: list[str]) -> dict[str, Any] | None:
    if len(content) > _LARGEST:
        faults.append(f"over {_LARGEST // 1024} KiB")
        return None

    def number(text: str) -> int:
        # Newer Pythons refuse integers of thousands of digits, older ones take forever.
        if len(text) > 19:
            raise ValueError("a number of more than 19 digits")
        return int(text)

    def constant(text: str) -> None:
        raise ValueError(f"{text} is not a JSON number")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        times = Counter(key for key, _ in pairs)
        faults.extend(f"{quoted(key)} is there more than once" for key, number in times.items() if number > 1)
        return dict(pairs)

    try:
        values = json.loads(
            content.decode("utf-8"), parse_int=number, parse_constant=constant, object_pairs_hook=members
        )
    except UnicodeDecodeError:
        faults.append("not UTF-8")
        return None
    except RecursionError:
        faults.append("nested too deeply")
        return None
    except ValueError as error:
        faults.append(f"not JSON: {error}")
        return None
    if not isinstance(values, dict):
        faults.append(f"must be an object, not {_type(values)}")
        return None
    return values


def _judge(values: dict[str, Any], wheel: str | None, faults: list[str]) -> None:
    faults += [f"no {key}" for key in _REQUIRED if key not in values]
    faults += [f"{quoted(key)} is not a key of version {VERSION}" for key in values if key not in _KEYS]
    if "version" in values and not _is_version(values["version"]):
        shown = values["version"]
        shown = quoted(shown) if isinstance(shown, str) else json.dumps(shown)[:_LONGEST_TEXT]
        faults.append(f'version is {shown}; only "{VERSION}" and {VERSION} are known')
    for key in ("owner", "support"):
        if key in values:
            faults += text_faults(key, values[key])
    if "uri" in values:
        faults += uri_faults(values["uri"], wheel)
    if "size" in values:
        size = values["size"]
        if type(size) is not int:
            shown = json.dumps(size) if type(size) is float else _type(size)
            faults.append(f"size must be an integer, not {shown}")
        elif size <= 0:
            faults.append("size must be positive")
    if "hashes" in values:
        _judge_hashes(values["hashes"], faults)


def _is_version(value: object) -> bool:
    # True == 1 == 1.0 in Python, so the type is what has to be looked at.
    return value == VERSION if isinstance(value, str) else type(value) is float and value == 1.0


def _judge_hashes(hashes: object, faults: list[str]) -> None:
    if not isinstance(hashes, dict):
        faults.append(f"hashes must be an object, not {_type(hashes)}")
        return
    seen: set[str] = set()
    for written, digest in hashes.items():
        algorithm = written.lower()
        if algorithm in seen:
            faults.append(f"hashes has {quoted(algorithm)} more than once")
        seen.add(algorithm)
        if not isinstance(digest, str):
            faults.append(f"the {quoted(written)} digest must be a string, not {_type(digest)}")
        elif algorithm in _DIGEST_SIZES:
            length = 2 * _DIGEST_SIZES[algorithm]
            if len(digest) != length or not _HEX.fullmatch(digest.lower()):
                faults.append(f"the {algorithm} digest is not {length} hexadecimal digits")
    if not seen.intersection(STRONG):
        faults.append(f"hashes has none of {', '.join(STRONG)}")


def text_faults(key: str, value: object) -> list[str]:
    """What is wrong with ``owner`` or ``support``, which are shown to users as they are."""
    if not isinstance(value, str):
        return [f"{key} must be a string, not {_type(value)}"]
    if not value.strip():
        return [f"{key} must not be empty"]
    if len(value) > _LONGEST_TEXT:
        return [f"{key} has more than {_LONGEST_TEXT} characters"]
    if not value.isprintable():
        return [f"{key} {quoted(value)} has characters that cannot be printed"]
    return []


def uri_faults(uri: object, wheel: str | None) -> list[str]:
    """What is wrong with ``uri``; nothing that is returned shows a secret.

    :param wheel: the file name that its path must end in; None for any.
    """
    if not isinstance(uri, str):
        return [f"uri must be a string, not {_type(uri)}"]
    if len(uri) > _LONGEST_URI:
        return [f"uri has more than {_LONGEST_URI:,} characters"]
    if _NOT_IN_URI.search(uri):
        return ["uri has characters that must be percent-encoded"]
    try:
        Origin.of(uri)
        parts = urlsplit(uri)
        path = unquote(parts.path, errors="strict")
    except UnicodeError:
        return ["uri cannot be read"]
    except ValueError as error:
        return [f"uri {error}: {quoted(redact(uri))}"]
    # An encoded slash is a slash to some servers, and a backslash to some is one too.
    dotted = any(segment in (".", "..") for segment in re.split(r"[/\\]", path))
    judged = (
        ("must be https", parts.scheme != "https"),
        ("must not carry credentials", "@" in parts.netloc),
        ("must not have a fragment", "#" in uri),
        ("has '.', '..' or control characters in its path", dotted or not path.isprintable()),
        (f"must end in the file name {wheel}", wheel not in (None, unquote(parts.path.rpartition("/")[2]))),
    )
    return [f"uri {fault}: {quoted(redact(uri))}" for fault, holds in judged if holds]


def _type(value: object) -> str:
    return _TYPES.get(type(value), "something else")
