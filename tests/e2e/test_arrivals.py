"""What wheels bring, and whose they are: looked at before anything is written."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_attacks import FEATURES
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result
    from tests.support.servers import Exchange
    from tests.support.wheels import Artifact

LEGACY = ["--use-deprecated", "legacy-resolver"]


def metadata(name: str, version: str = "99.0") -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()


def gift(**files: bytes) -> Artifact:
    return wheel("gift", "1.0", origin="public", extra_files=dict(files))


def install(victim: Environment, stage: Stage, *args: str | Path) -> Result:
    return victim.pip("install", "--index-url", stage.public.url, *args)


def library(victim: Environment) -> str:
    """Where site-packages is below the root of the environment."""
    return victim.site_packages.relative_to(victim.prefix).as_posix()


class TestConfigurationOfPip:
    """``.data/data/pip.conf`` is the environment's configuration of pip from then on."""

    def publish(self, stage: Stage, victim: Environment) -> None:
        conf = f"[install]\nfind-links = {victim.prefix / 'share' / 'links'}\nno-index = true\n"
        stage.public.add(
            gift(
                **{
                    "gift-1.0.data/data/pip.conf": conf.encode(),
                    f"gift-1.0.data/data/share/links/{stage.impostor.filename}": stage.impostor.data,
                }
            )
        )

    def test_plain_pip_takes_the_impostor_from_it(self, stage: Stage, environments: Environments) -> None:
        """The attack is one; a table does not help once it is there."""
        victim = environments.plain()
        self.publish(stage, victim)
        install(victim, stage, "gift")
        found = victim.pip("install", "acme-core", env={"PIP_CONFIG_FILE": None})
        stage.assert_impostor_won(victim, found)

    def test_refused(self, stage: Stage, environments: Environments) -> None:
        """Neither it nor anything else of the run is installed."""
        victim = environments.equipped()
        stage.route(victim)
        self.publish(stage, victim)
        result = install(victim, stage, "leaf", "gift")
        stage.assert_stopped(victim, result, "gift-1.0.data/data/pip.conf", "configuration of pip")
        assert not {"gift", "leaf"} & victim.installed().keys()
        assert not (victim.prefix / "pip.conf").exists()


class TestOtherProjects:
    """A second ``.dist-info`` makes another project "already satisfied"."""

    WAYS = (
        "gift-1.0.data/purelib/acme_core-99.0.dist-info/METADATA",
        "acme_core-99.0.egg-info/PKG-INFO",
        "gift-1.0.data/data/{library}/Acme.Core-99.0.dist-info/METADATA",
        "hidden/acme_core-99.0.dist-info/METADATA",
    )

    def publish(self, stage: Stage, victim: Environment, way: str) -> None:
        files = {way.format(library=library(victim)): metadata("acme-core")}
        if way.startswith("hidden"):
            files["gift.pth"] = b"hidden\n"
        stage.public.add(gift(**files))

    @pytest.mark.parametrize("way", WAYS)
    def test_plain_pip_believes_it(self, way: str, stage: Stage, environments: Environments) -> None:
        """The attack is one: with a table, and the private index never asked."""
        victim = environments.equipped()
        self.publish(stage, victim, way)
        install(victim, stage, "gift")
        stage.route(victim)
        result = install(victim, stage, "acme-core")
        assert "already satisfied" in result.words, str(result)
        assert not stage.private.requests

    @pytest.mark.parametrize("way", WAYS)
    def test_refused(self, way: str, stage: Stage, environments: Environments) -> None:
        """By where it goes, however it is written."""
        victim = environments.equipped()
        stage.route(victim)
        self.publish(stage, victim, way)
        result = install(victim, stage, "gift")
        stage.assert_stopped(victim, result, "it would count as the installed project acme-core")
        assert "gift" not in victim.installed()
        stage.assert_routed(victim, install(victim, stage, "acme-core"))


