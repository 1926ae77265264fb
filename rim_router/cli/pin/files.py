"""The files that need a pin among what pip would install, with their digests and sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from rim_router.cli.ask import ask
from rim_router.cli.pin.resolve import PINNING
from rim_router.cli.pin.store import PinError
from rim_router.cli.rendering import tell
from rim_router.config.pinfile import parse_filename
from rim_router.rules.age import age_for
from rim_router.rules.hosts import is_upgrade, linking
from rim_router.rules.table import Kind
from rim_router.rules.urls import LOCAL, Origin, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rim_router.cli.pin.resolve import Item, Resolution, Seen
    from rim_router.config import LayerFile
    from rim_router.rules.table import Decision, RoutingTable


@dataclass(frozen=True)
class FileToPin:
    """A file that needs a digest of the user's own, or may need one.

    :param name: of the project, normalised.
    :param version: normalised.
    :param url: without credentials, query and fragment.
    :param address: where it is downloaded: the same with its query, which may be a secret, and with the
        credentials of its index.
    :param digests: strong algorithms to hexadecimal digests.
    :param size: None if it is not known.
    :param origin: who says that it has these digests.
    :param own: whether it is on the origin of its index, which then need not be asked by https.
    :param if_elsewhere: whether it needs one only if its index turns out to redirect to another host.
    """

    name: str
    version: str
    filename: str
    url: str
    address: str
    digests: Mapping[str, str]
    size: int | None
    origin: str
    own: bool = False
    if_elsewhere: bool = False

    @property
    def said(self) -> str:
        """Who gives its digests."""
        return self.origin.removeprefix("as ").removesuffix(" gives it")

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, and not a source distribution."""
        return self.filename.endswith(".whl")


def files_to_pin(resolution: Resolution, table: RoutingTable) -> Iterator[FileToPin]:
    """The files of a resolution that need a pin, or may need one, with what pip knows of them.

    Those are external files, and files of an index's own for which it gives no digest where one is needed
    (reference: Pins): because every file must have one, or because the index redirects to another host. What
    a URL names needs one of the user's own also where a hash beside that URL may be a stranger's.

    :raises PinError: if one cannot be told from the others.
    """
    for item in resolution.items:
        decision = table.route(item.name)
        if not item.is_file or not _is_remote(item.url, decision):
            continue
        file = _file_to_pin(item, decision)
        if file is None:
            continue
        seen = _seen(file, resolution.seen)
        known = file if seen is None else _with(file, seen)
        pin = table.pins.get(file.filename)
        is_named = item.is_direct and _needs_word(decision, table)
        if not file.own or is_named or (pin is not None and "wheel" not in pin.source.key):
            yield known
        elif not (file.digests if seen is None else seen.required):
            needed = table.policy.require_hashes == "all"
            if seen is None or needed or _leads_elsewhere(file, decision, resolution.redirects):
                # It has to be asked for where pip has not told, with the metadata alone, what it would use.
                yield replace(known, if_elsewhere=seen is None and not needed)


def _needs_word(decision: Decision, table: RoutingTable) -> bool:
    """Whether what a URL names has to have a hash of the user's own, even on the index's own host."""
    ages = (age_for(decision, index, table.policy) for index in decision.indexes)
    return table.policy.require_hashes == "all" or any(age is not None for age in ages)


def _is_remote(url: str, decision: Decision) -> bool:
    """Whether it depends on a table's index what a file is; not if that is pip's own business."""
    if decision.target.kind is not Kind.INDEXES or any(url in wheel.urls for wheel in decision.wheels):
        return False  # pip's own business, or pinned by the table itself
    try:
        return Origin.of(url) != LOCAL
    except ValueError:
        raise PinError(f"the URL of a file of {decision.name} cannot be read: {redact(url)}") from None


def _is_own(origin: Origin, decision: Decision) -> bool:
    own = any(origin == each or is_upgrade(each, origin) for each in decision.origins)
    return own and not linking(origin, decision)


def _leads_elsewhere(file: FileToPin, decision: Decision, redirects: Mapping[str, str]) -> bool:
    """Whether pip was redirected to another host than the index's for a file."""
    place = redact(file.url)
    for _ in redirects:
        if place not in redirects:
            break
        place = redirects[place]
        if not _is_own(Origin.of(place), decision):
            return True
    return False


