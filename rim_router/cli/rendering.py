"""Prints what a command found, as text or as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rim_router.terminal import visible, visible_lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

# Exit codes (reference: Exit codes).
OK = 0
NO = 1  # the answer is no
UNUSABLE = 2  # bad usage, unreadable input or a bad table


def say(text: str = "", end: str = "\n") -> None:
    """Lines for people, on standard output, at once: whoever watches should know what is going on."""
    print(visible_lines(text), end=end, flush=True)


def tell(text: str) -> None:
    """Lines for people, on standard error."""
    sys.stdout.flush()
    print(visible_lines(text), file=sys.stderr, flush=True)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON (docs/json.md gives its shape)")


def print_json(data: Mapping[str, Any]) -> None:
    """Print one of :mod:`rim_router.cli.shapes`, in ASCII so that no terminal or pipe can garble it."""
    print(json.dumps(data, indent=2))


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """Rows as lines, the columns aligned; only the last one may be of any width without cost."""
    shown = [list(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown)]
    return [
        (indent + "  ".join(text.ljust(width) for text, width in zip(row, widths))).rstrip() for row in shown
    ]


def fields(pairs: Iterable[tuple[str, str]], indent: str = "  ") -> list[str]:
    """Labels and values as lines; a label that is that of the line before is not repeated."""
    rows, previous = [], ""
    for label, value in pairs:
        rows.append(("" if label == previous else label, value))
        previous = label
    return columns(rows, indent)


def count(number: int, noun: str) -> str:
    """``1 fault``, ``2 faults``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
