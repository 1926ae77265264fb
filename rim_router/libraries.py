"""Third-party libraries, from wherever this process has them.

Inside pip the copies that pip itself carries come first: they are loaded already, they evaluate
markers exactly as pip does, and they are still there while pip replaces or removes the
environment's own.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

_prefixes = [""]
_TOML_1_1 = "a = {b = 1,}"


def prefer(prefix: str) -> None:
    """Look below this package (such as ``"pip._vendor."``) before the top level."""
    if prefix not in _prefixes:
        _prefixes.insert(0, prefix)


def lacking() -> list[str]:
    """The libraries that this environment should have and has not; from now on those in pip will do."""
    needed = ["packaging", "platformdirs", *([] if sys.version_info >= (3, 11) else ["tomli"])]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        prefer("pip._vendor.")
    return missing


def library(name: str) -> ModuleType:
    """Import a library by its dotted name.

    :raises ImportError: if it is nowhere.
    """
    for prefix in _prefixes[:-1]:
        try:
            return import_module(prefix + name)
        except ImportError:
            continue  # a pip without bundled copies: the top level then has them
    return import_module(name)


def toml() -> ModuleType:
    """The TOML reader: the standard library's, or ``tomli`` below Python 3.11."""
    return import_module("tomllib") if sys.version_info >= (3, 11) else library("tomli")


@cache
def reads_newer_toml(reader: ModuleType) -> bool:
    """Whether a TOML reader takes what only TOML 1.1 has."""
    try:
        reader.loads(_TOML_1_1)
    except ValueError:
        return False
    return True
