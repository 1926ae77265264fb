"""Whether pip's configuration may name a routing table as its index URL; pip itself reads it for good."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from rim_router.libraries import library
from rim_router.rules.guards import GUARD


def may_name_table() -> bool:
    """Whether a variable or a file of pip's configuration has anything that looks like it."""
    if any(_is_table(value) for name, value in os.environ.items() if name.upper().startswith("PIP_")):
        return True
    platformdirs: Any = library("platformdirs")
    directories = [Path(sys.prefix), Path("/etc")]
    with contextlib.suppress(RuntimeError):  # a user without a home directory
        directories += [Path.home() / ".pip", platformdirs.user_config_path("pip")]
    directories.append(platformdirs.site_config_path("pip"))
    directories += map(Path, platformdirs.site_config_dir("pip", multipath=True).split(os.pathsep))
    files = [each / name for each in directories for name in ("pip.conf", "pip.ini")]
    named = os.environ.get("PIP_CONFIG_FILE")
    return any(map(_names_table, [*files, *([Path(named)] if named else [])]))


def _is_table(text: str) -> bool:
    return GUARD in text.lower() and ".toml" in text.lower()


def _names_table(file: Path) -> bool:
    try:
        return _is_table(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False  # nor can pip read it
