"""The gate in front of pip's first look-up: decided once, in time, and for every way to start a pip."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable

import pytest

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.support.environments import Environment, Result
    from tests.support.servers import IndexServer


def edit(environment: Environment, file: str, *changes: tuple[str, str]) -> None:
    """Change a file of an environment's pip; what it is linked to in other environments stays as it is."""
    path = environment.site_packages / "pip" / "_internal" / file
    text = path.read_text(encoding="utf-8")
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text)
        assert count, f"{pattern} is not in {file}"
    path.unlink()
    path.write_text(text, encoding="utf-8")


def move(environment: Environment, file: str, target: str) -> None:
    """Give a module of pip another name, wherever it is used."""
    internal = environment.site_packages / "pip" / "_internal"
    old, new = (name.replace("/", ".").replace(".py", "") for name in (file, target))
    (internal / file).rename(internal / target)
    for path in internal.rglob("*.py"):
        if f"{old} import" in path.read_text(encoding="utf-8"):
            edit(environment, str(path.relative_to(internal)), (re.escape(f"{old} import"), f"{new} import"))


def by_another_name(environment: Environment) -> None:
    edit(
        environment,
        "cli/main_parser.py",
        (r"import (.*)\bget_runnable_pip\n", r"import \1get_runnable_pip as runner\n"),
        (r"\bget_runnable_pip\(\)", "runner()"),
    )


def by_its_own_means(environment: Environment) -> None:
    edit(
        environment,
        "cli/main_parser.py",
        (r"\bget_runnable_pip\(\)", "os.path.dirname(os.path.dirname(os.path.dirname(__file__)))"),
        (r", get_runnable_pip\n|from .* import get_runnable_pip\n", "\n"),
    )


def in_another_module(environment: Environment) -> None:
    move(environment, "cli/main_parser.py", "cli/principal_parser.py")


def with_another_session(environment: Environment) -> None:
    by_another_name(environment)
    move(environment, "network/session.py", "network/sessions.py")


Change = Callable[["Environment"], None]
CHANGES: tuple[Change, ...] = (by_another_name, by_its_own_means, in_another_module, with_another_session)


@pytest.fixture
def changed(environments: Environments, request: pytest.FixtureRequest) -> Environment:
    """An equipped environment in which ``pip --python`` is done in a way that is not known."""
    environment = environments.equipped()
    options = environment.site_packages / "pip" / "_internal" / "cli" / "cmdoptions.py"
    if '"--python"' not in options.read_text(encoding="utf-8"):
        pytest.skip("this pip has no --python")
    request.param(environment)
    return environment


@pytest.mark.parametrize("changed", CHANGES, indirect=True, ids=lambda change: change.__name__)
class TestOtherInterpreters:
    """A pip that starts another interpreter by other means than those that are hooked."""

    def run(self, changed: Environment, target: Environment, index: IndexServer) -> Result:
        return changed.pip("--python", target.python, "install", "--index-url", index.url, "acme-core")

    @pytest.mark.spread
    def test_stops_before_it_starts_one(
        self, changed: Environment, environments: Environments, private: IndexServer
    ) -> None:
        """With a table in force there is no unrouted child, and pip says what to do."""
        table = changed.route({"acme": private.url}, {"acme-*": "acme"})
        result = self.run(changed, environments.plain(), private)
        assert result.returncode == 1, str(result)
        assert f"a routing table is in force ({table})" in result.words
        assert "use pip 22.2 to the newest release" in result.words
        assert "Traceback" not in result.output
        assert private.requests == []

    def test_stops_where_a_variable_asks_for_one(
        self, changed: Environment, environments: Environments, private: IndexServer
    ) -> None:
        """The option is not always on the command line."""
        target = environments.plain()
        changed.route({"acme": private.url}, {"acme-*": "acme"})
        result = changed.pip(
            "install", "--index-url", private.url, "acme-core", env={"PIP_PYTHON": str(target.python)}
        )
        assert result.returncode == 1, str(result)
        assert "a routing table is in force" in result.words
        assert private.requests == []

    def test_stops_with_a_broken_table_too(
        self, changed: Environment, environments: Environments, private: IndexServer
    ) -> None:
        """The child would not know that there is one."""
        (changed.project / "index-routing.toml").mkdir()
        result = self.run(changed, environments.plain(), private)
        assert result.returncode == 1, str(result)
        assert "index-routing.toml is a directory" in result.words
        assert private.requests == []

    def test_does_as_always_without_a_table(
        self, changed: Environment, environments: Environments, private: IndexServer
    ) -> None:
        """Nothing is stopped where nothing is routed."""
        result = self.run(changed, environments.plain(), private)
        assert "No matching distribution found for acme-core" in result.output
        assert private.asked_for("acme-core")

    def test_can_be_turned_off(
        self, changed: Environment, environments: Environments, private: IndexServer
    ) -> None:
        """The switch works there too."""
        changed.route({}, {"acme-*": {"deny": "not here"}})
        changed.extra_environ["RIM_ROUTER_DISABLE"] = "1"
        result = self.run(changed, environments.plain(), private)
        assert "No matching distribution found for acme-core" in result.output
        assert private.asked_for("acme-core")

    def test_says_once_what_was_turned_off(
        self, changed: Environment, environments: Environments, private: IndexServer
    ) -> None:
        """One line that names the table."""
        table = changed.route({}, {"acme-*": {"deny": "not here"}})
        changed.extra_environ["RIM_ROUTER_DISABLE"] = "1"
        result = self.run(changed, environments.plain(), private)
        warnings = [line for line in result.output.splitlines() if "RIM_ROUTER_DISABLE" in line]
        assert warnings == [f"WARNING: RIM_ROUTER_DISABLE=1 turns routing off; not applied: {table}"]

    def test_commands_that_ask_nobody_work(self, changed: Environment) -> None:
        """So that the set-up can be repaired."""
        changed.route({}, {"acme-*": {"deny": "not here"}})
        assert changed.pip("list", check=True).stdout.startswith("Package")
        changed.pip("config", "list", check=True)
        changed.pip("freeze", check=True)


