"""rim-router init: write a table from what pip and other tools are configured with, or from a preset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.guard.command import read_settings
from rim_router.cli.init.draft import Draft, InitError
from rim_router.cli.init.nuget import read_nuget
from rim_router.cli.init.presets import FORMS, PRESET, add_preset
from rim_router.cli.init.tools import read_all
from rim_router.cli.questions import questions
from rim_router.cli.rendering import OK, count, say
from rim_router.cli.schema import PATH
from rim_router.config.document import shown_path
from rim_router.config.files import FILE_NAME, PYPROJECT, LayerFile
from rim_router.config.locate import has_table
from rim_router.config.parse import parse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    text = f"add the routes of a preset; can be given several times: {FORMS}"
    parser.add_argument("--preset", action="append", default=[], metavar=PRESET, help=text)
    text = "add the patterns of the packageSourceMapping of a nuget.config"
    parser.add_argument("--nuget", type=Path, metavar="FILE", help=text)


def run(args: argparse.Namespace) -> int:
    """Write the table into the working directory.

    :raises InitError: if there is one, or it cannot be written.
    :raises RimRouterError: if what should be read cannot be.
    """
    target = Path.cwd() / FILE_NAME
    _check_embedded(target.with_name(PYPROJECT))
    draft = Draft()
    text = written(draft, target, args.preset, read_settings(), args.nuget)
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise InitError(
            f"{shown_path(target)} is there already, and is never overwritten", hint="move it away first"
        ) from None
    except OSError as error:
        raise InitError(f"{shown_path(target)} cannot be written: {error.strerror}") from None
    routes = sum(not line.unfit for line in draft.routes.values())
    notes = count(len(draft.notes), "note")
    say(f"{shown_path(target)}: {count(routes, 'route')}, {notes} on what was not carried over")
    for variable in draft.variables:
        say(f"Set {variable} in the environment: no password is written into the table.")
    for line, index in questions(text):
        if index is not None:
            say(f"No names are written down for index {index}: fill in line {line}.")
        else:
            say(f"All other names are left to pip until you say where they come from: fill in line {line}.")
    say("Look through it, then run: rim-router check --strict")
    return OK


def _check_embedded(path: Path) -> None:
    """Refuse to write a second table of the project.

    :raises InitError: if its ``pyproject.toml`` has one.
    :raises RimRouterError: if that may be, and cannot be read.
    """
    if path.is_file() and has_table(path.read_bytes(), path):
        raise InitError(
            f"{shown_path(path)} has [tool.rim-router], which is the routing table of this project",
            hint="add to that, or take it out first",
        )


def written(
    draft: Draft, target: Path, presets: list[str], settings: Mapping[str, str], nuget: Path | None = None
) -> str:
    """The table that a file is to have.

    :param draft: an empty one.
    :param settings: see :func:`~rim_router.cli.init.tools.read_all`.
    :param nuget: a ``nuget.config``.
    :raises InitError: if there is no such preset, or that file has no patterns.
    :raises RimRouterError: if what should be read cannot be.
    """
    head = [f"Preset {preset}. Source: {add_preset(draft, preset)}." for preset in presets]
    read = [] if nuget is None else [read_nuget(draft, nuget)]
    draft.settle()
    read += read_all(draft, target.parent, settings)
    origins = ", ".join([*presets, *read]) or "the defaults of pip"
    head.insert(0, f"Written by rim-router init from {origins}.")
    head.append("Look through it, then run: rim-router check --strict")
    text = draft.text(head, _schema(target.parent))
    faults = parse(
        LayerFile("project", target, False, text.encode()), dict.fromkeys(draft.variables, "x")
    ).faults
    if faults:
        raise InitError(
            "what was read makes no table that is right",
            notes=[str(fault) for fault in faults],
            hint="write the table by hand; `rim-router init --preset NAME` in an empty directory shows how",
        )
    return text


def _schema(directory: Path) -> str | None:
    """The schema as an editor takes it, if it is below: where else this machine has it is for nobody else."""
    try:
        return PATH.relative_to(directory).as_posix()
    except ValueError:
        return None
