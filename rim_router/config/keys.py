"""The keys of a routing table, and paths of keys."""

from __future__ import annotations

Key = tuple[str, ...]

TABLE = ("indexes", "routes", "wheel", "policy")
INDEX = ("url", "mirrors", "external-hosts", "pins", "format", "probe", "absent-status", "min-age")
ROUTE = (
    *("index", "indexes", "deny", "strategy", "marker", "namespace", "locked"),
    *("min-age", "min-age-exempt"),
)
WHEEL = ("urls", "sha256", "sha384", "sha512", "size", "requires-python", "support")

FORMATS = ("simple", "flat")
RESERVED = ("pip", "wheels")  # names that a route may use and [indexes] may not define

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


def item(position: int) -> str:
    """The element of a key path that stands for the item of an array, counted from 0."""
    return f"[{position}]"
