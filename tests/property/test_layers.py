"""Layers, scopes and locks against the simplest thing that could be right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from hypothesis import given
from hypothesis import strategies as st

from rim_router.config import load_files
from rim_router.config.files import LayerFile, command_layer
from rim_router.config.parse import parse
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

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path("/", self.layer, "index-routing.toml")

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
        table = load_files(LayerFile(file.layer, file.path, False, file.text()) for file in files)
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


# What an entry of RIM_ROUTER_ROUTES can lead to: names that there may be or not, URLs and paths.
PLACES = ("https://one.example", "https://u:p@two.example/x", "./a/b", "~")
VALUES = (*INDEXES, "nowhere", "pip", "wheels", *PLACES)
SECRET = "s3cr3t"


def outcome(files: list[LayerFile]) -> Any:
    """Where each name goes and by which route of which rank; or how many faults there are."""
    try:
        table = load_files(files)
    except TableError as error:
        return len(error.faults)
    decisions = [table.route(name) for name in NAMES]
    return [
        (
            decision.target.kind,
            [index.url for index in decision.indexes],
            decision.route and (decision.route.pattern, decision.route.rank),
            [route.pattern for route in decision.also_matched],
        )
        for decision in decisions
    ]


@given(
    stacks(locks=True),
    st.dictionaries(st.sampled_from([*PATTERNS, "A_B", "a*b", "?"]), st.sampled_from(VALUES)),
    st.sampled_from([" ", "\n", " \t "]),
)
def test_routes_of_a_command_are_those_of_a_project_one_layer_higher(
    files: list[File], routes: dict[str, str], between: str
) -> None:
    """A URL or a path is an index of its own."""
    places = {value: f"own-{number}" for number, value in enumerate(PLACES)}
    lines = ["[indexes]", *(f"{name} = {json.dumps(value)}" for value, name in places.items()), "[routes]"]
    for pattern, value in routes.items():
        lines.append(f"{json.dumps(pattern)} = {json.dumps(places.get(value, value))}")
    below = [LayerFile(file.layer, file.path, False, file.text()) for file in files]
    table = LayerFile("project", Path("/here/index-routing.toml"), False, "\n".join(lines).encode())
    text = between.join(f"{pattern}={value}" for pattern, value in routes.items())
    assert outcome([*below, command_layer(text, Path("/here"))]) == outcome([*below, table])


FORMS = (
    "{0}://u:%s@{1}",
    "{0}=https://%s@{1}",
    "{0}=https://h/?%s{1}",
    "{0}/?%s{1}",
    "%s@{0}={1}",
)


@given(st.text(), st.text(), st.sampled_from(FORMS))
def test_no_text_of_a_command_breaks_anything_or_shows_a_secret(before: str, after: str, form: str) -> None:
    """Whatever it is, it is read, or its faults are told."""
    layer = parse(command_layer(form.replace("%s", SECRET).format(before, after), Path("/here")), {})
    # What is meant as a path has no secret in it, whatever characters it has.
    indexes = [index for index in layer.indexes.values() if index is not None and not index.is_local]
    shown = [*map(str, layer.faults), *map(str, indexes)]
    assert not [text for text in shown if SECRET in text]
