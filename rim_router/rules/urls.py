"""URLs: origins, host patterns and redaction (reference: External files)."""

from __future__ import annotations

import re
import string
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from rim_router.record import Record

_SCHEMES = ("https://", "http://", "file://")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*"
_ADDRESS = r"\[[0-9a-f]*:[0-9a-f:.]+\]"
_HOST = rf"{_NAME}|{_ADDRESS}"
# Port 0 is the scheme's own for some, and a port as any other for the rest.
_AUTHORITY = rf"(?i)(?:[^]\[@]*@)?(?:{_NAME}\.?|{_ADDRESS})(?::(?!0+$)[0-9]{{0,5}})?"
_LOCAL_AUTHORITY = rf"(?i){_HOST}"
# Where a path begins so, a host follows for whoever forgets what was in front of it.
_LIKE_A_HOST = r"[/\\]{2}"

# The hosts that serve the files of the two indexes that everybody has; see PEP 503's successor pages.
_FILE_HOSTS = {"pypi.org": "files.pythonhosted.org", "test.pypi.org": "test-files.pythonhosted.org"}
# Where anybody can publish under any name that is free.
_PUBLIC = {"pypi.org": "PyPI", "pypi.python.org": "PyPI", "test.pypi.org": "TestPyPI"}


_CONTROLS = bytes([*range(0x20), 0x7F])
# What nobody reads in two ways, and nothing is hidden in.
_HARMLESS = (string.ascii_letters + string.digits + "._~%!$&'()*+,;=:/-").encode()
# Whoever takes a backslash for a slash sees credentials and a host where others see a path.
_HIDDEN = r"[\\@]"

# What is said of a URL that has no origin.
UNREADABLE = "cannot be read, or programs read it differently"


class Origin(NamedTuple):
    """Scheme, host and port of a URL (RFC 6454); a local file-system URL has the host ``""``."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL; credentials, path and fragment do not count.

        What two readers could take for two hosts has none. Python's ``urllib.parse``, whose releases differ,
        requests and urllib3, of which each pip has others, and Windows, where the path of a ``file:`` URL
        can name a host, have to see the same one.

        :raises ValueError: for a URL that cannot be taken apart, or not by everybody in the same way; it says
            why, as a sentence without its subject, and nothing of what is in the URL.
        """
        end = url.find("/", 8)
        host = url[7 : end + 2]  # and what is on both sides of it
        # Beyond that only control characters have a say; and few authorities have many files.
        is_plain = end > 0 and url.startswith(_SCHEMES) and "//" not in host and "\\" not in host
        if is_plain and not has_controls(url):
            return _origin_below(url[:end])
        return cls._of(url)

    @classmethod
    def _of(cls, url: str) -> Origin:
        try:
            parts = _split(url)
            port = None if parts.scheme == "file" else parts.port
        except ValueError:
            raise ValueError("cannot be read as a URL") from None
        scheme, is_file = parts.scheme, parts.scheme == "file"
        needs_host = scheme in _DEFAULT_PORTS
        # Whoever opens a file unquotes its path first.
        path = unquote(parts.path) if is_file else parts.path
        if (is_file or needs_host) and re.match(_LIKE_A_HOST, path):
            raise ValueError(
                "has a path that begins with two slashes, which some programs read as another host: write one"
            )
        authority = _LOCAL_AUTHORITY if is_file else _AUTHORITY
        if (needs_host or parts.netloc) and not re.fullmatch(authority, parts.netloc):
            raise ValueError("has no valid host and port")
        host = (parts.hostname or "").rstrip(".")
        if ":" in host:
            host = f"[{host}]"
        if is_file:
            return cls(scheme, "" if host == "localhost" else host, None)
        return cls(scheme, host, _DEFAULT_PORTS.get(scheme) if port is None else port)

    @property
    def netloc(self) -> str:
        """The host, with the port where it is not the scheme's own."""
        if self.port is None or self.port == _DEFAULT_PORTS.get(self.scheme):
            return self.host
        return f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


_origin_below = lru_cache(Origin._of)

LOCAL = Origin("file", "", None)


def _split(url: str) -> SplitResult:
    """Take a URL apart.

    :raises ValueError: if that cannot be done, or not by everybody in the same way.
    """
    parts = urlsplit(url)
    netloc = parts.netloc
    # Readers of URLs disagree about these: some drop line ends and tabs, some take a backslash for a slash,
    # some the first "@" for the end of the credentials, and each maps other alphabets in its own way.
    if (
        has_controls(url)
        or url[:1].isspace()
        or " " in netloc
        or "\\" in netloc
        or netloc.count("@") > 1
        or not netloc.isascii()
    ):
        raise ValueError("an ambiguous URL")
    return parts


def resolve(base: str, location: str) -> str:
    """The URL to which the server of another one redirects (RFC 9110, section 10.2.2).

    :param location: the value of ``Location``.
    :raises ValueError: if it cannot be read, or not by everybody in the same way.
    """
    parts = _split(location)
    # Some drop a scheme that nothing follows, or slashes of which there are too many, and find a host in
    # what is the path for others; some take a backslash for a slash wherever it stands.
    if "\\" in location or location[-1:].isspace():
        raise ValueError("an ambiguous URL")
    if not parts.netloc and (parts.scheme in _DEFAULT_PORTS or location.startswith("//")):
        raise ValueError("a URL without a host")
    url = urljoin(base, location)
    Origin.of(url)
    return url


def has_controls(text: str) -> bool:
    """Whether there are control characters of ASCII in a URL, or in several."""
    # For the URLs of a big page: a pattern takes fifteen times as long.
    encoded = text.encode("utf-8", "surrogatepass")
    return len(encoded.translate(None, _CONTROLS)) < len(encoded)


