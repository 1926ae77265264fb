"""Environments that are made where a table is in force: none is forgotten (spec section 7)."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import site_packages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result

TABLE = """
[indexes]
acme = "{url}"

[routes]
"acme-*" = {{ index = "acme", locked = true }}

[policy]
new-environments = "{policy}"
"""


def user_table(stage: Stage, environment: Environment, policy: str = "equip") -> Path:
    """One table, of the user, that claims and locks the company's names."""
    directory = environment.home / ".config" / "rim-router"
    directory.mkdir(parents=True, exist_ok=True)
    table = directory / "index-routing.toml"
    table.write_text(TABLE.format(url=stage.private.url, policy=policy), encoding="utf-8")
    return table


def python_of(prefix: Path) -> Path:
    return prefix / "bin" / "python"


def has_plugin(prefix: Path) -> bool:
    return (site_packages(prefix) / "rim_router.pth").exists()


def contents(prefix: Path) -> set[str]:
    """The projects in an environment."""
    return {path.name.partition("-")[0] for path in site_packages(prefix).glob("*.dist-info")}


def origin(prefix: Path, module: str = "acme_core") -> str | None:
    path = site_packages(prefix) / f"{module}.py"
    return None if not path.exists() else "private" if "'private'" in path.read_text() else "public"


WAYS = {
    "plain": ["-m", "venv"],
    "copies": ["-m", "venv", "--copies"],
    "symlinks": ["-m", "venv", "--symlinks"],
    "system": ["-m", "venv", "--system-site-packages"],
    "isolated": ["-I", "-m", "venv"],
    "code": ["-c", "import sys, venv; venv.create(sys.argv[-1], symlinks=True)"],
    "own builder": [
        "-c",
        textwrap.dedent("""
            import sys, venv
            class Own(venv.EnvBuilder):
                def setup_python(self, context):
                    super().setup_python(context)
                def post_setup(self, context):
                    pass
            Own(symlinks=True).create(env_dir=sys.argv[-1])
        """),
    ],
}


