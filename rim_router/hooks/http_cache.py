"""pip's HTTP cache: what is wrong in it is thrown away, and asked for again (reference: What is verified)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rim_router.hooks.diagnostics import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.hooks.transfer import Transfer

T = TypeVar("T")


def fresh_if_wrong(
    attempt: Callable[[Transfer], T],
    begin: Callable[[], Transfer],
    session: Any,
    what: str,
    failures: tuple[type[Exception], ...],
) -> T:
    """What one attempt to have a file gives; or a second one, if pip's cache is to blame for the first.

    Bytes that are wrong do not stay in the cache, wherever they came from.

    :param begin: makes the transfer of an attempt.
    :param session: pip's.
    :param what: is asked for, for messages.
    :param failures: what is raised where an attempt has failed.
    """
    transfer = begin()
    try:
        return attempt(transfer)
    except failures as failure:
        if not _forget(session, transfer):
            raise
        logger.warning("%s is wrong in pip's HTTP cache; asking for it again", what)
        logger.debug("What was in the cache: %s", failure)
    transfer = begin()
    try:
        return attempt(transfer)
    except failures:
        _forget(session, transfer)
        raise


def _forget(session: Any, transfer: Transfer) -> bool:
    """Throw away what the cache has of the answers of a transfer; returns whether one came from there."""
    answers = [each for last in transfer.answers for each in (*last.history, last)]
    for each in answers:
        adapter = session.get_adapter(each.url)
        if hasattr(adapter, "cache"):  # with --no-cache-dir it has none
            adapter.cache.delete(adapter.controller.cache_url(each.url))
    return any(getattr(each, "from_cache", False) for each in answers)