def is_local(url: str) -> bool:
    """Whether a URL leads into this machine's own file system, and not to another one's."""
    try:
        return Origin.of(url) == LOCAL
    except ValueError:
        return False


def file_origins(url: str) -> frozenset[Origin]:
    """The origins whose files are an index's own: its URL's, and for PyPI its file host."""
    origin = Origin.of(url)
    known = _FILE_HOSTS.get(origin.host) if origin.scheme == "https" and origin.port == 443 else None
    return frozenset({origin} if known is None else {origin, Origin("https", known, 443)})


def public_index(url: str) -> str | None:
    """The name of the public index that a URL leads to: PyPI or TestPyPI; None for any other.

    :raises ValueError: for a URL that cannot be read.
    """
    return _PUBLIC.get(Origin.of(url).host)


class HostPattern(Record):
    """An entry of ``external-hosts``: ``host``, ``host:port``, ``*.suffix`` or ``*``.

    :param host: the host, or what follows ``*.``; empty for ``*``.
    :param port: the port; None is the scheme's own.
    :param wildcard: whether any labels may stand before *host*.
    """

    host: str
    port: int | None = None
    wildcard: bool = False

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Read an entry.

        :raises ValueError: with what is wrong.
        """
        if text == "*":
            return cls("", None, True)
        wildcard = text.startswith("*.")
        host, separator, port = text[2:].partition(":") if wildcard else _split_port(text)
        host = host.lower().rstrip(".")
        if not re.fullmatch(_HOST, host):
            raise ValueError(f"{text!r} is not a host, host:port, *.suffix or '*'")
        if not separator:
            return cls(host, None, wildcard)
        if wildcard:
            raise ValueError(f"{text!r}: a *.suffix cannot have a port")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"{text!r} has no valid port")
        return cls(host, int(port))

    def __str__(self) -> str:
        if self.wildcard:
            return f"*.{self.host}" if self.host else "*"
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def matches(self, origin: Origin) -> bool:
        """Whether this entry covers an origin; the scheme is judged elsewhere."""
        if origin.port != (self.port or _DEFAULT_PORTS.get(origin.scheme)):
            return False
        if not self.wildcard:
            return origin.host == self.host
        return not self.host or origin.host.endswith("." + self.host)


def _split_port(text: str) -> tuple[str, str, str]:
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        separator, port = rest[:1], rest[1:]
        return (host + bracket, separator, port) if separator in ("", ":") else (text, "", "")
    return text.partition(":")


def host_of(url: str) -> str | None:
    """Host and port of a URL; None if it has none, or cannot be read."""
    try:
        return Origin.of(url).netloc or None
    except ValueError:
        return None


def filename_of(url: str) -> str:
    """The name of the file that a URL leads to, unquoted."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


# Values of environment variables that stand in the paths of URLs.
_secrets: set[str] = set()
_SHORTEST_SECRET = 4
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"<>]*[^\s\"<>']"
# What is left of a URL without its host, where a library speaks of a request.
_REQUEST_QUERY = r"(?<![^\s\"'(=])(/[^\s\"<>?]*)\?[^\s\"<>]+"


def keep_secret(value: str) -> None:
    """Never show a value, wherever in a URL it stands."""
    if len(value) >= _SHORTEST_SECRET:
        _secrets.update((value, unquote(value)))


def hide(text: str) -> str:
    """A text without the values that are never shown, however they are quoted in it."""
    return _pattern(frozenset(_secrets)).sub("****", text) if _secrets else text


@cache
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    # The longest first: one that begins with another is to be hidden to its end.
    return re.compile("|".join(map(_quoted, sorted(secrets, key=len, reverse=True))))


def _quoted(secret: str) -> str:
    """A pattern for a text each of whose characters may be percent-encoded."""
    return "".join(
        f"(?:{re.escape(each)}|(?i:{''.join(f'%{byte:02x}' for byte in each.encode())}))" for each in secret
    )


def scrub(text: str) -> str:
    """A text that somebody else made, with each URL in it redacted, and the query of each path."""
    text = re.sub(_URL, lambda match: redact(match.group()), text)
    return hide(re.sub(_REQUEST_QUERY, r"\1?****", text) if "?" in text else text)


def redact(url: str) -> str:
    """A URL as it may be shown: without credentials, query, fragment and the values of variables.

    A user name can be a token as well as a password can, and signed URLs have their secret in the query.
    """
    if not _secrets and _is_harmless(url):
        return url
    try:
        parts = _split(url)
    except ValueError:
        return "<ambiguous URL>"
    if not parts.netloc and parts.scheme and re.search(_HIDDEN, parts.path):
        return "<ambiguous URL>"
    netloc = parts.netloc.rpartition("@")[2]
    if "@" in parts.netloc:
        netloc = "****@" + netloc
    # As it is written: urllib can make a host of the beginning of a path when it puts a URL together.
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    slashes = "//" if url.startswith("//", len(scheme)) else ""
    return f"{scheme}{slashes}{netloc}{hide(parts.path)}{'?****' if parts.query else ''}"


def _is_harmless(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    return (
        scheme in ("https", "http", "file")
        and rest.startswith("/") is (scheme == "file")
        and rest[:2] not in ("", "//")
        and url.isascii()
        and not url.encode().translate(None, _HARMLESS)
    )


def join(base: str, segment: str) -> str:
    """The URL of a project page: *segment* below *base*, which may or may not end in a slash."""
    return f"{base.rstrip('/')}/{quote(segment)}/"
