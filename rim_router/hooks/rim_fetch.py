"""Fetches ``.rim`` files: small, and from one place after the other as the wheels they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.network.utils import HEADERS, raise_for_status, response_chunks
from pip._internal.utils.urls import url_to_path

from rim_router.errors import DownloadError
from rim_router.hooks.downloads import from_some_place
from rim_router.hooks.failures import FAILURES
from rim_router.hooks.http_cache import fresh_if_wrong
from rim_router.hooks.transfer import Transfer
from rim_router.rules.urls import is_local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.hooks.downloads import Failures
    from rim_router.hooks.services import Services
    from rim_router.hooks.tracking import File


def fetch(file: File, session: Any, services: Services) -> bytes:
    """The bytes of a ``.rim``, verified, from the first place that has them; of one too large, a part.

    :raises DownloadError: if no place has them; another version would be no answer to that.
    """

    def failed(failures: Failures) -> DownloadError:
        notes = [f"{url}: {why}" for url, why, _ in failures]
        return DownloadError(f"{file.filename} could not be fetched", notes=notes)

    kinds = (*FAILURES, OSError)
    return from_some_place(
        file, services, lambda url: _fetch_from(url, file, session, services), kinds, failed
    )


def _fetch_from(url: str, file: File, session: Any, services: Services) -> bytes:
    from rim_router.rim.archive import MAX_SIZE

    def attempt(transfer: Transfer) -> bytes:
        if is_local(url):
            with Path(url_to_path(url)).open("rb") as stream:
                data = transfer.whole(stream.read(MAX_SIZE + 1))
        else:
            data = b"".join(_received(url, file, session, services, transfer, MAX_SIZE))
        if transfer.size <= MAX_SIZE:  # what is too large is refused when it is read
            services.verify(file, url, transfer)
        return data

    return fresh_if_wrong(attempt, lambda: Transfer(file.digests, None), session, file.filename, FAILURES)


def _received(
    url: str, file: File, session: Any, services: Services, transfer: Transfer, enough: int
) -> Iterator[bytes]:
    assert file.hosts is not None
    view = services.guard(session, file, file.hosts)
    response = view.get(url, headers=HEADERS, stream=True)
    raise_for_status(response)
    transfer.attach(response, lambda headers: view.get(url, headers=headers, stream=True))
    for chunk in response_chunks(response):
        yield chunk
        if transfer.size > enough:
            return
