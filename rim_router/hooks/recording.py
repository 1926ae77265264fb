"""Records where each installed distribution came from, beside its metadata (PEP 710)."""

from __future__ import annotations

import csv
import io
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rim_router.errors import RefusedDistributionError
from rim_router.hooks.diagnostics import logger
from rim_router.hooks.references import strong_digests
from rim_router.hooks.tracking import digests_of, upload_time, url_of
from rim_router.rules import provenance
from rim_router.rules.contents import spelling
from rim_router.rules.digests import recorded, strong
from rim_router.rules.names import normalise
from rim_router.rules.provenance import DIRECT_URL, OWN, STANDARD, Provenance, recordable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rim_router.hooks.given import Given
    from rim_router.hooks.services import Services
    from rim_router.hooks.tracking import File
    from rim_router.rules.source import Source
    from rim_router.rules.table import Decision

_NEW = ".rim-router-new"
_NO_FILES = ("central", "command")
_REFERENCES = (provenance.REFERENCE, provenance.LOCK)
_OF_INDEXES = (provenance.INDEX, provenance.PIP)


class Recording:
    """Writes the records of one process, after pip has installed a wheel and written its RECORD.

    What the wheel itself brings under the names of these files is replaced or removed: it must not say where
    it came from.
    """

    def __init__(self, services: Services, given: Given) -> None:
        self._services = services
        self._given = given

    def write(self, req: Any, name: str, directory: str) -> None:
        """Record where a distribution came from, and list that in its RECORD.

        If that cannot be written there is a warning, and no record: ``rim-router audit`` then says so. The
        installation is complete without it.

        :param req: pip's requirement, which has been installed.
        :param name: of the project, normalised.
        :param directory: its ``.dist-info``.
        :raises PipRoutingError: if a record that the wheel brings cannot be taken away.
        """
        link = getattr(req, "rim_router_link", None) or req.original_link or req.link
        record = os.path.join(directory, "RECORD")  # noqa: PTH118 - for each distribution, and faster
        if link is None or not os.path.isfile(record):  # noqa: PTH113
            return
        by_name = req.original_link is None
        came = self._provenance(req, link, name)
        # A URL is recorded by pip itself; a wheel that was asked for by name has none.
        ours = {STANDARD, OWN, *([DIRECT_URL] if by_name else [])}
        info = os.path.basename(directory)  # noqa: PTH119
        try:
            rows = _without(record, ours)
            listed = provenance.listing(info, ((row[0], row[1]) for row in rows))
            documents = came.replaced(listed=listed).documents(by_name=by_name)
            # RECORD first: what is listed and missing does no harm, what is not listed would stay for ever.
            _put(record, _with(rows, info, documents))
            for each in ours - documents.keys():
                _remove(os.path.join(directory, each))  # noqa: PTH118
            for each, content in documents.items():
                _put(os.path.join(directory, each), content)  # noqa: PTH118
        except (OSError, ValueError, csv.Error) as error:
            self._give_up(name, directory, error)

    def _give_up(self, name: str, directory: str, error: Exception) -> None:
        left = [os.path.join(directory, each) for each in (STANDARD, OWN)]  # noqa: PTH118
        for each in left:
            with suppress(OSError):
                _remove(each)
        what = getattr(error, "strerror", None) or error
        why = f"where {name} came from cannot be recorded in {directory}: {what}"
        if any(map(os.path.isfile, left)):
            hint = f"remove {name}: what is there says where it came from, and rim-router did not write it"
            raise self._services.refusal(RefusedDistributionError(why, hint=hint)) from error
        logger.warning("%s; rim-router audit will not know it", why)

    def _provenance(self, req: Any, link: Any, name: str) -> Provenance:
        decision = self._services.table.route(name)
        file = self._services.tracker.find(link)
        way = _way(req, decision, file)
        url = url_of(link)
        if file is not None and file.came_from is not None and way not in _REFERENCES:
            url = file.came_from
        index, index_url = _index(name, link, way, file)
        source = decision.source
        return Provenance(
            way=way,
            url=recordable(url),
            hashes=self._hashes(req, link, way, file),
            index=index,
            index_url=index_url,
            pattern=None if decision.route is None else str(decision.route.pattern),
            layer=None if source is None else source.layer,
            file=None if source is None else _absolute(source),
            line=None if source is None else source.line,
            expected=way in _REFERENCES or bool(strong(digests_of(link)) or (file and file.digests)),
            uploaded=_uploaded(link, file) if way in _OF_INDEXES else None,
        )

    def _hashes(self, req: Any, link: Any, way: str, file: File | None) -> dict[str, str]:
        if way in _REFERENCES:
            is_users = not link.is_vcs and self._given.has(link, req)
            return strong_digests(link, req)[1] if is_users else {}
        known = _of_download(req)
        if file is not None:
            known = {**known, **file.found, **file.digests}
        return strong(known)


