"""Which files are in force (reference: Discovery and precedence)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli

from rim_router.config.files import LayerFile
from rim_router.config.inheritance import INHERITED_VARIABLE, inherit
from rim_router.config.locate import locate
from rim_router.errors import LocationError, TableError
from rim_router.libraries import toml

if TYPE_CHECKING:
    from types import ModuleType

    from tests.unit.conftest import Machine

posix = pytest.mark.skipif(sys.platform == "win32", reason="files have no numeric owners there")
STRANGER = 12345
EMBEDDED = '[tool.rim-router.routes]\n"*" = "pip"\n'


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found() -> list[tuple[str, Path]]:
    return [(file.layer, file.path) for file in locate()]


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file one of somebody who is neither the current user nor root."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, -1, follow_symlinks=False)
    else:
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)


def test_nothing_is_in_force_without_a_file() -> None:
    """No table anywhere is no error."""
    assert locate() == ()


def test_layers_come_lowest_first(in_venv: Machine) -> None:
    """Machine, user, environment, project."""
    paths = [(layer, in_venv.write(layer)) for layer in ("machine", "user", "environment", "project")]
    assert found() == paths


@pytest.mark.parametrize("relative", ["~/.config", "conf", "."])
def test_a_relative_directory_is_no_layer(
    relative: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ``~`` without a home: a cloned repository could have it, and would be trusted as the user is."""
    write(machine.work / relative / "rim-router" / "index-routing.toml")

    class Directories:
        site_config_path = user_config_path = staticmethod(lambda name: Path(relative, name))

    monkeypatch.setattr(sys.modules["rim_router.config.locate"], "library", lambda _: Directories)
    assert locate() == ()


def test_a_user_without_a_home_has_no_layer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What platformdirs says to that is no error of this user's."""

    class Directories:
        @staticmethod
        def site_config_path(name: str) -> Path:
            raise RuntimeError("Could not determine home directory.")

        user_config_path = site_config_path

    monkeypatch.setattr(sys.modules["rim_router.config.locate"], "library", lambda _: Directories)
    assert locate() == ()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of Linux")
