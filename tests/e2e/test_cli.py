"""The command in environments made with real pips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rim_router import __version__
from rim_router.hooks import seams

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.support.environments import Environment

TABLE = ({"acme": "https://acme.example/simple"}, {"acme-*": "acme", "acme": "acme"})


def rewrite(path: Path, text: str) -> None:
    """Change a file of one environment only: several share it."""
    path.unlink()
    path.write_text(text)


def examined(environment: Environment, expected_code: int, **env: str) -> dict[str, Any]:
    result = environment.run(environment.python, "-m", "rim_router", "doctor", "--json", env=env)
    assert result.returncode == expected_code, str(result)
    assert result.stderr == ""
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_the_script_and_the_module_are_the_same(environments: Environments) -> None:
    environment = environments.equipped()
    script = environment.run(environment.python.with_name("rim-router"), "--help", check=True)
    module = environment.run(environment.python, "-m", "rim_router", "--help", check=True)
    assert script.stdout == module.stdout
    version = environment.run(environment.python.with_name("rim-router"), "--version", check=True)
    assert version.stdout == f"rim-router {__version__}\n"


def test_messages_have_commands_that_are_there(environments: Environments) -> None:
    """In an environment without the script, such as one that was equipped, they can be typed as well."""
    environment = environments.equipped()
    environment.python.with_name("rim-router").unlink()
    environment.route({}, {"acme": "nowhere"})
    result = environment.pip("download", "acme")
    assert f"fix it, then run: {environment.python} -m rim_router check" in result.words, str(result)
    result = environment.run(environment.python, "-m", "rim_router", "check")
    assert result.returncode == 2
    environment.route({"acme": "file:///nowhere"}, {"acme-*": "acme"})
    result = environment.pip("download", "acme-core")
    assert "rim-router check" not in result.output
    assert "rim-router explain" not in result.output


@pytest.mark.spread
def test_doctor_where_all_is_well(environments: Environments) -> None:
    environment = environments.equipped()
    report = examined(environment, 0)
    assert report["state"] == "inert"
    assert report["plugin"]["active"]
    assert report["plugin"]["active_isolated"]
    names = [path.rpartition("/")[2] for path in report["plugin"]["startup_files"]]
    assert names == ["rim_router.pth"]
    assert seams.release(report["pip"]["version"])[:2] == environments.pip_version[:2]
    assert report["pip"]["routable"]
    assert [point for point in report["pip"]["hook_points"] if point["fault"]] == []
    assert report["openssl"].startswith(("OpenSSL ", "LibreSSL "))
    assert report["certifi"]
    environment.route(*TABLE)
    report = examined(environment, 0)
    assert report["state"] == "routed"
    assert [table["file"] for table in report["tables"]] == ["./index-routing.toml"]


def test_doctor_where_pip_refuses(environments: Environments) -> None:
    environment = environments.equipped()
    environment.route({}, {"acme": "nowhere"})
    report = examined(environment, 1)
    assert report["state"] == "refuses"
    assert 'there is no index "nowhere"' in report["table_error"]
    collector = environment.site_packages / "pip" / "_internal" / "index" / "collector.py"
    rewrite(collector, collector.read_text().replace("def collect_sources(", "def gather_sources("))
    environment.route(*TABLE)
    report = examined(environment, 1)
    assert report["state"] == "refuses"
    [miss] = [point for point in report["pip"]["hook_points"] if point["fault"]]
    assert miss["place"].endswith(":LinkCollector.collect_sources")
    assert "missing" in miss["fault"]


def test_doctor_where_pip_is_open(environments: Environments) -> None:
    environment = environments.equipped()
    environment.route(*TABLE)
    assert examined(environment, 1, RIM_ROUTER_DISABLE="1")["state"] == "open"
    assert examined(environment, 0, RIM_ROUTER_DISABLE="yes")["state"] == "routed"
    report = examined(environment, 1, RIM_ROUTER_DISABLE="1", RIM_ROUTER_REQUIRE="1")
    assert (report["state"], report["required"]) == ("refuses", "1")
    assert "RIM_ROUTER_REQUIRE=1 does not let pip go on without it" in report["why"]
    environment.route(*TABLE, {"disable": "deny"})
    assert examined(environment, 1, RIM_ROUTER_DISABLE="1")["state"] == "refuses"
    twin = environments.inert_twin()
    assert examined(twin, 1)["state"] == "open"


def test_doctor_without_pip(environments: Environments) -> None:
    environment = environments.equipped()
    environment.pip("uninstall", "--yes", "pip", check=True)
    report = examined(environment, 0)
    assert report["state"] == "no-pip"
    assert report["pip"] == {**report["pip"], "version": None, "hook_points": []}


def test_doctor_names_other_tools_that_patch_pip(environments: Environments) -> None:
    environment = environments.equipped()
    other = environment.site_packages / "pip_patcher.pth"
    other.write_text("import sys; sys.pip_patched = True\n")
    report = examined(environment, 0)
    assert report["other_patches"] == [{"file": str(other), "line": "import sys; sys.pip_patched = True"}]


@pytest.mark.parametrize("command", ["check", "routes", "explain acme-core"])
def test_other_commands_do_not_import_pip(command: str, environments: Environments) -> None:
    """They work although pip is broken, and say the same as pip does."""
    environment = environments.equipped()
    environment.route(*TABLE)
    rewrite(environment.site_packages / "pip" / "__init__.py", "raise SystemExit('imported')\n")
    result = environment.run(environment.python, "-m", "rim_router", *command.split())
    assert result.returncode == 0, str(result)


def test_explain_says_what_pip_says(environments: Environments) -> None:
    environment = environments.equipped()
    environment.route({"acme": "http://127.0.0.1:9/simple"}, {"acme-*": "acme"})
    explained = environment.run(environment.python, "-m", "rim_router", "explain", "acme-core", check=True)
    done = environment.pip("download", "acme-core")
    assert explained.stdout.splitlines()[0] in done.stdout.splitlines()
