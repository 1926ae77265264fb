"""Layers, scopes and locks against the simplest thing that could be right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from hypothesis import given
from hypothesis import strategies as st

from rim_router.config import load_files
from rim_router.config.files import LayerFile
from rim_router.errors import TableError
from rim_router.rules.names import Pattern

LAYERS = ("machine", "user", "environment", "project")
INDEXES = ("red", "green")
NAMES = ("a", "ab", "a-b", "abb", "a-b-a", "b", "ba")
PATTERNS = ("*", "a*", "a-*", "ab*", "a-b*", "a", "ab", "a-b", "b")


@dataclass
class File:
    """A table file as a model.

    :param indexes: the names that it defines, each with the host of its URL.
    :param routes: the index that each pattern leads to, and whether it is locked.
    """

    layer: str
    indexes: dict[str, str]
    routes: dict[str, tuple[str, bool]]

    def text(self) -> bytes:
        """As TOML."""
        lines = [
            "[indexes]",
            *(f'{name} = "https://{host}.example"' for name, host in sorted(self.indexes.items())),
        ]
        lines.append("[routes]")
        for pattern, (index, locked) in self.routes.items():
            lines.append(
                f'"{pattern}" = {{ index = "{index}", locked = true }}'
                if locked
                else f'"{pattern}" = "{index}"'
            )
        return "\n".join(lines).encode()


@st.composite
def stacks(draw: st.DrawFn, locks: bool = False) -> list[File]:
    files = []
    for layer in LAYERS:
        if draw(st.booleans()):
            lock = st.booleans() if locks and layer != "project" else st.just(False)
            routes = draw(
                st.dictionaries(st.sampled_from(PATTERNS), st.tuples(st.sampled_from(INDEXES), lock))
            )
            hosts = st.sampled_from(["one", "two", layer])
            files.append(File(layer, draw(st.dictionaries(st.sampled_from(INDEXES), hosts)), routes))
    return files


def loaded(files: list[File]) -> Optional[dict[str, Optional[str]]]:  # noqa: UP045
    """The URL of each name's index; None if the tables are refused."""
    try:
        table = load_files(
            LayerFile(file.layer, Path("/", file.layer, "index-routing.toml"), False, file.text())
            for file in files
        )
    except TableError:
        return None
    decisions = {name: table.route(name) for name in NAMES}
    return {
        name: decision.indexes[0].url if decision.indexes else None for name, decision in decisions.items()
    }


def url(files: list[File], position: int, index: str) -> Optional[str]:  # noqa: UP045
    """Look the index of a route up, downwards from its own file."""
    for file in reversed(files[: position + 1]):
        if index in file.indexes:
            return f"https://{file.indexes[index]}.example"
    return None


def is_repeated(files: list[File], position: int, pattern: str) -> bool:
    """Whether the nearest file below that has the pattern leads it to the same URL."""
    for lower in reversed(range(position)):
        if pattern in files[lower].routes:
            index = files[position].routes[pattern][0]
            return url(files, position, index) == url(files, lower, files[lower].routes[pattern][0])
    return False


def specificity(pattern: str) -> int:
    return len(pattern) if pattern.endswith("*") else 100


def naive(files: list[File]) -> Optional[dict[str, Optional[str]]]:  # noqa: UP045
    """What the reference says, by looking at everything for every name."""
    for position, file in enumerate(files):
        for pattern, (index, _) in file.routes.items():
            if url(files, position, index) is None:
                return None
            for lower in files[:position]:
                for other, (_, locked) in lower.routes.items():
                    inside = locked and Pattern.parse(other).covers(Pattern.parse(pattern))
                    if inside and not is_repeated(files, position, pattern):
                        return None
    answer: dict[str, Optional[str]] = {}  # noqa: UP045
    for name in NAMES:
        claims = [
            (specificity(pattern), position, index)
            for position, file in enumerate(files)
            for pattern, (index, _) in file.routes.items()
            if Pattern.parse(pattern).matches(name)
        ]
        answer[name] = None
        if claims:
            _, position, index = max(claims)
            answer[name] = url(files, position, index)
    return answer


@given(stacks())
def test_merged_layers_are_what_the_naive_model_says(files: list[File]) -> None:
    """Precedence by pattern, then by layer; scoping downwards."""
    assert loaded(files) == naive(files)


@given(stacks(locks=True))
def test_locks_are_what_the_naive_model_says(files: list[File]) -> None:
    """Refused exactly if a higher layer claims something inside a lock, and says anything new by it."""
    assert loaded(files) == naive(files)


@given(stacks(locks=True), st.integers(min_value=0, max_value=3))
def test_what_is_locked_is_never_changed_by_a_higher_layer(files: list[File], height: int) -> None:
    """Whatever is put on top, a name inside a lock keeps its index or nothing is routed at all."""
    below, everything = loaded(files[:height]), loaded(files)
    if below is None or everything is None:
        return
    for file in files[:height]:
        for pattern, (_, locked) in file.routes.items():
            for name in NAMES:
                if locked and Pattern.parse(pattern).matches(name):
                    assert everything[name] == below[name]


@given(stacks())
def test_the_order_of_routes_in_a_file_never_matters(files: list[File]) -> None:
    """Reversed, everything is the same."""
    turned = [File(file.layer, file.indexes, dict(reversed(list(file.routes.items())))) for file in files]
    assert loaded(turned) == loaded(files)