class TestSavedUnderAnotherName:
    """A server can have pip save a file under another name, which is no wheel's."""

    def publish(self, stage: Stage) -> None:
        artifact = gift(**{"gift-1.0.data/purelib/acme_core-99.0.dist-info/METADATA": metadata("acme-core")})
        stage.public.add(artifact)

        def renamed(exchange: Exchange) -> bool:
            named = 'attachment; filename="gift.bin"'
            exchange.reply(200, artifact.data, "application/octet-stream", Content_Disposition=named)
            return True

        stage.public.on(f"/files/{artifact.filename}", renamed)

    def test_plain_pip_believes_it(self, stage: Stage, environments: Environments) -> None:
        """pip goes by the link, and not by the name of the file."""
        victim = environments.plain()
        self.publish(stage)
        install(victim, stage, "gift")
        assert "already satisfied" in install(victim, stage, "acme-core").words

    def test_refused(self, stage: Stage, environments: Environments) -> None:
        """So does the last look."""
        victim = environments.equipped()
        stage.route(victim)
        self.publish(stage)
        result = install(victim, stage, "gift")
        stage.assert_stopped(victim, result, "it would count as the installed project acme-core")


class TestEntryPoints:
    """pip makes a script of each, in a directory next to which Python looks for its configuration."""

    @pytest.mark.parametrize("section", ["[console_scripts]", "[[console_scripts]]", "[ gui_scripts ]"])
    def test_refused(self, section: str, stage: Stage, environments: Environments) -> None:
        """Whatever a reader takes for the name of a section."""
        victim = environments.equipped()
        stage.route(victim)
        points = f"{section}\npyvenv.cfg = gift:main\n".encode()
        stage.public.add(gift(**{"gift-1.0.dist-info/entry_points.txt": points}))
        result = install(victim, stage, "gift")
        stage.assert_stopped(victim, result, "entry_points.txt", "pyvenv.cfg")
        assert not (victim.python.parent / "pyvenv.cfg").exists()


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path, data in files.items():
            zipped.writestr(path, data)
    return buffer.getvalue()


CORE = "acme_core-99.0.dist-info/METADATA"
#: Wheels after which ``acme-core`` would count as installed, at once or with a second wheel.
HIDDEN = {
    "an archive beside a directory in other letters": {
        "DATA.bin/x": b"",
        "data.bin": archive(**{CORE: metadata("acme-core")}),
        "gift.pth": b"data.bin\n",
    },
    "an unpacked egg": {
        "gift.pth": b"sub/acme_core-99.0-py3.12.egg\n",
        "sub/acme_core-99.0-py3.12.egg/EGG-INFO/PKG-INFO": metadata("acme-core"),
    },
    "beside the script of pip": {f"gift-1.0.data/scripts/{CORE}": metadata("acme-core")},
    "in the package of pip": {f"pip/{CORE}": metadata("acme-core")},
    "a line that some end earlier": {
        "gift.pth": b"hid\x0cden\n",
        f"hid\x0cden/{CORE}": metadata("acme-core"),
    },
    "a directory that is filled later": {"gift.pth": b"hidden\n"},
    "a file that is an archive later": {"gift.pth": b"gift.bin\n", "gift.bin": b""},
}


class TestHidden:
    """Other ways to have a project count as installed."""

    @pytest.mark.parametrize("way", HIDDEN)
    def test_refused(self, way: str, stage: Stage, environments: Environments) -> None:
        """Nothing of it is written."""
        victim = environments.equipped()
        stage.route(victim)
        stage.public.add(gift(**HIDDEN[way]))
        result = install(victim, stage, "gift")
        stage.assert_stopped(victim, result, "gift was not installed")
        assert "gift" not in victim.installed()
        stage.assert_routed(victim, install(victim, stage, "acme-core"))

    def test_plain_pip_believes_the_script_directory(self, stage: Stage, environments: Environments) -> None:
        """The attack is one, on every pip."""
        victim = environments.plain()
        stage.public.add(gift(**HIDDEN["beside the script of pip"]))
        install(victim, stage, "gift")
        script = victim.python.with_name("pip")
        result = victim.run(script, "install", "--index-url", stage.private.url, "acme-core")
        assert "already satisfied" in result.words, str(result)


