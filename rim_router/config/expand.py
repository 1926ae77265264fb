"""URLs and paths of indexes as written, turned into absolute URLs (reference: [indexes]).

What an environment variable holds must not be able to send a request, or another credential, to
another host than the table names. So:

* in the credentials of a URL a value is percent-encoded: the variable has the secret as it is, and
  an ``@``, ``/``, ``#`` or ``?`` in it stays a part of it;
* in the host and port a value may only have the characters of hosts and ports;
* in the path a value is inserted as it is; one that adds a query or a fragment is refused;
* a variable at the very beginning may hold the whole beginning of the URL, or a path: whoever sets it
  chooses the host, and therefore a ``/`` or nothing follows it.

Control characters are refused everywhere, white space in every URL. No message shows a value.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from rim_router.config.document import shown_text
from rim_router.rules.guards import GUARD, is_guarded
from rim_router.rules.urls import Origin, keep_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PROJECT_PREFIX = "RIM_ROUTER_"
SCHEMES = ("https", "http", "file")

_VARIABLE = r"\$\{([A-Z0-9_]+)\}"
_AUTHORITY = r"(?s)([A-Za-z][A-Za-z0-9+.-]+://)([^/?#]*)(.*)"
# What was meant for a host: a name with a dot in it, an address, or anything with a port.
_HOST_LIKE = (
    r"(?i)(?:[^/@]*@)?(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\.?(?::[0-9]*)?"
    r"|(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]*:[0-9a-f:.]*\])(?::[0-9]*)?"
    r"|[a-z0-9][a-z0-9.-]+:[0-9]+|https?)(?:/|$)"
)
_NO_SCHEME = "has no scheme: begin it with https://"
_HOST_PART = r"[][A-Za-z0-9._:-]*"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"


class UnsetVariablesError(ValueError):
    """Nothing is wrong with an index value, but variables in it are not set.

    :param names: of the variables.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(unset_text(self.names))


def unset_text(names: Sequence[str]) -> str:
    """That environment variables are not set, as a sentence."""
    what = "environment variable" if len(names) == 1 else "environment variables"
    return f"{what} {', '.join(names)} {'is' if len(names) == 1 else 'are'} not set"


def absolute_url(text: str, directory: Path | None, environ: Mapping[str, str], trusted: bool) -> str:
    """The absolute URL that an index value stands for.

    :param directory: what a relative path is relative to; None if there can be none.
    :param trusted: whether any variable may be used, and not only those of a project's file.
    :raises UnsetVariablesError: if that is all that is wrong, as far as it can be told.
    :raises ValueError: with what is wrong, without any secret.
    """
    expanded = _expand(text, _lookup(text, environ, trusted)) if "${" in text else text
    return _check(expanded, directory, text)


def _lookup(text: str, environ: Mapping[str, str], trusted: bool) -> Callable[[str], str]:
    """Check every variable of a text, then return what gives the value of one."""
    if "${" in re.sub(_VARIABLE, "", text):
        raise ValueError(
            f"{shown_text(text)} has a '${{' that is not followed by an UPPER_CASE name and '}}'"
        )
    names = list(dict.fromkeys(re.findall(_VARIABLE, text)))
    foreign = [name for name in names if not trusted and not name.startswith(PROJECT_PREFIX)]
    if foreign:
        raise ValueError(
            f"a project's table or a command may only use variables that begin with {PROJECT_PREFIX}, "
            f"not {', '.join(foreign)}"
        )
    first = None if re.match(_AUTHORITY, text) else re.match(_VARIABLE, text)
    if first is not None and text[first.end() : first.end() + 1] not in ("", "/"):
        raise ValueError(f"{shown_text(text)} begins with a variable that is not followed by '/'")
    if first is not None and ("@" in text or "://" in text):
        raise ValueError(f"{shown_text(text)} must begin with its scheme")
    for name in names:
        if re.search(_CONTROL, environ.get(name, "")):
            raise ValueError(f"environment variable {name} has control characters or line ends in it")
    unset = [name for name in names if not environ.get(name)]
    if unset:
        raise UnsetVariablesError(unset)
    return environ.__getitem__


