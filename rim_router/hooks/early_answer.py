"""One request that was sent early, and what came of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from pip._vendor.urllib3.response import HTTPResponse

from rim_router.rules.urls import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

# Options of an adapter that change what is answered.
_SAME = ("verify", "cert", "proxies", "timeout")


class Answer:
    """One request, and what came of it.

    :param adapter: sends it.
    :param options: of the adapter.
    :param stream: whether pip reads the body as it comes, and not as a whole.
    :param then: what is done with an answer of status 200 before pip has it.
    :ivar response: None as long as there is none, and if pip has to ask by itself.
    :ivar body: what has come after its headers, not decoded.
    :ivar size: of that, as long as it is held.
    :ivar left: whether it is left to pip with nothing wrong with it.
    """

    __slots__ = (
        "adapter", "body", "done", "headers", "left", "options", "request", "response", "server", "size",
        "stream", "then", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        adapter: Any,
        request: Any,
        options: dict[str, Any],
        stream: bool,
        then: Callable[[Any], None] | None,
    ) -> None:
        self.adapter = adapter
        self.request = request
        self.options = options
        self.stream = stream
        self.then = then
        # As pip is going to send it: the adapter may add to the request itself.
        self.headers = dict(request.headers)
        self.server = (Origin.of(request.url), stream)
        self.response: Any = None
        self.body: Any = None
        self.size = 0
        self.done, self.left, self.wanted = False, False, True

    def is_for(self, request: Any, options: dict[str, Any]) -> bool:
        """Whether it is the answer to this request, too."""
        return (
            request.method == "GET"
            and request.body is None
            and self.headers == dict(request.headers)
            and all(self.options.get(name) == options.get(name) for name in _SAME)
        )

    def open(self) -> None:
        """Make of it what pip's adapter would have given, once."""
        body, self.body = self.body, None
        if self.response is None or body is None:
            return
        raw = self.response.raw
        self.response.raw = HTTPResponse(
            body=body, headers=raw.headers, status=raw.status, reason=raw.reason, version=raw.version,
            preload_content=False, original_response=getattr(raw, "_original_response", None),
        )  # fmt: skip
        if not self.stream:
            try:
                content = self.response.raw.read(decode_content=True)
            except Exception:  # it cannot be decoded, which pip will find out, too
                self.response = None
                return
            self.response._content, self.response._content_consumed = content, True
            body.close()

    def follow(self) -> None:
        """Do what is done with an answer, once."""
        self.open()
        then, self.then = self.then, None
        if then is not None and self.response is not None and self.response.status_code == 200:
            with contextlib.suppress(Exception):  # of a page that cannot be read, which pip will say
                then(self.response)
