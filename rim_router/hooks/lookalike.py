"""A copy of one of pip's objects, to be given other attributes and methods than the original has."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def lookalike(original: T) -> T:
    """What ``copy.copy`` does for plain objects, without asking how; there is one for each page and file."""
    twin = object.__new__(type(original))
    vars(twin).update(vars(original))
    return twin