# How often a hook point has been replaced: 0 is plain pip, 1 is routed.
_TIMES = """
import os, sys, threading
def times():
    from pip._internal.index.collector import LinkCollector
    function, count = LinkCollector.collect_sources, 0
    while hasattr(function, "__wrapped__"):
        function, count = function.__wrapped__, count + 1
    return count
def session():
    from pip._internal.network.session import PipSession
    return PipSession()
"""

_TWO_THREADS = """
from pip._internal.network.session import PipSession
from rim_router.hooks import activation
original, both, first, seen = activation.decide, threading.Event(), threading.Lock(), []
def decide(**given):
    # Whoever comes first waits here until the other one has come this far, or cannot.
    if first.acquire(blocking=False):
        both.wait(2)
    else:
        both.set()
    return original(**given)
activation.decide = decide
def make():
    PipSession()
    seen.append(times())
    both.set()
threads = [threading.Thread(target=make) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(seen)
"""

_THERE_AND_AWAY = """
session(); print(times())
os.chdir(sys.argv[1]); session(); print(times())
os.chdir(sys.argv[2]); session(); print(times())
"""

_LOADED_TWICE = """
def load():
    for name in [name for name in sys.modules if name.partition(".")[0] == "pip"]:
        del sys.modules[name]
    session()
    print(times())
load()
load()
"""

_FAILING = """
from rim_router.hooks import enforcement
def enforce(files, **_):
    print("tried")
    raise KeyError("a mistake in the plugin")
enforcement.enforce = enforce
for _ in range(2):
    try:
        session()
    except KeyError as error:
        print(error, times())
"""


class TestOneProcess:
    """pip used as a library, which it is not meant to be: no session is unrouted for that."""

    def run(self, environment: Environment, script: str, *args: str) -> Result:
        return environment.run(environment.python, "-c", _TIMES + script, *args)

    def test_two_threads_that_make_a_session_at_once(self, environments: Environments) -> None:
        """Both are routed, and the hook points are replaced once."""
        environment = environments.equipped()
        environment.route({}, {"acme-*": {"deny": "not here"}})
        result = self.run(environment, _TWO_THREADS)
        assert result.stdout.split() == ["[1,", "1]"], str(result)

    def test_a_table_that_comes_into_force_later(self, environments: Environments) -> None:
        """Where there was none it is looked for again; once in force it stays so."""
        environment = environments.equipped()
        environment.route({}, {"acme-*": {"deny": "not here"}})
        elsewhere = environment.place / "elsewhere"
        elsewhere.mkdir()
        result = environment.run(
            environment.python,
            "-c",
            _TIMES + _THERE_AND_AWAY,
            environment.project,
            elsewhere,
            cwd=elsewhere,
        )
        assert result.stdout.split() == ["0", "1", "1"], str(result)

    def test_a_look_up_after_the_change(self, environments: Environments, private: IndexServer) -> None:
        """pip itself, run twice: it asks where there is no table, and refuses where there is one."""
        environment = environments.equipped()
        environment.route({}, {"acme-*": {"deny": "not here"}})
        script = (
            "import os, sys; from pip._internal.cli.main import main;"
            f"command = ['download', 'acme-core', '--index-url', {private.url!r}];"
            "main(command); print('SECOND', flush=True);"
            "os.chdir(sys.argv[1]); sys.exit(main(command))"
        )
        result = environment.run(
            environment.python, "-c", script, environment.project, cwd=environment.temporary
        )
        first, _, second = result.stdout.partition("SECOND")
        assert "Routing" not in first
        assert private.asked_for("acme-core")
        assert result.returncode == 1, str(result)
        assert "Routing by" in second
        assert "The routing table denies acme-core: not here" in result.words

    def test_pip_loaded_a_second_time(self, environments: Environments) -> None:
        """Its modules would be new ones, without the hooks: it is refused."""
        environment = environments.equipped()
        environment.route({}, {"acme-*": {"deny": "not here"}})
        result = self.run(environment, _LOADED_TWICE)
        assert result.returncode == 1, str(result)
        assert result.stdout.split() == ["1"]
        assert "RuntimeError: pip was loaded a second time in this process" in result.stderr

    def test_pip_loaded_a_second_time_without_a_table(self, environments: Environments) -> None:
        """That is nobody's business."""
        result = self.run(environments.equipped(), _LOADED_TWICE)
        assert result.stdout.split() == ["0", "0"], str(result)

    def test_a_failure_of_the_plugin_itself(self, environments: Environments) -> None:
        """What kept the first session from being made keeps every other one too."""
        environment = environments.equipped()
        environment.route({}, {"acme-*": {"deny": "not here"}})
        result = self.run(environment, _FAILING)
        message = "'a mistake in the plugin' 0"
        assert result.stdout.splitlines() == ["tried", message, message], str(result)
