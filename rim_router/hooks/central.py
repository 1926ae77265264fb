"""A routing table that lies on a server: fetched by pip's own session, and kept for when that is away."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.exceptions import PipError
from pip._internal.network.utils import HEADERS, response_chunks
from pip._internal.utils.urls import url_to_path
from pip._vendor.requests.exceptions import ConnectionError as NoConnection
from pip._vendor.requests.exceptions import RequestException, RetryError, SSLError, Timeout
from pip._vendor.urllib3.exceptions import HTTPError

from rim_router.config.document import read_toml
from rim_router.config.files import LayerFile, read_file
from rim_router.config.locate import kept_tables
from rim_router.errors import LocationError, RimRouterError
from rim_router.hooks.diagnostics import Announcer, logger
from rim_router.hooks.failures import no_answer, reason, remedy
from rim_router.hooks.transfer import content_length
from rim_router.hooks.transport import Transport
from rim_router.journal import Journal
from rim_router.rules.hosts import Hosts
from rim_router.rules.policy import Policy
from rim_router.rules.table import RoutingTable
from rim_router.rules.urls import Origin, is_local

if TYPE_CHECKING:
    from rim_router.rules.guards import Guarded

_MOST = 1 << 20  # bytes
_DAY = 24 * 60 * 60  # seconds
_VALIDATORS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
# What pip has kept of an earlier answer would do for pip, and is not to be taken for the table.
_ASK = {**HEADERS, "Cache-Control": "no-cache, no-store"}
_WHERE = "correct index-url in pip's configuration, PIP_INDEX_URL or --index-url"
_STATUS_HINTS = dict.fromkeys((401, 403), "are the credentials for it right?")
_AWAY = (NoConnection, Timeout, RetryError, HTTPError)


def fetch(session: Any, table: Guarded, *, keep: bool) -> LayerFile:
    """The table, from its server or from an earlier time.

    :param session: pip's.
    :param keep: whether a copy may be kept for another time.
    :raises LocationError: if it cannot be had, or is not what it should be.
    :raises TableError: if it is not TOML.
    """
    if is_local(table.url):
        path = Path(url_to_path(table.url))
        found = read_file(path)
        if found is None:
            raise LocationError(f"The routing table {table} does not exist", hint=_WHERE)
        return LayerFile("central", path, False, _checked(table, found[0]), str(table))
    directory = kept_tables() if keep else None
    copy = None if directory is None else _Copy(table, directory)
    content = None if copy is None or table.sha256 is None else copy.of(table.sha256)
    if content is None:
        content = _ask(session, table, copy)
    # The pips that this one starts read it here, where no other pip puts a newer one.
    snapshot = Path(tempfile.mkdtemp(prefix="rim-router-")) / "table.toml"
    atexit.register(shutil.rmtree, snapshot.parent, ignore_errors=True)
    snapshot.write_bytes(content)
    return LayerFile("central", snapshot, False, content, str(table))


class _Copy:
    """What is kept of a table: its bytes, and next to them their digest and what its server calls them.

    :ivar content: the bytes; None if there are none, or not those that were written.
    """

    def __init__(self, table: Guarded, place: Path) -> None:
        name = hashlib.sha256(table.url.encode()).hexdigest()[:32]
        self._path = place / f"{name}.toml"
        self._notes_path = place / f"{name}.json"
        self._notes: dict[str, Any] = {}
        self.content: bytes | None = None
        try:
            found, noted = read_file(self._path), read_file(self._notes_path)
            notes = json.loads(noted[0]) if noted is not None else None
        except (LocationError, ValueError):
            return  # as if there were none
        if found is None or noted is None or not (_is_own(found[1]) and _is_own(noted[1])):
            return
        if not isinstance(notes, dict):
            return
        if notes.get("sha256") == hashlib.sha256(found[0]).hexdigest():
            self._notes, self.content = notes, found[0]
            self._age = time.time() - found[1].st_mtime

    def of(self, sha256: str | None) -> bytes | None:
        """The bytes if they are of use.

        :param sha256: that the table must have; None for any.
        """
        return self.content if sha256 in (None, self._notes.get("sha256")) else None

    def conditions(self, sha256: str | None) -> dict[str, str]:
        """The headers by which a server answers that it has nothing newer.

        :param sha256: that the table must have; None for any.
        """
        if self.of(sha256) is None:
            return {}
        known = {header: self._notes.get(name) for name, header in _VALIDATORS.items()}
        return {
            header: value
            for header, value in known.items()
            if isinstance(value, str) and value.isascii() and value.isprintable()
        }

    def is_recent(self) -> bool:
        """Whether it was the server's answer less than a day ago."""
        return self.content is not None and 0 <= self._age < _DAY

    def confirm(self) -> None:
        """The server has said that it is what it has now."""
        os.utime(self._path)

    def write(self, content: bytes, headers: Any) -> None:
        """Keep the server's answer; where that cannot be done, the next pip asks again."""
        notes = {name: headers[name] for name in _VALIDATORS if name in headers}
        notes["sha256"] = hashlib.sha256(content).hexdigest()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _replace(self._path, content)
            _replace(self._notes_path, json.dumps(notes).encode())
        except OSError as error:
            logger.warning(
                "No copy of the routing table can be kept in %s: %s", self._path.parent, error.strerror
            )


