"""The external files among what pip would install, with their digests and sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from rim_router.cli.contacts import Contacts
from rim_router.cli.download import Unavailable, trust
from rim_router.cli.pin_store import PinError
from rim_router.cli.rendering import tell
from rim_router.config.pinfile import parse_filename
from rim_router.hosts import Hosts
from rim_router.table import Kind
from rim_router.urls import LOCAL, Origin, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from ssl import SSLContext

    from rim_router.cli.download import Downloader
    from rim_router.cli.pin_pip import Item, Resolution, Seen
    from rim_router.table import Decision, Index, RoutingTable

_CERTIFICATE = "for a private authority, set PIP_CERT to its certificate"


@dataclass(frozen=True)
class ExternalFile:
    """A file on another origin than its index.

    :param name: of the project, normalised.
    :param version: normalised.
    :param url: without credentials, query and fragment.
    :param address: where it is downloaded: the same with its query, which may be a secret.
    :param digests: strong algorithms to hexadecimal digests.
    :param size: None if it is not known.
    :param origin: who says that it has these digests.
    """

    name: str
    version: str
    filename: str
    url: str
    address: str
    digests: Mapping[str, str]
    size: int | None
    origin: str

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, and not a source distribution."""
        return self.filename.endswith(".whl")


def external_files(resolution: Resolution, table: RoutingTable) -> Iterator[ExternalFile]:
    """The external files of a resolution, with what pip knows of them.

    :raises PinError: if one cannot be told from the others.
    """
    for item in resolution.items:
        decision = table.route(item.name)
        if item.is_file and _is_external(item.url, decision):
            file = _external_file(item, decision)
            if file is not None:
                yield _with_seen(file, resolution.seen)


def _is_external(url: str, decision: Decision) -> bool:
    if decision.target.kind is not Kind.INDEXES or any(url in wheel.urls for wheel in decision.wheels):
        return False  # pip's own business, or pinned by the table itself
    try:
        origin = Origin.of(url)
    except ValueError:
        raise PinError(f"the URL of a file of {decision.name} cannot be read: {redact(url)}") from None
    return origin != LOCAL and (origin not in decision.origins or bool(_linking(origin, decision)))


def _linking(origin: Origin, decision: Decision) -> tuple[Index, ...]:
    """The indexes that may link to an external file there; pip does not say which of them has.

    That the origin is another index's own makes no difference to them.
    """
    if origin.scheme != "https":
        return ()
    return tuple(
        index for index in decision.indexes if origin not in index.own_origins and index.lists_host(origin)
    )


def _hosts(file: ExternalFile, decision: Decision) -> Hosts:
    """Those that may be asked for a file; what is not the own of each index it may be from is nobody's."""
    indexes = _linking(Origin.of(file.address), decision) or decision.indexes
    own = [index.own_origins for index in indexes]
    return Hosts(own[0].intersection(*own), indexes)


def _external_file(item: Item, decision: Decision) -> ExternalFile | None:
    parts = urlsplit(item.url)
    filename = unquote(parts.path.rpartition("/")[2])
    try:
        name, version = parse_filename(filename)
    except ValueError:
        name = None
    if name != item.name:
        tell(
            f"WARNING: {redact(item.url)} is not pinned: its file name is not that of a wheel or a source "
            f"distribution of {item.name}"
        )
        return None
    netloc = parts.netloc.rpartition("@")[2]
    if parts.query:
        tell(f"WARNING: the URL of {filename} is recorded without its query, which may be a secret")
    names = ", ".join(index.name for index in decision.indexes)
    return ExternalFile(
        item.name,
        version,
        filename,
        urlunsplit((parts.scheme, netloc, parts.path, "", "")),
        urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")),
        item.hashes,
        None,
        f"as index {names} gives it",
    )


def _with_seen(file: ExternalFile, seen: Iterable[Seen]) -> ExternalFile:
    """The same file with what pip has found when it downloaded it, if it has."""
    for each in seen:
        same = each.url == redact(file.address) or bool(_common(each.digests, file.digests))
        if each.filename == file.filename and same and not _contradicted(each.digests, file.digests):
            digests = {**each.digests, **file.digests}
            return replace(file, digests=digests, size=each.size, origin=f"as pip has got it from {each.url}")
    return file


def _common(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return set(one) & set(other)


def _contradicted(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    return next((name for name in sorted(_common(one, other)) if one[name] != other[name]), None)


class Completer:
    """Finds out what pip does not know of a file: its sha256 from its bytes, its size from its server.

    :param table: says which redirects may be followed, and with which pins a file is to be compared.
    :param cert: certificates to trust; None is what pip was told to.
    """

    def __init__(self, table: RoutingTable, cert: str | None) -> None:
        self._contacts = Contacts(table.policy)
        self.hosts = self._contacts.hosts
        self._table = table
        self._cert = cert
        self._context: SSLContext | None = None

    def complete(self, file: ExternalFile) -> ExternalFile:
        """The same file with its sha256, and with its size if that can be had.

        :raises PinError: if it cannot be downloaded, or is not what its index says.
        :raises RefusedHostError: if its host, or one that it redirects to, may not be asked.
        """
        wanted = self._wanted(file)
        if not wanted:
            return file if file.size is not None else replace(file, size=self._size(file))
        asked = len(self.hosts)
        tell(f"Downloading {file.filename} for its digest")
        try:
            digests, size = self._downloader(file).fetch(file.address, sorted(wanted), label=file.filename)
        except Unavailable as error:
            raise PinError(
                f"{file.filename} could not be downloaded from {redact(file.address)}: {error}",
                notes=[f"asked: {', '.join(self.hosts[asked:])}"] if self.hosts[asked:] else [],
                hint=_CERTIFICATE if error.untrusted else None,
            ) from None
        origin = f"as {redact(file.address)} serves it"
        wrong = _contradicted(digests, file.digests)
        if wrong is not None:
            raise PinError(
                f"{file.filename} is not what its index says",
                notes=[f"{wrong} {file.digests[wrong]} {file.origin}", f"{wrong} {digests[wrong]} {origin}"],
                hint="do not use it",
            )
        url, known = redact(file.address), dict(file.digests)
        self._contacts.journal.write(
            "verified", file=file.filename, url=url, size=size, digests=digests, required=known
        )
        return replace(file, digests={**known, **digests}, size=size, origin=origin)

    def _wanted(self, file: ExternalFile) -> set[str]:
        """The algorithms of which a digest has to be computed."""
        pin = self._table.pins.get(file.filename)
        comparable = pin is None or bool(_common(pin.digests, file.digests))
        if "sha256" in file.digests and comparable:
            return set()
        return {"sha256", *file.digests, *(() if pin is None else pin.digests)}

    def _size(self, file: ExternalFile) -> int | None:
        pin = self._table.pins.get(file.filename)
        if pin is not None and pin.size is not None:
            return None  # it is not needed: either it is the same file, or this is an error
        try:
            return self._downloader(file).size_of(file.address)
        except Unavailable:
            return None  # it is recorded where it is known

    def _downloader(self, file: ExternalFile) -> Downloader:
        """One that goes only where links to a file may lead too, unless its digest is known before."""
        if self._context is None:
            try:
                self._context = trust(self._cert)
            except OSError as error:
                raise PinError(str(error.strerror)) from None
        hosts = _hosts(file, self._table.route(file.name))
        return self._contacts.downloader(self._context, hosts, listed=not file.digests)
