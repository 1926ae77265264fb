"""Writes routing tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "index-routing.toml"


def as_toml(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {as_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return json.dumps(value)  # strings, numbers and booleans are the same in TOML


def table(
    indexes: Mapping[str, Any], routes: Mapping[str, Any], policy: Mapping[str, Any] | None = None
) -> str:
    """The text of a routing table."""
    sections = {"indexes": indexes, "routes": routes, "policy": policy or {}}
    lines = []
    for name, section in sections.items():
        if section:
            lines.append(f"[{name}]")
            lines += [f"{json.dumps(key)} = {as_toml(value)}" for key, value in section.items()]
    return "\n".join(lines) + "\n"


def write_table(
    directory: Path,
    indexes: Mapping[str, Any],
    routes: Mapping[str, Any],
    policy: Mapping[str, Any] | None = None,
) -> Path:
    """Write ``index-routing.toml`` into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE_NAME
    path.write_text(table(indexes, routes, policy), encoding="utf-8")
    return path
