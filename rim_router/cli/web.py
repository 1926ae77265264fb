"""Fetches pages of an index without pip: only from its own origin, and with nothing secret in an error."""

from __future__ import annotations

import base64
import contextlib
import netrc
import os
import ssl
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from rim_router import __version__
from rim_router.errors import IndexFailedError
from rim_router.external import host_line
from rim_router.hosts import Hosts, is_upgrade
from rim_router.libraries import library
from rim_router.urls import Origin, redact

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from rim_router.table import Index

TIMEOUT = 15  # seconds without a sign of life
LIMIT = 64 * 1024 * 1024  # bytes of a page; the longest ones there are have a few

# The same preferences as pip's.
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
_MISSING = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class Page:
    """What a server answered.

    :param url: the final one, after redirects; without credentials.
    :param content: up to the limit that was asked for.
    """

    url: str
    content_type: str
    content: bytes


def fetch(index: Index, base: str, url: str, limit: int = LIMIT) -> Page | None:
    """A page of an index; None if there is none (404 or 410).

    :param base: the URL of the index or of a mirror.
    :param url: at or below *base*.
    :param limit: how many bytes of it are wanted.
    :raises IndexFailedError: if there is any other answer, or none.
    """
    shown = f"Index {index.name} ({redact(base)})"
    address, authorization = _split_credentials(url)
    request = urllib.request.Request(  # noqa: S310 -- the opener below knows nothing but http and https
        address, headers={"Accept": _ACCEPT, "User-Agent": f"rim-router/{__version__}"}
    )
    if authorization is not None:
        request.add_unredirected_header("Authorization", authorization)
    try:
        with _opener(index, shown, authorization).open(request, timeout=TIMEOUT) as response:
            return Page(response.url, response.headers.get("Content-Type", ""), _read(response, limit))
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _MISSING:
                return None
            raise _refused(shown, error) from None
    except (OSError, HTTPException, zlib.error, ValueError) as error:  # URLError and time-outs are OSErrors
        raise _unanswered(shown, error) from None


def _refused(shown: str, error: urllib.error.HTTPError) -> IndexFailedError:
    denied = error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return IndexFailedError(
        f"{shown} failed: it answered {error.code} {_phrase(error.code)}".rstrip(),
        unreachable=error.code >= HTTPStatus.INTERNAL_SERVER_ERROR,
        hint="check the credentials for this index" if denied else None,
    )


def _phrase(status: int) -> str:
    # The server's own words could be anything.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _unanswered(shown: str, error: Exception) -> IndexFailedError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return IndexFailedError(
            f"{shown} failed: its certificate is not trusted: {reason.verify_message}",
            hint="for a private authority, set PIP_CERT to its certificate",
        )
    text = (getattr(reason, "strerror", None) or str(reason) or type(reason).__name__).rstrip(".")
    return IndexFailedError(f"{shown} failed: {text}", unreachable=True)


def _split_credentials(url: str) -> tuple[str, str | None]:
    """A URL without its credentials, and the header that carries those or the ones in netrc."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    if not at:
        found = _from_netrc(parts.hostname or "")
        if found is None:
            return url, None
        user, password = found
    else:
        user, password = unquote(user), unquote(password)
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), f"Basic {token}"


def _from_netrc(host: str) -> tuple[str, str] | None:
    try:
        entry = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return None  # as pip does
    return None if entry is None else (entry[0] or "", entry[2] or "")


def _opener(index: Index, shown: str, authorization: str | None) -> urllib.request.OpenerDirector:
    """An opener that knows http and https only, the environment's proxies included."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_tls()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(index, shown, authorization),
    ):
        opener.add_handler(handler)
    return opener


def _tls() -> ssl.SSLContext:
    """What pip would trust: the bundle it was given, or else the system's authorities and Mozilla's."""
    given = next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), None)
    if given is not None:
        try:
            if Path(given).is_dir():
                return ssl.create_default_context(capath=given)
            return ssl.create_default_context(cafile=given)
        except OSError as error:
            raise IndexFailedError(f"the certificates in {given} cannot be read: {error.strerror}") from None
    context = ssl.create_default_context()
    with contextlib.suppress(ImportError, OSError):  # the system's authorities alone then
        context.load_verify_locations(library("certifi").where())
    return context


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects as the hooks in pip do (spec section 5, rule 7)."""

    def __init__(self, index: Index, shown: str, authorization: str | None) -> None:
        self._index = index
        self._shown = shown
        self._authorization = authorization

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        fault = Hosts.of_index(self._index).redirect_fault(
            req.full_url, newurl, page=True, strong=False, listed=False
        )
        before, after = Origin.of(req.full_url), Origin.of(newurl)
        if fault is not None:
            raise IndexFailedError(
                f"{self._shown} redirects its page to {redact(newurl)}, {fault}",
                hint=f"if that is right, use that URL for the index, "
                f"or {host_line(after.netloc, self._index)}",
            )
        same = after == before or is_upgrade(before, after)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and same and self._authorization is not None:
            request.add_unredirected_header("Authorization", self._authorization)
        return request


def _read(response: Any, limit: int) -> bytes:
    content: bytes = response.read(limit)
    if response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate"):
        # Some servers compress although nobody asked for it.
        return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(content, limit)
    return content
