"""The command ``rim-router``."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from rim_router.cli.rendering import NO, OK, UNUSABLE, tell
from rim_router.errors import RimRouterError
from rim_router.libraries import lacking

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NO", "OK", "UNUSABLE", "main"]

_INTERRUPTED = 130  # as shells count a process that SIGINT ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    :param argv: the arguments without the program's name; none are those of the process.
    :returns: 0 ok, 1 the answer is no, 2 unreadable input or a bad table.
    :raises SystemExit: with 0 for ``--help`` and ``--version``, with 2 for bad usage.
    """
    from rim_router.cli.parser import make_parser

    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows another one; that must not end the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = make_parser()
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        args.refuse(f"unrecognized arguments: {' '.join(unknown)}")
    if args.command is None:
        parser.print_help(sys.stderr)
        return UNUSABLE
    missing = " ".join(lacking())
    if missing:
        tell(
            f"WARNING: {missing} should be installed here, and the copy in pip is used; "
            f"run: python -m pip install {missing}"
        )
    try:
        code = int(args.run(args))
        sys.stdout.flush()
    except RimRouterError as error:
        tell(f"ERROR: {error}")
        return UNUSABLE
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter's own flush must not fail again.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    except KeyboardInterrupt:
        tell("ERROR: interrupted")
        return _INTERRUPTED
    return code
