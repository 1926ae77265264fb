"""Digests of files: which of them count (reference: External files)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Strong algorithms, and how many hexadecimal digits a digest of each has.
STRONG = {"sha256": 64, "sha384": 96, "sha512": 128}

_HEX = "0123456789abcdef"


def valid(algorithm: str, digest: str) -> bool:
    """Whether this is a well-formed digest, in lower case, of a strong algorithm."""
    return len(digest) == STRONG.get(algorithm) and not digest.strip(_HEX)


def strong(hashes: Mapping[str, object]) -> dict[str, str]:
    """Those digests that count: strong and well-formed, in lower case."""
    # A page can have anything there.
    texts = {algorithm: digest for algorithm, digest in hashes.items() if isinstance(digest, str)}
    lowered = {algorithm.lower(): digest.lower() for algorithm, digest in texts.items()}
    return {algorithm: digest for algorithm, digest in lowered.items() if valid(algorithm, digest)}


def recorded(content: bytes) -> str:
    """The digest of some content, as a RECORD has it."""
    return as_recorded(hashlib.sha256(content).digest())


def as_recorded(sha256: bytes) -> str:
    """A sha256, as a RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()
