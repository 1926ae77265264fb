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


# Where each finder that was added comes from.
_ADDED = "print([getattr(f, '__name__', type(f).__module__) for f in sys.meta_path if f not in before])"


def test_imports_nothing_else() -> None:
    """A process that is not pip gets one module more, and no other."""
    code = (
        "before = set(sys.modules)\n"
        f"exec({(ROOT / 'rim_router.pth').read_text()!r})\n"
        "print(sorted(set(sys.modules) - before))"
    )
    assert _python(code).strip() == "['rim_router']"


def test_running_twice_registers_one_hook() -> None:
    """site runs start-up files twice in a virtual environment."""
    line = (ROOT / "rim_router.pth").read_text()
    code = f"before = list(sys.meta_path)\nexec({line!r})\nexec({line!r})\n{_ADDED}"
    assert _python(code).strip() == "['rim_router']"


def test_for_pip_one_finder_takes_the_place_of_the_other() -> None:
    """However it is started there is one finder, before and after pip is wanted."""
    line = (ROOT / "rim_router.pth").read_text()
    code = (
        "before = list(sys.meta_path)\nfrom rim_router import _startup\n"
        f"exec({line!r})\nfor name in ('pip.x', 'pip.y'):\n    sys.modules['rim_router'].find_spec(name)\n"
        f"_startup.activate()\n{_ADDED}"
    )
    assert _python(code).strip() == "['rim_router._startup']"


def test_a_pip_that_is_there_already_is_not_waited_for() -> None:
    """Whoever imports pip before the start-up files are read gets the hooks at once."""
    line = (ROOT / "rim_router.pth").read_text()
    code = (
        "before = list(sys.meta_path)\nsys.modules['pip'] = sys\n_handed = []\n"
        "from rim_router import _startup\n_startup._hand_over = lambda *args: _handed.append(args[0])\n"
        f"exec({line!r})\nprint(_handed)\n{_ADDED}"
    )
    assert _python(code).split() == ["['pip_found']", "['rim_router._startup']"]


def test_a_module_that_merely_ends_like_pip_is_left_alone() -> None:
    """Only pip's own modules are awaited."""
    code = (
        "import rim_router; print(rim_router.find_spec('notpip'), rim_router.find_spec('pipx'))\n"
        "print('rim_router._startup' in sys.modules)\n"
        "from rim_router import _startup; _startup.activate()\n"
        "print(_startup.waiter.find_spec('notpip'), _startup.waiter.find_spec('pip._internal.cli'))"
    )
    assert _python(code).split() == ["None", "None", "False", "None", "None"]
