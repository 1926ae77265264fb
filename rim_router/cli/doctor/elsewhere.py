"""Has the plugin of another environment examine that environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli import shapes
from rim_router.cli.elsewhere import run_there
from rim_router.cli.rendering import NO, print_json, say
from rim_router.environments import discover
from rim_router.environments.target import examine

if TYPE_CHECKING:
    from pathlib import Path

    from rim_router.cli.doctor import shape


def doctor(path: Path, *, as_json: bool, verbose: bool) -> int:
    """Run the doctor of another environment, or say that it has none.

    :param path: the environment, or its interpreter.
    :returns: its exit code; 1 if there is no plugin.
    :raises TargetError: if it cannot be examined.
    """
    target = examine(discover.interpreter(path))
    if "rim-router" in target.distributions:
        words = ["doctor", *(["--json"] if as_json else []), *(["--verbose"] if verbose else [])]
        return run_there(target.python, words)
    why = "there is no rim-router in that environment: pip there is not routed"
    hint = f"rim-router equip {path}"
    report: shape.OtherReport = {
        "version": shapes.VERSION,
        "state": "open",
        "why": why,
        "python": f"{target.full_version} ({target.python})",
        "plugin": None,
        "hint": hint,
    }
    if as_json:
        print_json(report)
    else:
        say(f"open: {why}\n  python  {report['python']}\n  hint    {hint}")
    return NO
