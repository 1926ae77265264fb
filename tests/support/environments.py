"""Virtual environments with a given Python and pip, with or without the plugin, made quickly.

An environment is a copy of a template, which real pips made: pip installed itself, and with the
plugin the checkout's built wheel. Whatever must come from a package registry is fetched by the
machine's own pip as it is configured, once, into a cache; the environments never see that
configuration.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import email
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.matrix import NEWEST, PIPS, Pair, release, supported
from tests.support.tables import write_table
from tests.support.wheels import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
START_UP_FILE = "rim_router.pth"
_SCRIPTS = "Scripts" if os.name == "nt" else "bin"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the workers of one run share."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        try:
            import fcntl
        except ImportError:  # not on Windows: what is made twice there is made alike
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(path: Path, make: Callable[[Path], None]) -> Path:
    """Make a directory unless it is there; a half-made one is never seen under its name."""
    with _locked(path.with_name(path.name + ".lock")):
        if not path.exists():
            unfinished = path.with_name(path.name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            make(unfinished)
            unfinished.rename(path)
    return path


def run(command: list[str | Path], **options: object) -> str:
    """Run a program that must not fail; returns what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return str(done.stdout)


@dataclass(frozen=True)
class Result:
    """What a process said and how it ended."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both streams."""
        return self.stdout + self.stderr

    @property
    def words(self) -> str:
        """Both streams without line breaks and frames, for texts that pip wraps."""
        return " ".join(re.sub(r"╰─>|[│╰╭─×]", " ", self.output).split())

    def __str__(self) -> str:
        shown = f"$ {' '.join(self.command)}\n-> {self.returncode}"
        return f"{shown}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@dataclass
