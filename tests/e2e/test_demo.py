"""rim-router demo, in environments made with real pips, and from a checkout."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rim_router.cli.demo import command as demo
from rim_router.environments.throwaway import Throwaway

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.support.environments import Environment

ROOT = Path(__file__).resolve().parents[2]


def left_behind(environment: Environment) -> list[Path]:
    return list(environment.temporary.iterdir())


@pytest.mark.spread
def test_each_run_ends_as_it_should(environments: Environments) -> None:
    environment = environments.equipped()
    result = environment.run(environment.python, "-m", "rim_router", "demo")
    assert result.returncode == 0, str(result)
    plain, rest = result.stdout.split("2. the same pip")
    routed, tampered = rest.split("3. the same again")
    assert "-> installed: acme-core 99.0" in plain
    assert "the private index was asked, the public index was asked" in plain
    assert "-> installed: acme-core 1.0" in routed
    assert "the private index was asked, the public index was not asked" in routed
    assert "Routing acme-core to private (acme-* in ./index-routing.toml)" in routed
    assert "Contacting localhost:" in routed
    assert "Successfully installed acme-core-1.0 acme-model-1.0" in routed
    assert "acme_model-1.0-py3-none-any.whl" in tampered
    assert "is not the right file" in " ".join(re.sub(r"[│╰╭─>|]", " ", tampered).split())
    assert "Acme Models" in tampered
    assert "-> installed: acme-model (not installed)" in tampered
    assert "NOT as expected" not in result.stdout
    assert result.stderr == ""
    assert left_behind(environment) == []
    assert list(environment.project.iterdir()) == []


def test_what_configures_pip_and_the_plugin_does_not_matter(environments: Environments) -> None:
    """Neither the user's pip configuration, nor a table, nor a proxy has a part in it."""
    environment = environments.equipped()
    environment.project.joinpath("index-routing.toml").write_text('[routes]\n"*" = { deny = "closed" }\n')
    hostile = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_NO_INDEX": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "RIM_ROUTER_CONFIG": str(environment.project / "index-routing.toml"),
        "RIM_ROUTER_DISABLE": "1",
        "http_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "PYTHONPATH": str(environment.project),
        "PYTHONWARNINGS": "error",
    }
    result = environment.run(environment.python, "-m", "rim_router", "demo", env=hostile)
    assert result.returncode == 0, str(result)


def test_without_pip_the_bundled_one_is_used(environments: Environments) -> None:
    environment = environments.equipped()
    environment.pip("uninstall", "--yes", "pip", check=True)
    before = left_behind(environment)  # by a pip that takes its own clean-up away
    result = environment.run(environment.python, "-m", "rim_router", "demo")
    if environment.run(environment.python, "-c", "import ensurepip").returncode:
        assert result.returncode == 2
        assert "ERROR: there is no pip 22.2 or newer in this environment" in result.stderr
    elif "too old to be routed" not in result.output:  # what the oldest Pythons bundle
        assert result.returncode == 0, str(result)
    assert left_behind(environment) == before


def test_interrupted_while_it_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with that, and is done with it all the same."""
    cleanup, interrupts = tempfile.TemporaryDirectory.cleanup, [KeyboardInterrupt]

    def interrupted(directory: tempfile.TemporaryDirectory[str]) -> None:
        if interrupts:
            raise interrupts.pop()
        cleanup(directory)

    throwaway = Throwaway()
    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", interrupted)
    with pytest.raises(KeyboardInterrupt):
        throwaway.__exit__()
    assert not throwaway.project.parent.exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are different there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("line", ["Three servers", "1. pip", "2. the same", "3. the same"])
def test_interrupted_it_leaves_nothing_behind(number: int, line: str, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "rim_router", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        text=True,
        # A signal that is ignored in the test's own process would be ignored in the child's.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with child:
        while not child.stdout.readline().startswith(line):
            assert child.poll() is None
        time.sleep(0.3)
        child.send_signal(number)
        child.stdout.read()
        assert child.stderr.read() == "ERROR: interrupted\n"
    assert child.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_does_not_end_as_it_should(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the plugin did nothing, the demo would say so."""
    monkeypatch.setattr("rim_router.environments.throwaway.Throwaway.add_plugin", lambda self: None)
    from rim_router.cli import main

    assert main(["demo"]) == 1
    out = capsys.readouterr().out
    assert "-> NOT as expected, which is: the attack fails: the real one is installed" in out
    assert out.endswith("doctor` may say why.\n")


def test_the_table_of_the_demo_has_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who copies it has a good table."""
    from rim_router.cli import main

    (tmp_path / "index-routing.toml").write_text(
        demo._TABLE.format(url="http://127.0.0.1:1/simple", host="localhost:1")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RIM_ROUTER_CONFIG", "index-routing.toml")
    assert main(["check", "--strict"]) == 0
