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
    _parsed: dict[Path, list[tuple[str, set[str]]]] = field(default_factory=dict)

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

    def has(self, module: str) -> bool:
        """Whether there is such a module."""
        return self._path(module) is not None

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
        if name.owner:
            changed = {path: _with_method(text, name.attribute) for path, text in self._texts.items()}
        else:
            origin = self._origin(name.module, name.attribute)
            users = [path for path in self._texts if self._has(path, name.attribute, origin)]
            changed = {path: self._with_word(path, name.attribute, origin) for path in users}
        return {path: text for path, text in changed.items() if text != self._texts[path]}

    def _has(self, path: Path, name: str, origin: str) -> bool:
        """Whether a file defines a name or imports it from there; others may have the same name."""
        if name not in self._texts[path]:
            return False
        return (
            self._module_of(path) == origin
            or any(
                re.search(rf"\b{qualifier}\.{name}\b", self._texts[path]) for qualifier in _qualifiers(origin)
            )
            or any(
                name in names and self._origin(source, name) == origin
                for source, names in self._imports(path)
            )
        )

    def _with_word(self, path: Path, name: str, origin: str) -> str:
        # Neither an attribute, nor the name of an argument, nor a part of a module's path.
        qualified = "|".join(rf"(?<=\b{qualifier}\.)" for qualifier in _qualifiers(origin))
        word = re.compile(rf"(?:(?<![\w.])|{qualified}){name}\b(?!=[^=])")
        lines = self._texts[path].splitlines(keepends=True)
        others = {
            number
            for node in ast.walk(ast.parse(self._texts[path]))
            if isinstance(node, ast.ImportFrom) and self._origin(self._source(path, node), name) != origin
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        for number, line in enumerate(lines, start=1):
            if number not in others:
                statement = re.match(r" *from \S+ import ", line)
                start = statement.end() if statement else 0
                lines[number - 1] = line[:start] + word.sub(name + _SUFFIX, line[start:])
        return "".join(lines)

    def _origin(self, module: str, name: str) -> str:
        """The module that defines what another one has by import."""
        path = self._file(module)
        for source, names in [] if path is None else self._imports(path):
            if name in names and self._file(source) is not None:
                return self._origin(source, name)
        return module

    def _imports(self, path: Path) -> list[tuple[str, set[str]]]:
        """The modules from which a file imports, absolute, and what."""
        if path not in self._parsed:
            self._parsed[path] = [
                (self._source(path, node), {alias.name for alias in node.names})
                for node in ast.walk(ast.parse(self._texts[path]))
                if isinstance(node, ast.ImportFrom)
            ]
        return self._parsed[path]

    def _source(self, path: Path, node: ast.ImportFrom) -> str:
        if not node.level:
            return str(node.module)
        package = self._module_of(path).split(".")
        package = package if path.name == "__init__.py" else package[:-1]
        return ".".join([*package[: len(package) + 1 - node.level], *filter(None, [node.module])])

    def _module_of(self, path: Path) -> str:
        parts = path.relative_to(self.directory.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _file(self, module: str) -> Path | None:
        path = self._path(module)
        return path and (path / "__init__.py" if path.is_dir() else path)


def _qualifiers(origin: str) -> list[str]:
    """What a module, and the package that it is in, are called where they are imported themselves."""
    return origin.split(".")[-2:]


def _with_method(text: str, name: str) -> str:
    # It is found by `def` and by the dot; elsewhere its name means other things, as in the path of a module.
    pattern = re.compile(rf"(^ +def |\.){name}\b")
    if name not in text:
        return text
    return "".join(
        line
        if re.match(r" *(from|import) ", line) or '"pip.' in line
        else pattern.sub(rf"\1{name}{_SUFFIX}", line)
        for line in text.splitlines(keepends=True)
    )


def _write(path: Path, text: str) -> None:
    status = path.stat()
    path.unlink()  # it may be shared with other environments
    path.write_text(text, encoding="utf-8")
    # What was compiled of a file counts as long as its time and size are the same.
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
