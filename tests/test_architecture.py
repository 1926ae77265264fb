"""The walls between the modules: who may import whom, and who may import pip."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "rim_router"

# Each may import those before it, and itself.
LEVELS = (
    {"record", "terminal"},
    {"errors", "libraries"},
    {"names", "urls", "digests"},
    {"verdict", "strategies", "page_metadata"},
    {"pins", "table", "external", "references", "hosts", "recognition", "contents", "rim"},
    {"config", "journal"},
    {"hooks", "cli"},
    {"_startup", "__main__", "__init__"},
)
STDLIB_ONLY_AND_PURE = (
    "record",
    "pins",
    "verdict",
    "hosts",
    "digests",
    "strategies",
    "table",
    "external",
    "references",
    "recognition",
    "contents",
    "page_metadata",
    "terminal",
    "names",
    "urls",
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def top(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_what_is_below_it(path: Path) -> None:
    """The import direction of the architecture holds."""
    level = next(number for number, names in enumerate(LEVELS) if top(path) in names)
    allowed = set().union(*LEVELS[: level + 1])
    used = {name.split(".")[1] for name in imports(path) if name.startswith("rim_router.")}
    # cli may ask the hooks what they would do; the hooks never know of cli. The script that children are
    # started with does the start-up in the place of a .pth file.
    if path.name == "_runner.py":
        allowed = allowed | {"_startup"}
    assert used - {"__version__", "load", "RimRouterError"} <= allowed - (
        {"cli"} if top(path) == "hooks" else set()
    )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_hooks_import_pip(path: Path) -> None:
    """A new pip release touches rim_router/hooks and nothing else."""
    if top(path) != "hooks":
        assert not [name for name in imports(path) if name.split(".")[0] == "pip"]


@pytest.mark.parametrize("name", STDLIB_ONLY_AND_PURE)
def test_judgement_is_pure(name: str) -> None:
    """What decides opens no path and no socket."""
    used = {found.split(".")[0] for found in imports(PACKAGE / f"{name}.py")}
    assert not used & {"os", "pathlib", "io", "socket", "ssl", "http", "subprocess", "shutil", "tempfile"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_says_in_its_first_line_what_it_does_and_stays_small(path: Path) -> None:
    """A module has a docstring and at most 350 lines."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 350


# Besides rendering, which prints what commands say: each of them sees to what it writes.
WRITERS = {"cli/rendering.py", "cli/download.py", "hooks/_runner.py", "hooks/diagnostics.py", "hooks/gate.py"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_few_modules_write_to_the_terminal(path: Path) -> None:
    """What is shown is escaped there: names, reasons and URLs of others cannot move the cursor."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [ast.unparse(call) for call in calls]
    writes = {each for each in found if each == "print" or each.startswith(("sys.stderr.w", "sys.stdout.w"))}
    assert not writes or path.relative_to(PACKAGE).as_posix() in WRITERS
