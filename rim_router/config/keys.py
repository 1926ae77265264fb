"""The keys of a routing table with the shapes of their values, and paths of keys.

A shape is a JSON schema (2020-12): the readers check by it, and ``rim-router schema`` prints it.
"""

from __future__ import annotations

from typing import Any

from rim_router.rules.digests import STRONG
from rim_router.rules.names import NAME
from rim_router.rules.speed import FEATURES
from rim_router.rules.strategies import STRATEGIES

Key = tuple[str, ...]
Shape = dict[str, Any]

FORMATS = ("simple", "flat")
RESERVED = ("pip", "wheels")  # names that a route may use and [indexes] may not define

# The statuses by which an index may say "not found", but for those by which a server says that the
# credentials are wrong or missing, or that it is asked too often.
STATUSES = range(400, 500)
NEVER_ABSENT = (401, 407, 429)

# From loose to tight; the default is that of rim_router.rules.policy.Policy.
POLICY = {
    "require-hashes": ("external", "all"),
    "pins": ("optional", "required"),
    "direct-references": ("allow", "hashed", "deny"),
    "offline-find-links": ("allow", "deny"),
    "redirects": ("hashed", "listed"),
    "new-environments": ("leave", "equip"),
    "external-roots": ("system", "mozilla"),
    "disable": ("allow", "deny"),
    "project-status": ("warn", "deny"),
}
# All others are words.
MINIMUM_OPENSSL = "minimum-openssl"  # a version
MIN_AGE = "min-age"
OPENSSL = r"[0-9]{1,3}(\.[0-9]{1,3}){1,2}[a-z]{0,2}"


def one_of(words: tuple[str, ...]) -> Shape:
    """The shape of one of some words."""
    return {"type": "string", "enum": [*words]}


# What of a value can be said by an expression that all languages read alike. The readers do not use these:
# they judge the whole value, and say what is wrong with it.
_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_PORT = r"0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ADDRESS = r"\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\]"
_LABELS = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.*"
HOST = rf"^(?:\*|\*\.(?:{_LABELS}|{_ADDRESS})|(?:{_LABELS}|{_ADDRESS})(?::{_PORT})?)$"
_VARIABLE = r"\$\{[A-Z0-9_]+\}"
_SERVER = (
    rf"(?:(?:[A-Za-z0-9]|{_VARIABLE})(?:[A-Za-z0-9_-]|{_VARIABLE}|\.(?!\.))*|{_ADDRESS})"
    rf"(?::(?:{_PORT}|(?:[0-9]|{_VARIABLE})*{_VARIABLE}[0-9]*)?)?"
)
_BELOW = r"/(?!/)[^\s\\?#]*"
_HTTP = rf"[Hh][Tt][Tt][Pp][Ss]?://(?:[^\s\\/?#@\[\]]*@)?{_SERVER}(?:{_BELOW})?"
_FILE = rf"[Ff][Ii][Ll][Ee]://(?:{_SERVER})?{_BELOW}"
_PATH = rf"(?![A-Za-z][A-Za-z0-9+.-]+:|//|{_VARIABLE}(?:[^/]|.*(?:@|://)))(?=.*\S)[^{_CONTROLS}]+"
URL = rf"^(?!.*\$\{{(?![A-Z0-9_]+\}}))(?:{_HTTP}|{_FILE}|{_PATH})$"
_FILE_NAME = r"(?:[^/?#%-]+(?:-[^/?#%-]+){4,5}\.whl|[^/?#]*%[^/?#]*)"  # what is quoted can be anything
WHEEL_URL = (
    rf"^[Hh][Tt][Tt][Pp][Ss]://(?:{_LABELS}|{_ADDRESS})(?::(?:{_PORT})?)?(?!//)/"
    rf"(?:[^?#{_CONTROLS}]*/)?{_FILE_NAME}(?:\?[^#{_CONTROLS}]*)?#?$"
)
INDEX_NAME = rf"^(?!.*://)[^\s{_CONTROLS}](?:[^{_CONTROLS}]*[^\s{_CONTROLS}])?$"
_PROJECT: Shape = {"type": "string", "pattern": rf"^(?:{NAME})$"}

# A title is what errors call the shape.
_TEXT: Shape = {"type": "string", "pattern": r"\S"}
_PRINTABLE: Shape = {"type": "string", "pattern": rf"^(?=.*\S)[^{_CONTROLS}]*$"}


def _texts(pattern: str) -> Shape:
    """The shape of an array of strings."""
    return {"type": "array", "items": {"type": "string", "pattern": pattern}, "title": "an array of strings"}


_STATUS: Shape = {
    "type": "integer",
    "minimum": STATUSES.start,
    "maximum": STATUSES.stop - 1,
    "not": {"enum": [*NEVER_ABSENT]},
    "title": "an HTTP status such as 403",
}

# As rim_router.rules.age reads it.
_AGE: Shape = {"type": "string", "pattern": r"^\s*(?=[0-9])([0-9]{1,5}d)?([0-9]{1,6}h)?\s*$"}

TABLE = ("indexes", "routes", "wheel", "policy", "speed")
INDEX: dict[str, Shape] = {
    "url": {"type": "string", "pattern": URL},
    "mirrors": _texts(URL),
    "external-hosts": _texts(HOST),
    "pins": one_of(POLICY["pins"]),
    "format": one_of(FORMATS),
    "probe": _PROJECT,
    "absent-status": {"type": "array", "items": _STATUS, "title": "an array of HTTP statuses such as [403]"},
    MIN_AGE: _AGE,
}
ROUTE: dict[str, Shape] = {
    "index": _TEXT,
    "indexes": {
        "type": "array",
        "items": {**_TEXT, "not": {"enum": [*RESERVED]}},
        "minItems": 1,
        "uniqueItems": True,
        "title": "an array of strings",
    },
    "deny": _TEXT,
    "strategy": one_of(STRATEGIES),
    "marker": _TEXT,
    "namespace": _PROJECT,
    "locked": {"type": "boolean"},
    MIN_AGE: _AGE,
    "min-age-exempt": _TEXT,
}
WHEEL: dict[str, Shape] = {
    "urls": {**_texts(WHEEL_URL), "minItems": 1},
    **{name: {"type": "string", "pattern": f"^[0-9A-Fa-f]{{{digits}}}$"} for name, digits in STRONG.items()},
    "size": {"type": "integer", "minimum": 1, "title": "a positive number of bytes"},
    "requires-python": _PRINTABLE,
    "support": _PRINTABLE,
}
SETTINGS: dict[str, Shape] = {
    **{name: one_of(words) for name, words in POLICY.items()},
    MINIMUM_OPENSSL: {"type": "string", "pattern": f"^{OPENSSL}$"},
    MIN_AGE: _AGE,
}
SPEED: dict[str, Shape] = {name: {"type": "boolean"} for name in FEATURES}


def item(position: int) -> str:
    """The element of a key path that stands for the item of an array, counted from 0."""
    return f"[{position}]"
