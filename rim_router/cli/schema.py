"""rim-router schema: print the JSON schema of a table, for editors and other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rim_router
from rim_router.cli.rendering import OK, print_text

if TYPE_CHECKING:
    import argparse

PATH = Path(rim_router.__file__).with_name("index-routing.schema.json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--path", action="store_true", help="print the name of the file instead")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print_text(str(PATH) if args.path else PATH.read_text(encoding="utf-8"), end="\n" if args.path else "")
    return OK
