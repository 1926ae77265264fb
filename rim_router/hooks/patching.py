"""Replacing hook points; the only place that assigns to anything in pip."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.hooks.seam import Seam


def replace(seam: Seam, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put ``make(original)`` in the place of a hook point, under the original's name and signature."""
    owner, name = seam.owner()
    classes = getattr(owner, "__mro__", (owner,))
    defined = next((vars(each)[name] for each in classes if name in vars(each)), None)
    if isinstance(defined, classmethod):
        function = defined.__func__
        setattr(owner, name, classmethod(functools.wraps(function)(make(function))))
        return
    original = getattr(owner, name)
    made = functools.wraps(original)(make(original))
    # What else it has, others may use: pip-tools clears the cache of one that caches its answers.
    for attribute in dir(original):
        if not attribute.startswith("_") and not hasattr(made, attribute):
            setattr(made, attribute, getattr(original, attribute))
    setattr(owner, name, made)