@pytest.mark.skipif(os.name == "nt", reason="where things are in an environment differs")
class TestVenv:
    """``venv`` of the standard library."""

    @pytest.mark.parametrize("way", WAYS)
    def test_ways_to_make_one(self, way: str, stage: Stage, environments: Environments) -> None:
        """However it is made; it takes no pip in it, and no network."""
        maker = environments.equipped()
        user_table(stage, maker)
        prefix = maker.place / "new"
        without = ["--without-pip"] if "-m" in WAYS[way] else []
        result = maker.run(maker.python, *WAYS[way], *without, prefix)
        assert result.returncode == 0, str(result)
        assert result.output == ""
        assert contents(prefix) >= {"rim_router", "packaging", "platformdirs", "certifi"}
        doctor = maker.run(python_of(prefix), "-I", "-m", "rim_router", "doctor")
        assert doctor.returncode == 0, str(doctor)

    def test_the_impostor_does_not_come(self, stage: Stage, environments: Environments) -> None:
        """Not in the new environment, nor in one that is made from it."""
        maker = environments.equipped()
        user_table(stage, maker)
        first, second = maker.place / "first", maker.place / "second"
        maker.run(maker.python, "-m", "venv", first, check=True)
        maker.run(python_of(first), "-m", "venv", second, check=True)
        for prefix in (first, second):
            result = maker.run(python_of(prefix), "-m", "pip", "install", *stage.both, "tool")
            assert result.returncode == 0, str(result)
            assert origin(prefix) == "private", str(result)
        assert not stage.public.asked_for("acme-core")

    def test_without_the_plugin_it_does(self, stage: Stage, environments: Environments) -> None:
        """The attack is one: also with the plugin, where the policy leaves new environments as they are."""
        for maker in (environments.plain(), environments.equipped()):
            user_table(stage, maker, "leave")
            prefix = maker.place / "new"
            maker.run(maker.python, "-m", "venv", prefix, check=True)
            assert not has_plugin(prefix)
            result = maker.run(python_of(prefix), "-m", "pip", "install", *stage.both, "tool")
            assert origin(prefix) == "public", str(result)

    def test_equipped_before_anything_is_installed(self, stage: Stage, environments: Environments) -> None:
        """``--upgrade-deps`` looks pip up: by the table."""
        maker = environments.equipped()
        table = user_table(stage, maker)
        text = table.read_text(encoding="utf-8").replace(
            "[policy]", 'pip = "acme"\nsetuptools = "acme"\n[policy]'
        )
        table.write_text(text, encoding="utf-8")
        env = {"PIP_INDEX_URL": stage.public.url}
        result = maker.run(maker.python, "-m", "venv", "--upgrade-deps", maker.place / "new", env=env)
        assert stage.private.asked_for("pip"), str(result)
        assert not stage.public.asked_for("pip")

    def test_the_pip_that_python_bundles(self, stage: Stage, environments: Environments) -> None:
        """A table that claims every name does not stand in its way, nor in that of setuptools beside it."""
        maker = environments.equipped()
        table = user_table(stage, maker)
        text = table.read_text(encoding="utf-8").replace("[policy]", '"*" = "acme"\n[policy]')
        table.write_text(text, encoding="utf-8")
        maker.run(maker.python, "-m", "venv", maker.place / "new", check=True)
        assert "pip" in contents(maker.place / "new")
        assert stage.private.requests == []

    def test_made_again(self, stage: Stage, environments: Environments) -> None:
        """``--upgrade`` and ``--clear`` of one that is there: one that was made before the table was."""
        maker = environments.equipped()
        prefix = maker.place / "new"
        maker.run(maker.python, "-m", "venv", "--without-pip", prefix, check=True)
        assert not has_plugin(prefix)
        user_table(stage, maker)
        maker.run(maker.python, "-m", "venv", "--without-pip", "--upgrade", prefix, check=True)
        assert has_plugin(prefix)
        maker.run(maker.python, "-m", "venv", "--without-pip", "--clear", prefix, check=True)
        assert has_plugin(prefix)

    def test_a_table_by_a_relative_path(self, stage: Stage, environments: Environments) -> None:
        """The pip that is put into the new environment, and is run there, has the same tables."""
        maker = environments.equipped()
        table = user_table(stage, maker)
        text = table.read_text(encoding="utf-8").replace(
            "[policy]", 'pip = "acme"\nsetuptools = "acme"\n[policy]'
        )
        text = text.replace(", locked = true", "")
        table.unlink()
        (maker.project / "ours.toml").write_text(text, encoding="utf-8")
        prefix = maker.place / "elsewhere" / "new"
        env = {"RIM_ROUTER_CONFIG": "ours.toml", "PIP_INDEX_URL": stage.public.url}
        maker.run(maker.python, "-m", "venv", prefix, env=env, check=True)
        assert has_plugin(prefix)
        maker.run(maker.python, "-m", "venv", "--upgrade-deps", "--clear", prefix, env=env)
        assert stage.private.asked_for("pip")
        assert not stage.public.asked_for("pip")
        code = (
            "import os, sys, venv; venv.create(sys.argv[-1], symlinks=True); "
            "print('_RIM_ROUTER_LAYERS' in os.environ)"
        )
        made = maker.run(maker.python, "-c", code, maker.place / "other", env=env, check=True)
        assert made.stdout.split() == ["False"]

    def test_a_central_table(self, stage: Stage, environments: Environments) -> None:
        """Nobody has fetched it, so it counts as one that asks for the plugin."""
        maker = environments.equipped()
        env = {"PIP_INDEX_URL": "rim+https://localhost:1/acme.toml", "RIM_ROUTER_CONFIG": ""}
        prefix = maker.place / "new"
        maker.run(maker.python, "-m", "venv", "--without-pip", prefix, env=env, check=True)
        assert has_plugin(prefix)

    def test_not_made(self, stage: Stage, environments: Environments) -> None:
        """It fails with the reason, and with nothing installed."""
        maker = environments.equipped()
        user_table(stage, maker)
        maker.pip("uninstall", "--yes", "platformdirs", check=True)
        prefix = maker.place / "new"
        result = maker.run(maker.python, "-m", "venv", prefix, env={"RIM_ROUTER_CONFIG": None})
        assert result.returncode == 1, str(result)
        assert "platformdirs is not installed" in result.words
        assert "pip install platformdirs" in result.words
        assert "Traceback" not in result.output
        assert not contents(prefix)

    def test_a_plugin_that_is_broken(self, stage: Stage, environments: Environments) -> None:
        maker = environments.equipped()
        user_table(stage, maker)
        broken = maker.site_packages / "rim_router" / "errors.py"
        broken.unlink()
        broken.write_text("1 / 0\n", encoding="utf-8")
        result = maker.run(maker.python, "-m", "venv", maker.place / "new")
        assert result.returncode == 1, str(result)
        assert "rim-router does not work here" in result.words
        assert "Traceback" not in result.output

    def test_a_table_that_is_broken(self, stage: Stage, environments: Environments) -> None:
        """The environment is equipped, so that its pip stops; ensurepip's says why."""
        maker = environments.equipped()
        user_table(stage, maker).write_text("routes = 1\n", encoding="utf-8")
        prefix = maker.place / "new"
        maker.run(maker.python, "-m", "venv", "--without-pip", prefix, check=True)
        assert has_plugin(prefix)
        result = maker.run(maker.python, "-m", "venv", prefix)
        assert result.returncode == 1, str(result)
        assert "index-routing.toml:1" in result.words

    def test_turned_off(self, stage: Stage, environments: Environments) -> None:
        maker = environments.equipped()
        user_table(stage, maker)
        prefix = maker.place / "new"
        off = {"RIM_ROUTER_DISABLE": "1"}
        result = maker.run(maker.python, "-m", "venv", "--without-pip", prefix, env=off, check=True)
        assert not has_plugin(prefix)
        assert len(result.output.splitlines()) == 1
        assert (
            'RIM_ROUTER_DISABLE=1 turns routing off; not applied: policy.new-environments = "equip"'
            in result.words
        )

    def test_that_may_be_forbidden(self, stage: Stage, environments: Environments) -> None:
        """With ``disable = "deny"`` the environment is equipped all the same, and its pip stops."""
        maker = environments.equipped()
        table = user_table(stage, maker)
        table.write_text(f'{table.read_text(encoding="utf-8")}disable = "deny"\n', encoding="utf-8")
        prefix = maker.place / "new"
        off = {"RIM_ROUTER_DISABLE": "1"}
        maker.run(maker.python, "-m", "venv", "--without-pip", prefix, env=off, check=True)
        assert has_plugin(prefix)
        result = maker.run(maker.python, "-m", "venv", "--clear", prefix, env=off)
        assert result.returncode == 1
        assert 'policy.disable is "deny"' in result.words, str(result)

    def test_a_builder_of_an_unknown_kind(self, stage: Stage, environments: Environments) -> None:
        """Where it cannot be seen to, nothing is made."""
        maker = environments.equipped()
        user_table(stage, maker)
        (maker.project / "venv.py").write_text("class EnvBuilder: pass\n", encoding="utf-8")
        result = maker.run(maker.python, "-c", "import venv")
        assert result.returncode == 1, str(result)
        assert "in a way that is not known" in result.words
        user_table(stage, maker, "leave")
        maker.run(maker.python, "-c", "import venv", check=True)

    @pytest.mark.parametrize("policy", ["equip", "leave"])
    def test_a_virtualenv_of_an_old_kind(self, policy: str, stage: Stage, environments: Environments) -> None:
        """Before version 20 it was one file, which runs as the main program: it is refused."""
        maker = environments.equipped()
        user_table(stage, maker, policy)
        (maker.project / "virtualenv.py").write_text("print('made')\n", encoding="utf-8")
        result = maker.run(maker.python, "-m", "virtualenv", "new")
        assert (result.returncode, result.stdout.strip()) == ((1, "") if policy == "equip" else (0, "made"))
        assert ("older than version 20" in result.words) == (policy == "equip")

    def test_no_environment_no_cost(self, stage: Stage, environments: Environments) -> None:
        """An interpreter that makes none has loaded nothing but the start-up code, and read no table."""
        maker = environments.equipped()
        user_table(stage, maker).write_text("routes = 1\n", encoding="utf-8")
        code = "import sys, {}; print(*sorted(n for n in sys.modules if 'rim_router' in n))"
        assert maker.run(maker.python, "-c", code.format("json"), check=True).stdout.split() == [
            "_rim_router"
        ]
        found = maker.run(maker.python, "-c", code.format("venv"), check=True).stdout.split()
        assert found == ["_rim_router", "_rim_router.makers", "_rim_router.waiter"]


