"""Reads ``min-age``, and what a route exempts from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rim_router.config.document import shown_text
from rim_router.libraries import library
from rim_router.rules.age import parse_age

if TYPE_CHECKING:
    from rim_router.config.document import Document
    from rim_router.config.keys import Key
    from rim_router.rules.table import Specifier


def read_age(document: Document, key: Key, value: object) -> str | None:
    """An age as it is written; a fault and None if it is none."""
    text = document.string(key, value)
    if text is None or parse_age(text) is not None:
        return text
    document.fault(key, f'{shown_text(text)} is not an age such as "7d" or "36h"')
    return None


def read_exempt(document: Document, key: Key, value: object) -> Specifier | None:
    """A version specifier (PEP 440); a fault and None if it is none."""
    text = document.string(key, value)
    if text is None:
        return None
    try:
        found: Specifier = library("packaging.specifiers").SpecifierSet(text)
    except ValueError:
        document.fault(key, f'{shown_text(text)} is not a version specifier such as "==1.26.4"')
        return None
    return found


def age_in_hours(text: str | None) -> int:
    """An age to be compared with others; none at all is 0."""
    age = None if text is None else parse_age(text)
    return 0 if age is None else age // timedelta(hours=1)
