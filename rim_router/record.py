"""Immutable values: what a frozen dataclass is, for a tenth of what it costs to define one.

Whoever types ``pip`` pays for the definition of every class that the hooks need, each time. A dataclass
writes and compiles source for that, which made up a third of what a table cost. What pip does not
import uses dataclasses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


#: The default of a field that is a mapping; not to be written to.
EMPTY: Mapping[Any, Any] = {}


@dataclass_transform(frozen_default=True)
class Record:
    """A value whose fields are the annotations of its class, with defaults as the class has them.

    Two are equal if they are of one class and all their fields are but those that *_uncompared* names.
    """

    _uncompared: ClassVar[tuple[str, ...]] = ()
    _fields: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        fields = [name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar")]
        cls._fields = tuple(fields)
        cls._names = frozenset(fields)
        cls._required = cls._names.difference(vars(cls))

    def __init__(self, *args: Any, **named: Any) -> None:
        values = self.__dict__
        for name, value in zip(self._fields, args):  # for so few, faster than update()
            values[name] = value
        if named:
            values.update(named)
        if (
            len(values) != len(args) + len(named)
            or (len(values) < len(self._fields) and not self._required <= values.keys())
            or (named and not named.keys() <= self._names)
        ):
            raise TypeError(f"{type(self).__name__}({', '.join(self._fields)}) got other arguments")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def _compared(self) -> list[object]:
        return [getattr(self, name) for name in self._fields if name not in self._uncompared]

    def __eq__(self, other: object) -> bool:
        return (
            self._compared() == other._compared()
            if isinstance(other, Record) and type(other) is type(self)
            else NotImplemented
        )

    def __hash__(self) -> int:
        # A dict has no hash: records that differ only in one share theirs.
        return hash(tuple(value for value in self._compared() if not isinstance(value, dict)))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self._fields if name not in self._uncompared)
        return f"{type(self).__name__}({', '.join(shown)})"

    def replaced(self, **changes: Any) -> Self:
        """The same with other values in some fields."""
        if not changes.keys() <= self._names:
            raise TypeError(f"{type(self).__name__} has no {', '.join(changes.keys() - self._names)}")
        same = object.__new__(type(self))
        # What was computed from the fields and kept is left out: it may not hold for the other values.
        kept = {name: value for name, value in vars(self).items() if name in self._names}
        vars(same).update(kept, **changes)
        return same