class Environment:
    """A virtual environment, with a home and a project directory of its own.

    :param pair: its Python and pip.
    :param prefix: where it is.
    :param place: the directory that holds it, its home and its project.
    :param equipped: whether the plugin is installed.
    """

    pair: Pair
    prefix: Path
    place: Path
    equipped: bool
    extra_environ: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.place / "home"
        self.project = self.place / "project"
        self.site_config = self.place / "etc" / "xdg"
        self.temporary = self.place / "tmp"
        for directory in (self.home, self.project, self.site_config, self.temporary):
            directory.mkdir(parents=True, exist_ok=True)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.prefix / _SCRIPTS / ("python.exe" if os.name == "nt" else "python")

    @property
    def site_packages(self) -> Path:
        """Where pip installs."""
        return site_packages(self.prefix)

    def environ(self, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """A process environment into which nothing of this machine's or user's configuration leaks.

        :param extra: variables to add, or with None to take away.
        """
        environ: dict[str, str | None] = {
            "PATH": os.pathsep.join([str(self.prefix / _SCRIPTS), os.defpath]),
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "APPDATA": str(self.home),
            "LOCALAPPDATA": str(self.home),
            "SYSTEMROOT": os.environ.get("SYSTEMROOT"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "XDG_CONFIG_DIRS": str(self.site_config),
            "TMPDIR": str(self.temporary),
            "TEMP": str(self.temporary),
            "TMP": str(self.temporary),
            "LC_ALL": "C.UTF-8",
            # Texts are looked for as they are: pip would wrap and colour them.
            "COLUMNS": "1000",
            "NO_COLOR": "1",
            # The null device turns off every configuration file.
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_INPUT": "1",
            "PIP_PROGRESS_BAR": "off",
            # A server that fails is asked once, so that a failure is quick.
            "PIP_RETRIES": "0",
            "PIP_DEFAULT_TIMEOUT": "15",
        }
        environ.update(self.extra_environ)
        environ.update(extra or {})
        return {key: value for key, value in environ.items() if value is not None}

    def offers(self, feature: str) -> bool:
        """Whether the pip here has an option or a feature of that name."""
        options = self.site_packages / "pip" / "_internal" / "cli" / "cmdoptions.py"
        return f'"{feature}"' in options.read_text(encoding="utf-8")

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        check: bool = False,
    ) -> Result:
        """Run a program in the project directory."""
        words = tuple(map(str, command))
        done = subprocess.run(
            words,
            cwd=cwd or self.project,
            env=self.environ(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=240,
            check=False,
        )
        result = Result(words, done.returncode, done.stdout, done.stderr)
        if check:
            assert result.returncode == 0, str(result)
        return result

    def pip(
        self,
        *args: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        check: bool = False,
    ) -> Result:
        """Run ``python -m pip``."""
        return self.run(self.python, "-m", "pip", *args, cwd=cwd, env=env, check=check)

    def route(
        self,
        indexes: Mapping[str, object],
        routes: Mapping[str, object],
        policy: Mapping[str, object] | None = None,
    ) -> Path:
        """Put a table into the project directory."""
        return write_table(self.project, indexes, routes, policy)

    def installed(self) -> dict[str, str]:
        """The installed distributions: normalised name to version."""
        found = {}
        for metadata in self.site_packages.glob("*.dist-info/METADATA"):
            message = email.message_from_string(metadata.read_text(encoding="utf-8"))
            found[normalise(message["Name"])] = str(message["Version"])
        return found

    def constant(self, module: str, name: str) -> object:
        """The value of a constant in an installed module, read without running it; None if there is none."""
        path = self.site_packages / f"{module}.py"
        if not path.exists():
            return None
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == name for target in statement.targets
            ):
                return ast.literal_eval(statement.value)
        return None

    def origin(self, module: str) -> object:
        """Who made the installed module; None if it is not installed."""
        return self.constant(module, "ORIGIN")


def site_packages(prefix: Path) -> Path:
    """The directory of a virtual environment into which pip installs."""
    if os.name == "nt":
        return prefix / "Lib" / "site-packages"
    return next((prefix / "lib").glob("python3.*")) / "site-packages"


def _relocate(prefix: Path, old: Path) -> None:
    """Make a copied environment's scripts its own, and their records true."""
    for script in (prefix / _SCRIPTS).iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        data = script.read_bytes()
        if os.fsencode(old) in data:
            script.write_bytes(data.replace(os.fsencode(old), os.fsencode(prefix)))
            _record_again(prefix, script)


def _record_again(prefix: Path, script: Path) -> None:
    data = script.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    directory = site_packages(prefix)
    path = Path(os.path.relpath(script, directory)).as_posix()
    for record in directory.glob("*.dist-info/RECORD"):
        text = record.read_text(encoding="utf-8")
        line = re.compile(rf"^{re.escape(path)},.*$", re.MULTILINE)
        if line.search(text):
            record.write_text(line.sub(f"{path},sha256={digest},{len(data)}", text), encoding="utf-8")


class Workshop:
    """Makes environments.

    :param cache: for what comes from a registry; kept between runs.
    :param shared: for templates; one for all workers of a run.
    """

    def __init__(self, cache: Path, shared: Path) -> None:
        self.cache = cache
        self.shared = shared
        self._newest: str | None = None

    # What comes from a registry

    def fetch(self, directory: Path, *requirements: str, using: str | Path = sys.executable) -> None:
        """Download wheels with the machine's pip, as the machine has it configured."""
        options = ["--disable-pip-version-check", "--quiet", "--only-binary", ":all:"]
        environ = {key: value for key, value in os.environ.items() if not key.startswith("RIM_ROUTER_")}
        # Away from the checkout: a table there is none of the machine's business.
        run(
            [using, "-m", "pip", "download", *options, "--dest", directory, *requirements],
            cwd=self.shared,
            env=environ,
        )

    def pip_wheel(self, version: str) -> Path:
        """The wheel of a release of pip; of the newest one, looked up once in a run."""
        if version == NEWEST:
            directory = once(self.shared / "pip-newest", self._fetch_newest)
            version = _version(next(directory.glob("pip-*.whl")))

        def fetch(path: Path) -> None:
            self.fetch(path, f"pip=={version}", "--no-deps", "--ignore-requires-python")

        return next(once(self.cache / f"pip-{version}", fetch).glob("pip-*.whl"))

    def _fetch_newest(self, path: Path) -> None:
        try:
            self.fetch(path, "pip", "--no-deps", "--ignore-requires-python")
        except RuntimeError:
            # Without a network the newest one of an earlier run is as new as it gets.
            known = sorted(self.cache.glob("pip-*/pip-*.whl"), key=lambda each: release(_version(each)))
            if not known:
                raise
            shutil.copy2(known[-1], path)

    def pip_version(self, pair: Pair) -> str:
        """The version of a pair's pip."""
        return _version(self.pip_wheel(pair.pip))

    def dependencies(self, pair: Pair) -> Path:
        """A directory with the wheels that rim-router needs on this Python."""
        # Keyed by what is required, so that another bound is another download.
        metadata = email.message_from_bytes(_read(self.wheel(), "METADATA"))
        required = [str(each) for each in metadata.get_all("Requires-Dist", [])]
        key = _key(required)

        def fetch(path: Path) -> None:
            # By the Python in question: the markers and tags are its own.
            newest = [pip for pip in PIPS if supported(pip, pair.python)][-1]
            fetcher = self.template(Pair(pair.python, pair.interpreter, newest), equipped=False)
            self.fetch(path, *required, using=_python(fetcher))

        return once(self.cache / f"dependencies-{pair.python[0]}.{pair.python[1]}-{key}", fetch)

    def wheel(self) -> Path:
        """The built wheel of the checkout."""

        def build(path: Path) -> None:
            run(
                [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", path, ROOT],
                cwd=self.shared,
            )

        return next(once(self.shared / "built", build).glob("*.whl"))

    # Templates and their copies

    def template(self, pair: Pair, *, equipped: bool) -> Path:
        """An environment to copy."""
        name = f"{pair}-{'equipped' if equipped else 'plain'}"

        def make(path: Path) -> None:
            (self._equip if equipped else self._bare)(pair, path)
            # Its scripts name the directory it is made in: after its renaming that must still be findable.
            (path / "made-in").write_text(str(path), encoding="utf-8")

        return once(self.shared / "templates" / name, make)

    def _bare(self, pair: Pair, path: Path) -> None:
        run([pair.interpreter, "-m", "venv", "--without-pip", path], env=_quiet())
        wheel = self.pip_wheel(pair.pip)
        unpacked = path / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
        # pip installs itself, so that scripts, records and compiled files are those of a real installation.
        options = ["--no-index", "--no-deps", "--ignore-installed", "--find-links", str(wheel.parent)]
        run(
            [_python(path), "-m", "pip", "install", *options, "pip"],
            env={**_quiet(), "PYTHONPATH": str(unpacked)},
            cwd=self.shared,
        )
        shutil.rmtree(unpacked)

    def _equip(self, pair: Pair, path: Path) -> None:
        bare = self.template(pair, equipped=False)
        path.rmdir()
        _copy(bare, path)
        wheel = self.wheel()
        links = ["--find-links", str(wheel.parent), "--find-links", str(self.dependencies(pair))]
        run(
            [_python(path), "-m", "pip", "install", "--no-index", *links, "rim-router"],
            env=_quiet(),
            cwd=self.shared,
        )

    def make(self, pair: Pair, place: Path, *, equipped: bool = True) -> Environment:
        """A new environment in a directory."""
        prefix = place / "venv"
        _copy(self.template(pair, equipped=equipped), prefix)
        return Environment(pair, prefix, place, equipped)

    def wheels(self, pair: Pair, *requirements: str) -> Path:
        """A directory with the wheels of projects from a registry, fetched once in a run."""

        def fetch(path: Path) -> None:
            self.fetch(path, *requirements, using=pair.interpreter)

        return once(self.shared / f"wheels-{pair.python[0]}.{pair.python[1]}-{_key(requirements)}", fetch)

    def furnish(self, pair: Pair, place: Path, *requirements: str, equipped: bool) -> Environment:
        """A new environment with projects from a registry, installed once in a run."""

        def make(path: Path) -> None:
            path.rmdir()
            _copy(self.template(pair, equipped=equipped), path)
            options: list[str | Path] = ["--no-index", "--find-links", self.wheels(pair, *requirements)]
            command = [_python(path), "-m", "pip", "install", *options, *requirements]
            run(command, env=_quiet(), cwd=self.shared)
            (path / "made-in").write_text(str(path), encoding="utf-8")

        name = f"{pair}-{'equipped' if equipped else 'plain'}-{_key(requirements)}"
        prefix = place / "venv"
        _copy(once(self.shared / "templates" / name, make), prefix)
        return Environment(pair, prefix, place, equipped)

    def make_inert_twin(self, pair: Pair, place: Path) -> Environment:
        """A new environment with the same distributions, in which nothing starts the plugin."""
        environment = self.make(pair, place)
        (environment.site_packages / START_UP_FILE).unlink()
        environment.equipped = False
        return environment


def _python(prefix: Path) -> Path:
    return prefix / _SCRIPTS / "python"


def _quiet() -> dict[str, str]:
    """An environment for making templates: nothing of pip's or Python's configuration."""
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PIP_", "PYTHON", "RIM_ROUTER_"))
    }
    return {
        **environ,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "RIM_ROUTER_CONFIG": "",
    }


def _link(source: str, target: str) -> None:
    """Link a file where that is safe, copy it elsewhere; copying everything costs a second."""
    # Only modules of installed packages: pip replaces such files and never writes into them.
    parts = Path(source).parts
    inside = parts[parts.index("site-packages") + 1 :] if "site-packages" in parts else ()
    if len(inside) > 1 and inside[0] != "rim_router" and not inside[0].endswith(".dist-info"):
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _copy(template: Path, prefix: Path) -> None:
    prefix.parent.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns("made-in")
    shutil.copytree(template, prefix, symlinks=True, ignore=ignore, copy_function=_link)
    _relocate(prefix, Path((template / "made-in").read_text(encoding="utf-8")))


def _key(requirements: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]


def _version(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def _read(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        path = next(each for each in archive.namelist() if each.endswith(f".dist-info/{name}"))
        return archive.read(path)
