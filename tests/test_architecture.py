"""The walls between the modules: who may import whom, and who may import pip."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "rim_router"
START_UP = PACKAGE.with_name("_rim_router")

# Each may import those before it, and itself.
LEVELS = (
    {"record", "terminal", "spelling"},
    {"errors", "libraries"},
    {"rules"},
    {"rim"},
    {"config", "journal"},
    {"hooks", "environments"},
    {"cli"},
    {"__main__", "__init__"},
)
PURE = ("rules", "rim", "record", "terminal")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def everything() -> list[Path]:
    return [*sorted(START_UP.glob("*.py")), *modules()]


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
    # Neither of the two knows the other.
    beside = {"hooks", "environments"} - {top(path)} if level == 5 else set()
    assert used - {"__version__", "load", "RimRouterError"} <= allowed - beside


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Whoever reads one module first never needs another one before it: not for types either."""
    inside = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in modules()}
    needs = {}
    for name, path in inside.items():
        found = imports(path)
        found |= {each.rpartition(".")[0] for each in found}
        needs[name] = found & inside.keys()
    while free := {name for name, used in needs.items() if not used & needs.keys() - {name}}:
        needs = {name: used for name, used in needs.items() if name not in free}
    assert not needs


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_hooks_import_pip(path: Path) -> None:
    """A new pip release touches rim_router/hooks and nothing else."""
    if top(path) != "hooks":
        assert not [name for name in imports(path) if name.split(".")[0] == "pip"]


# What can open a connection. The demo's servers listen, and are no clients.
_NETWORK = {"socket", "ssl", "http.client", "urllib.request", "urllib3", "requests", "ftplib", "asyncio"}
_SERVERS = {"cli/demo/command.py", "cli/demo/certificate.py", "cli/demo/loopback.py"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_pip_opens_connections(path: Path) -> None:
    """One stack: a command that wants something from a host has this environment's pip ask for it."""
    if path.relative_to(PACKAGE).as_posix() in _SERVERS:
        return
    allowed = {"urllib.request.url2pathname"}  # which is about paths
    # The hooks give pip's own session a stricter context, and say which OpenSSL it has.
    allowed |= (
        {"ssl"} if top(path) == "hooks" or (top(path) == "cli" and path.parent.name == "doctor") else set()
    )
    used = {
        name
        for name in imports(path) - allowed
        if any(name == each or name.startswith(f"{each}.") for each in _NETWORK)
    }
    assert not used


@pytest.mark.parametrize("path", sorted(START_UP.glob("*.py")), ids=lambda path: path.name)
def test_start_up_code_needs_nothing_of_the_rest(path: Path) -> None:
    """It is there where ``rim_router`` is not: nothing of that, nor of pip, is imported with it."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    at_once = {node.module or "" for node in module.body if isinstance(node, ast.ImportFrom)}
    at_once |= {alias.name for node in module.body if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in at_once} <= {
        "_rim_router",
        "__future__",
        "_thread",
        "functools",
        "gc",
        "importlib",
        "logging",
        "os",
        "sys",
        "threading",
        "typing",
    }
    assert not [name for name in imports(path) if name.split(".")[0] == "pip"]


@pytest.mark.parametrize(
    "path", [path for path in modules() if top(path) in PURE], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_judgement_is_pure(path: Path) -> None:
    """What decides opens no path and no socket."""
    used = {found.split(".")[0] for found in imports(path)}
    assert not used & {"os", "pathlib", "socket", "ssl", "http", "subprocess", "shutil", "tempfile"}


@pytest.mark.parametrize("path", everything(), ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_module_says_in_its_first_line_what_it_does_and_stays_small(path: Path) -> None:
    """A module has a docstring and at most 350 lines."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 350


# Besides rendering, which prints what commands say: each of them sees to what it writes.
WRITERS = {"rendering.py", "_runner.py", "diagnostics.py", "gate.py", "makers.py"}


@pytest.mark.parametrize(
    "path",
    [*modules(), *sorted(START_UP.glob("*.py"))],
    ids=lambda path: str(path.relative_to(PACKAGE.parent)),
)
def test_only_few_modules_write_to_the_terminal(path: Path) -> None:
    """What is shown is escaped there: names, reasons and URLs of others cannot move the cursor."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    found = [ast.unparse(call) for call in calls]
    writes = {each for each in found if each == "print" or each.startswith(("sys.stderr.w", "sys.stdout.w"))}
    assert not writes or path.name in WRITERS
