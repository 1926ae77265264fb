"""Writes the JSON schema of a table, which the wheel has in it: ``python docs/generate_schema.py``.

Keys, types and words are those by which the readers check (``rim_router.config.keys``); what they mean
is what docs/generate_reference.py says.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import generate_reference as meanings  # noqa: E402

from rim_router.config import keys  # noqa: E402
from rim_router.rules.names import PATTERN  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET = ROOT / "rim_router" / "index-routing.schema.json"


def described(shapes: Mapping[str, keys.Shape], said: Mapping[str, str]) -> dict[str, keys.Shape]:
    """The shapes with their meanings, in place of what errors call them."""
    made = {}
    for name, meaning in meanings.paired(shapes, said):
        shape = {key: value for key, value in shapes[name].items() if key != "title"}
        if "items" in shape:
            shape["items"] = {key: value for key, value in shape["items"].items() if key != "title"}
        made[name] = {"description": re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning) + ".", **shape}
    return made


def closed(properties: Mapping[str, Any], **more: Any) -> keys.Shape:
    """The shape of a table that has only these keys."""
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def text_or(name: str, **more: Any) -> keys.Shape:
    """The shape of a string or of a table; errors are about the one that is there."""
    table = {"if": {"type": "object"}, "then": {"$ref": f"#/$defs/{name}"}}
    return {"type": ["string", "object", *more.pop("types", ())], "pattern": r"\S", **more, **table}


def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a table, in a file of its own or in ``pyproject.toml``."""
    ways = ("index", "indexes", "deny")
    index = closed(
        described(keys.INDEX, meanings.INDEX),
        required=["url"],
        dependentRequired={"absent-status": ["probe"]},
        dependentSchemas={"absent-status": {"properties": {"format": {"not": {"const": "flat"}}}}},
    )
    of_the_table = {"properties": {"deny": False, "index": {"not": {"enum": [*keys.RESERVED]}}}}
    target = closed(
        described(keys.ROUTE, meanings.ROUTE),
        oneOf=[{"required": [way]} for way in ways],
        dependentRequired={"indexes": ["strategy"], "strategy": ["indexes"]},
        dependentSchemas=dict.fromkeys(("namespace", keys.MIN_AGE, "min-age-exempt"), of_the_table),
    )
    wheel = closed(
        described(keys.WHEEL, meanings.WHEEL),
        required=["urls"],
        anyOf=[{"required": [algorithm]} for algorithm in ("sha256", "sha384", "sha512")],
    )
    listed = {"types": ["array"], "items": {"$ref": "#/$defs/target"}, "minItems": 1}
    parts = {
        "indexes": {
            "type": "object",
            "propertyNames": {"pattern": keys.INDEX_NAME, "not": {"enum": [*keys.RESERVED]}},
            "additionalProperties": text_or("index", pattern=keys.URL),
        },
        "routes": {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{PATTERN})$"},
            "additionalProperties": text_or("target", **listed),
        },
        "wheel": {"type": "array", "items": {"$ref": "#/$defs/wheel"}},
        "policy": closed(described(keys.SETTINGS, meanings.POLICY)),
        "speed": closed(described(keys.SPEED, meanings.SPEED)),
    }
    properties = {
        name: {"description": f"{meaning}.", **parts[name]}
        for name, meaning in meanings.paired(keys.TABLE, meanings.TABLE)
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rim-router routing table",
        **closed(properties),
        "$defs": {"index": index, "target": target, "wheel": wheel},
    }


def render() -> str:
    """The file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