def test_pips_own_isolation_by_venv(stage: Stage, environments: Environments) -> None:
    """A pip that builds in environments of ``venv`` makes them itself."""
    maker = environments.equipped()
    if not maker.offers("venv-isolation"):
        pytest.skip("this pip has no venv-isolation")
    user_table(stage, maker)
    result = maker.pip("install", "--use-feature", "venv-isolation", *stage.both, "built")
    assert result.returncode == 0, str(result)
    assert maker.constant("built", "BUILT_WITH") == {"acme_build": "private"}
    assert not stage.public.asked_for("acme-build")


def test_equip(stage: Stage, environments: Environments) -> None:
    """One that is there already: the impostor comes before, and not after; pip can uninstall the plugin."""
    driver, target = environments.equipped(), environments.plain()
    user_table(stage, target)
    stage.assert_impostor_won(target, target.pip("install", *stage.both, "acme-core"))
    target.pip("uninstall", "--yes", "acme-core", check=True)
    stage.public.forget()
    before = target.installed()
    driver.run(driver.python, "-m", "rim_router", "equip", target.prefix, check=True)
    driver.run(driver.python, "-m", "rim_router", "equip", "--check", target.prefix, check=True)
    stage.assert_routed(target, target.pip("install", *stage.both, "acme-core"))
    target.pip("check", check=True)
    target.pip("uninstall", "--yes", "acme-core", "rim-router", check=True)
    left = set(target.installed()) - set(before)
    assert left <= {"certifi", "packaging", "platformdirs", "tomli"}
    check: Result = driver.run(driver.python, "-m", "rim_router", "equip", "--check", target.prefix)
    assert check.returncode == 1
