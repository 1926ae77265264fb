"""Checks every byte of the wheel that a ``.rim`` stands for, which pip downloads (reference: .rim files)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.ask import ask
from rim_router.errors import RimRouterError
from rim_router.rim import agrees, read_dist_info

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rim_router.config import LayerFile
    from rim_router.rim import Rim


class VerificationError(RimRouterError):
    """The wheel that a ``.rim`` stands for cannot be downloaded, or is not the right one."""

    reference = "rim-verification-failed"


def verify(
    rim: Rim, files: Sequence[LayerFile], options: Sequence[str]
) -> tuple[VerificationError | None, list[str]]:
    """Download the wheel and check its size, every digest that is known, and its METADATA.

    :param files: the tables in force: their policy holds here too.
    :param options: of ``pip install``.
    :returns: what is wrong with it, and the hosts that were asked.
    :raises AskError: if pip cannot be asked.
    """
    with tempfile.TemporaryDirectory(prefix="rim-router-verify-") as directory:
        wheel = Path(directory, "wheel")
        question = {
            "ask": "file",
            "project": rim.name,
            "filename": rim.wheel_filename,
            "url": rim.uri,
            "algorithms": [*rim.hashes],
            "digests": dict(rim.hashes),
            "if_elsewhere": False,
            "size": rim.size,
            # To any host that it is redirected to, because the digest is known, unless the table is stricter.
            "strong": True,
            "named": "the .rim",
            "said": "the .rim",
            "into": str(wheel),
        }
        (answer,) = ask(files, [question], ["--no-cache-dir", *options])
        hosts: list[str] = answer["hosts"]
        asked = [f"asked: {', '.join(hosts)}"] if hosts else []
        error = answer.get("error")
        if error is not None:
            what = f"{rim.wheel_filename} could not be downloaded: {error['message']}"
            if error["refused"]:
                what = error["message"]
            return VerificationError(
                what, notes=[*error["notes"], *asked], hint=error["hint"] or rim.advice
            ), hosts
        # What has another digest is not opened: nobody vouches for it.
        problems = answer["wrong"] or _metadata_problems(rim, wheel)
    if not problems:
        return None, hosts
    contact = "" if rim.support is None else f" ({rim.support})"
    return VerificationError(
        f"{rim.wheel_filename} is not the wheel that the .rim stands for: {problems[0]}",
        notes=[*problems[1:], *asked, f"it is hosted by {rim.owner}{contact}"],
        hint="do not use it",
    ), hosts


def _metadata_problems(rim: Rim, path: Path) -> list[str]:
    faults: list[str] = []
    with path.open("rb") as file:
        _, files = read_dist_info(file, rim.wheel, faults)
    if faults:
        return [f"it {fault}" for fault in faults]
    problem = agrees(rim, files["METADATA"])
    return [] if problem is None else [problem]
