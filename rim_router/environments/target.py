"""Another environment: what its interpreter says of itself, and which distributions it has."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.environments.transplant import record_of
from rim_router.errors import RimRouterError
from rim_router.rules.digests import recorded
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TIMEOUT = 120  # seconds; a busy machine needs a few for a first start
_MARK = "rim-router:"

# Good for any Python, to be able to say which one it is. What lies in the working directory is not imported.
_QUESTION = (
    "import sys; sys.path = [each for each in sys.path if each]; import json, sysconfig; "
    "get = sysconfig.get_config_var; "
    f"sys.stdout.write('{_MARK}' + json.dumps({{'version': list(sys.version_info[:3]), "
    "'prefix': sys.prefix, 'path': sys.path, 'purelib': sysconfig.get_path('purelib'), "
    "'suffix': get('EXT_SUFFIX')}))"
)
# What starts up in every pip, and what the commands need.
_PROOF = (
    "import sys; first, later = map(sys.modules.get, ('_rim_router', '_rim_router.waiter')); "
    "waits = any(f in (first, getattr(later, 'waiter', first)) for f in sys.meta_path); "
    "import rim_router, certifi, platformdirs, packaging.markers, packaging.specifiers; "
    "from rim_router.libraries import toml; toml(); "
    f"sys.stdout.write('{_MARK}%s %s' % (waits, rim_router.__version__))"
)


class TargetError(RimRouterError):
    """An environment cannot be examined or changed."""

    reference = "environment-not-usable"


@dataclass(frozen=True)
class Installed:
    """A distribution of another environment.

    :param record: path relative to its site-packages and digest, as its RECORD has them; empty without one.
    :param requires: the normalised names of what it requires, whatever the markers.
    """

    name: str
    version: str
    site_packages: Path
    metadata: Path
    installer: str
    editable: bool
    record: tuple[tuple[str, str], ...]
    requires: frozenset[str]

    def damage(self) -> str | None:
        """The first file that is missing or not what was installed; None if all is well."""
        if not self.record:
            return f"{self.metadata} has no RECORD"
        for name, digest in self.record:
            if not digest.startswith("sha256="):
                continue
            path = self.site_packages / name
            try:
                content = path.read_bytes()
            except OSError as error:
                return f"{path}: {error.strerror}"
            if recorded(content) != digest:
                return f"{path} was changed"
        return None


@dataclass(frozen=True)
class Target:
    """Another environment.

    :param python: its interpreter, as it was given: it may be a link to that of another environment.
    :param site_packages: where pip installs.
    :param suffix: of the compiled modules of its Python.
    :param distributions: by normalised name; of several, the one that is imported.
    """

    python: Path
    version: tuple[int, int]
    full_version: str
    prefix: Path
    site_packages: Path
    suffix: str | None
    distributions: Mapping[str, Installed]

    def own(self, name: str) -> Installed | None:
        """A distribution that lies where pip would install it; None if it is not there."""
        found = self.distributions.get(name)
        return found if found is not None and _same(found.site_packages, self.site_packages) else None


def examine(python: Path) -> Target:
    """Ask an interpreter about its environment.

    :raises TargetError: if it does not answer.
    """
    said = _about(python, "-E", "-s")
    prefix = Path(said["prefix"])
    path = [Path(entry) for entry in said["path"]]
    version = tuple(said["version"])
    # Only of a Python that can be served is more than its version of any use.
    found = {each.name: each for each in reversed([*_installed(path)])} if version >= (3, 9) else {}
    return Target(
        python, (version[0], version[1]), ".".join(map(str, version)), prefix, Path(said["purelib"]),
        said["suffix"], found,
    )  # fmt: skip


def search_path(python: Path) -> tuple[list[Path], Path, str]:
    """Where an interpreter looks for distributions, the user's own directory included.

    :returns: its directories, its prefix and its version.
    :raises TargetError: if it does not answer.
    """
    said = _about(python)
    version = ".".join(map(str, said["version"]))
    return [Path(entry) for entry in said["path"]], Path(said["prefix"]), version


def prove(target: Target, version: str) -> None:
    """See to it that every pip of an environment is waited for, by a plugin that works.

    :param version: of the plugin that is to be there.
    :raises TargetError: if not.
    """
    # As pip is started by many tools: nothing of the user's set-up counts.
    waits, _, there = str(_ask(target.python, _PROOF, "-I")).partition(" ")
    if waits != "True" or there != version:
        raise TargetError(
            f"{target.python} does not start what is in {target.site_packages}",
            hint="its start-up files (.pth) may be turned off, or hidden",
        )


def _about(python: Path, *options: str) -> dict[str, Any]:
    said = _ask(python, _QUESTION, *options)
    if not isinstance(said, dict) or not said.keys() >= {"prefix", "path", "version", "purelib", "suffix"}:
        raise TargetError(
            f"{python} says something else than it was asked", hint="see what it prints by itself"
        )
    return said


def _ask(python: Path, question: str, *options: str) -> Any:
    try:
        done = subprocess.run(
            [str(python), *options, "-c", question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "__PYVENV_LAUNCHER__"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TargetError(f"{python} cannot be run: {why}") from error
    _, found, answer = done.stdout.rpartition(_MARK)
    if done.returncode or not found:
        lines = done.stderr.strip().splitlines() or [f"it ended with exit code {done.returncode}"]
        why = f": {lines[-1].strip()}" if lines else ""
        raise TargetError(f"{python} cannot do what it was asked{why}", notes=lines[-3:-1])
    try:
        return json.loads(answer)
    except ValueError:
        return answer


def _installed(path: list[Path]) -> Iterator[Installed]:
    for directory in path:
        for pattern in ("*.dist-info", "*.egg-info"):
            for metadata in sorted(directory.glob(pattern)):
                found = Distribution.at(metadata)
                name = found.metadata["Name"]
                if name:
                    yield _described(normalise(name), directory, metadata, found)


def _described(name: str, directory: Path, metadata: Path, found: Distribution) -> Installed:
    required = [re.match(r"\s*([\w.-]+)", each) for each in found.requires or ()]
    return Installed(
        name,
        str(found.metadata["Version"]),
        directory,
        metadata,
        _text(found, "INSTALLER").strip(),
        '"editable": true' in _text(found, "direct_url.json"),
        tuple(record_of(found)) if name == "rim-router" or _is_ours(found) else (),
        frozenset(normalise(match[1]) for match in required if match),
    )


def _is_ours(found: Distribution) -> bool:
    return _text(found, "INSTALLER").strip() == "rim-router"


def _text(found: Distribution, name: str) -> str:
    try:
        return found.read_text(name) or ""
    except UnicodeDecodeError:
        return ""  # it says nothing that anybody has asked for


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