class TestUninstallLists:
    """What pip removes with a distribution is what its lists say."""

    def publish(self, stage: Stage, list_name: str) -> None:
        lines = {"installed-files.txt": b"../rim_router.pth\n", "top_level.txt": b"_rim_router\nrim_router\n"}
        own = {
            "gift.egg-info/PKG-INFO": metadata("gift", "1.0"),
            f"gift.egg-info/{list_name}": lines[list_name],
        }
        stage.public.add(gift(**own))

    @pytest.mark.parametrize("list_name", ["installed-files.txt", "top_level.txt"])
    def test_kept(self, list_name: str, stage: Stage, environments: Environments) -> None:
        """The plugin stays, or pip never looks at that list."""
        victim = environments.equipped()
        stage.route(victim)
        self.publish(stage, list_name)
        install(victim, stage, "gift")
        victim.pip("uninstall", "--yes", "gift")
        victim.pip("uninstall", "--yes", "gift")
        for name in ("rim_router.pth", "rim_router", "_rim_router"):
            assert (victim.site_packages / name).exists(), name
        stage.assert_routed(victim, install(victim, stage, "acme-core"))


class TestIndexesInTheProject:
    """An environment at the root of a project, in which there are files that an index offers."""

    def table(self, victim: Environment) -> None:
        (victim.project / "vendor" / "wheels").mkdir(parents=True)
        vendored = {"url": "vendor/wheels", "format": "flat"}
        victim.route({"vendored": vendored}, {"acme-*": "vendored"})

    @pytest.mark.parametrize(
        "file", ["vendor/wheels/acme_core-99.0-py3-none-any.whl", "docs/.git/HEAD", "docs/index-routing.toml"]
    )
    def test_refused(self, file: str, stage: Stage, environments: Environments) -> None:
        """No wheel is put there, and no end of the search for the table below it."""
        victim = environments.equipped()
        self.table(victim)
        stage.public.add(gift(**{f"gift-1.0.data/data/{file}": stage.impostor.data}))
        result = install(victim, stage, "--prefix", ".", "gift")
        stage.assert_stopped(victim, result, "gift was not installed", file)

    def test_plain_pip_writes_it(self, stage: Stage, environments: Environments) -> None:
        """The attack is one."""
        victim = environments.plain()
        self.table(victim)
        file = f"vendor/wheels/{stage.impostor.filename}"
        stage.public.add(gift(**{f"gift-1.0.data/data/{file}": stage.impostor.data}))
        install(victim, stage, "--prefix", ".", "gift")
        assert (victim.project / file).read_bytes() == stage.impostor.data


