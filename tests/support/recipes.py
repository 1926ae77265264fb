"""Runs the blocks of docs/recipes.md as they stand, on a machine whose file system is a folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.environments import ROOT, Environment, Result
from tests.support.programs import programs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.environments import Workshop

PAGE = ROOT / "docs" / "recipes.md"
_BLOCK = re.compile(r"^```\S+ (\S+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Folders of the machine, where a path begins.
_ABSOLUTE = re.compile(r"(?<![\w.~}/-])/(?=(?:app|etc|opt|srv|usr)\b)")


def recipe(name: str) -> str:
    """The block of the page with this name."""
    [code] = [code for title, code in _BLOCK.findall(PAGE.read_text(encoding="utf-8")) if title == name]
    return str(code)


def names() -> set[str]:
    """Of all blocks of the page."""
    return {title for title, _ in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))}


@dataclass
class Machine:
    """A machine on which recipes are followed.

    :param user: who follows them; the first Python on its PATH is that of the machine, or of the image.
    :param urls: what is served where, by the URL that the page has.
    """

    user: Environment
    urls: Mapping[str, str]
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = self.user.site_config.parents[1]

    @property
    def work(self) -> Path:
        """Where the repository is checked out."""
        return self.user.project

    def adapted(self, text: str) -> str:
        """A text of the page with the URLs of the test, and with its root directory."""
        for ours, theirs in self.urls.items():
            text = text.replace(ours, theirs)
        return _ABSOLUTE.sub(f"{self.root}/", text)

    def write(self, name: str, path: str | None = None, text: str | None = None) -> Path:
        """Write a block, or another text, into the repository.

        :param path: where, if that is not the block's name.
        """
        place = self.work / (path or name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.adapted(recipe(name) if text is None else text), encoding="utf-8")
        return place

    def bring(self, workshop: Workshop) -> None:
        """Put rim-router into ``ci``, with its dependencies and their hashes."""
        wheels = [workshop.wheel(), *workshop.dependencies(self.user.pair).glob("*.whl")]
        folder = self.work / "ci" / "wheels"
        folder.mkdir(parents=True)
        lines = []
        for wheel in wheels:
            shutil.copy2(wheel, folder)
            lines.append(
                f"./ci/wheels/{wheel.name} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
            )
        (self.work / "ci" / "rim-router.txt").write_text("".join(lines), encoding="utf-8")

    def run(
        self, script: str, *, cwd: Path | None = None, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a shell script that stops at the first failure, as the shells of CI do."""
        return self.user.run("bash", "-eo", "pipefail", "-c", self.adapted(script), cwd=cwd, env=env)

    def follow(self, name: str, env: Mapping[str, str | None] | None = None) -> Result:
        """Run the commands of a block, which must not fail."""
        result = self.run(recipe(name), env=env)
        assert result.returncode == 0, str(result)
        return result

    def build_image(self, name: str) -> list[Result]:
        """Do what a Dockerfile says: FROM, WORKDIR, COPY, ENV and RUN."""
        cwd, environ, results = self.root, dict[str, "str | None"](), []
        for line in recipe(name).splitlines():
            what, _, rest = line.partition(" ")
            if what == "WORKDIR":
                cwd = Path(self.adapted(rest))
                cwd.mkdir(parents=True, exist_ok=True)
            elif what == "COPY":
                source, target = rest.split()
                copy(self.work / source, cwd / self.adapted(target), of_docker=True)
            elif what == "ENV":
                variable, _, value = rest.partition("=")
                environ[variable] = value
            elif what == "RUN":
                results.append(self.run(rest, cwd=cwd, env=environ))
                assert results[-1].returncode == 0, str(results[-1])
            else:
                assert what in ("", "#", "FROM"), line
        return results


def copy(source: Path, target: Path, *, of_docker: bool) -> None:
    """Copy a file, or a folder; Docker copies a folder's contents, and a file into a folder that is there."""
    if source.is_dir() and of_docker:
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target / source.name if target.is_dir() else target)


def load_yaml(workshop: Workshop, text: str) -> Any:
    """What a YAML file says."""
    code = "import json, sys, yaml; print(json.dumps(yaml.load(sys.stdin, yaml.BaseLoader)))"
    python = programs(workshop, "pyyaml") / "python"
    done = subprocess.run([python, "-c", code], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
