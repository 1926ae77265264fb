"""The tables in force for a command: those on this machine, and the one that pip's index URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.config import LayerFile, locate
from rim_router.config.guarded import may_name_table
from rim_router.errors import LocationError

if TYPE_CHECKING:
    from collections.abc import Sequence


def tables_in_force() -> tuple[LayerFile, ...]:
    """Everything that is in force for pip in the working directory, lowest layer first.

    :raises LocationError: if a table is missing, cannot be read or is not to be trusted.
    :raises GuardedIndexError: if the index URL of pip cannot be used.
    :raises AskError: if pip cannot fetch the table at its index URL.
    """
    files = locate()
    if any(file.layer == "central" for file in files) or not may_name_table():
        return files
    from rim_router.hooks.configured import central_table

    return files if central_table() is None else (_fetched(files), *files)


def _fetched(files: Sequence[LayerFile]) -> LayerFile:
    from rim_router.cli.ask import ask

    (answer,) = ask(files, [{"ask": "table"}])
    if "error" in answer:
        raise LocationError(answer["error"]["message"], hint=answer["error"]["hint"])
    return LayerFile(
        "central", Path(answer["path"]), False, answer["content"].encode("latin-1"), answer["name"]
    )
