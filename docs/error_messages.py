"""The first lines of the errors, read from where the code raises them, for docs/errors.md and the search.

A part that differs each time is a word in capitals, or "…".
"""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CODE = Path(__file__).resolve().parents[1] / "rim_router"

# Functions that put something in front of what they are given: where that stands among their arguments, what
# they put there, and the error if no argument is a class.
_WRAPPERS = {
    "_failure": (2, "Index INDEX (URL) ", "IndexFailedError"),
    "failed": (0, "Index INDEX (URL) ", "IndexFailedError"),
}
# What no single expression in the code says. Each piece between capitals is somewhere in the code.
_COMPOSED = {
    "TableError": ("The routing table has an error:", "The routing table has NUMBER errors:"),
    "IndexFailedError": (
        "Index INDEX (URL) cannot be reached: REASON",
        "Index INDEX (URL) redirects its page to URL, REASON",
    ),
    "RefusedFileError": ("FILE may not be used: URL",),
    "ContradictionError": ("FILE is not what it was: URL",),
    "RefusedHostError": ("HOST redirects FILE to URL, REASON", "the table has FILE at URL, REASON"),
    "RimError": ("FILE is malformed",),
    "DismountError": ("FILE cannot be dismounted",),
    "StatusError": (
        "Index INDEX (URL) says that NAME is archived",
        "Index INDEX (URL) says that NAME is deprecated",
    ),
    "QuarantinedError": ("Index INDEX (URL) says that NAME is quarantined",),
}
# Their message is composed above.
_WHOLE = {"StatusError", "QuarantinedError"}
# Placeholders by the last word of an expression.
_PLACEHOLDERS = {
    "name": "NAME",
    "project": "NAME",
    "project_name": "NAME",
    "url": "URL",
    "redact": "URL",
    "filename": "FILE",
    "file": "FILE",
    "shown_path": "PATH",
    "path": "PATH",
    "prefix": "PATH",
    "place": "PATH",
    "directory": "PATH",
    "site_packages": "PATH",
    "table": "TABLE",
    "python": "INTERPRETER",
    "owner": "USER",
    "version": "VERSION",
    "OPENSSL_VERSION": "VERSION",
    "pip_version": "VERSION",
    "required_by": "NAME",
    "netloc": "HOST",
    "len": "NUMBER",
    "code": "NUMBER",
    "namespace": "NAMESPACE",
    "content_type": "TYPE",
}
_CAPITALS = r"\b(?:" + "|".join(sorted({"INDEX", "REASON", *_PLACEHOLDERS.values()})) + r")\b|…"


def _last_word(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_word(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


@cache
def _trees() -> Mapping[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(CODE.rglob("*.py"))}


@cache
def _constants() -> Mapping[str, str]:
    """The module constants that are texts, such as names of environment variables."""
    found = {}
    for tree in _trees().values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    found[getattr(target, "id", "")] = str(node.value.value)
    return found


def _placeholder(node: ast.expr) -> str:
    if ast.unparse(node).endswith("index.name"):
        return "INDEX"
    word = _last_word(node)
    if word.isupper() and word in _constants():
        return _constants()[word]
    if word in {"error", "strerror", "reason", "why", "what", "fault", "question", "lost", "message"}:
        return "REASON"
    return _PLACEHOLDERS.get(word, "…")


def _formatted(node: ast.JoinedStr) -> str:
    text = ""
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            text += "…" if text[-1:].isalpha() else _placeholder(part.value)
        elif isinstance(part, ast.Constant):
            text += str(part.value)
    return text.replace("….…", "VERSION")


def _parts(node: ast.expr, within: ast.AST) -> Iterable[ast.expr]:
    """The expressions whose value an expression may have."""
    if isinstance(node, ast.IfExp):
        return (node.body, node.orelse)
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.Name):
        given = (each for each in ast.walk(within) if isinstance(each, ast.Assign))
        return (each.value for each in given if any(_last_word(to) == node.id for to in each.targets))
    return ()


def _texts(node: ast.expr, within: ast.AST) -> Iterator[str]:
    """What an expression may be; nothing if it says nothing itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield _formatted(node)
    elif isinstance(node, ast.BinOp):
        yield from map("".join, product(_texts(node.left, within), _texts(node.right, within)))
    for each in _parts(node, within):
        yield from _texts(each, within)


def _functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def pattern(message: str) -> str:
    """A message as the search recognises it: lower case, no spaces, and "*" for each part that differs."""
    return re.sub(r"\s", "", re.sub(r"\*(?:\W*\*)+", "*", re.sub(_CAPITALS, "*", message))).lower()


def _raised(classes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each class with a message."""
    classes = set(classes)
    for tree in _trees().values():
        for function in _functions(tree):
            for call in ast.walk(function):
                if not isinstance(call, ast.Call):
                    continue
                name = _last_word(call.func)
                at, before, kind = _WRAPPERS.get(name, (0, "", name))
                named = [_last_word(each) for each in call.args]
                kind = next((each for each in named if each in classes), kind)
                if kind in classes and len(call.args) > at:
                    for text in _texts(call.args[at], function):
                        yield kind, before + text


def messages(classes: Iterable[str]) -> Mapping[str, list[str]]:
    """The first lines of each class of errors.

    :param classes: their names.
    :raises SystemExit: if a class has none, or what is composed here is no longer in the code.
    """
    code = "\n".join(path.read_text(encoding="utf-8") for path in _trees())
    found: dict[str, list[str]] = {each: list(_COMPOSED.get(each, ())) for each in classes}
    for composed in found.values():
        pieces = [word for text in composed for word in re.split(_CAPITALS, text)]
        missing = [each for each in pieces if not all(word.strip(":,") in code for word in each.split())]
        if missing:
            raise SystemExit(f"docs/error_messages.py is out of date: {missing}")
    for kind, text in _raised(found):
        first = text.partition("\n")[0]
        if len(re.findall(r"[a-z]{2,}", first)) > 1 and first not in found[kind] and kind not in _WHOLE:
            found[kind].append(first)
    if not all(found.values()):
        raise SystemExit(f"no message is known of {[each for each in found if not found[each]]}")
    return found


def not_found() -> str:
    """What the plugin adds to pip's "No matching distribution found"."""
    tree = _trees()[CODE / "hooks" / "lookups.py"]
    for function in _functions(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr) and "nowhere else" in ast.unparse(node):
                (text,) = _texts(node, function)
                return text.replace("…", "INDEX", 1).replace("REASON", "PATTERN")
    raise SystemExit("docs/error_messages.py is out of date: where a name was looked for is said elsewhere")
