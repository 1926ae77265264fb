"""The start-up code: what it imports, that it may run twice, and that it waits for pip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _python(code: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_imports_nothing_else() -> None:
    """A process that is not pip gets two modules more, and no other."""
    code = (
        "before = set(sys.modules)\n"
        f"exec({(ROOT / 'rim_router.pth').read_text()!r})\n"
        "print(sorted(set(sys.modules) - before))"
    )
    assert _python(code).strip() == "['rim_router', 'rim_router._startup']"


def test_running_twice_registers_one_hook() -> None:
    """site runs start-up files twice in a virtual environment."""
    line = (ROOT / "rim_router.pth").read_text()
    count = "print(len([f for f in sys.meta_path if 'rim_router' in type(f).__module__]))"
    code = f"exec({line!r})\nexec({line!r})\n{count}"
    assert _python(code).strip() == "1"


def test_both_start_up_files_name_the_same_function() -> None:
    """The `.pth` of Python below 3.15 and the `.start` of PEP 829 do the same."""
    pth = (ROOT / "rim_router.pth").read_text()
    assert pth == "import rim_router._startup; rim_router._startup.activate()\n"
    assert (ROOT / "rim_router.start").read_text() == "rim_router._startup:activate\n"


def test_a_module_that_merely_ends_like_pip_is_left_alone() -> None:
    """Only pip's own modules are awaited."""
    code = (
        "from rim_router import _startup; _startup.activate()\n"
        "print(_startup._waiter.find_spec('notpip'), _startup._waiter.find_spec('pip._internal.cli'))"
    )
    assert _python(code).strip() == "None None"
