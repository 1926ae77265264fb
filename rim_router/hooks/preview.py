"""The request that pip is going to send, made by pip's own functions or like the one before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rim_router.hooks.entries import PLAIN_URL
from rim_router.hooks.lookalike import lookalike
from rim_router.rules.urls import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A request, and the options of the adapter that sends it.
Sent = tuple[Any, dict[str, Any]]


class Previews:
    """The requests of one process. One that has no credentials is like the next one to the same host."""

    def __init__(self) -> None:
        self._usual: dict[object, Sent] = {}
        self._is_plain = re.compile(f"{PLAIN_URL}/?").fullmatch

    def of(self, session: Any, url: str, stream: bool, send: Callable[[Any], object]) -> Sent | None:
        """What pip is going to send; None if it would send nothing.

        :param session: pip's, or one like it.
        :param url: of the page or file.
        :param stream: whether it is a file.
        :param send: does with a session what pip is going to do.
        """
        is_plain = self._is_plain(url) is not None
        key = (Origin.of(url), stream, *(session.auth.index_urls or [])[-1:]) if is_plain else None
        usual = self._usual.get(key)
        if usual is not None:
            request = usual[0].copy()
            request.prepare_url(url, None)
            return request, usual[1]
        found = _looked_at(session, send)
        if found is not None and Origin.of(found[0].url) != Origin.of(url):
            return None  # to another host than has been judged
        if found is not None and found[0].url == url and is_plain and _is_for_any(found[0].headers):
            self._usual[key] = found
        return found


def _is_for_any(headers: Mapping[str, str]) -> bool:
    """Whether nothing in them may be right for one URL of a host and wrong for another."""
    return "Authorization" not in headers and "Cookie" not in headers


class _SentError(Exception):
    """Ends a request of pip's that was made to be looked at."""


class _Looking:
    """Takes a request in the place of an adapter."""

    found: Sent | None = None

    def send(self, request: Any, **options: Any) -> None:
        """Keep it, with the options of the adapter."""
        self.found = (request, options)
        raise _SentError


def _looked_at(session: Any, send: Callable[[Any], object]) -> Sent | None:
    """The request that something sends by a session.

    Only credentials that pip has without asking anybody are in it, and nothing is noted in pip's own session.
    """
    looking = _Looking()
    view = lookalike(session)
    view.auth = lookalike(session.auth)
    view.auth.passwords = dict(session.auth.passwords)
    view.cookies = session.cookies.copy()
    view.get_adapter = lambda url: looking
    try:
        send(view)
    except _SentError:
        return looking.found
    return None
