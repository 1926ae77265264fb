"""An installed pip in which one name is another one, everywhere: as its maintainers would rename it."""

from __future__ import annotations

import ast
import contextlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SUFFIX = "_renamed"


@dataclass(frozen=True, order=True)
class Name:
    """A name in pip.

    :param module: the module that has it; without any of the others, this module or package is meant.
    :param owner: the class that has it, if one has.
    """

    module: str
    attribute: str = ""
    owner: str = ""

    def __str__(self) -> str:
        return ":".join(filter(None, (self.module, ".".join(filter(None, (self.owner, self.attribute))))))


def names_in(place: str) -> Iterator[Name]:
    """``pip.a.b:C.d`` as the names that it has in it: the packages, the module, the class, the method."""
    module, _, path = place.partition(":")
    parts = module.split(".")
    yield from (Name(".".join(parts[:count])) for count in range(2, len(parts) + 1))
    owner = ""
    for part in filter(None, path.split(".")):
        # What the language itself calls cannot have another name.
        if not part.endswith("__"):
            yield Name(module, part, owner)
        owner = part


def imported_from_pip(paths: Iterable[Path]) -> Iterator[str]:
    """What these files import from pip, as places."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "pip":
                yield from (f"{node.module}:{alias.name}" for alias in node.names)


def texts_in(path: Path) -> set[str]:
    """The strings in a file."""
    constants = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    )
    return {node.value for node in constants if isinstance(node.value, str)}


@dataclass
class Sources:
    """The files of an installed pip.

    :param directory: the package ``pip``.
    """

    directory: Path
    _texts: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in self.directory.rglob("*.py"):
            self._texts[path] = path.read_text(encoding="utf-8")

    def places(self, module: str) -> Iterator[str]:
        """What a module defines or imports from elsewhere in pip, as places."""
        path = self._path(module)
        if path is None or path.is_dir():
            return
        for node in ast.parse(self._texts[path]).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                yield f"{module}:{node.name}"
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pip."):
                yield from (self.resolved(f"{node.module}:{alias.name}") for alias in node.names)

    def resolved(self, place: str) -> str:
        """``pip.a:b`` as ``pip.a.b`` if that is a module."""
        module = place.replace(":", ".")
        return place if self._path(module) is None else module

    @contextlib.contextmanager
    def renamed(self, name: Name) -> Iterator[None]:
        """Give something another name, also where it is used; afterwards all is as it was."""
        changed = self._attribute(name) if name.attribute else self._module(name.module)
        assert changed, f"{name} is nowhere"
        for path, text in changed.items():
            _write(path, text)
        old = None if name.attribute else self._path(name.module)
        new = old and old.with_name(old.stem + _SUFFIX + old.suffix)
        if old and new:
            old.rename(new)
        try:
            yield
        finally:
            if old and new:
                new.rename(old)
            for path in changed:
                _write(path, self._texts[path])

    def _path(self, module: str) -> Path | None:
        package = self.directory.parent.joinpath(*module.split("."))
        paths = (package, package.with_suffix(".py"))
        return next((path for path in paths if path.exists()), None)

    def _module(self, module: str) -> dict[Path, str]:
        package, _, name = module.rpartition(".")
        inside = self.directory.parent.joinpath(*package.split("."))
        changed = {}
        for path, text in self._texts.items():
            new = re.sub(rf"\b{re.escape(module)}\b", module + _SUFFIX, text)
            sources = [re.escape(package)]
            if inside in path.parents:
                sources.append(re.escape("." * (len(path.relative_to(inside).parts))))
                new = re.sub(
                    rf"^(\s*from {sources[-1]}){name}( import)", rf"\1{name}{_SUFFIX}\2", new, flags=re.M
                )
            for source in sources:
                statement = rf"^(\s*from {source} import (?:\((?:[^)]*[\s,])?|(?:.*[ ,])?)){name}\b(?! as)"
                new = re.sub(statement, rf"\1{name}{_SUFFIX} as {name}", new, flags=re.MULTILINE)
            if path.parts[-2:] == ("requests", "packages.py"):  # which imports by the names in a list
                new = re.sub(rf"\"{name}\"|'{name}'", f'"{name}{_SUFFIX}"', new)
            if new != text:
                changed[path] = new
        return changed

    def _attribute(self, name: Name) -> dict[Path, str]:
        # Others may have the same name: those that a library uses which knows nothing of this one.
        library = name.module.split(".")[2] if name.module.startswith("pip._vendor.") else "pip"
        users = {path: text for path, text in self._texts.items() if library in path.parts or library in text}
        changed = {path: _with(text, name) for path, text in users.items()}
        return {path: text for path, text in changed.items() if text != users[path]}


def _with(text: str, name: Name) -> str:
    if not name.owner:
        # Another library may have the same name, and is imported from.
        pattern = re.compile(rf"^(?! *from (?!pip\b|\.)).*\b{name.attribute}\b.*$", re.MULTILINE)
        word = re.compile(rf"\b{name.attribute}\b")
        return pattern.sub(lambda line: word.sub(name.attribute + _SUFFIX, line[0]), text)
    # What belongs to a class is found by `def` and by the dot: elsewhere its name means other things, as it
    # does in the path of a module.
    pattern = re.compile(rf"(^ +def |\.){name.attribute}\b")
    return "".join(
        line if re.match(r"\s*(from|import) ", line) else pattern.sub(rf"\1{name.attribute}{_SUFFIX}", line)
        for line in text.splitlines(keepends=True)
    )


def _write(path: Path, text: str) -> None:
    status = path.stat()
    path.unlink()  # it may be shared with other environments
    path.write_text(text, encoding="utf-8")
    # What was compiled of a file counts as long as its time and size are the same.
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