def test_machine_and_user_files_lie_where_platformdirs_says(tmp_path: Path) -> None:
    """The directories are those of platformdirs for "rim-router", asked in a process of its own."""
    import subprocess

    machine = write(tmp_path / "xdg" / "rim-router" / "index-routing.toml")
    user = write(tmp_path / "me" / ".config" / "rim-router" / "index-routing.toml")
    environ = {
        "XDG_CONFIG_DIRS": f"{machine.parents[1]}:/nowhere",
        "HOME": str(tmp_path / "me"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    code = "from rim_router.config import locate; print([(f.layer, str(f.path)) for f in locate()])"
    output = subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd=tmp_path / "me",
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    assert output.strip() == repr([("machine", str(machine)), ("user", str(user))])


def test_environment_layer_needs_a_virtual_environment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sys.prefix of a base interpreter is not an environment."""
    machine.write("environment")
    monkeypatch.setattr(sys, "prefix", str(machine.prefix))
    monkeypatch.setattr(sys, "base_prefix", str(machine.prefix))
    assert found() == []


def test_content_is_read_once(machine: Machine) -> None:
    """What was judged is what is used, whatever is put there afterwards."""
    path = machine.write("project", "[routes]\n")
    files = locate()
    path.write_text("[other]\n")
    assert files[0].content == b"[routes]\n"


class TestWalk:
    """From the working directory upwards."""

    def test_nearest_file_wins_and_ends_the_walk(self, machine: Machine) -> None:
        """A file further up is not looked at."""
        write(machine.work.parent / "index-routing.toml", "broken")
        nearest = machine.write("project")
        assert found() == [("project", nearest)]

    def test_goes_up(self, machine: Machine) -> None:
        """A table of a parent directory is the project's."""
        above = write(machine.work.parent / "index-routing.toml")
        assert found() == [("project", above)]

    def test_starts_where_it_is_told(self, machine: Machine) -> None:
        """The directory need not be the working directory."""
        other = write(machine.home / "other" / "index-routing.toml")
        assert [file.path for file in locate(other.parent)] == [other]

    def test_a_link_to_a_directory_is_followed_before_the_walk(self, machine: Machine) -> None:
        """The walk goes up from where the directory really is, as it would for the working directory."""
        real = machine.home / "elsewhere" / "deep"
        real.mkdir(parents=True)
        table = write(real.parent / "index-routing.toml")
        (machine.work / "link").symlink_to(real)
        assert [file.path for file in locate(machine.work / "link")] == [table]

    @pytest.mark.parametrize("name", [".git", ".hg"])
    @pytest.mark.parametrize("as_file", [False, True])
    def test_ends_after_a_repository(self, machine: Machine, name: str, as_file: bool) -> None:
        """The top of a repository (.git is a file in a worktree) is looked at, what is above it is not."""
        write(machine.home / "src" / "index-routing.toml")
        repository = machine.work / "repository"
        (repository / "deep").mkdir(parents=True)
        if as_file:
            write(repository / name)
        else:
            (repository / name).mkdir()
        assert locate(repository / "deep") == ()
        assert locate(repository) == ()
        table = write(repository / "index-routing.toml")
        assert [file.path for file in locate(repository / "deep")] == [table]

    def test_ends_before_the_home_directory(self, machine: Machine) -> None:
        """A table in the home directory is not that of every project in it."""
        write(machine.home / "index-routing.toml")
        assert found() == []

    def test_the_home_directory_itself_can_be_the_working_directory(self, machine: Machine) -> None:
        """There it is looked at, and nothing above it is."""
        table = write(machine.home / "index-routing.toml")
        assert [file.path for file in locate(machine.home)] == [table]
        table.unlink()
        write(machine.home.parent / "index-routing.toml")
        assert locate(machine.home) == ()

    def test_the_home_directory_may_be_a_link(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The walk sees real directories, and still ends before home."""
        write(machine.home / "index-routing.toml")
        (machine.prefix / "link").symlink_to(machine.home)
        monkeypatch.setenv("HOME", str(machine.prefix / "link"))
        assert found() == []

    @posix
    def test_ends_before_a_shared_directory(self, machine: Machine) -> None:
        """Everybody can put a table into /tmp."""
        shared = machine.home / "shared"
        below = shared / "below"
        below.mkdir(parents=True)
        shared.chmod(0o1777)
        write(shared / "index-routing.toml")
        assert locate(below) == ()
        assert len(locate(shared)) == 1

    @posix
    def test_does_not_go_past_a_shared_working_directory(self, machine: Machine) -> None:
        """Above /tmp there is nothing that belongs to a project in it."""
        shared = machine.work / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        machine.write("project")
        assert locate(shared) == ()

    @posix
    @pytest.mark.parametrize("mode", [0o777, 0o1775])
    def test_goes_past_what_is_not_both_sticky_and_world_writable(self, machine: Machine, mode: int) -> None:
        """Either alone is no shared directory."""
        (machine.work / "x").mkdir()
        table = machine.write("project")
        machine.work.chmod(mode)
        assert [file.path for file in locate(machine.work / "x")] == [table]

    def test_a_file_that_is_a_lower_layer_already_is_not_the_projects_too(self, in_venv: Machine) -> None:
        """In the directory of an environment its table stays the environment's, with its locks."""
        table = in_venv.write("environment")
        assert [(file.layer, file.path) for file in locate(in_venv.prefix)] == [("environment", table)]

    @posix
    def test_a_working_directory_that_is_gone(self, machine: Machine) -> None:
        """Then nobody can tell which tables are in force."""
        gone = machine.work / "gone"
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()
        with pytest.raises(LocationError, match="the working directory cannot be determined"):
            locate()


class TestPyproject:
    """A table inside pyproject.toml."""

    def test_counts_with_the_table(self, machine: Machine) -> None:
        """[tool.rim-router] makes pyproject.toml a routing table."""
        path = write(machine.work / "pyproject.toml", EMBEDDED)
        (file,) = locate()
        assert (file.layer, file.path, file.embedded) == ("project", path, True)

    @pytest.mark.parametrize(
        "text",
        [
            '[project]\nname = "x"\n',
            '[project]\ndependencies = ["rim-router"]\n',
            '[tool]\nx = "rim-router"\n',
            'tool = "rim-router"\n',
        ],
    )
    def test_does_not_count_without(self, machine: Machine, text: str) -> None:
        """To name rim-router is not to have its table; the walk goes on."""
        write(machine.work / "pyproject.toml", text)
        above = write(machine.work.parent / "index-routing.toml")
        assert found() == [("project", above)]

    @pytest.mark.parametrize(
        "header", ['[tool."rim\\u002drouter"]', "[ tool . 'rim-router' ]", "[tool]\nrim-router = 1"]
    )
    def test_counts_however_the_key_is_spelt(self, machine: Machine, header: str) -> None:
        """TOML has several ways to write a key."""
        write(machine.work / "pyproject.toml", header + "\n")
        assert len(locate()) == 1

    def test_both_in_one_directory_are_an_error(self, machine: Machine) -> None:
        """Nobody could say which of the two wins."""
        machine.write("project")
        write(machine.work / "pyproject.toml", EMBEDDED)
        with pytest.raises(LocationError) as caught:
            locate()
        assert caught.value.message == (
            f".{os.sep}index-routing.toml and [tool.rim-router] in .{os.sep}pyproject.toml "
            "are both routing tables of the project"
        )

    def test_a_plain_pyproject_beside_a_table_is_fine(self, machine: Machine) -> None:
        """Most projects have one."""
        path = machine.write("project")
        write(machine.work / "pyproject.toml", '[project]\nname = "x"\n')
        assert found() == [("project", path)]

    def test_broken_and_without_the_table_is_none_of_our_business(self, machine: Machine) -> None:
        """This is not an error."""
        write(machine.work / "pyproject.toml", 'x = [ "rim-router"\n')
        assert found() == []

    def test_a_directory_of_that_name_is_passed_over(self, machine: Machine) -> None:
        """No table can be in it, here or on the way up."""
        (machine.work / "pyproject.toml").mkdir()
        (machine.work.parent / "pyproject.toml").mkdir()
        assert found() == []
        above = write(machine.work.parent / "index-routing.toml")
        assert found() == [("project", above)]

    def test_a_directory_of_that_name_cannot_be_asked_for(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever names it means a table."""
        (machine.work / "pyproject.toml").mkdir()
        monkeypatch.setenv("RIM_ROUTER_CONFIG", "pyproject.toml")
        with pytest.raises(LocationError, match="which RIM_ROUTER_CONFIG names"):
            locate()

    @pytest.mark.parametrize("content", [b"[tool.rim-router]\nx = [\n", b"[tool.rim-router]\n# \xff\n"])
    def test_broken_with_the_table_is_an_error(self, machine: Machine, content: bytes) -> None:
        """It fails closed, and names the line."""
        (machine.work / "pyproject.toml").write_bytes(content)
        with pytest.raises(TableError, match=r"pyproject.toml:[23]:\d+: not "):
            locate()

    @pytest.mark.parametrize("reader", [tomli, toml()], ids=["newer reader", "own reader"])
    @pytest.mark.parametrize(
        "header",
        [
            "[tool.rim-router]",
            "[ tool . 'rim-router' . routes ]",
            "[tool]\nx = 1\nrim-router.routes = {}",
            "[tool]\n'rim-router' = {}",
            "tool = { rim-router = {} }",
            "tool.rim-router.routes = {}",
        ],
    )
    def test_newer_toml_with_the_table_is_an_error(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, reader: ModuleType, header: str
    ) -> None:
        """On every Python, wherever in the file it is: else the table would be in force on some only."""
        monkeypatch.setattr("rim_router.config.document.toml", lambda: reader)
        write(machine.work / "pyproject.toml", f"{header}\n[other]\nx = {{ y = 1, }}\n")
        with pytest.raises(TableError, match=r"pyproject.toml:\d:12: a comma at the end .* is TOML 1.1"):
            locate()

    @pytest.mark.parametrize("reader", [tomli, toml()], ids=["newer reader", "own reader"])
    @pytest.mark.parametrize(
        "text",
        [
            '[project]\ndependencies = ["rim-router"]\nx = { y = 1, }\n',
            '[tool.uv]\nx = { y = "rim-router",\n }\n',
            "[tool]\nx = 1\n[dependencies]\nrim-router = { version = 1, }\n",
        ],
    )
    def test_newer_toml_without_the_table_is_none_of_our_business(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, reader: ModuleType, text: str
    ) -> None:
        """As anything else that is wrong with it."""
        monkeypatch.setattr("rim_router.config.document.toml", lambda: reader)
        write(machine.work / "pyproject.toml", text)
        assert found() == []


class TestUnreadable:
    """What cannot be read may be a table that is in force."""

    @pytest.mark.parametrize("layer", ["machine", "user", "environment", "project"])
    def test_a_directory_of_that_name(self, in_venv: Machine, layer: str) -> None:
        """It is not skipped."""
        in_venv.path(layer).mkdir(parents=True)
        with pytest.raises(LocationError, match=r"index-routing.toml (is a directory|cannot be read)"):
            locate()

    @posix
    @pytest.mark.parametrize("name", ["index-routing.toml", "pyproject.toml"])
    def test_a_pipe_of_that_name_does_not_block(self, machine: Machine, name: str) -> None:
        """Nobody writes into it."""
        os.mkfifo(machine.work / name)
        with pytest.raises(LocationError, match="is not a regular file"):
            locate()

    @pytest.mark.parametrize("layer", ["machine", "user", "environment", "project"])
    def test_permission_denied(self, in_venv: Machine, layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is an error that names the file."""
        path = in_venv.write(layer)
        really_open = os.open

        def deny(candidate: os.PathLike[str], flags: int) -> int:
            if candidate == path:
                raise PermissionError(13, "Permission denied")
            return really_open(candidate, flags)

        monkeypatch.setattr(os, "open", deny)
        with pytest.raises(LocationError, match=r"index-routing.toml cannot be read \(Permission denied\)"):
            locate()

    def test_links_that_lead_nowhere(self, machine: Machine) -> None:
        """Somebody wanted a table to be there: neither a broken link nor a circle is absence."""
        path = machine.path("project")
        path.symlink_to(machine.work / "gone")
        with pytest.raises(LocationError, match="is a link to a file that does not exist"):
            locate()
        path.unlink()
        path.symlink_to(path)
        with pytest.raises(LocationError, match="cannot be read"):
            locate()

    def test_a_file_where_a_directory_is_expected_is_absence(self, machine: Machine) -> None:
        """Nothing can be below a file."""
        write(machine.user_config / "rim-router")
        assert found() == []


@posix
class TestOwnership:
    """A table above the working directory has to be one's own."""

    def test_of_somebody_else_is_an_error(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """It names the file and the variable that allows it, and is no silent skip."""
        path = write(machine.work.parent / "index-routing.toml")
        give_away(path, monkeypatch)
        owner = path.stat().st_uid
        with pytest.raises(LocationError) as caught:
            locate()
        assert str(caught.value) == (
            f"{path} is above the working directory and belongs to another user ({owner})\n"
            "  hint: set RIM_ROUTER_CONFIG to its path to use it, or to nothing to go without it"
        )
        monkeypatch.setenv("RIM_ROUTER_CONFIG", str(path))
        assert found() == [("project", path)]

    def test_holds_for_pyproject_too(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """But only if it has a table."""
        path = write(machine.work.parent / "pyproject.toml", EMBEDDED)
        give_away(path, monkeypatch)
        with pytest.raises(LocationError, match="belongs to another user"):
            locate()
        path.write_text("[project]\n")
        assert found() == []

    def test_does_not_hold_in_the_working_directory(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who works in a directory trusts it."""
        path = machine.write("project")
        give_away(path, monkeypatch)
        assert found() == [("project", path)]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
    )
    def test_a_link_is_judged_by_itself_and_by_what_it_opens(self, machine: Machine) -> None:
        """Neither a stranger's file behind a link of ours nor a stranger's link to a file of ours."""
        own = write(machine.home / "own.toml")
        foreign = write(machine.home / "foreign.toml")
        os.chown(foreign, STRANGER, -1)
        link = machine.work.parent / "index-routing.toml"
        link.symlink_to(own)
        assert found() == [("project", link)]
        os.chown(link, STRANGER, -1, follow_symlinks=False)
        with pytest.raises(LocationError, match="belongs to another user"):
            locate()
        link.unlink()
        link.symlink_to(foreign)
        with pytest.raises(LocationError, match="belongs to another user"):
            locate()

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
    )
    def test_a_users_and_roots_files_are_trusted(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The current user is the effective one; the owner of the working directory counts for root only."""
        path = write(machine.work.parent / "index-routing.toml")
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
        assert found() == [("project", path)]
        os.chown(path, STRANGER, -1)
        assert found() == [("project", path)]
        os.chown(path, STRANGER + 1, -1)
        os.chown(machine.work, STRANGER + 1, -1)
        monkeypatch.setenv("SUDO_UID", str(STRANGER + 1))
        with pytest.raises(LocationError, match="belongs to another user"):
            locate()

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
    )
    def test_root_also_trusts_the_owner_of_the_directory_and_who_called_sudo(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`sudo pip` in a user's project is in force as it is for the user."""
        path = write(machine.work.parent / "index-routing.toml")
        os.chown(path, STRANGER, -1)
        with pytest.raises(LocationError, match="belongs to another user"):
            locate()
        monkeypatch.setenv("SUDO_UID", str(STRANGER))
        assert found() == [("project", path)]
        monkeypatch.setenv("SUDO_UID", "nobody")
        with pytest.raises(LocationError, match="belongs to another user"):
            locate()
        os.chown(machine.work, STRANGER, -1)
        assert found() == [("project", path)]


class TestVariable:
    """RIM_ROUTER_CONFIG."""

    def test_replaces_the_walk_and_only_that(self, in_venv: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """The layers below the project stay."""
        lower = [(layer, in_venv.write(layer)) for layer in ("machine", "user", "environment")]
        in_venv.write("project", "broken")
        one = write(in_venv.home / "one.toml")
        monkeypatch.setenv("RIM_ROUTER_CONFIG", str(one))
        assert found() == [*lower, ("project", one)]

    def test_several_are_layers_in_order(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each is a layer of its own; relative paths are relative to the directory asked about."""
        one, two = write(machine.work / "one.toml"), write(machine.home / "two.toml")
        monkeypatch.setenv("RIM_ROUTER_CONFIG", os.pathsep.join([str(two), "one.toml", "~/two.toml"]))
        assert found() == [("project", two), ("project", one), ("project", two)]

    def test_set_but_empty_is_no_project_layer(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The way to switch a project's table off."""
        user = machine.write("user")
        machine.write("project")
        monkeypatch.setenv("RIM_ROUTER_CONFIG", "")
        assert found() == [("user", user)]

    def test_a_missing_file_is_an_error(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """A typing error must not switch routing off."""
        machine.write("project")
        monkeypatch.setenv("RIM_ROUTER_CONFIG", "gone.toml")
        with pytest.raises(LocationError) as caught:
            locate()
        assert caught.value.message == f".{os.sep}gone.toml, which RIM_ROUTER_CONFIG names, does not exist"

    def test_an_empty_entry_is_an_error(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Such as from $UNSET:table.toml."""
        monkeypatch.setenv("RIM_ROUTER_CONFIG", f"{os.pathsep}{machine.write('project')}")
        with pytest.raises(LocationError, match="RIM_ROUTER_CONFIG has an empty entry"):
            locate()

    def test_may_name_a_pyproject(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """It has to have the table then."""
        path = write(machine.work / "pyproject.toml", EMBEDDED)
        monkeypatch.setenv("RIM_ROUTER_CONFIG", str(path))
        assert locate()[0].embedded
        path.write_text("[project]\n")
        with pytest.raises(LocationError, match=r"has no \[tool.rim-router\]"):
            locate()

    def test_is_taken_from_the_environment_that_is_given(self, machine: Machine) -> None:
        """For those who ask about another process."""
        machine.write("project")
        assert locate(environ={"RIM_ROUTER_CONFIG": ""}) == ()


class TestInherited:
    """What a child pip gets from the pip that started it."""

    def test_is_used_instead_of_everything_else(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A child in another directory, with other variables, has the same tables in force."""
        for layer in ("machine", "user", "project"):
            machine.write(layer)
        files = locate()
        monkeypatch.setenv(INHERITED_VARIABLE, inherit(files))
        monkeypatch.setenv("RIM_ROUTER_CONFIG", "gone.toml")
        write(machine.prefix / "index-routing.toml", "broken")
        assert locate(machine.prefix) == files

    def test_remembers_what_is_embedded(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """A pyproject.toml stays one."""
        write(machine.work / "pyproject.toml", EMBEDDED)
        files = locate()
        monkeypatch.setenv(INHERITED_VARIABLE, inherit(files))
        assert [file.embedded for file in locate()] == [True]

    def test_the_childs_own_environment_is_added_at_its_place(
        self, in_venv: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the environment of the parent and before the project."""
        for layer in ("user", "environment", "project"):
            in_venv.write(layer)
        files = locate()
        monkeypatch.setenv(INHERITED_VARIABLE, inherit(files))
        assert locate() == files
        other = in_venv.home / "other-venv"
        own = write(other / "index-routing.toml")
        monkeypatch.setattr(sys, "prefix", str(other))
        assert found() == [
            ("user", in_venv.path("user")),
            ("environment", in_venv.path("environment")),
            ("environment", own),
            ("project", in_venv.path("project")),
        ]

    def test_empty_is_as_good_as_unset(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        """The child then looks for itself."""
        path = machine.write("project")
        monkeypatch.setenv(INHERITED_VARIABLE, "")
        assert found() == [("project", path)]

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "{}",
            "[]",
            "null",
            '["project"]',
            '[["project", "/x"]]',
            '[["project", "/x", 1]]',
            '[["project", "x", false]]',
            '[["other", "/x", false]]',
            '[[["project"], "/x", false]]',
        ],
    )
    def test_damage_is_an_error(self, machine: Machine, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        """Not the same as no table."""
        monkeypatch.setenv(INHERITED_VARIABLE, text)
        with pytest.raises(LocationError) as caught:
            locate()
        assert caught.value.message == "the environment variable _RIM_ROUTER_LAYERS is damaged"

    def test_a_file_that_has_gone_is_an_error(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The child cannot have the same tables in force then."""
        path = machine.work / "gone.toml"
        monkeypatch.setenv(INHERITED_VARIABLE, json.dumps([["project", str(path), False]]))
        with pytest.raises(LocationError, match="was in force in the pip that started this one"):
            locate()


def test_the_content_of_a_file_is_not_shown() -> None:
    """It may have credentials."""
    assert "secret" not in repr(LayerFile("project", Path("/x"), False, b"secret"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs to become another user")
def test_home_of_somebody_else_that_cannot_be_entered_has_no_table(tmp_path: Path) -> None:
    """After a change of user HOME may still be root's: pip without a table goes on as ever."""
    home = tmp_path / "root"
    (home / ".config" / "rim-router").mkdir(parents=True)
    (home / ".config" / "rim-router" / "index-routing.toml").write_text("", encoding="utf-8")
    home.chmod(0o700)
    code = (
        "import os, platformdirs; from rim_router.config import locate\n"
        "print(len(locate())); os.setuid(65534); print(len(locate()))"
    )
    environ = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3]), "RIM_ROUTER_CONFIG": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["1", "0"]), done.stderr
