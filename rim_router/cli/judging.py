"""The verdicts on the files of a page, as pip comes to them: a ``.rim`` is opened, and its wheel judged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rim_router.cli.web import fetch_file
from rim_router.errors import RimRouterError
from rim_router.external import Judge
from rim_router.names import RIM_SUFFIX
from rim_router.rim import Rim, RimError, read
from rim_router.rim.archive import MAX_SIZE
from rim_router.urls import is_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rim_router.cli.contacts import Contacts
    from rim_router.cli.pages import IndexFile, IndexPage
    from rim_router.table import Index, RoutingTable
    from rim_router.verdict import Verdict


def judged(
    page: IndexPage, name: str | None, index: Index, table: RoutingTable, contacts: Contacts
) -> Iterator[tuple[IndexFile, Verdict]]:
    """Each file of a page with the verdict on it; that on a ``.rim`` is about the wheel it stands for.

    :param name: of the project, normalised; None if there is none in particular.
    """
    judge = Judge(name or "PROJECT", index, table.policy, table.pins, page.own)
    verdicts = []
    rims: dict[str, list[Rim]] = {}
    for file in page.files:
        verdict = judge.judge(file.url, file.filename, file.hashes)
        if verdict.allowed and file.filename.endswith(RIM_SUFFIX):
            verdict, rim = _opened(file, verdict, name, judge, contacts)
            if rim is not None:
                rims.setdefault(rim.wheel_filename, []).append(rim)
        verdicts.append(verdict)
    for file, verdict in zip(page.files, verdicts):
        beside = rims.get(file.filename, ()) if verdict.allowed else ()
        yield file, contacts.limited(_agreeing(verdict, beside, index))


def _opened(
    file: IndexFile, verdict: Verdict, name: str | None, judge: Judge, contacts: Contacts
) -> tuple[Verdict, Rim | None]:
    """The verdict on the wheel that a ``.rim`` stands for; on the ``.rim`` itself if it cannot be opened."""
    try:
        rim = read(_content(file, verdict, judge, contacts), file.filename)
        if name is not None and not judge.index.flat and rim.name != name:
            raise RimError(file.filename, [f"is of {rim.name}"])
    except RimError as error:
        return verdict.replaced(allowed=False, reason="; ".join(error.faults)), None
    except (RimRouterError, OSError) as error:
        reason = str(getattr(error, "message", None) or getattr(error, "strerror", None) or error)
        hint = getattr(error, "hint", None)
        return verdict.replaced(allowed=False, reason=f"it cannot be opened: {reason}", remedy=hint), None
    except ValueError:  # there is a lone surrogate in it, or in a path a NUL
        return verdict.replaced(allowed=False, reason="it cannot be opened: its URL cannot be used"), None
    found = judge.judge(rim.uri, rim.wheel_filename, rim.strong_hashes)
    return found.replaced(reason=f"stands for {found.url}: {found.reason}"), rim


def _content(file: IndexFile, verdict: Verdict, judge: Judge, contacts: Contacts) -> bytes:
    """The bytes of a ``.rim``, as far as they are needed.

    :raises RimError: if they are others than the index says.
    """
    if is_local(file.url):
        with Path(url2pathname(urlsplit(file.url).path)).open("rb") as stream:
            content = stream.read(MAX_SIZE + 1)
    else:
        content = fetch_file(contacts, judge.index, judge.own, file.url, strong=bool(verdict.digests))
    for algorithm, digest in verdict.digests.items():
        found = hashlib.new(algorithm, content).hexdigest()
        if found != digest and len(content) <= MAX_SIZE:
            raise RimError(file.filename, [f"its {algorithm} should be {digest}, and is {found}"])
    return content


def _agreeing(verdict: Verdict, rims: Iterable[Rim], index: Index) -> Verdict:
    """The verdict on a wheel beside each ``.rim`` that stands for it: it is used, and has to be the same."""
    known = {algorithm: (f"index {index.name}", digest) for algorithm, digest in verdict.digests.items()}
    for rim in rims:
        for algorithm, digest in rim.strong_hashes.items():
            said_by, said = known.setdefault(algorithm, (rim.filename, digest))
            if said != digest:
                reason = f"{said_by} says {algorithm} {said}, and {rim.filename} says {digest}"
                return verdict.replaced(allowed=False, contradiction=True, reason=reason)
    return verdict