def _file_to_pin(item: Item, decision: Decision) -> FileToPin | None:
    parts = urlsplit(item.url)
    filename = unquote(parts.path.rpartition("/")[2])
    own = _is_own(Origin.of(item.url), decision)
    try:
        name, version = parse_filename(filename)
    except ValueError:
        name = None
    if name != item.name:
        if not own:
            why = "its file name is not that of a wheel or a source distribution of"
            tell(f"WARNING: {redact(item.url)} is not pinned: {why} {item.name}")
        return None
    netloc = parts.netloc.rpartition("@")[2]
    if parts.query:
        tell(f"WARNING: the URL of {filename} is recorded without its query, which may be a secret")
    names = ", ".join(index.name for index in decision.indexes)
    user = _credentials(netloc, decision) if own else ""
    return FileToPin(
        item.name,
        version,
        filename,
        urlunsplit((parts.scheme, netloc, parts.path, "", "")),
        urlunsplit((parts.scheme, f"{user}{netloc}", parts.path, parts.query, "")),
        item.hashes,
        None,
        f"as index {names} gives it",
        own,
    )


def _credentials(netloc: str, decision: Decision) -> str:
    """The user name and password in the URL of the index on a host, as they stand in front of the host."""
    for url in (url for index in decision.indexes for url in index.urls):
        user, at, host = urlsplit(url).netloc.rpartition("@")
        if at and host == netloc:
            return user + at
    return ""


def _seen(file: FileToPin, seen: Iterable[Seen]) -> Seen | None:
    """What pip has found when it downloaded a file, if it has."""
    for each in seen:
        same = each.url == redact(file.address) or bool(_common(each.digests, file.digests))
        if each.filename == file.filename and same and not _contradicted(each.digests, file.digests):
            return each
    return None


def _with(file: FileToPin, seen: Seen) -> FileToPin:
    digests = {**seen.digests, **file.digests}
    return replace(file, digests=digests, size=seen.size, origin=f"as pip has got it from {seen.url}")


def _common(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return set(one) & set(other)


def _contradicted(one: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    return next((name for name in sorted(_common(one, other)) if one[name] != other[name]), None)


def complete(
    files: Sequence[FileToPin], table: RoutingTable, layers: Sequence[LayerFile], options: Sequence[str]
) -> tuple[list[FileToPin], list[str]]:
    """Have pip find out what is not known of some files: a digest from the bytes, a size from the server.

    Nothing comes from pip's cache: what is recorded is what the servers have.

    :param table: says with which pins the files are to be compared.
    :param options: of ``pip install``.
    :returns: the files that need a pin, with a strong digest, and with their size if that can be had; and the
        hosts asked.
    :raises PinError: if one cannot be downloaded, or is not what its index says.
    """
    questions = [_question(file, table) for file in files]
    for file, question in zip(files, questions):
        if not file.own and Origin.of(file.address).scheme != "https":
            raise PinError(f"{file.filename} cannot be pinned: its URL is not https")
        if question is not None and question["ask"] == "file" and not file.if_elsewhere:
            tell(f"Downloading {file.filename} for its digest")
    asked = [each for each in questions if each is not None]
    options = ["--no-cache-dir", *options]
    answers = ask(layers, asked, options, {PINNING: "1"}, need_all=True) if asked else []
    given = iter(answers)
    completed = [
        file if question is None else _answered(file, next(given)) for file, question in zip(files, questions)
    ]
    needed = [file for file in completed if file.digests]
    return needed, [host for each in answers for host in each["hosts"]]


def _question(file: FileToPin, table: RoutingTable) -> dict[str, Any] | None:
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
    if file.digests and comparable:
        same = pin is not None and pin.size is not None and pin.contradiction(file.digests) is None
        known = file.size is not None or same
        return None if known else {"ask": "size", **question}
    return {
        "ask": "file",
        **question,
        "algorithms": sorted({"sha256", *(() if pin is None else pin.digests)}),
        "digests": dict(file.digests),
        "if_elsewhere": file.if_elsewhere,
        "size": None,
        "said": file.said,
        "into": None,
    }


def _answered(file: FileToPin, answer: Mapping[str, Any]) -> FileToPin:
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
    if answer["digests"] is None:
        return file  # the index itself has it: it needs no digest
    origin = f"as {redact(file.address)} serves it"
    return replace(file, digests={**file.digests, **answer["digests"]}, size=answer["size"], origin=origin)
