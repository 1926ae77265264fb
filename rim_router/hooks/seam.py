"""A place in pip that the hooks rely on, and whether a pip has it."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from typing import Any

from rim_router.record import Record

OLDEST = (22, 2)


class Seam(Record):
    """A hook point.

    :param place: ``module:attribute`` or ``module:Class.attribute``.
    :param parameters: the leading parameters that are relied on; None for what is not called.
    :param why: what it is needed for.
    :param since: the first pip that has it.
    :param before: the first pip that no longer has it.
    :param feature: of ``[speed]``, which a pip that lacks it goes without; None: it cannot be routed.
    """

    place: str
    parameters: tuple[str, ...] | None
    why: str
    since: tuple[int, ...] = OLDEST
    before: tuple[int, ...] | None = None
    feature: str | None = None

    def applies_to(self, version: tuple[int, ...]) -> bool:
        """Whether a pip of this version is expected to have it."""
        return self.since <= version and (self.before is None or version < self.before)

    @property
    def reason(self) -> str:
        """What it is needed for, and what a pip without it goes without."""
        return (
            self.why if self.feature is None else f"{self.why}; without it, pip goes without {self.feature}"
        )

    def owner(self) -> tuple[Any, str]:
        """The module or class that has it, and its name there.

        :raises ImportError, AttributeError: if there is none.
        """
        module, _, path = self.place.partition(":")
        *parents, name = path.split(".")
        found: Any = sys.modules.get(module) or import_module(module)
        for parent in parents:
            found = getattr(found, parent)
        return found, name

    def probe(self) -> str | None:
        """What is wrong with it in this pip; None if nothing is."""
        try:
            owner, name = self.owner()
            found = getattr(owner, name)
        except Exception as error:  # whatever importing a broken pip raises: it is not there
            return f"missing ({type(error).__name__}: {error})"
        if self.parameters is None:
            return None
        try:
            actual = parameters(found)
        except (TypeError, ValueError):
            return "not a function"
        if actual[: len(self.parameters)] != self.parameters:
            return f"has parameters ({', '.join(actual)}), expected ({', '.join(self.parameters)}, …)"
        return None


def parameters(function: Any) -> tuple[str, ...]:
    """The names of the parameters of a function, method or class.

    :raises TypeError, ValueError: if it has none, because it is something else.
    """
    is_class = isinstance(function, type)
    plain = function.__init__ if is_class else getattr(function, "__func__", function)
    code = getattr(plain, "__code__", None)
    if code is None or hasattr(plain, "__wrapped__"):
        return tuple(inspect.signature(function).parameters)  # which takes fifty times as long
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names[1:] if is_class or plain is not function else names
