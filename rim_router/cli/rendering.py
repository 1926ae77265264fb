"""Prints what a command found, as text or as JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rim_router.config.switch import DISABLE
from rim_router.spelling import spelt
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
    print(_painted(spelt(visible_lines(text)), sys.stdout), end=end, flush=True)


def print_text(text: str, end: str = "\n") -> None:
    """A file for a program, on standard output: what it says is the same wherever it was made."""
    print(visible_lines(text), end=end, flush=True)


def tell(text: str) -> None:
    """Lines for people, on standard error."""
    sys.stdout.flush()
    print(_painted(spelt(visible_lines(text)), sys.stderr), file=sys.stderr, flush=True)


_RED, _GREEN, _YELLOW = 31, 32, 33
_PAINT = (
    (_RED, r"(?m)^(?:ERROR|FAILED|open|refuses)\b(?=:|  )|\b(?:FAILED|REFUSED|NO)\b(?=[:,; ])"),
    (_YELLOW, r"(?m)^(?:WARNING|no-pip)\b(?=:)"),
    (_GREEN, r"(?m)^(?:OK|ok|routed|inert)\b(?=:|  )"),
)


def _painted(text: str, stream: TextIO) -> str:
    """The words that judge in colours, where somebody looks at them and wants it (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb" or not stream.isatty():
        return text
    for colour, words in _PAINT:
        text = re.sub(words, f"\x1b[{colour}m\\g<0>\x1b[0m", text)
    return text


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON (docs/json.md gives its shape)")


def add_verbose(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option ``--verbose``."""
    parser.add_argument("-v", "--verbose", action="store_true", help=f"also show {what}")


def add_python(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--python``."""
    parser.add_argument(
        "--python",
        type=Path,
        metavar="PATH",
        help="another environment, or its interpreter, in place of this one",
    )


def print_json(data: Mapping[str, Any]) -> None:
    """Print one of :mod:`rim_router.cli.shapes`, in ASCII so that no terminal or pipe can garble it."""
    print(json.dumps(data, indent=2))


def warn_if_off() -> None:
    """Say that pip does not follow the table that is shown, or that it does although somebody has tried."""
    switch = os.environ.get(DISABLE)
    if switch == "1":
        tell(f"WARNING: {DISABLE}=1 is set, which turns routing off: pip does not follow this table")
    elif switch:
        tell(f"WARNING: {DISABLE}={switch} has no effect: only the value 1 turns routing off")


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
    """``no faults``, ``1 fault``, ``2 faults``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