class TestTargets:
    """With ``--target`` a wheel's files go where the project's own are."""

    FILES = (
        "gift-1.0.data/data/lib/python/index-routing.toml",
        "gift-1.0.data/data/index-routing.toml",
        ".git/HEAD",
        ".hg/requires",
        "gift-1.0.data/data/Pip.Conf",
    )

    @pytest.mark.parametrize("target", [".", "vendor"])
    @pytest.mark.parametrize("file", FILES)
    def test_refused(self, file: str, target: str, stage: Stage, environments: Environments) -> None:
        """At the root of the target, by whichever way."""
        victim = environments.equipped()
        stage.route(victim)
        stage.public.add(gift(**{file: b"# by a stranger\n"}))
        before = sorted(victim.project.iterdir())
        result = install(victim, stage, "--target", target, "gift")
        stage.assert_stopped(victim, result, file, "leads to")
        assert sorted(victim.project.iterdir()) == before

    @pytest.mark.parametrize("file", FILES[:3])
    def test_plain_pip_writes_it(self, file: str, stage: Stage, environments: Environments) -> None:
        """The attack is one."""
        victim = environments.plain()
        stage.public.add(gift(**{file: b"# by a stranger\n"}))
        install(victim, stage, "--target", "vendor", "gift")
        assert (victim.project / "vendor" / re.sub(r".*\.data/data/(lib/python/)?", "", file)).exists()

    def test_an_honest_wheel(self, stage: Stage, environments: Environments) -> None:
        """Modules, data and scripts are what wheels are for."""
        victim = environments.equipped()
        stage.route(victim)
        files = {
            "gift/.gitignore": b"",
            "gift/templates/pyproject.toml": b"[tool.rim-router]\n",
            "gift-1.0.data/data/share/gift/pip.conf": b"",
            "gift-1.0.data/scripts/gift": b"#!python\n",
            "gift-1.0.dist-info/entry_points.txt": (
                b"[setuptools_scm.parse_scm]\n.git = gift:main\n\n[console_scripts]\ngift-run = gift:main\n"
            ),
        }
        stage.public.add(gift(**files))
        for options in ([], ["--target", "vendor"], ["--prefix", "other"]):
            result = install(victim, stage, *options, "gift")
            assert result.returncode == 0, str(result)


class TestTheProjectsOwn:
    """An environment at the root of a project, whose ``pyproject.toml`` a wheel can then write."""

    @pytest.mark.parametrize("has_table", [True, False])
    def test_pyproject(self, has_table: bool, stage: Stage, environments: Environments) -> None:
        """Refused if it is a routing table, and else not our business."""
        victim = environments.equipped()
        stage.route(victim)
        text = b"[tool.rim-router.routes]\n" if has_table else b"[tool.other]\n"
        stage.public.add(gift(**{"gift-1.0.data/data/pyproject.toml": text}))
        result = install(victim, stage, "gift")
        assert (result.returncode != 0) is has_table, str(result)
        assert (victim.prefix / "pyproject.toml").exists() is not has_table


class TestEditable:
    """An editable installation puts the user's own directory on Python's path."""

    def test_with_metadata_of_others_in_it(self, stage: Stage, environments: Environments) -> None:
        """What lies there is the user's business."""
        victim = environments.equipped()
        stage.route(victim)
        source = sdist("mine", "1.0", origin="user").unpack_to(victim.place / "mine")
        for name in ("mine", "other"):
            (source / f"{name}.egg-info").mkdir()
        backend = source / "backend.py"
        backend.write_text(backend.read_text(encoding="utf-8") + EDITABLE, encoding="utf-8")
        victim.pip("install", "--no-index", "--editable", source, check=True)
        assert "mine" in victim.installed()


EDITABLE = """
def get_requires_for_build_editable(config_settings=None):
    return []


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    facts = _facts()
    files = {path: text.encode() for path, text in facts["files"].items() if path != facts["module"]}
    files["__editable__.mine.pth"] = HERE.encode()
    write_wheel(os.path.join(wheel_directory, facts["wheel"]), facts["dist_info"], files)
    return facts["wheel"]
"""


