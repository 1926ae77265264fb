"""A change to files that is made as a whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.environments.exchange import Exchange

NAMES = st.sampled_from(["a.py", "b.py", "d/a.py", "d/e/b.py", "f/__init__.py"])
FILES = st.dictionaries(NAMES, st.binary(max_size=3))
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=3)), max_size=8)


def tree(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def change(exchange: Exchange, top: Path, changes: list[tuple[str, bytes | None]]) -> None:
    for name, content in changes:
        if content is None:
            exchange.remove(top / name)
        else:
            exchange.write(top / name, content)
    exchange.tidy(top)


def change_and_fail(top: Path, changes: list[tuple[str, bytes | None]]) -> None:
    with Exchange() as exchange:
        change(exchange, top, changes)
        raise KeyboardInterrupt


@given(FILES, CHANGES, st.booleans())
def test_all_or_nothing(
    files: dict[str, bytes], changes: list[tuple[str, bytes | None]], fails: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        for name, content in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(content)
        if fails:
            with pytest.raises(KeyboardInterrupt):
                change_and_fail(top, changes)
            assert tree(top) == files
        else:
            with Exchange() as exchange:
                change(exchange, top, changes)
            expected: dict[str, bytes | None] = {**files, **dict(changes)}
            assert tree(top) == {name: content for name, content in expected.items() if content is not None}
