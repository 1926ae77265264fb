"""What can go wrong with one request, or be unusual about its answer."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
from typing import TYPE_CHECKING, Any

from tests.support.servers import drop, login_page, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Behaviour, Exchange


def stall(exchange: Exchange) -> bool:
    """Accept a request and never answer; it ends when the client hangs up."""
    exchange.close_connection = True
    with contextlib.suppress(OSError):
        exchange.rfile.read(1)
    return True


def reset(exchange: Exchange) -> bool:
    """End the connection as a crash of the server does, which is no end of an answer."""
    linger = struct.pack("ii", 1, 0)
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.close_connection = True
    exchange.rfile.close()
    exchange.connection.close()
    return True


def cut(exchange: Exchange) -> bool:
    """Answer, and close the connection in the middle of the body."""
    usual = exchange.wfile.write

    def write(data: Any) -> int:
        if data.startswith(b"HTTP/"):
            return usual(data)
        exchange.close_connection = True
        return usual(data[: len(data) // 2])

    exchange.wfile.write = write  # type: ignore[method-assign]
    return False


def compressed(exchange: Exchange) -> bool:
    """Answer with a compressed body, where that is welcome."""
    if "gzip" not in exchange.headers.get("Accept-Encoding", ""):
        return False
    return with_headers({"Content-Encoding": "gzip"})(exchange) or _otherwise(gzip.compress)(exchange)


def _otherwise(change: Callable[[bytes], bytes]) -> Behaviour:
    """Answer with another body."""

    def act(exchange: Exchange) -> bool:
        usual = exchange.reply

        def reply(code: int, body: bytes | str = b"", *args: Any, **headers: str) -> None:
            vars(exchange).pop("reply", None)  # the next request of this connection is another one
            usual(code, change(body.encode() if isinstance(body, str) else body), *args, **headers)

        exchange.reply = reply  # type: ignore[method-assign, assignment]
        return False

    return act


def moved(code: int) -> Behaviour:
    """Redirect to the same server, where all is as usual."""

    def act(exchange: Exchange) -> bool:
        if "?" in exchange.path:
            return False
        exchange.reply(code, Location=f"{exchange.path}?moved")
        return True

    return act


def with_headers(headers: dict[str, str]) -> Behaviour:
    """Answer with further headers."""

    def act(exchange: Exchange) -> bool:
        usual = exchange.end_headers

        def end_headers() -> None:
            vars(exchange).pop("end_headers", None)
            for name, text in headers.items():
                exchange.send_header(name, text)
            usual()

        exchange.end_headers = end_headers  # type: ignore[method-assign]
        return False

    return act


def once(behaviour: Behaviour) -> Behaviour:
    """Misbehave for the first request only."""
    first = iter([behaviour])

    def act(exchange: Exchange) -> bool:
        found = next(first, None)
        return found is not None and found(exchange)

    return act


FAULTS: dict[str, Behaviour] = {
    "401": status(401),
    "403": status(403),
    "404": status(404),
    "503": status(503),
    "closed": drop,
    "cut": cut,
    "login page": login_page,
    "moved for good": moved(301),
    "moved": moved(302),
    "reset": reset,
    "stall": stall,
    "wrong digest": _otherwise(lambda body: body[:-1] + bytes([body[-1] ^ 1])),
    "wrong length": _otherwise(lambda body: body + b"\n"),
}
#: After these pip asks again by itself. What fails otherwise when it is asked for early, and only then, is
#: asked for again, too: what is gained by that is no difference that anybody has to know of.
RETRIED = ("503", "closed", "reset", "stall")