class TestThePlugin:
    """rim-router's own files, and rim-router as a dependency."""

    OWN = (
        "rim_router.pth",
        "gift-1.0.data/purelib/rim_router.pth",
        "_rim_router/gate.py",
        "RIM_ROUTER/errors.py",
        "gift-1.0.data/data/{library}/rim_router.pth",
    )

    @pytest.mark.parametrize("file", OWN)
    def test_overwritten(self, file: str, stage: Stage, environments: Environments) -> None:
        """An empty ``rim_router.pth`` would put the plugin to sleep."""
        victim = environments.equipped()
        stage.route(victim)
        stage.public.add(gift(**{file.format(library=library(victim)): b""}))
        result = install(victim, stage, "gift")
        stage.assert_stopped(victim, result, "a file of rim-router")
        stage.assert_routed(victim, install(victim, stage, "acme-core"))

    @pytest.mark.parametrize(
        "file", ["rim_router.pth", "../../../index-routing.toml", "_rim_router/", "../.."]
    )
    def test_removed_with_the_distribution(self, file: str, stage: Stage, environments: Environments) -> None:
        """RECORD can list what the wheel does not have: pip removes it when the distribution goes."""
        victim = environments.equipped()
        stage.route(victim)
        # That a directory is in the archive does not make it the wheel's own.
        directories = {file: b""} if file.endswith("/") else {}
        stage.public.add(wheel("gift", "1.0", origin="public", record=[file], extra_files=directories))
        result = install(victim, stage, "gift")
        stage.assert_stopped(victim, result, "gift was not installed", "RECORD")

    def publish(self, stage: Stage) -> None:
        stage.public.add(wheel("rim-router", "99.0", origin="public"))
        stage.public.add(wheel("harmless", "1.0", origin="public", requires=["rim-router>=99"]))

    def test_replaced_without_a_table(self, stage: Stage, environments: Environments) -> None:
        """The attack is one where no table is in force: then pip does as it always does."""
        victim = environments.equipped()
        self.publish(stage)
        install(victim, stage, "harmless")
        assert victim.installed()["rim-router"] == "99.0"

    @pytest.mark.parametrize("legacy", [False, True])
    @pytest.mark.parametrize("extra", [[], ["--upgrade", "--upgrade-strategy", "eager"], ["--target", "lib"]])
    def test_as_a_dependency(
        self, extra: list[str], legacy: bool, stage: Stage, environments: Environments
    ) -> None:
        """Not as a mere dependency of something else, by any resolver."""
        victim = environments.equipped()
        if legacy and not victim.offers("legacy-resolver"):
            pytest.skip("this pip has no legacy resolver")
        stage.route(victim)
        self.publish(stage)
        before = victim.installed()
        result = install(victim, stage, *(LEGACY if legacy else []), *extra, "harmless")
        stage.assert_stopped(victim, result, "harmless would replace rim-router")
        assert victim.installed() == before

    @pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature or "subprocess")
    def test_as_a_build_requirement(
        self, feature: str | None, stage: Stage, environments: Environments
    ) -> None:
        """Where the next pip that installs build requirements would be under its eyes."""
        victim = environments.equipped()
        if feature is not None and not victim.offers(feature):
            pytest.skip(f"this pip has no {feature}")
        stage.route(victim)
        self.publish(stage)
        stage.public.add(
            sdist(
                "built2",
                "1.0",
                origin="public",
                build_requires=["rim-router>=99"],
                dynamic_build_requires=["acme-build"],
            )
        )
        options = [] if feature is None else ["--use-feature", feature]
        result = install(victim, stage, *options, "built2")
        assert result.returncode != 0, str(result)
        assert "would replace rim-router" in result.words, str(result)
        assert not stage.public.asked_for("acme-build")

    def test_by_the_users_own_word(self, stage: Stage, environments: Environments) -> None:
        """``pip install rim-router`` works as ever."""
        victim = environments.equipped()
        stage.route(victim)
        self.publish(stage)
        install(victim, stage, "harmless", "rim-router")
        assert victim.installed()["rim-router"] == "99.0"

    def test_by_a_route(self, stage: Stage, environments: Environments) -> None:
        """Where the table says from where it comes, it comes from there, also as a dependency."""
        victim = environments.equipped()
        self.publish(stage)
        victim.route({"public": stage.public.url}, {"rim-router": "public", "acme-*": "public"})
        install(victim, stage, "harmless")
        assert victim.installed()["rim-router"] == "99.0"

    def test_uninstalled_by_the_user(self, stage: Stage, environments: Environments) -> None:
        """``pip uninstall rim-router`` works as ever."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("uninstall", "--yes", "rim-router", check=True)
        assert "rim-router" not in victim.installed()

    def test_uninstalled_by_a_tool(self, stage: Stage, environments: Environments) -> None:
        """A tool that is routed itself starts ``pip uninstall`` for what its list does not have."""
        victim = environments.equipped()
        stage.route(victim)
        install(victim, stage, "leaf")
        program = (
            "import subprocess, sys\n"
            "from pip._internal.network.session import PipSession\n"
            "PipSession()\n"
            "pip = [sys.executable, '-m', 'pip', 'uninstall', '--yes', 'rim-router', 'leaf']\n"
            "raise SystemExit(subprocess.run(pip).returncode)\n"
        )
        result = victim.run(victim.python, "-c", program)
        assert result.returncode == 0, str(result)
        assert "rim-router is kept" in result.words
        assert "rim-router" in victim.installed()
        assert "leaf" not in victim.installed()
        stage.assert_routed(victim, install(victim, stage, "acme-core"))


class TestOneNameOneProject:
    """The name that was asked for, that of the ``.dist-info`` and the ``Name`` in METADATA."""

    def odd(self, kind: str) -> Artifact:
        """A wheel or sdist of ``acme``, which is not claimed, and which says something else inside."""
        if kind == "another dist-info":
            return wheel("acme", "1.0", origin="public", dist_info="acme_core-1.0.dist-info")
        if kind == "another Name":
            return wheel("acme", "1.0", origin="public", metadata_name="acme-core")
        if kind == "two Names":
            return wheel("acme", "1.0", origin="public", metadata_name="acme\nName: acme-core")
        return sdist("acme", "1.0", origin="public", metadata_name="acme-core")

    KINDS = ("another dist-info", "another Name", "two Names", "an sdist")

    def run(self, stage: Stage, victim: Environment, kind: str, way: str) -> Result:
        stage.public.add(self.odd(kind))
        if way == "legacy" and not victim.offers("legacy-resolver"):
            pytest.skip("this pip has no legacy resolver")
        files = ["--no-deps", "--index-url", stage.public.url, "acme"]
        if way in ("download", "wheel"):
            return victim.pip(way, "-d" if way == "download" else "-w", "files", *files)
        return victim.pip("install", *(LEGACY if way == "legacy" else []), *files)

    @pytest.mark.parametrize("way", ["install", "legacy", "download", "wheel"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_refused(self, kind: str, way: str, stage: Stage, environments: Environments) -> None:
        """By pip or by the plugin: nothing is installed or saved under either name."""
        victim = environments.equipped()
        stage.route(victim)
        result = self.run(stage, victim, kind, way)
        assert result.returncode != 0, str(result)
        assert "Traceback" not in result.output
        assert not {"acme", "acme-core"} & victim.installed().keys()
        assert not list((victim.project / "files").glob("acme*")), str(result)

    def test_plain_pip_installs_one(self, stage: Stage, environments: Environments) -> None:
        """The attack is one on every pip: only the beginning of the directory's name is compared."""
        victim = environments.plain()
        result = self.run(stage, victim, "another dist-info", "install")
        assert result.returncode == 0, str(result)
        assert "already satisfied" in victim.pip("install", "--no-index", "acme-core").words

    @pytest.mark.parametrize("kind", KINDS)
    def test_in_a_build(self, kind: str, stage: Stage, environments: Environments) -> None:
        """Build requirements are installed by pip on its own account, in each isolation mode."""
        victim = environments.equipped()
        stage.route(victim)
        stage.public.add(self.odd(kind))
        stage.public.add(sdist("built2", "1.0", origin="public", build_requires=["acme"]))
        for feature in FEATURES:
            if feature is None or victim.offers(feature):
                options = [] if feature is None else ["--use-feature", feature]
                result = install(victim, stage, *options, "built2")
                assert result.returncode != 0, str(result)
                assert victim.origin("built2") is None
