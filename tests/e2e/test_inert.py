"""Without a table pip is exactly the pip that it would be without the plugin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import status
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result
    from tests.support.servers import Request


def commands(stage: Stage) -> list[list[str]]:
    """What is run, in this order, in the one environment and in the other."""
    both = stage.both
    return [
        ["--version"],
        ["help"],
        ["install", "--help"],
        ["list"],
        ["list", "--outdated", *both],
        ["install", *both, "acme-core"],
        ["install", *both, "acme-core"],
        ["install", "--upgrade", "--no-deps", "-v", *both, "tool"],
        ["install", "--dry-run", "--ignore-installed", "--report", "-", "--quiet", *both, "tool"],
        ["install", *both, "built"],
        ["install", *both, "acme-none"],
        ["install", *both, "acme-core>=100"],
        ["install", *both, "broken"],
        ["install", "--index-url", stage.private.url, "--no-index", "leaf"],
        ["install", f"leaf @ {stage.public.base}/files/leaf-1.0-py3-none-any.whl"],
        ["install", f"acme-core @ {stage.public.base}/files/acme_core-0.5-py3-none-any.whl"],
        ["install", "--no-such-option"],
        ["download", "-d", "files", *both, "acme-core==99.0"],
        ["download", "-d", "files", *both, "acme-core==99.0"],
        ["wheel", "-w", "files", *both, "built"],
        ["index", "versions", *both, "acme-core"],
        ["show", "-f", "acme-core"],
        ["freeze", "--all"],
        ["check"],
        ["config", "list"],
        ["config", "debug"],
        ["cache", "dir"],
        ["hash", "files/acme_core-99.0-py3-none-any.whl"],
        ["uninstall", "-y", "acme-core", "tool"],
        ["uninstall", "-y", "acme-core"],
        ["list", "--format", "json"],
    ]


def neutral(result: Result, environment: Environment) -> tuple[int, str, str]:
    """What must not differ: without the directory's name, and what differs from run to run."""

    def cleaned(text: str) -> str:
        text = text.replace(str(environment.place), "PLACE").replace(str(environment.prefix), "PREFIX")
        text = re.sub(r"pip-[a-z0-9-]+-[a-z0-9_]{8}\b", "pip-TEMPORARY", text)
        text = re.sub(r"\b(tmp|reqlib-metadata-|pip-modern-metadata-)[a-z0-9_]{8}\b", "TEMPORARY", text)
        return re.sub(r"\d+(\.\d+)? (\?|[kMG]?B/s)|eta \S+|\d:\d\d:\d\d", "", text)

    return result.returncode, cleaned(result.stdout), cleaned(result.stderr)


def essence(request: Request) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """A request with its headers; pip's user agent says nothing of the directory."""
    return request.method, request.path, tuple(sorted(request.headers.items()))


class TestInert:
    """Two environments with the same files, of which one starts the plugin."""

    def test_same_output_exit_code_and_requests(self, stage: Stage, environments: Environments) -> None:
        """A list of commands gives the same in both."""
        self.compare(commands(stage), stage, environments)

    @pytest.mark.spread
    def test_on_every_pip(self, stage: Stage, environments: Environments) -> None:
        """Installing, failing, building and removing, on each pip."""
        tried = [
            ["--version"],
            ["install", *stage.both, "tool", "built"],
            ["install", *stage.both, "broken"],
            ["uninstall", "-y", "acme-core"],
        ]
        self.compare(tried, stage, environments)

    def compare(self, tried: list[list[str]], stage: Stage, environments: Environments) -> None:
        stage.public.add(wheel("acme-core", "0.5", origin="public"))
        stage.public.on("broken", status(500))
        runs = []
        for environment in (environments.inert_twin(), environments.equipped()):
            seen = []
            for command in tried:
                stage.public.forget()
                stage.private.forget()
                result = environment.pip(*command)
                requests = [essence(each) for each in stage.private.requests + stage.public.requests]
                seen.append((command, neutral(result, environment), requests))
            runs.append((seen, environment.installed(), files(environment)))
        for without, equipped in zip(runs[0][0], runs[1][0]):
            assert equipped == without
        assert runs[1][1:] == runs[0][1:]

    def test_a_table_elsewhere_is_not_in_force(self, stage: Stage, environments: Environments) -> None:
        """Only the tables that discovery finds count, and a sibling directory's is none of them."""
        victim = environments.equipped()
        stage.route(victim)
        sibling = victim.place / "sibling"
        sibling.mkdir()
        result = victim.pip("install", *stage.both, "acme-core", cwd=sibling)
        stage.assert_impostor_won(victim, result)
        assert "Routing" not in result.output


def files(environment: Environment) -> list[str]:
    """The installed files, less the plugin's start-up file and what Python compiled on the way."""
    paths = (path.relative_to(environment.prefix).as_posix() for path in environment.prefix.rglob("*"))
    return sorted(path for path in paths if "__pycache__" not in path and "rim_router." not in path)
