"""rim-router demo: attack pip with a second index on this machine, without rim-router and with it."""

from __future__ import annotations

import io
import re
import signal
import ssl
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.demo import certificate as demo_certificate
from rim_router.cli.demo.loopback import LoopbackIndex, make_wheel
from rim_router.cli.rendering import NO, OK, say
from rim_router.environments.throwaway import Throwaway
from rim_router.rim import dismount

if TYPE_CHECKING:
    import argparse
    import subprocess
    from collections.abc import Iterator

_PROJECT, _MODEL = "acme-core", "acme-model"
_REAL, _IMPOSTOR = "1.0", "99.0"
_OWNER, _SUPPORT = "Acme Models", "models@acme.example"
_TABLE = """\
[indexes]
private = {{ url = "{url}", external-hosts = ["{host}"] }}

[routes]
"acme-*"   = "private"
acme       = "private"
rim-router = "private"
"""

# The lines of pip's output that tell the story; after a failure all of them are shown.
_TELLING = ("Looking in ", "Routing ", "Contacting ", "WARNING", "Collecting ", "Successfully installed")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--verbose", action="store_true", help="show everything that pip prints")


def run(args: argparse.Namespace) -> int:
    """Make every run; 1 if one of them does not end as it should.

    :raises RimRouterError: if the throw-away environment cannot be made.
    """
    with _terminated_like_interrupted(), ExitStack() as stack:
        public, private = (stack.enter_context(LoopbackIndex()) for _ in range(2))
        files = stack.enter_context(LoopbackIndex(_tls()))
        public.add(_PROJECT, make_wheel(_PROJECT, _IMPOSTOR, "an impostor"))
        private.add(_PROJECT, make_wheel(_PROJECT, _REAL, "the company"))
        filename, model = make_wheel(_MODEL, _REAL, "the company")
        files.add(_MODEL, (filename, model))
        uri = files.file_url(_MODEL, filename)
        rim = dismount(io.BytesIO(model), filename, uri=uri, owner=_OWNER, support=_SUPPORT)
        private.add(_MODEL, (filename[: -len(".whl")] + ".rim", rim))
        say("Three servers run on this machine for this demo, and are gone after it:")
        say(f"  private  {private.url}  has the real {_PROJECT} {_REAL}, and a .rim of {_MODEL} {_REAL}")
        say(f"  public   {public.url}  has an impostor, {_PROJECT} {_IMPOSTOR}, which anybody could upload")
        say(f"  files    https://{files.netloc}  has the wheel of {_MODEL}")
        say("A .rim is a small file that says where a wheel is hosted, and which digest it must have.")
        story = _Story(public, private, files, stack.enter_context(Throwaway()), verbose=args.verbose)
        as_expected = [step() for step in (story.plain, story.routed, story.tampered)]
    say()
    if all(as_expected):
        say("All three runs ended as expected. Plain pip installed the impostor; with rim-router it did not.")
        say("The wheel on the files host was installed with the right digest, and refused with another.")
        return OK
    say("NOT as expected: see above. `rim-router doctor` may say why.")
    return NO


class _Story:
    """The runs of pip, in their order; each tells what happened, and whether it should have."""

    def __init__(
        self,
        public: LoopbackIndex,
        private: LoopbackIndex,
        files: LoopbackIndex,
        throwaway: Throwaway,
        *,
        verbose: bool,
    ) -> None:
        self._public = public
        self._private = private
        self._files = files
        self._throwaway = throwaway
        self._verbose = verbose

    def plain(self) -> bool:
        """Without the plugin: the highest version wins, wherever it comes from."""
        version = self._throwaway.installed("pip") or ""
        self._title(1, f"pip {version} without rim-router")
        self._attack(_PROJECT)
        expected = self._throwaway.installed(_PROJECT) == _IMPOSTOR and self._public.asked_for(_PROJECT)
        return self._outcome(
            expected, "the attack works: the impostor is installed, because its version is higher"
        )

    def routed(self) -> bool:
        """With the plugin and a table: the table's index, and no other."""
        self._throwaway.pip("uninstall", "--yes", _PROJECT)
        self._throwaway.add_plugin()
        self._throwaway.trust(demo_certificate.AUTHORITY)
        table = _TABLE.format(url=self._private.url, host=self._files.netloc)
        (self._throwaway.project / "index-routing.toml").write_text(table, encoding="utf-8")
        self._title(
            2, "the same pip with rim-router, and with this index-routing.toml in the working directory"
        )
        for line in table.splitlines():
            say(f"    {line}".rstrip())
        say()
        result = self._attack(_PROJECT, _MODEL)
        expected = (
            result.returncode == 0
            and self._throwaway.installed(_PROJECT) == _REAL
            and self._throwaway.installed(_MODEL) == _REAL
            and self._files.asked_for(_MODEL)
            and self._private.asked_for(_PROJECT)
            and not self._public.asked_for(_PROJECT)
        )
        moral = "the attack fails: the real one is installed, and the public index was not even asked"
        return self._outcome(expected, f"{moral}; {_MODEL} came from the files host, with the right digest")

    def tampered(self) -> bool:
        """With the plugin, after somebody has changed the wheel where it is hosted."""
        self._throwaway.pip("uninstall", "--yes", _MODEL)
        self._files.add(_MODEL, make_wheel(_MODEL, _REAL, "an attacker"))  # of the same length
        self._title(3, f"the same again, after the wheel of {_MODEL} on the files host was altered")
        result = self._attack(_MODEL)
        expected = (
            result.returncode != 0
            and self._throwaway.installed(_MODEL) is None
            and self._files.asked_for(_MODEL)
            and "is not the right file" in _words(result.stdout)
        )
        say(f"  -> installed: {_MODEL} {self._throwaway.installed(_MODEL) or '(not installed)'}")
        return self._told(expected, "the altered wheel was refused before it was opened")

    def _attack(self, *names: str) -> subprocess.CompletedProcess[str]:
        for index in (self._public, self._private, self._files):
            index.forget()
        options = ("--index-url", self._private.url, "--extra-index-url", self._public.url)
        say(f"  $ pip install {' '.join((*options, *names))}")
        result = self._throwaway.pip("install", *options, *names)
        for line in result.stdout.splitlines():
            if self._verbose or result.returncode or line.lstrip().startswith(_TELLING):
                say(f"  | {line}")
        return result

    def _title(self, number: int, text: str) -> None:
        say()
        say(f"{number}. {text}")
        say()

    def _outcome(self, expected: bool, moral: str) -> bool:
        private, public = (
            "asked" if index.asked_for(_PROJECT) else "not asked" for index in (self._private, self._public)
        )
        say(f"  -> installed: {_PROJECT} {self._throwaway.installed(_PROJECT) or '(not installed)'}")
        say(f"  -> for {_PROJECT} the private index was {private}, the public index was {public}")
        return self._told(expected, moral)

    def _told(self, expected: bool, moral: str) -> bool:
        say(f"  -> as expected, {moral}" if expected else f"  -> NOT as expected, which is: {moral}")
        return expected


def _words(text: str) -> str:
    """A text of pip's without the frames and line breaks with which it fits the terminal."""
    return " ".join(re.sub(r"[│╰╭─>|]", " ", text).split())


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The module that reads certificates wants files.
    with tempfile.TemporaryDirectory(prefix="rim-router-demo-") as directory:
        path = Path(directory, "host.pem")
        path.write_text(demo_certificate.HOST + demo_certificate.KEY, encoding="ascii")
        context.load_cert_chain(path)
    return context


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does, so that nothing is left behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        previous = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
