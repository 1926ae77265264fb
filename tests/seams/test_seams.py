"""Each hook point against each supported pip, and what happens with a pip that lacks one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.wheels import wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.support.servers import IndexServer


def rewrite(path: Path, text: str) -> None:
    """Give a file of an environment other contents; it may be shared with other environments."""
    path.unlink()
    path.write_text(text, encoding="utf-8")


_PROBE = (
    "import json; from rim_router.hooks import seams;"
    "print(json.dumps([[seam.place, fault] for seam, fault in seams.probe()]))"
)


@pytest.mark.spread
def test_every_expected_hook_point_is_there(environments: Environments) -> None:
    """A pip of the matrix has every hook point that is declared for its version, in the declared shape."""
    environment = environments.equipped()
    probed = json.loads(environment.run(environment.python, "-c", _PROBE, check=True).stdout)
    assert len(probed) > 20
    assert [entry for entry in probed if entry[1] is not None] == []


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "place"),
    [
        pytest.param(
            "index/collector.py", r"def _handle_get_simple_fail", "def _handle_simple_fail",
            "collector:_handle_get_simple_fail", id="removed-function",
        ),
        pytest.param(
            "index/package_finder.py", r"def find_all_candidates\(self, project_name",
            "def find_all_candidates(self, project, project_name=None, *, ignored",
            "PackageFinder.find_all_candidates", id="other-signature",
        ),
    ],
)  # fmt: skip
def test_pip_without_a_hook_point_stops_before_any_request(
    environments: Environments, private: IndexServer, file: str, pattern: str, replacement: str, place: str
) -> None:
    """With a table in force such a pip names what is missing and what to do; other commands still work."""
    environment = environments.equipped()
    source = environment.site_packages / "pip" / "_internal" / file
    text, count = re.subn(pattern, replacement, source.read_text(encoding="utf-8"))
    assert count
    rewrite(source, text)
    environment.route({"acme": private.url}, {"acme-*": "acme"})
    result = environment.pip("install", "acme-core", "--index-url", private.url)
    assert result.returncode == 1
    assert "cannot be routed" in result.words
    assert place in result.words
    assert f"pip {environment.installed()['pip']}" in result.words
    assert "use a pip from 22.2 to" in result.words
    assert private.requests == []
    assert environment.pip("list", check=True).stdout.startswith("Package")
    environment.pip("config", "list", check=True)
    assert environment.pip("uninstall", "-y", "platformdirs", check=True).returncode == 0


@pytest.mark.newest
@pytest.mark.parametrize(
    ("file", "old", "feature"),
    [
        ("operations/prepare.py", "partially_downloaded_reqs", "parallel-downloads"),
        ("index/package_finder.py", "check_requires_python", "drop-early"),
    ],
)
def test_pip_without_what_only_speed_needs_is_routed(
    environments: Environments, private: IndexServer, file: str, old: str, feature: str
) -> None:
    """It goes without the feature, and `rim-router doctor` says so; nothing else is missing."""
    environment = environments.equipped()
    source = environment.site_packages / "pip" / "_internal" / file
    text = re.sub(rf"(?<!_)\b{old}\b(?! import)", f"{old}_too", source.read_text(encoding="utf-8"))
    text = text.replace(f"import {old}_too", f"import {old} as {old}_too")
    rewrite(source, text)
    for name in ("acme-core", "acme-sub"):
        requires = ["acme-sub"] if name == "acme-core" else []
        private.add(wheel(name, "1.0", origin="private", requires=requires), core_metadata="sha256")
    environment.route({"acme": private.url}, {"acme-*": "acme"})
    environment.pip("install", "acme-core", "--index-url", private.url, check=True)
    assert environment.installed()["acme-sub"] == "1.0"
    report = environment.run(environment.python, "-m", "rim_router", "doctor", check=True)
    assert f"without it, pip goes without {feature}" in report.words


def test_pip_without_a_hook_point_is_left_alone_without_a_table(
    environments: Environments, private: IndexServer
) -> None:
    """No table in force: nothing is probed, whatever pip looks like."""
    environment = environments.equipped()
    prepare = environment.site_packages / "pip" / "_internal" / "operations" / "prepare.py"
    text, count = re.subn(
        r"def prepare_linked_requirement\(\s+self, req",
        "def prepare_linked_requirement(self, other, req",
        prepare.read_text(encoding="utf-8"),
    )
    assert count
    rewrite(prepare, text)
    result = environment.pip("download", "acme-core", "--index-url", private.url)
    assert "No matching distribution found for acme-core" in result.output
    assert private.asked_for("acme-core")


def test_pip_of_an_unknown_layout_cannot_reach_the_network(
    environments: Environments, private: IndexServer
) -> None:
    """A pip in which not even the first hook point exists is noticed by what its sessions are made from."""
    environment = environments.equipped()
    internal = environment.site_packages / "pip" / "_internal"
    (internal / "network" / "session.py").rename(internal / "network" / "sessions.py")
    for path in internal.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "network.session import" in text:
            rewrite(path, text.replace("network.session import", "network.sessions import"))
    without = environment.pip("download", "acme-core", "--index-url", private.url)
    assert private.asked_for("acme-core"), str(without)
    private.requests.clear()
    environment.route({"acme": private.url}, {"acme-*": "acme"})
    result = environment.pip("download", "acme-core", "--index-url", private.url)
    assert result.returncode == 1
    assert "cannot be routed" in result.words
    assert "pip._internal.network.session" in result.words
    assert "Traceback" not in result.output
    assert private.requests == []


def test_pip_that_is_too_old_says_what_to_do(environments: Environments, private: IndexServer) -> None:
    """A pip below 22.2 is refused by its version, with the command that upgrades it."""
    environment = environments.equipped()
    init = environment.site_packages / "pip" / "__init__.py"
    text = init.read_text(encoding="utf-8")
    rewrite(init, re.sub(r'__version__ = ".*"', '__version__ = "22.1.2"', text))
    environment.route({"acme": private.url}, {"acme-*": "acme"})
    result = environment.pip("install", "acme-core", "--index-url", private.url)
    assert result.returncode == 1
    assert "pip 22.1.2 is too old to be routed: pip 22.2 or newer is needed" in result.words
    assert "RIM_ROUTER_DISABLE=1 python -m pip install --upgrade pip" in result.words
    assert private.requests == []
    # What would be refused is not advised.
    environment.route({"acme": private.url}, {"acme-*": "acme"}, {"disable": "deny"})
    result = environment.pip("install", "acme-core", "--index-url", private.url)
    assert "22.1.2 is too old to be routed" in result.words
    assert f"pip --python {environment.python} install --upgrade pip" in result.words
    assert "RIM_ROUTER_DISABLE" not in result.output
