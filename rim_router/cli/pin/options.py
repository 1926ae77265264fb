"""The options of pip that say which files it chooses: ``pin`` takes them, and hands them on as they are."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from rim_router.rules.urls import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Option, name of its value (none for a switch), and what it does; old pips do not know all of them.
_ASKED = (
    ("-r/--requirement", "FILE", "a file of requirements"),
    ("--group", "[PATH:]GROUP", "a dependency group of a pyproject.toml"),
    ("--requirements-from-script", "FILE", "the requirements in a script"),
)
_CHOOSING = (
    ("-c/--constraint", "FILE", "a file of constraints"),
    ("--no-deps/--no-dependencies", None, "without the dependencies"),
    ("--only-deps/--only-dependencies", None, "the dependencies alone"),
    ("--pre", None, "pre-releases, too"),
    ("--all-releases", "NAMES", "pre-releases of some projects, too"),
    ("--only-final", "NAMES", "no pre-releases of some projects"),
    ("--uploaded-prior-to", "TIME", "only files that were uploaded before that"),
    ("--platform", "PLATFORM", "for this platform"),
    ("--python-version", "VERSION", "for this version of Python"),
    ("--implementation", "NAME", "for this implementation of Python"),
    ("--abi", "ABI", "for this ABI of Python"),
    ("--no-binary", "NAMES", "no wheels of some projects"),
    ("--only-binary", "NAMES", "only wheels of some projects"),
    ("--prefer-binary", None, "an older wheel rather than a newer source distribution"),
    ("--ignore-requires-python", None, "whatever version of Python they need"),
    ("-i/--index-url", "URL", "pip's index, for what the table leaves to pip"),
    ("--extra-index-url", "URL", "a further one"),
    ("--no-index", None, "none of them"),
    ("-f/--find-links", "PLACE", "a further place of files"),
    ("--no-build-isolation", None, "build with what is installed"),
)
_QUIET = "-q/--quiet"
_FOREIGN = ("--platform", "--python-version", "--implementation", "--abi")


class _Passed(argparse.Action):
    """Keeps options in their order, which counts for some of pip's."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        words = [self.option_strings[-1], *([] if self.nargs == 0 else [values])]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), words])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add pip's options; they come into ``asked``, ``choosing`` and ``quiet``, each with its value."""
    group = parser.add_argument_group("options of pip", "what they mean there, and handed on to it")
    for destination, options in (("asked", _ASKED), ("choosing", _CHOOSING), ("quiet", ())):
        parser.set_defaults(**{destination: []})
        for spellings, metavar, text in options:
            _add(group, destination, spellings, metavar, text)
    _add(group, "quiet", _QUIET, None, "say less; it can be given up to three times")


def _add(group: Any, destination: str, spellings: str, metavar: str | None, text: str) -> None:
    nargs = 0 if metavar is None else None
    group.add_argument(
        *spellings.split("/"), dest=destination, action=_Passed, nargs=nargs, metavar=metavar, help=text
    )


def pip_arguments(args: argparse.Namespace, elsewhere: str) -> list[str]:
    """What pip is given.

    :param elsewhere: a directory to which nothing is installed: older pips want one for other platforms.
    """
    words = [word for option in (*args.quiet, *args.choosing, *args.asked) for word in option]
    if any(option[0] in _FOREIGN for option in args.choosing):
        words += ["--target", elsewhere]
    return [*words, "--", *args.requirements] if args.requirements else words


def pin_command(args: argparse.Namespace, *words: str, asked: Iterable[str] | None = None) -> str:
    """A ``rim-router pin`` that can be copied into a shell, with the options of this one.

    :param words: that come first.
    :param asked: the requirements; None for those of this command.
    """
    options = args.choosing if asked is not None else [*args.choosing, *args.asked]
    requirements = list(args.requirements if asked is None else asked)
    if any(requirement.startswith("-") for requirement in requirements):
        requirements = ["--", *requirements]
    certificates = [] if args.cert is None else ["--cert", args.cert]
    said = [*words, *certificates, *(word for option in options for word in option), *requirements]
    return quoted(["rim-router", "pin", *(scrub(word) if "://" in word else word for word in said)])


def quoted(words: Sequence[str]) -> str:
    """A command as the shell needs it."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