def _expand(text: str, value: Callable[[str], str]) -> str:
    def as_it_is(match: re.Match[str]) -> str:
        # It may be a token; only where the URL itself begins with it is there more in it than that.
        if match.start() or parts is not None:
            keep_secret(value(match[1]))
        return value(match[1])

    def encoded(match: re.Match[str]) -> str:
        return quote(value(match[1]), safe="")

    def host(match: re.Match[str]) -> str:
        if not re.fullmatch(_HOST_PART, value(match[1])):
            raise ValueError(
                f"environment variable {match[1]} is used in the host, and its value cannot be part of a host"
            )
        return value(match[1])

    # The structure is that of the text before any value is in it.
    parts = re.fullmatch(_AUTHORITY, text)
    if parts is not None:
        credentials, at, netloc = parts[2].rpartition("@")
        return "".join(
            (
                parts[1],
                re.sub(_VARIABLE, encoded, credentials),
                at,
                re.sub(_VARIABLE, host, netloc),
                re.sub(_VARIABLE, as_it_is, parts[3]),
            )
        )
    return re.sub(_VARIABLE, as_it_is, text)


def _check(text: str, directory: Path | None, written: str) -> str:
    try:
        return _checked(text, directory)
    except ValueError as error:
        raise ValueError(f"{shown_text(written)} {error}") from None


def _checked(text: str, directory: Path | None) -> str:
    if not text.isprintable() and re.search(_CONTROL, text):
        raise ValueError("has control characters in it")
    scheme, colon, _ = text.partition(":")
    if not colon or not _is_scheme(scheme):
        return _from_path(text, directory)
    name = scheme.lower()
    url = name + text[len(name) :]
    if is_guarded(text):
        raise ValueError(f"begins with {GUARD}, which only pip's own index URLs may: leave it out")
    if name not in SCHEMES:
        neither = "is not an https, http or file URL, and not a path"
        raise ValueError(_NO_SCHEME if re.match(_HOST_LIKE, text) else neither)
    # Other readers of URLs take a backslash for a slash, and would see another host.
    if "\\" in url or any(character.isspace() for character in url):
        raise ValueError("has white space or a backslash in it")
    Origin.of(url)
    if "?" in url or "#" in url:
        raise ValueError("has a query or a fragment, which the URL of an index cannot have")
    return _from_file_url(url) if name == "file" else url


def _is_scheme(text: str) -> bool:
    """Whether this is the scheme of a URL (RFC 3986); one letter alone is a Windows drive."""
    letters = text.replace("+", "").replace(".", "").replace("-", "")
    return len(text) > 1 and text.isascii() and text[0].isalpha() and letters.isalnum()


def _from_file_url(url: str) -> str:
    _, netloc, path, _, _ = urlsplit(url)
    # A host in a file URL is a Windows share; elsewhere pip cannot open it.
    if (
        not url.startswith("file://")
        or not path.startswith("/")
        or (os.name != "nt" and netloc not in ("", "localhost"))
    ):
        raise ValueError("is not absolute: a file URL begins with file:///")
    if "\x00" in unquote(path):
        raise ValueError("has control characters in it")
    return url


def _from_path(text: str, directory: Path | None) -> str:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError("names a home directory that cannot be found") from None
    if text.startswith("//"):
        raise ValueError("begins with two slashes, which means another host on Windows: write one")
    if re.match(_HOST_LIKE, text) and (directory is None or _is_missing(directory / text)):
        raise ValueError(_NO_SCHEME if directory is None else f"{_NO_SCHEME}, or with ./ if it is a path")
    if directory is None and (text.startswith("~") or not path.is_absolute()):
        raise ValueError("is a relative path, which a table from a URL cannot have")
    # Not resolved: a link may be pointed elsewhere later.
    whole = os.path.normpath(Path(directory or "", path))
    return Path(whole[1:] if whole.startswith("//") else whole).as_uri()  # that of the file itself, on POSIX


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:
        return False  # there is something, at least
