"""What a pip hands down to the pips that it starts: the files in force, or why none can be told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.config.document import shown_path
from rim_router.config.files import FILE_NAME, LayerFile, add, command_layer, listed, open_layer
from rim_router.errors import LocationError
from rim_router.rules.source import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rim_router.errors import TableError

INHERITED_VARIABLE = "_RIM_ROUTER_LAYERS"  # set by a pip for the pips that it starts


def inherit(files: Iterable[LayerFile]) -> str:
    """The value of :data:`INHERITED_VARIABLE` with which a child has the same tables in force."""
    return json.dumps([_entry(file) for file in files])


def _entry(file: LayerFile) -> list[object]:
    entry = [file.layer, str(file.path), file.embedded]
    # What is no file goes along as it is: the child may have other variables.
    if file.layer == "command":
        return [*entry, file.content.decode("utf-8", "surrogateescape")]
    # A central table is read again from where it lies or was put, and must be the same.
    return entry if file.name is None else [*entry, file.name, _digest(file)]


def _digest(file: LayerFile) -> str:
    from hashlib import sha256  # for central tables only

    return sha256(file.content).hexdigest()


def inherit_failure(error: LocationError | TableError) -> str:
    """The value of :data:`INHERITED_VARIABLE` with which a child reports what its parent found wrong."""
    said = error.message if error.where is None else f"{error.where}: {error.message}"
    return json.dumps({"message": said, "notes": list(error.notes), "hint": error.hint})


def read_inherited(text: str) -> list[LayerFile]:
    """The files that the pip which started this one has in force."""
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if isinstance(entries, dict) and isinstance(entries.get("message"), str):
        notes, hint = entries.get("notes"), entries.get("hint")  # see inherit_failure()
        raise LocationError(entries["message"], hint=hint, notes=notes if isinstance(notes, list) else ())
    if not isinstance(entries, list) or not entries or not all(_is_entry(entry) for entry in entries):
        raise LocationError(
            f"the environment variable {INHERITED_VARIABLE} is damaged",
            hint="unset it: only rim-router sets it, for the pips that pip starts",
        )
    files = []
    for layer, path, embedded, *text in entries:
        if layer == "command":
            files.append(command_layer(text[0], Path(path).parent))
            continue
        file = open_layer(layer, Path(path), embedded)
        shown = text[0] if text else shown_path(path)
        if file is None:
            raise LocationError(
                f"{shown} was in force in the pip that started this one, and no longer exists"
            )
        if text and _digest(file) != text[1]:
            raise LocationError(f"{shown} has changed since the pip that started this one has read it")
        files.append(file.replaced(name=shown) if text else file)
    return files


# How many texts the entry of a layer has besides.
_TEXTS = {"central": 2, "command": 1}


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, list) or not entry or entry[0] not in LAYERS:
        return False
    types = [str, str, bool, *[str] * _TEXTS.get(entry[0], 0)]
    return list(map(type, entry)) == types and Path(entry[1]).is_absolute()


def in_virtual_environment() -> bool:
    """Whether this process runs in a virtual environment."""
    return sys.prefix != sys.base_prefix


def with_own_environment(files: list[LayerFile]) -> tuple[LayerFile, ...]:
    """Add the environment layer of this process, which may run in another environment than its parent."""
    return with_environment(files, Path(sys.prefix)) if in_virtual_environment() else tuple(files)


def with_environment(files: Iterable[LayerFile], prefix: Path) -> tuple[LayerFile, ...]:
    """Add the environment layer of a virtual environment.

    :param files: those of another one, or of a parent, lowest layer first.
    """
    files = list(files)
    own: list[LayerFile] = []
    add(own, "environment", prefix / FILE_NAME)
    if own and not listed(files, own[0].path):
        project = LAYERS.index("project")
        position = sum(LAYERS.index(file.layer) < project for file in files)
        files[position:position] = own
    return tuple(files)
