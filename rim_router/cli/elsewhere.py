"""Has the rim-router of another environment run a command there."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# As `python -m rim_router`, without what lies in the working directory.
_COMMAND = (
    "import sys; sys.path = [each for each in sys.path if each]; from rim_router.cli import main; "
    "sys.exit(main(sys.argv[1:]))"
)


def run_there(python: Path, words: Sequence[str]) -> int:
    """Run a command of the rim-router that an interpreter has.

    :param words: the command and its options.
    :returns: its exit code.
    """
    sys.stdout.flush()
    return subprocess.run([str(python), "-c", _COMMAND, *words], check=False).returncode