def _way(req: Any, decision: Decision, file: File | None) -> str:
    if req.original_link is not None:
        return provenance.REFERENCE
    if not decision.claimed:
        return provenance.PIP
    if file is not None and file.index is not None:
        return provenance.INDEX
    if file is not None and any(file.url in wheel.urls for wheel in decision.wheels):
        return provenance.WHEEL
    if file is not None and file.offered and file.hosts is None:
        return provenance.LINKS
    return provenance.LOCK


def _index(name: str, link: Any, way: str, file: File | None) -> tuple[str | None, str | None]:
    if file is not None and file.index is not None and way == provenance.INDEX:
        return file.index.name, recordable(file.index.url)
    page = str(link.comes_from or "")
    if way != provenance.PIP or "://" not in page:
        return None, None
    base, _, last = page.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")
    return "pip", recordable(base if normalise(last) == name else page)


def _uploaded(link: Any, file: File | None) -> datetime | None:
    """When an index says that a file was uploaded: it was asked for min-age, or pip itself knows."""
    if file is not None and file.verdict.uploaded is not None:
        return file.verdict.uploaded
    return upload_time(link)


def _absolute(source: Source) -> str:
    return source.file if source.layer in _NO_FILES else os.path.abspath(source.file)  # noqa: PTH100


def _of_download(req: Any) -> dict[str, str]:
    """The digests that pip has for what it downloaded, or for what a wheel of its cache was built from."""
    info = getattr(req, "download_info", None)
    if info is None:
        return {}
    archive = json.loads(info.to_json()).get("archive_info") or {}
    # Before pip 23.1 there was one of them.
    algorithm, _, digest = str(archive.get("hash") or "").partition("=")
    return {algorithm: digest, **(archive.get("hashes") or {})}


def _without(record: str, names: Iterable[str]) -> list[list[str]]:
    """The lines of a RECORD, each of path, digest and size, without those of some files beside it."""
    with open(record, encoding="utf-8", newline="") as stream:  # noqa: PTH123
        rows = [[*row, "", ""][:3] for row in csv.reader(stream) if row]
    directory = os.path.dirname(record)  # noqa: PTH120
    info = os.path.basename(directory)  # noqa: PTH119
    replaced = {spelling(f"{info}/{each}"): os.path.join(directory, each) for each in names}  # noqa: PTH118
    return [
        row
        for row in rows
        if (path := replaced.get(spelling(row[0]))) is None
        or not _is_one(os.path.join(os.path.dirname(directory), row[0]), path)  # noqa: PTH118, PTH120
    ]


def _with(rows: list[list[str]], info: str, documents: Mapping[str, bytes]) -> bytes:
    """A RECORD with the lines of some files, each by its name in a ``.dist-info`` directory."""
    added = [[f"{info}/{each}", recorded(content), str(len(content))] for each, content in documents.items()]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(sorted([*rows, *added]))
    return text.getvalue().encode("utf-8")


def _is_one(path: str, other: str) -> bool:
    """Whether two paths lead to one file: what only looks alike stays in RECORD, to be uninstalled."""
    if os.path.normpath(path) == os.path.normpath(other):
        return True
    with suppress(OSError, ValueError):  # the latter for a path that no file can have
        return os.path.samefile(path, other)  # noqa: PTH121
    return False


def _put(path: str, content: bytes) -> None:
    """Write a file, with no moment in which half of it is there; never through a link."""
    new = path + _NEW
    try:
        with open(new, "wb") as stream:  # noqa: PTH123
            stream.write(content)
        os.replace(new, path)  # noqa: PTH105
    except OSError:
        with suppress(OSError):
            os.unlink(new)  # noqa: PTH108
        raise


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
