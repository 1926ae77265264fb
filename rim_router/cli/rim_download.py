"""Downloads the wheel that a ``.rim`` stands for, and checks every byte of it (spec 5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from rim_router.cli.download import Unavailable, trust
from rim_router.errors import RimRouterError
from rim_router.hosts import Hosts
from rim_router.rim import agrees, read_dist_info
from rim_router.urls import Origin

if TYPE_CHECKING:
    import ssl

    from rim_router.cli.contacts import Contacts
    from rim_router.rim import Rim
    from rim_router.table import RoutingTable

__all__ = ["VerificationError", "trust", "verify"]


class VerificationError(RimRouterError):
    """The wheel that a ``.rim`` stands for cannot be had, or is not the one it should be (spec 5.4)."""

    reference = "rim-verification-failed"


def verify(
    rim: Rim, into: BinaryIO, context: ssl.SSLContext, table: RoutingTable, contacts: Contacts
) -> None:
    """Download the wheel and check its size, every digest that is known, and its METADATA.

    :param into: an empty file that is open for writing and reading; the wheel is left in it.
    :param table: its policy holds here too.
    :raises VerificationError: if any of that fails.
    :raises RefusedHostError: if a host may not be asked.
    :raises OSError: from the file.
    """
    decision = table.route(rim.name)
    hosts = Hosts(decision.origins, decision.indexes, ((Origin.of(rim.uri), "the .rim"),))
    # To any host that it is redirected to, because the digest is known, unless the table is stricter.
    downloader = contacts.downloader(context, hosts)
    try:
        found, _ = downloader.fetch(rim.uri, rim.hashes, size=rim.size, said_by="the .rim", into=into)
    except Unavailable as error:
        raise VerificationError(
            f"{rim.wheel_filename} could not be downloaded: {error}",
            notes=[f"asked: {', '.join(contacts.hosts)}"],
            hint=rim.advice,
        ) from None
    problems = [
        f"its {algorithm} is {found[algorithm]}, and the .rim says {digest}"
        for algorithm, digest in rim.hashes.items()
        if found[algorithm] != digest
    ]
    # What has another digest is not opened: nobody vouches for it.
    problems = problems or _metadata_problems(rim, into)
    if problems:
        contact = "" if rim.support is None else f" ({rim.support})"
        raise VerificationError(
            f"{rim.wheel_filename} is not the wheel that the .rim stands for: {problems[0]}",
            notes=[
                *problems[1:],
                f"asked: {', '.join(contacts.hosts)}",
                f"it is hosted by {rim.owner}{contact}",
            ],
            hint="do not use it",
        )


def _metadata_problems(rim: Rim, file: BinaryIO) -> list[str]:
    faults: list[str] = []
    _, files = read_dist_info(file, rim.wheel, faults)
    if faults:
        return [f"it {fault}" for fault in faults]
    problem = agrees(rim, files["METADATA"])
    return [] if problem is None else [problem]