def _is_own(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _replace(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise


class _Away(Exception):
    """The server does not answer, or not what it should: the copy will do."""


def _ask(session: Any, table: Guarded, copy: _Copy | None) -> bytes:
    def refused(message: str, **_: object) -> RimRouterError:
        return _unusable(table, message.replace("its page", "it"))

    nothing = RoutingTable([], Policy(), ())
    transport = Transport(nothing, Announcer(), Journal(), recording=False)
    hosts = Hosts(frozenset({Origin.of(table.url)}))
    view = transport.guard(session, hosts, "the routing table", page=True, refused=refused)
    try:
        conditions = {} if copy is None else copy.conditions(table.sha256)
        with view.get(table.url, headers={**_ASK, **conditions}, stream=True) as response:
            content = _read(response, table, conditional=bool(conditions))
    except RimRouterError:
        raise
    except (PipError, RequestException, HTTPError) as failure:
        # Newer pips have errors of their own for those of the libraries.
        cause = failure.__context__ if isinstance(failure, PipError) else failure
        if isinstance(cause, _AWAY) and not isinstance(cause, SSLError):
            return _stale(table, copy, f"its server {no_answer(failure) or reason(failure)}")
        raise _unusable(table, cause(failure) or reason(failure), remedy(failure) or _WHERE) from None
    except _Away as failure:
        return _stale(table, copy, str(failure))
    if content is None:
        assert copy is not None
        assert copy.content is not None
        copy.confirm()
        return _checked(table, copy.content)
    content = _checked(table, content)
    read_toml(content, str(table))
    if copy is not None:
        copy.write(content, response.headers)
    return content


def _read(response: Any, table: Guarded, *, conditional: bool) -> bytes | None:
    """The table in an answer; None if it is the copy."""
    status = response.status_code
    if status == HTTPStatus.NOT_MODIFIED and conditional:
        return None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _Away(f"its server answers {status}")
    if status != HTTPStatus.OK:
        raise _unusable(table, f"its server answers {status}", _STATUS_HINTS.get(status, _WHERE))
    content = b""
    for chunk in response_chunks(response):
        content += chunk
        if len(content) > _MOST:
            break
    if len(content) < (content_length(response) or 0) <= _MOST:
        raise _Away("its server's answer was cut off")
    return content


def _stale(table: Guarded, copy: _Copy | None, why: str) -> bytes:
    """The copy, if it is not too old: only where there is no answer, and not for any other answer."""
    content = copy.content if copy is not None and copy.is_recent() else None
    if content is None:
        raise _unusable(table, why, "try again, or ask whoever runs it")
    logger.warning("The routing table %s is used as it was earlier today: %s", table, why)
    return _checked(table, content)


def _checked(table: Guarded, content: bytes) -> bytes:
    if len(content) > _MOST:
        raise _unusable(table, f"it is larger than {_MOST:,} bytes")
    if not content.strip():
        raise _unusable(table, "it is empty")
    digest = hashlib.sha256(content).hexdigest()
    if table.sha256 not in (None, digest):
        raise _unusable(
            table,
            f"its sha256 is {digest} and should be {table.sha256}",
            "if this change is right, put the new digest into #sha256= of the index URL",
        )
    return content


def _unusable(table: Guarded, why: str, hint: str = _WHERE) -> LocationError:
    return LocationError(f"The routing table {table} cannot be used: {why}", hint=hint)
