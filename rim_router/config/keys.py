"""The keys of a routing table."""

from __future__ import annotations

TABLE = ("indexes", "routes", "wheel", "policy")
INDEX = ("url", "mirrors", "external-hosts", "pins", "format", "probe", "absent-status")
ROUTE = ("index", "indexes", "deny", "strategy", "marker", "namespace", "locked")
WHEEL = ("urls", "sha256", "sha384", "sha512", "size", "requires-python", "support")

FORMATS = ("simple", "flat")
RESERVED = ("pip", "wheels")  # names that a route may use and [indexes] may not define

# From loose to tight; what is in force if nobody says anything is the default of rim_router.table.Policy.
POLICY = {
    "require-hashes": ("external", "all"),
    "pins": ("optional", "required"),
    "direct-references": ("allow", "hashed", "deny"),
    "offline-find-links": ("allow", "deny"),
    "redirects": ("hashed", "listed"),
}
MINIMUM_OPENSSL = "minimum-openssl"  # a version; all others are words
