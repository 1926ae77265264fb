"""No refusal without what helps, and no remedy that nobody has followed."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from rim_router import errors
from rim_router.rules import remedies
from tests.e2e.external.test_remedies import REFUSALS

PACKAGE = Path(__file__).resolve().parents[1] / "rim_router"

# What they say cannot be done as it stands by a test, or is done by others.
ELSEWHERE = {
    "rim-router-error": "the root of all errors, which nobody raises",
    "routing-table-location": "about the user's files: tests/unit/config/test_locate.py",
    "must-be-routed": "about the user's variables, and says which: tests/e2e/test_required.py",
    "guarded-index": "about the user's configuration, and says what is right: tests/e2e/test_guard.py",
    "unclaimed-project": "about a table on a server: tests/e2e/test_guard.py",
    "unsupported-pip": "to upgrade pip takes an index that has it: tests/seams/test_gate.py",
}


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def test_every_remedy_and_every_error_is_followed() -> None:
    """A new one without a place in the list fails here."""
    every = {
        name
        for name, function in vars(remedies).items()
        if inspect.isfunction(function) and function.__annotations__.get("return") == "Remedy"
    }
    kinds = [each for each in vars(errors).values() if inspect.isclass(each)]
    every |= {each.reference for each in kinds if issubclass(each, errors.RimRouterError)}
    covered = {name for each in REFUSALS for name in each.covers}
    assert every == covered | ELSEWHERE.keys()
    assert not covered & ELSEWHERE.keys()


def test_remedies_are_written_in_one_place() -> None:
    """So that the list above has each."""
    makers = {path for path in PACKAGE.rglob("*.py") for call in calls(path) if named(call) == "Remedy"}
    assert makers == {PACKAGE / "rules" / "remedies.py"}


def test_a_verdict_that_refuses_says_what_helps() -> None:
    """Each has a remedy, if it is only that nothing here does."""
    without = []
    for path in PACKAGE.rglob("*.py"):
        for call in calls(path):
            keywords = {each.arg: each.value for each in call.keywords}
            verdict = named(call) == "Verdict" and call.args and ast.unparse(call.args[0]) == "False"
            if verdict and len(call.args) < 5 and "remedy" not in keywords:
                without.append(f"{path.name}:{call.lineno}")
            replaced = named(call) == "replaced" and ast.unparse(keywords.get("allowed", call)) == "False"
            if replaced and "remedy" not in keywords:
                without.append(f"{path.name}:{call.lineno}")
    assert not without
