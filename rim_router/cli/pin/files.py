"""The external files among what pip would install, with their digests and sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from rim_router.cli.ask import ask
from rim_router.cli.pin.resolve import PINNING
from rim_router.cli.pin.store import PinError
from rim_router.cli.rendering import tell
from rim_router.config.pinfile import parse_filename
from rim_router.rules.hosts import linking
from rim_router.rules.table import Kind
from rim_router.rules.urls import LOCAL, Origin, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rim_router.cli.pin.resolve import Item, Resolution, Seen
    from rim_router.config import LayerFile
    from rim_router.rules.table import Decision, RoutingTable


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
    def said(self) -> str:
        """Who gives its digests."""
        return self.origin.removeprefix("as ").removesuffix(" gives it")

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
    return origin != LOCAL and (origin not in decision.origins or bool(linking(origin, decision)))


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


def complete(
    files: Sequence[ExternalFile], table: RoutingTable, layers: Sequence[LayerFile], options: Sequence[str]
) -> tuple[list[ExternalFile], list[str]]:
    """Have pip find out what is not known of some files: a sha256 from the bytes, a size from the server.

    Nothing comes from pip's cache: what is recorded is what the servers have.

    :param table: says with which pins the files are to be compared.
    :param options: of ``pip install``.
    :returns: the files with their sha256, and with their size if that can be had; and the hosts asked.
    :raises PinError: if one cannot be downloaded, or is not what its index says.
    """
    questions = [_question(file, table) for file in files]
    asked = [each for each in questions if each is not None]
    for question in asked:
        if Origin.of(question["url"]).scheme != "https":
            raise PinError(f"{question['filename']} cannot be pinned: its URL is not https")
        if question["ask"] == "file":
            tell(f"Downloading {question['filename']} for its digest")
    options = ["--no-cache-dir", *options]
    answers = ask(layers, asked, options, {PINNING: "1"}, need_all=True) if asked else []
    given = iter(answers)
    completed = [
        file if question is None else _answered(file, next(given)) for file, question in zip(files, questions)
    ]
    return completed, [host for each in answers for host in each["hosts"]]


def _question(file: ExternalFile, table: RoutingTable) -> dict[str, Any] | None:
    """What is to be asked about a file; None if enough is known of it."""
    pin = table.pins.get(file.filename)
    question = {
        "project": file.name,
        "filename": file.filename,
        "url": file.address,
        # Without a digest that is known before it goes only where a link to it may lead too.
        "strong": bool(file.digests),
        "named": None,
    }
    comparable = pin is None or bool(_common(pin.digests, file.digests))
    if "sha256" in file.digests and comparable:
        # With a pin the size is not needed: either it is the same file, or this is an error.
        known = file.size is not None or (pin is not None and pin.size is not None)
        return None if known else {"ask": "size", **question}
    return {
        "ask": "file",
        **question,
        "algorithms": sorted({"sha256", *(() if pin is None else pin.digests)}),
        "digests": dict(file.digests),
        "size": None,
        "said": file.said,
        "into": None,
    }


def _answered(file: ExternalFile, answer: Mapping[str, Any]) -> ExternalFile:
    error = answer.get("error")
    if error is not None:
        where = f"{file.filename} could not be downloaded from {redact(file.address)}: "
        raise PinError(
            error["message"] if error["refused"] else where + error["message"],
            notes=[*error["notes"], *([f"asked: {', '.join(answer['hosts'])}"] if answer["hosts"] else [])],
            hint=error["hint"],
        )
    if answer.get("wrong"):
        raise PinError(
            f"{file.filename} is not what its index says", notes=answer["wrong"], hint="do not use it"
        )
    if "digests" not in answer:
        return replace(file, size=answer["size"])
    origin = f"as {redact(file.address)} serves it"
    return replace(file, digests={**file.digests, **answer["digests"]}, size=answer["size"], origin=origin)
