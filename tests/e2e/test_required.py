"""Where pip has to be routed: RIM_ROUTER_REQUIRE and policy.disable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

from tests.e2e.test_copies import copy_pip
from tests.seams.test_gate import by_another_name, with_another_session
from tests.support.wheels import sdist

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment

NONE = "no routing table is in force here"
REQUIRED: dict[str, str | None] = {"RIM_ROUTER_REQUIRE": "1"}
OFF: dict[str, str | None] = {"RIM_ROUTER_DISABLE": "1"}


class TestRequire:
    """``RIM_ROUTER_REQUIRE=1``: no look-up without a table, and none beside it."""

    @pytest.mark.spread
    def test_without_a_table(self, stage: Stage, environments: Environments) -> None:
        """Every command that looks up or downloads stops at once; without it the impostor comes."""
        victim = environments.equipped()
        for command in ("install", "download", "wheel"):
            result = victim.pip(command, *stage.both, "acme-core", env=REQUIRED)
            stage.assert_stopped(victim, result, NONE, "unset RIM_ROUTER_REQUIRE")
        assert stage.public.requests + stage.private.requests == []
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_with_a_table(self, stage: Stage, environments: Environments) -> None:
        """Nothing else is different then, child pips included."""
        victim = environments.equipped()
        stage.route(victim)
        stage.private.add(sdist("acme-built", "1.0", origin="private", build_requires=["acme-core"]))
        result = victim.pip("install", *stage.both, "acme-built", env=REQUIRED)
        stage.assert_routed(victim, result, "acme-built")
        assert not stage.public.asked_for("acme-core")

    def test_what_asks_nobody(self, stage: Stage, environments: Environments) -> None:
        """A set-up can be looked at and repaired."""
        victim = environments.equipped()
        victim.pip("install", "--no-index", "--no-deps", stage.real.write_to(victim.place), check=True)
        for command in ("--version", "list", "freeze", "config list", "uninstall -y acme-core"):
            victim.pip(*command.split(), env=REQUIRED, check=True)
        assert "acme-core" not in victim.installed()

    @pytest.mark.spread
    def test_pips_look_at_its_own_version(self, stage: Stage, environments: Environments) -> None:
        """It is left out, whether the command before it was refused or asks nobody; pip has it by default."""
        victim = environments.equipped()
        env = {**REQUIRED, "PIP_DISABLE_PIP_VERSION_CHECK": None, "PIP_INDEX_URL": stage.public.url}
        result = victim.pip("list", env=env, check=True)
        assert (result.stdout.partition(" ")[0], result.stderr) == ("Package", "")
        stage.assert_stopped(victim, victim.pip("install", "acme-core", env=env), NONE)
        assert stage.public.requests == []
        victim.pip("list", env={**env, "RIM_ROUTER_REQUIRE": None}, check=True)
        assert stage.public.asked_for("pip") == (environments.pip_version < (24, 1))

    def test_turned_off(self, stage: Stage, environments: Environments) -> None:
        """The one variable does not beat the other; the switch alone does what it always did."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core", env={**REQUIRED, **OFF})
        stage.assert_stopped(victim, result, "RIM_ROUTER_REQUIRE=1 does not let pip go on")
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core", env=OFF))

    def test_another_value(self, stage: Stage, environments: Environments) -> None:
        """Whoever sets it means something: pip asks what, instead of guessing."""
        victim = environments.equipped()
        result = victim.pip("install", *stage.both, "acme-core", env={"RIM_ROUTER_REQUIRE": "true"})
        stage.assert_stopped(victim, result, "RIM_ROUTER_REQUIRE must be 1 or unset, not 'true'")

    def test_another_interpreter(self, stage: Stage, environments: Environments) -> None:
        """The pip that ``pip --python`` starts goes by it too, plugin there or not."""
        driver, target = environments.equipped(), environments.plain()
        if environments.pip_version < (22, 3):
            pytest.skip("this pip has no --python")
        command = ["--python", target.python, "install", *stage.both, "acme-core"]
        result = driver.pip(*command, env=REQUIRED)
        stage.assert_stopped(target, result, NONE)
        stage.assert_impostor_won(target, driver.pip(*command))

    def test_a_copy_of_pip(self, stage: Stage, environments: Environments) -> None:
        """None of them is routed, so none looks up anything."""
        victim = environments.equipped()
        copy_pip(victim, "pipcopy")
        command = [victim.python, "-m", "pipcopy", "install", *stage.both, "acme-core"]
        stage.assert_stopped(victim, victim.run(*command, env=REQUIRED), NONE)
        stage.assert_impostor_won(victim, victim.run(*command))

    @pytest.mark.parametrize("change", [by_another_name, with_another_session], ids=lambda it: it.__name__)
    def test_a_pip_of_another_shape(
        self, change: Callable[[Environment], None], stage: Stage, environments: Environments
    ) -> None:
        """One in which nothing has the name that is known."""
        victim = environments.equipped()
        if environments.pip_version < (22, 3):
            pytest.skip("this pip has no --python")
        change(victim)
        result = victim.pip("install", *stage.both, "acme-core", env=REQUIRED)
        stage.assert_stopped(victim, result, NONE)
        assert victim.pip("list", env=REQUIRED, check=True).stdout.startswith("Package")
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_a_broken_plugin(self, stage: Stage, environments: Environments) -> None:
        """The switch turns off what is left of it only where nothing insists on it."""
        victim = environments.equipped()
        (victim.site_packages / "rim_router" / "__init__.py").write_text("1 / 0\n", encoding="utf-8")
        result = victim.pip("install", *stage.both, "acme-core", env={**REQUIRED, **OFF})
        stage.assert_stopped(victim, result, "RIM_ROUTER_REQUIRE= RIM_ROUTER_DISABLE=1 python -m pip install")
        # As it says, but for the rest of the line.
        stage.assert_impostor_won(
            victim, victim.pip("install", *stage.both, "acme-core", env={"RIM_ROUTER_REQUIRE": "", **OFF})
        )


