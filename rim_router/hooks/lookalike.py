"""A copy of one of pip's objects, to be given other attributes and methods than the original has."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def lookalike(original: T) -> T:
    """What ``copy.copy`` does for plain objects, without asking how; there is one for each page and file."""
    twin = object.__new__(type(original))
    vars(twin).update(vars(original))
    return twin


def dissolve(twin: object) -> None:
    """Empty a copy, once no response and no generator can call it any more.

    Its own methods refer to it: so it would stay, with every page and file that they have seen, until Python
    looks for such circles.
    """
    vars(twin).clear()
