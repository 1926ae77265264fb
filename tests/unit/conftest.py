"""A machine without any table, and a project directory in it that is the working directory."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from rim_router.config.files import FILE_NAME


@dataclass(frozen=True)
class Machine:
    """Where the layers of a make-believe machine lie.

    :param home: the home directory.
    :param work: the working directory, in a directory of the home directory.
    :param prefix: that of the interpreter.
    """

    home: Path
    work: Path
    prefix: Path
    machine_config: Path
    user_config: Path

    def path(self, layer: str) -> Path:
        """The file of a layer."""
        directories = {
            "machine": self.machine_config / "rim-router",
            "user": self.user_config / "rim-router",
            "environment": self.prefix,
            "project": self.work,
        }
        return directories[layer] / FILE_NAME

    def write(self, layer: str, text: str = "") -> Path:
        """Write the file of a layer."""
        return write(self.path(layer), text)


def write(path: Path, text: str = "") -> Path:
    """Write a file, and the directories it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Keep every test away from the tables and variables of the real machine."""
    base = Path(os.path.realpath(tmp_path))
    made = Machine(
        base / "home", base / "home" / "src" / "work", base / "venv", base / "etc", base / "home" / "cfg"
    )
    for directory in (made.work, made.prefix, made.machine_config, made.user_config):
        directory.mkdir(parents=True)
    for name in list(os.environ):
        if name.startswith(("RIM_ROUTER_", "_RIM_ROUTER_", "XDG_")) or name == "SUDO_UID":
            monkeypatch.delenv(name)
    for name in list(os.environ):
        if name.startswith("PIP_") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    # What commands ask is asked by a real pip: without the configuration of the real machine, and once.
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("USERPROFILE", str(made.home))
    monkeypatch.setattr("rim_router.libraries._prefixes", [""])  # whatever hook tests of this process prefer
    monkeypatch.setattr("platformdirs.site_config_path", lambda name: made.machine_config / name)
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: made.user_config / name)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.chdir(made.work)
    return made


@pytest.fixture
def in_venv(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The same machine, with an interpreter that runs in a virtual environment."""
    monkeypatch.setattr(sys, "prefix", str(machine.prefix))
    return machine