class TestDenied:
    """``policy.disable = "deny"``: routing cannot be turned off by a variable."""

    @pytest.mark.spread
    def test_the_switch(self, stage: Stage, environments: Environments) -> None:
        """It is refused with the line that says so; without that line it lets the impostor in."""
        victim = environments.equipped()
        stage.route(victim, disable="deny")
        result = victim.pip("install", *stage.both, "acme-core", env=OFF)
        stage.assert_stopped(
            victim, result, 'policy.disable is "deny"', "index-routing.toml:", "unset RIM_ROUTER_DISABLE"
        )
        assert stage.public.requests + stage.private.requests == []
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))
        for command in (["list"], ["uninstall", "-y", "acme-core"]):
            victim.pip(*command, env=OFF, check=True)
        stage.route(victim)
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core", env=OFF))

    def test_a_broken_table(self, stage: Stage, environments: Environments) -> None:
        """One that may be meant so is refused until it is repaired; any other is turned off as ever."""
        victim = environments.equipped()
        table = victim.project / "index-routing.toml"
        table.write_text('[policy]\ndisable = "deny\n', encoding="utf-8")
        result = victim.pip("install", *stage.both, "acme-core", env=OFF)
        stage.assert_stopped(victim, result, "index-routing.toml has faults", "correct it")
        table.write_text("[routes", encoding="utf-8")
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core", env=OFF))

    def test_another_interpreter(self, stage: Stage, environments: Environments) -> None:
        """The pip that is started refuses as well."""
        driver, target = environments.equipped(), environments.plain()
        if environments.pip_version < (22, 3):
            pytest.skip("this pip has no --python")
        stage.route(driver, disable="deny")
        command = ["--python", target.python, "install", *stage.both, "acme-core"]
        stage.assert_stopped(target, driver.pip(*command, env=OFF), 'policy.disable is "deny"')
        stage.assert_routed(target, driver.pip(*command))

    def test_copies_and_pips_of_another_shape(self, stage: Stage, environments: Environments) -> None:
        """They stop for the table, and the switch is no way round."""
        victim = environments.equipped()
        copy_pip(victim, "pipcopy")
        stage.route(victim, disable="deny")
        command = [victim.python, "-m", "pipcopy", "install", *stage.both, "acme-core"]
        stage.assert_stopped(victim, victim.run(*command, env=OFF), 'policy.disable is "deny"')
        stage.route(victim)
        stage.assert_impostor_won(victim, victim.run(*command, env=OFF))
