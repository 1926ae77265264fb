"""The start-up code: what it imports, that it may run twice, and that it waits for pip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LINE = (ROOT / "rim_router.pth").read_text(encoding="utf-8")


def _python(code: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


# Where each finder that was added comes from.
_ADDED = "print([getattr(f, '__name__', type(f).__module__) for f in sys.meta_path if f not in before])"


def test_is_one_line() -> None:
    """``site`` runs a line only if it begins with ``import``."""
    assert LINE.startswith("import ")
    assert LINE.count("\n") == 1
    assert LINE.endswith("\n")


def test_imports_nothing_else() -> None:
    """A process that is not pip gets one module more, and no other."""
    code = f"before = set(sys.modules)\nexec({LINE!r})\nprint(sorted(set(sys.modules) - before))"
    assert _python(code).strip() == "['_rim_router']"


def test_running_twice_registers_one_hook() -> None:
    """site runs start-up files twice in a virtual environment."""
    code = f"before = list(sys.meta_path)\nexec({LINE!r})\nexec({LINE!r})\n{_ADDED}"
    assert _python(code).strip() == "['_rim_router']"


def test_for_pip_one_finder_takes_the_place_of_the_other() -> None:
    """However it is started there is one finder, before and after pip is wanted."""
    code = (
        "before = list(sys.meta_path)\nfrom _rim_router import waiter\n"
        f"exec({LINE!r})\nfor name in ('pip.x', 'pip.y'):\n    sys.modules['_rim_router'].find_spec(name)\n"
        f"waiter.activate()\n{_ADDED}"
    )
    assert _python(code).strip() == "['_rim_router.waiter']"


def test_a_pip_that_is_there_already_is_not_waited_for() -> None:
    """Whoever imports pip before the start-up files are read gets the hooks at once."""
    code = (
        "before = list(sys.meta_path)\nsys.modules['pip'] = pip = type(sys)('pip')\npip.__path__ = []\n"
        f"exec({LINE!r})\nprint(sys.modules['_rim_router.gate']._state)\n{_ADDED}"
    )
    state, added = _python(code).splitlines()
    assert "missing" in state
    assert added == "['_rim_router.waiter']"


@pytest.mark.parametrize(
    ("name", "awaited"),
    [
        ("pip", True),
        ("pip._internal.cli", True),
        ("pipenv.patched.pip._internal.network.session", True),
        ("copied._internal.cli.main_parser", True),
        ("notpip", False),
        ("pipx", False),
        ("pipenv.patched.pip", False),
        ("copied._internal.network", False),
        ("_internal", False),
    ],
)
def test_what_is_awaited(name: str, awaited: bool) -> None:
    """Only pip's own modules, and what every copy of it has by another name."""
    code = (
        f"exec({LINE!r})\nsys.modules['_rim_router'].find_spec({name!r})\n"
        "print('_rim_router.waiter' in sys.modules)"
    )
    assert _python(code).strip() == str(awaited)


def test_rim_router_comes_from_where_it_was_at_start_up(tmp_path: Path) -> None:
    """The working directory of a ``python -m pip`` has no say in which code routes it."""
    (tmp_path / "rim_router").mkdir()
    (tmp_path / "rim_router" / "__init__.py").write_text("raise SystemExit('an impostor')")
    code = (
        f"exec({LINE!r})\nsys.path.insert(0, {str(tmp_path)!r})\nimport _rim_router.gate\n"
        "print(sys.modules['rim_router'].__file__)"
    )
    assert _python(code).strip() == str(ROOT / "rim_router" / "__init__.py")


def test_no_rim_router_at_start_up_is_none_later(tmp_path: Path) -> None:
    """Nor has it where the real one is gone."""
    (tmp_path / "rim_router").mkdir()
    (tmp_path / "rim_router" / "__init__.py").write_text("raise SystemExit('an impostor')")
    code = (
        f"exec({LINE!r})\nsys.modules['_rim_router'].search_path.clear()\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\nimport _rim_router.gate\n"
        "try:\n    import rim_router\nexcept ImportError as error:\n    print(type(error).__name__)"
    )
    assert _python(code).strip() == "ModuleNotFoundError"


def test_what_is_awaited_is_seen_to() -> None:
    """Each module that is waited for has a function that gets it."""
    from _rim_router import MAKERS, gate, indexes, makers, waiter

    assert set(MAKERS) - set(waiter._AWAITED) == {"virtualenv"}  # which is only looked at, and not loaded
    for name, handler in waiter._AWAITED.items():
        places = (makers,) if name in MAKERS else (gate, indexes)
        assert any(callable(getattr(place, handler, None)) for place in places), name


def test_venv_is_waited_for_by_its_name() -> None:
    """Also where it was there before; modules that are merely called alike load nothing more."""
    hooked = "print(hasattr(sys.modules['venv'].EnvBuilder.create, '__wrapped__'))"
    assert _python(f"exec({LINE!r})\nimport venv\n{hooked}").strip() == "True"
    assert _python(f"import venv\nexec({LINE!r})\n{hooked}").strip() == "True"
    code = (
        f"exec({LINE!r})\nfor name in ('my.venv', 'venvs', 'nox.virtualenv', 'virtualenvs', 'json'):\n"
        "    assert sys.modules['_rim_router'].find_spec(name) is None\n"
        "print([name for name in sys.modules if 'rim_router' in name])"
    )
    assert _python(code).strip() == "['_rim_router']"
