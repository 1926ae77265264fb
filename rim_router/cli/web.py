"""Fetches pages of an index without pip, as the hooks in pip do, and with nothing secret in an error."""

from __future__ import annotations

import base64
import contextlib
import netrc
import os
import ssl
import string
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from rim_router import __version__
from rim_router.cli.download import trust
from rim_router.errors import IndexFailedError
from rim_router.external import host_line
from rim_router.hosts import UNREADABLE, Hosts, has_remedy, is_upgrade
from rim_router.libraries import library
from rim_router.rim.archive import MAX_SIZE
from rim_router.urls import Origin, redact, resolve, scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.cli.contacts import Contacts
    from rim_router.table import Index

TIMEOUT = 15  # seconds without a sign of life
LIMIT = 64 * 1024 * 1024  # bytes of a page; the longest ones there are have a few

# The same preferences as pip's.
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
_MISSING = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 30  # as many as pip follows
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class Page:
    """What a server answered.

    :param url: the final one, after redirects; without credentials.
    :param content: up to the limit that was asked for.
    :param own: origins that are the index's own, that of a redirect to https on its own host included.
    """

    url: str
    content_type: str
    content: bytes
    own: frozenset[Origin]


@dataclass(frozen=True)
class _Wanted:
    """What is asked for.

    :param hosts: those where it may be had.
    :param shown: the index, as messages show it.
    :param what: it is, for messages.
    :param page: whether it is an index page.
    :param strong: whether a strong digest of it is known.
    """

    index: Index
    hosts: Hosts
    shown: str
    what: str = "its page"
    page: bool = True
    strong: bool = False


def fetch(contacts: Contacts, index: Index, base: str, url: str, limit: int = LIMIT) -> Page | None:
    """A page of an index; None if there is none (404, 410 and its ``absent-status``).

    :param base: the URL of the index or of a mirror.
    :param url: at or below *base*.
    :param limit: how many bytes of it are wanted.
    :raises IndexFailedError: if there is any other answer, or none.
    :raises RefusedHostError: if it is redirected to a host that may not be asked.
    """
    wanted = _Wanted(index, Hosts.of_index(index), f"Index {index.name} ({redact(base)})")
    return _get(contacts, wanted, url, {"Accept": _ACCEPT}, limit)


def fetch_file(contacts: Contacts, index: Index, own: frozenset[Origin], url: str, *, strong: bool) -> bytes:
    """A small file that a page of an index links to, the start of it if it is larger than any ``.rim``.

    :param own: the origins that are the index's own.
    :param strong: whether a strong digest of it is known.
    :raises IndexFailedError: if it cannot be had.
    :raises RefusedHostError: if it is on a host that may not be asked, or redirected to one.
    """
    shown = f"Index {index.name} ({redact(url)})"
    wanted = _Wanted(index, Hosts.of_index(index, own), shown, "a file", page=False, strong=strong)
    answer = _get(contacts, wanted, _with_credentials(_quoted(url), index), {}, MAX_SIZE + 1)
    if answer is None:
        raise IndexFailedError(f"{shown} failed: it is not there")
    return answer.content


def _get(
    contacts: Contacts, wanted: _Wanted, url: str, headers: Mapping[str, str], limit: int
) -> Page | None:
    """What the server of a URL answers, or the one it redirects to (spec 5.7); None if it is not there."""
    hosts = wanted.hosts
    address, authorization = _split_credentials(url)
    first = Origin.of(address)
    for _ in range(_MOST_REDIRECTS + 1):
        request = urllib.request.Request(  # noqa: S310 -- the opener below knows nothing but http and https
            address, headers={**headers, "User-Agent": f"rim-router/{__version__}"}
        )
        if authorization is not None:
            request.add_header("Authorization", authorization)
        context = _tls() if contacts.ask(address, hosts) else _strict_tls()
        try:
            with _opener(context).open(request, timeout=TIMEOUT) as response:
                kind = response.headers.get("Content-Type", "")
                return Page(address, kind, _read(response, limit), hosts.own)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _MISSING or (wanted.page and error.code in wanted.index.absent_statuses):
                    return None
                location = error.headers.get("Location") if error.code in _REDIRECTS else None
                if location is None:
                    raise _refused(wanted.shown, error) from None
        except (OSError, HTTPException, zlib.error, ValueError) as error:  # time-outs are OSErrors
            raise _unanswered(wanted.shown, error) from None
        following = _redirected(contacts, wanted, hosts, address, location)
        before, after = Origin.of(address), Origin.of(following)
        if is_upgrade(before, after):
            hosts = hosts.replaced(own=hosts.own | {after})
        if not _share_credentials(first, after):
            # From there on it is somebody else who says where to go, back to the index included.
            authorization = None
        address = following
    raise IndexFailedError(f"{wanted.shown} failed: it redirects more than {_MOST_REDIRECTS} times")


def _redirected(contacts: Contacts, wanted: _Wanted, hosts: Hosts, source: str, location: str) -> str:
    """Where a redirect leads; an error if it may not be followed."""
    try:
        target = resolve(source, location)
        fault = contacts.redirect_fault(hosts, source, target, page=wanted.page, strong=wanted.strong)
    except ValueError:
        target, fault = location, UNREADABLE
    contacts.note_redirect(source, target, fault)
    if fault is None:
        return _quoted(target, "iso-8859-1")
    hint = None
    if has_remedy(fault) and "strong digest" not in fault:
        line = host_line(Origin.of(target).netloc, wanted.index)
        hint = f"if that is right, use that URL for the index, or {line}"
    message = f"{wanted.shown} redirects {wanted.what} to {redact(target)}, {fault}"
    raise IndexFailedError(message, hint=hint)


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
    if isinstance(reason, HTTPException) and not isinstance(reason, OSError):
        text = "its answer is not HTTP"  # the error's own text has what the server sent
    else:
        text = scrub(getattr(reason, "strerror", None) or str(reason) or type(reason).__name__).rstrip(".")
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


def _share_credentials(known: Origin, origin: Origin) -> bool:
    """Whether what is for one origin is for another one too: as for pip, only if that is it with https."""
    return origin == known or (is_upgrade(known, origin) and (known.port, origin.port) == (80, 443))


def _with_credentials(url: str, index: Index) -> str:
    """The URL of a file, with the credentials that the index has for that origin unless it has others."""
    parts, origin = urlsplit(url), Origin.of(url)
    for known in index.urls:
        userinfo, at, _ = urlsplit(known).netloc.rpartition("@")
        if at and "@" not in parts.netloc and _share_credentials(Origin.of(known), origin):
            return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))
    return url


def _opener(context: ssl.SSLContext) -> urllib.request.OpenerDirector:
    """An opener that knows http and https only, the environment's proxies included; and no redirects."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _quoted(url: str, encoding: str = "utf-8") -> str:
    """A URL as it can be sent: servers and pages have spaces and other letters in theirs."""
    return quote(url, safe=string.punctuation, encoding=encoding)


def _strict_tls() -> ssl.SSLContext:
    """For hosts that are not the index's own (spec 5.8)."""
    try:
        return trust(None)
    except OSError as error:
        raise IndexFailedError(str(error.strerror)) from None


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


def _read(response: Any, limit: int) -> bytes:
    content: bytes = response.read(limit)
    if response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate"):
        # Some servers compress although nobody asked for it.
        return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(content, limit)
    return content
