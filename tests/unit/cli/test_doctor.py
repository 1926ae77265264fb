"""rim-router doctor: the state of pip, from what was found."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from _rim_router import gate
from rim_router.cli.doctor import command as doctor
from rim_router.config.switch import DISABLE, REQUIRE
from rim_router.environments import startup
from rim_router.environments.copies import copies

if TYPE_CHECKING:
    from rim_router.cli.doctor import shape as doctor_shapes
    from tests.unit.conftest import Machine

ROOT = Path(__file__).resolve().parents[3]


def plugin(**changes: Any) -> doctor_shapes.Plugin:
    return {
        "version": "1",
        "package": "/p",
        "startup_files": [],
        "active": True,
        "active_isolated": True,
        **changes,
    }  # type: ignore[typeddict-item]


def pip(**changes: Any) -> doctor_shapes.Pip:
    return {"version": "26.3", "supported": "22.2 to 26.3", "routable": True, "hook_points": [], **changes}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({}, "routed"),
        ({"in_force": False}, "inert"),
        ({"in_force": False, "pip": pip(routable=False)}, "inert"),
        ({"pip": pip(routable=False)}, "refuses"),
        ({"table_error": "broken"}, "refuses"),
        ({"in_force": False, "table_error": "missing"}, "refuses"),
        ({"off": True}, "open"),
        ({"off": True, "table_error": "broken"}, "open"),
        ({"refusal": "required"}, "refuses"),
        ({"refusal": "required", "in_force": False}, "refuses"),
        ({"refusal": "required", "plugin": plugin(active=False)}, "open"),
        ({"plugin": plugin(active=False)}, "open"),
        ({"plugin": plugin(active=False), "in_force": False}, "open"),
        ({"plugin": plugin(active_isolated=False)}, "open"),
        ({"pip": pip(version=None, routable=False)}, "no-pip"),
    ],
)
def test_state(found: dict[str, Any], state: str) -> None:
    everything = {
        "plugin": plugin(),
        "pip": pip(),
        "in_force": True,
        "table_error": None,
        "off": False,
        "refusal": None,
        **found,
    }
    decided, why = doctor._state(everything.pop("plugin"), everything.pop("pip"), **everything)
    assert decided == state
    assert why


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("fault", [None, "missing"])
def test_hook_points(fault: str | None, verbose: bool) -> None:
    """A number, and each that fails; all of them if somebody asks."""
    points: list[doctor_shapes.HookPoint] = [
        {"place": f"pip:{number}", "why": "it is needed", "fault": fault if number == 3 else None}
        for number in range(5)
    ]
    lines = [line for _, line in doctor._pip_lines(pip(hook_points=points), verbose=verbose)]
    assert lines[1] == f"5 hook points probed, {'none' if fault is None else 1} failing"
    assert len(lines) == 2 + (5 if verbose else fault is not None)


def test_what_a_bug_report_needs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions, the system, and the tables with their policy; no secret."""
    monkeypatch.setenv("RIM_ROUTER_TOKEN", "s3cr3t-w0rd")
    machine.write(
        "project",
        """\
        [indexes]
        acme = "https://ci:${RIM_ROUTER_TOKEN}@acme.example/simple"
        [routes]
        "acme-*" = "acme"
        [policy]
        pins = "required"
        """,
    )
    report = doctor.examine()
    assert report["implementation"] == sys.implementation.name.replace("cpython", "CPython")
    assert sys.platform[:5] in report["os"].lower()
    assert (report["indexes"][0]["url"], report["routes"]) == ("https://****@acme.example/simple", 1)
    assert {each["key"]: each["value"] for each in report["policy"] if each["place"]} == {"pins": "required"}
    assert "s3cr3t" not in json.dumps(report)
    machine.write("project", "[routes]\nx = 1\n")
    report = doctor.examine()
    assert report["table_error"]
    assert (report["indexes"], report["routes"]) == ([], 0)


def test_the_variables_are_those_of_the_gate() -> None:
    assert (DISABLE, REQUIRE) == (gate.DISABLE, gate.REQUIRE)


def test_from_a_checkout_that_is_not_installed(machine: Machine) -> None:
    """The package can be imported, but nothing starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "rim_router", "doctor"],
        capture_output=True,
        text=True,
        # Not this test's own environment, where the plugin may be installed in the tester's way.
        env={**os.environ, "PYTHONPATH": str(ROOT), "RIM_ROUTER_CONFIG": ""},
        check=False,
    )
    assert done.stderr == ""
    if "start-up files  none found" in done.stdout:
        assert done.returncode == 1
        assert done.stdout.startswith("open: the plugin is not active in this environment")
        assert "NO, in a new interpreter" in done.stdout


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory with start-up files."""
    directory = tmp_path.resolve() / "site-packages"
    directory.mkdir()
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(directory), str(tmp_path / "not-on-the-path")])
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    monkeypatch.setattr(sys, "path", [str(directory)])
    return directory


def test_copies_of_pip(site_packages: Path) -> None:
    """Wherever they lie; not pip itself, and not what has a module of the same name."""
    for package, vendor in (
        ("pip", True),
        ("pipcopy", True),
        ("pipenv/patched/pip", True),
        ("other", False),
    ):
        module = site_packages / package / "_internal" / "network" / "session.py"
        module.parent.mkdir(parents=True)
        module.touch()
        if vendor:
            (site_packages / package / "_vendor").mkdir()
    assert [name for name, _ in copies()] == ["pipcopy", "pipenv.patched.pip"]


def test_own_files(site_packages: Path) -> None:
    (site_packages / "rim_router.pth").write_text("import _rim_router\n")
    assert startup.own_files() == [site_packages / "rim_router.pth"]
    assert list(startup.other_patches()) == []


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("pip_system_certs.pth", "import os, sys; __import__('pip_system_certs.bootstrap')", 0),
        ("inject.pth", "/some/path\nimport truststore; truststore.inject_into_ssl()\n", 1),
        ("x.start", "pip_inside:activate\n", 0),
        ("sitecustomize.py", "# pip\nimport pip._internal\n", 1),
        ("distutils-precedence.pth", "import os; os.environ.get('SETUPTOOLS_USE_DISTUTILS')", None),
        ("_virtualenv.pth", "import _virtualenv", None),
        ("paths.pth", "/opt/pip/checkout\n", None),
        ("piper.pth", "import piper\n", None),
    ],
)
def test_other_patches(name: str, content: str, line: int | None, site_packages: Path) -> None:
    (site_packages / name).write_text(content)
    expected = [] if line is None else [(site_packages / name, content.splitlines()[line])]
    assert list(startup.other_patches()) == expected
