"""Downloads files that are hosted elsewhere, and counts and hashes their bytes (spec 5.1, 5.7 and 5.8)."""

from __future__ import annotations

import hashlib
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Optional
from urllib.parse import urlsplit

from rim_router import __version__
from rim_router.libraries import library
from rim_router.terminal import visible
from rim_router.urls import Origin, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from http.client import HTTPMessage

TIMEOUT = 30  # seconds without a sign of life
LARGEST = 64 * 1024**3  # bytes of a file of which nobody says how large it is
_CHUNK = 1024 * 1024
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE")
_BAR = 20

# Why a redirect from one URL to another is not to be followed, as a relative clause; None if it may be.
Rule = Callable[[str, str], Optional[str]]
Note = Callable[[str, str, Optional[str]], object]


class Unavailable(Exception):
    """Why a file cannot be had, as a sentence about it without its subject.

    :param untrusted: whether that is because nobody that is trusted vouches for the server.
    """

    def __init__(self, why: str, *, untrusted: bool = False) -> None:
        super().__init__(why)
        self.untrusted = untrusted


def trust(cert: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, with Mozilla's roots from certifi unless others were given.

    :param cert: a file or directory of certificates; None is PIP_CERT, REQUESTS_CA_BUNDLE or certifi's.
    :raises OSError: if the certificates cannot be read.
    """
    given = cert or next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), None)
    path = library("certifi").where() if given is None else given
    try:
        if Path(path).is_dir():
            context = ssl.create_default_context(capath=path)
        else:
            context = ssl.create_default_context(cafile=path)
    except OSError as error:  # SSLError included; it does not say which file
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"the certificates in {path} cannot be read: {reason}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass
class Downloader:
    """Asks servers for files.

    :param context: see :func:`trust`.
    :param rule: which redirects are followed; none that leave https or carry credentials ever are.
    :param ask: is told each URL before it is asked, redirect targets included.
    :param note: is told from where to where each redirect leads, and why it is not followed.
    """

    context: ssl.SSLContext
    rule: Rule = lambda *_: None
    ask: Callable[[str], object] = lambda _: None
    note: Note = lambda *_: None

    def fetch(
        self,
        url: str,
        algorithms: Iterable[str],
        *,
        size: int | None = None,
        said_by: str = "",
        into: BinaryIO | None = None,
        label: str = "",
    ) -> tuple[dict[str, str], int]:
        """Download a file.

        :param url: https.
        :param size: how many bytes it must have; None for whatever the server says.
        :param said_by: who says so.
        :param into: gets the file; without it the file is only hashed.
        :param label: what the progress is shown of.
        :returns: its digests and its size.
        :raises Unavailable: if the bytes do not come, or are more or fewer than they should be.
        :raises OSError: from the file that gets it.
        """
        digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
        progress = _Progress(label)
        done = 0
        try:
            for chunk, total in self._chunks(url, size, said_by):
                for digest in digests.values():
                    digest.update(chunk)
                if into is not None:
                    into.write(chunk)
                done += len(chunk)
                progress.show(done, total)
            if into is not None:
                into.flush()
        finally:
            progress.end()
        return {name: digest.hexdigest() for name, digest in digests.items()}, done

    def size_of(self, url: str) -> int | None:
        """The size that a server says a file has; None if it does not say.

        :raises Unavailable: if the file is not there.
        """
        with self._answer(url, "HEAD") as response:
            return _announced(response)

    def _chunks(self, url: str, size: int | None, said_by: str) -> Iterator[tuple[bytes, int | None]]:
        """The bytes as they come, each time with how many there will be in all if that is known."""
        with self._answer(url, "GET") as response:
            announced = _announced(response)
            if size is not None and announced is not None and announced != size:
                raise Unavailable(f"it has {announced:,} bytes, and {said_by} says {size:,}")
            total = announced if size is None else size
            left = limit = LARGEST if total is None else total
            while chunk := response.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise Unavailable(_too_long(limit, said_by if size is not None else ""))
                yield chunk, total
            if total is not None and left:
                raise Unavailable(f"the connection ended after {total - left:,} of {total:,} bytes")

    @contextmanager
    def _answer(self, url: str, method: str) -> Iterator[Any]:
        """What the server answers to a request for a whole file."""
        if Origin.of(url).scheme != "https":
            raise Unavailable("its URL is not https")
        self.ask(url)
        headers = {"User-Agent": f"rim-router/{__version__}", "Accept-Encoding": "identity"}
        request = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 -- https, see above
        try:
            with _opener(self).open(request, timeout=TIMEOUT) as response:
                if response.status != HTTPStatus.OK:
                    raise Unavailable(_refusal(response.status))
                if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise Unavailable("the server sends it compressed, although that was not asked for")
                yield response
        except urllib.error.HTTPError as error:
            with error:
                raise Unavailable(_refusal(error.code)) from None
        except (OSError, HTTPException, ValueError) as error:
            raise _no_answer(error) from None


def _announced(response: Any) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _too_long(size: int, said_by: str) -> str:
    return f"it has more than {f'the {size:,} bytes that {said_by} says' if said_by else f'{size:,} bytes'}"


def _refusal(code: int) -> str:
    if 300 <= code < 400:
        return "the server redirects in a circle, or to where no wheel can be"
    try:
        # The server's own words could be anything.
        return f"the server answered {code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"the server answered {code}"


def _no_answer(error: Exception) -> Unavailable:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = f"the server's certificate is not trusted: {reason.verify_message}"
        return Unavailable(why, untrusted=True)
    if isinstance(reason, HTTPException):
        return Unavailable("the server's answer is not HTTP")  # its text has what the server sent
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return Unavailable(text.rstrip("."))


def _opener(downloader: Downloader) -> urllib.request.OpenerDirector:
    """An opener that knows nothing but https, the environment's proxies included."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPSHandler(context=downloader.context),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(downloader),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects over https only, and only where the rule lets them lead (spec 5.7)."""

    def __init__(self, downloader: Downloader) -> None:
        self._downloader = downloader

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            fault: str | None = "which is not https"
        elif "@" in urlsplit(newurl).netloc:
            fault = "which carries credentials"
        else:
            fault = self._downloader.rule(req.full_url, newurl)
        self._downloader.note(req.full_url, newurl, fault)
        try:
            if fault is not None:
                raise Unavailable(f"the server redirects to {redact(newurl)}, {fault}")
            self._downloader.ask(newurl)
        except Exception:
            fp.close()
            raise
        # Python 3.9 and 3.10 do not know that 308 is to 301 what 307 is to 302.
        request = super().redirect_request(req, fp, 307 if code == 308 else code, msg, headers, newurl)
        if request is not None:
            request.method = req.get_method()  # older Pythons follow HEAD with GET
        return request

    http_error_308 = urllib.request.HTTPRedirectHandler.http_error_302


class _Progress:
    """A line on standard error that says how far a download is; nothing unless that is a terminal."""

    def __init__(self, label: str) -> None:
        self._label = f"{visible(label)} " if label else ""
        self._shown_at = 0.0
        self._shown = False
        self._active = sys.stderr.isatty()

    def show(self, done: int, total: int | None) -> None:
        """Say that so many bytes are there."""
        now = time.monotonic()
        if not self._active or (now - self._shown_at < 0.1 and done != total):
            return
        self._shown_at = now
        self._shown = True
        if total is None:
            sys.stderr.write(f"\r  {self._label}{done / 1e6:,.1f} MB")
        else:
            share = done / total if total else 1
            bar = "#" * int(share * _BAR)
            far = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB ({share:.0%})"
            sys.stderr.write(f"\r  {self._label}[{bar:<{_BAR}}] {far}")
        sys.stderr.flush()

    def end(self) -> None:
        """Go on to the next line."""
        if self._shown:
            sys.stderr.write("\n")
