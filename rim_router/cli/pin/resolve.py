"""Asks this environment's own pip what it would install, and which bytes it has seen of that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.cli.pin.store import PinError
from rim_router.config.switch import DISABLE
from rim_router.journal import VARIABLE, Journal
from rim_router.rules.digests import strong
from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# Lets the hooks accept external files of which no digest is known yet, and leave today's pins aside.
PINNING = "_RIM_ROUTER_PINNING"


@dataclass(frozen=True)
class Item:
    """One thing that pip would install.

    :param name: normalised.
    :param version: as its metadata have it.
    :param url: without credentials and fragment.
    :param hashes: algorithm to hexadecimal digest, as pip knows them.
    :param is_file: whether it is one file, and not a directory or a repository.
    :param is_direct: whether a URL names it.
    """

    name: str
    version: str
    url: str
    hashes: Mapping[str, str]
    is_file: bool
    is_direct: bool = False


@dataclass(frozen=True)
class Seen:
    """A file that pip has downloaded, and whose digests it has computed.

    :param url: redacted.
    :param required: the strong digests that its index gives.
    """

    filename: str
    url: str
    size: int
    digests: Mapping[str, str]
    required: Mapping[str, str]


@dataclass(frozen=True)
class Resolution:
    """What pip said.

    :param redirects: of each URL that redirected pip to another one, where to; both redacted.
    """

    items: tuple[Item, ...]
    seen: tuple[Seen, ...] = ()
    redirects: Mapping[str, str] = field(default_factory=dict)


def resolve(arguments: Callable[[str], Sequence[str]]) -> Resolution:
    """What pip would install; its output goes to standard error, and its progress with it.

    What it downloads for that does not come from its cache, in which there may be other bytes than the
    server has.

    :param arguments: of ``pip install``, for a directory to which nothing is installed.
    :raises PinError: if it fails, or is not routed.
    """
    if os.environ.get(DISABLE) == "1":
        raise PinError(
            f"{DISABLE}=1 turns routing off, so pip would not take its files from where the table says",
            hint=f"unset {DISABLE}",
        )
    with tempfile.TemporaryDirectory(prefix="rim-router-pin-") as directory:
        report, log = Path(directory, "report.json"), Path(directory, "log.jsonl")
        options = ["--dry-run", "--ignore-installed", "--report", str(report)]
        asked = arguments(str(Path(directory, "target")))
        command = [sys.executable, "-m", "pip", "install", *options, *asked]
        # By variables, for the pips that it starts too.
        code = run_pip(command, {**os.environ, PINNING: "1", VARIABLE: str(log), "PIP_NO_CACHE_DIR": "1"})
        try:
            events = log.read_bytes() if log.exists() else b""
            Journal().append(events)  # for whoever keeps a log of all that pip does
            if code:
                raise PinError(f"pip could not tell what it would install (exit code {code}); see above")
            items = tuple(_items(report.read_bytes()))
            said = _events(events)
            return Resolution(items, tuple(_seen(said)), dict(_redirects(said)))
        except OSError as error:
            raise PinError(f"{error.filename} cannot be used: {error.strerror}") from None


def run_pip(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run pip with its output on standard error; returns its exit code.

    :raises PinError: if it cannot be started.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        return subprocess.run(command, env=dict(environ), stdout=sys.stderr, check=False).returncode
    except (OSError, ValueError) as error:
        raise PinError(f"pip cannot be started: {error}") from None


def _items(report: bytes) -> Iterator[Item]:
    """What an installation report has (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    try:
        for entry in json.loads(report)["install"]:
            info, metadata = entry["download_info"], entry["metadata"]
            archive = info.get("archive_info")
            yield Item(
                normalise(metadata["name"]),
                str(metadata["version"]),
                str(info["url"]),
                _hashes(archive or {}),
                isinstance(archive, dict),
                entry.get("is_direct") is True,
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PinError(f"pip's report cannot be read: {type(error).__name__}: {error}") from None


def _hashes(archive: Mapping[str, Any]) -> dict[str, str]:
    """The strong ones; pip before 23 gives one, as text."""
    found = dict(archive.get("hashes") or {})
    algorithm, equals, digest = str(archive.get("hash") or "").partition("=")
    return strong({algorithm: digest, **found} if equals else found)


def _events(log: bytes) -> list[Mapping[str, Any]]:
    """What the hooks have logged.

    :raises PinError: if they have logged nothing.
    """
    events: list[Mapping[str, Any]] = []
    for line in log.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # cut off
        if isinstance(event, dict):
            events.append(event)
    if not any(event.get("event") == "table" for event in events):
        raise PinError(
            "pip ran without a routing table, so its files may not be those that the table means",
            hint="to see why, run: rim-router doctor",
        )
    return events


def _seen(events: Iterable[Mapping[str, Any]]) -> Iterator[Seen]:
    """The files that were downloaded; other events say nothing here."""
    for event in events:
        if event.get("event") == "verified":
            yield Seen(
                str(event["file"]),
                str(event["url"]),
                int(event["size"]),
                strong(event["digests"]),
                strong(event.get("required") or {}),
            )


def _redirects(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for event in events:
        if event.get("event") == "redirect" and event.get("allowed"):
            yield str(event["url"]).replace("****@", ""), str(event["target"])
