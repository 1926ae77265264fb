"""One download as its bytes pass: hashed, counted, and resumed where it breaks off."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from pip._vendor.requests.exceptions import RequestException
from pip._vendor.urllib3.exceptions import HTTPError

from rim_router.hooks.diagnostics import logger
from rim_router.rules.urls import redact, scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

_ATTEMPTS = 5
_RANGE = r"bytes (\d+)-\d+/(?:\d+|\*)"


class BrokenOffError(Exception):
    """A download broke off, and cannot be resumed; the reason is redacted."""


def content_length(response: Any) -> int | None:
    """How many bytes a server says its answer has; None if it does not say."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


class Transfer:
    """What has come of a file so far.

    :param algorithms: the digests that are wanted.
    :param size: that the file must have, in bytes; None for any.
    :ivar answers: the responses whose bodies it has followed.
    """

    def __init__(self, algorithms: Iterable[str], size: int | None) -> None:
        self._hashes = {name: hashlib.new(name) for name in {"sha256", *algorithms}}
        self._expected = size
        self.size = 0
        self.complete = False
        self.answers: list[Any] = []

    @property
    def digests(self) -> dict[str, str]:
        """The digests of what has come."""
        return {name: found.hexdigest() for name, found in sorted(self._hashes.items())}

    def whole(self, data: bytes) -> bytes:
        """Take note of a file that has come in one piece; returns its bytes."""
        self._take(data)
        self.complete = True
        return data

    def attach(self, response: Any, resume: Callable[[dict[str, str]], Any]) -> None:
        """Follow the body of a response, whoever reads it.

        :param resume: asks again, with further headers.
        """
        self.answers.append(response)
        stream = response.raw.stream
        expected = content_length(response)

        def followed(amount: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
            try:
                yield from whole(stream(amount, decode_content=decode_content), amount, decode_content)
            finally:
                vars(response.raw).pop("stream", None)  # or the response would refer to itself

        def whole(chunks: Iterator[bytes], amount: int, decode_content: bool | None) -> Iterator[bytes]:
            for _ in range(_ATTEMPTS + 1):
                failure = yield from self._follow(chunks)
                if failure is None and (expected is None or self.size >= expected):
                    self.complete = True
                    return
                failure = failure or "the connection was closed"
                of = "" if expected is None else f" of {expected:,}"
                said = f"it broke off after {self.size:,}{of} bytes: {failure}"
                if getattr(response, "from_cache", False):  # pip's, which would give the same again
                    raise BrokenOffError(said)
                again = self._resumed(response, resume, said)
                logger.warning("%s: %s; resuming", redact(response.url), said)
                chunks = again.raw.stream(amount, decode_content=decode_content)
            raise BrokenOffError(said)

        response.raw.stream = followed

    def _follow(self, chunks: Iterator[bytes]) -> Generator[bytes, None, str | None]:
        try:
            for chunk in chunks:
                self._take(chunk)
                if self._expected is not None and self.size > self._expected:
                    raise BrokenOffError(f"it has more than {self._expected:,} bytes")
                yield chunk
        except (HTTPError, OSError) as error:
            # What a consumer raises does not come here: it ends the generator.
            return scrub(str(error)) or type(error).__name__
        return None

    def _take(self, chunk: bytes) -> None:
        for each in self._hashes.values():
            each.update(chunk)
        self.size += len(chunk)

    def _resumed(self, response: Any, resume: Callable[[dict[str, str]], Any], said: str) -> Any:
        """The rest of the body.

        :raises BrokenOffError: if the server does not give it.
        """
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={self.size}-"}
        tag = response.headers.get("ETag", "")
        if tag and not tag.startswith("W/"):
            headers["If-Range"] = tag
        elif response.headers.get("Last-Modified"):
            headers["If-Range"] = response.headers["Last-Modified"]
        try:
            again = resume(headers)
        except (RequestException, HTTPError) as error:
            raise BrokenOffError(f"{said}; then: {scrub(str(error))}") from error
        found = re.fullmatch(_RANGE, again.headers.get("Content-Range", ""))
        if again.status_code != 206 or found is None or int(found[1]) != self.size:
            raise BrokenOffError(f"{said}, and the server does not resume")
        return again
