"""What takes the place of a hook point can be used as the original could."""

from __future__ import annotations

import functools
from typing import Any

from rim_router.hooks.patching import replace


class Finder:
    """As pip's before 25.1: a method that remembers its answers."""

    asked = 0

    @functools.cache  # noqa: B019
    def find(self, name: str) -> str:
        """Find it."""
        self.asked += 1
        return name


class Seam:
    """A hook point."""

    @staticmethod
    def owner() -> tuple[Any, str]:
        return Finder, "find"


def test_what_else_the_original_has() -> None:
    """Its name, its words, and what clears its memory: for all who hold the replacement."""

    def twice(original: Any) -> Any:
        return lambda finder, name: original(finder, name) * 2

    original = Finder.find
    public = {each for each in dir(original) if not each.startswith("_")}
    replace(Seam, twice)  # type: ignore[arg-type]
    try:
        finder = Finder()
        assert [finder.find("a"), finder.find("a"), finder.asked] == ["aa", "aa", 1]
        finder.find.cache_clear()
        assert [finder.find("a"), finder.asked] == ["aa", 2]
        assert public == {"cache_clear", "cache_info", "cache_parameters"}
        assert public <= set(dir(Finder.find))
        assert Finder.find.__doc__ == "Find it."
    finally:
        Finder.find = original  # type: ignore[method-assign]
