"""URLs that other tools have, as a table may have them: without passwords."""

from __future__ import annotations

import re
from itertools import chain, count
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rim_router.config.expand import SCHEMES
from rim_router.rules.guards import Guarded, is_guarded
from rim_router.rules.secrets import VARIABLE
from rim_router.rules.urls import Origin, is_local, redact

PREFIX = "RIM_ROUTER_"
# With a default, as shells have it, which may be the secret itself. "$" alone can begin a password, too.
_VARIABLE = r"\$\{([A-Za-z_][A-Za-z0-9_]*)[^}/@]*\}|\$([A-Z_][A-Z0-9_]*)(?![A-Za-z0-9_])"
# A part of a path that is probably a secret, as some hosts put their tokens there.
_LONG = r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}"
# What tells of one in a part of a path, if all codes are read: a key with a value, a password, a query, and
# the beginnings of well-known tokens.
_TELLING = r"[=;?#]|:.*@|(?:gh[a-z]_|github_pat_|glpat-|pypi-Ag|AKIA).*"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_USER = r"[A-Za-z][A-Za-z._-]{0,15}"


class Addresses:
    """Writes URLs, and knows the variables that are in them in the place of secrets."""

    def __init__(self) -> None:
        self.variables: dict[str, None] = {}
        self._stems: dict[str, str] = {}

    def plain(self, name: str, text: str) -> tuple[str, str]:
        """A URL as it may be written, and what is wrong with it."""
        url = text.strip()
        if is_guarded(url):
            try:
                guarded = Guarded.parse(url)
            except ValueError:
                return "****", "is not a guarded index"
            if guarded.is_table:
                return brief(guarded.url), "is a routing table itself"
            url = guarded.url
        base = self._stem(name, url)
        url = re.sub(_VARIABLE, lambda match: self._variable(str(match[1] or match[2])), url)
        if "://" not in url:
            if "@" in url or re.match(r"(?i)[a-z][a-z0-9+.-]+:", url):
                return "****", "is no URL"
            return (url if Path(url).exists() else self._path(base, url)), ""
        return self._remote(base, url)

    def _remote(self, base: str, url: str) -> tuple[str, str]:
        scheme, _, rest = url.partition("://")
        if scheme.lower() not in SCHEMES:
            return brief(url), "is not an https, http or file URL"
        authority, slash, path = rest.partition("/")
        userinfo, at, host = authority.rpartition("@")
        if brief(f"{scheme}://{re.sub(VARIABLE, 'x', host)}/") == "****":
            return "****", "cannot be read as a URL"
        host = "****" if "@" in path else host  # there a password may begin or end
        if "?" in path or "#" in path:
            return f"{scheme}://{host}", "has a query or a fragment, which the URL of an index cannot have"
        if at:
            authority = f"{self._credentials(base, userinfo)}@{host}"
        return f"{scheme}://{authority}{slash}{self._path(base, path)}", ""

    def _stem(self, name: str, url: str) -> str:
        """The beginning of the variables of a URL, which no other URL has: its secrets are not for others."""
        stem = PREFIX + (re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "INDEX")
        tries = chain([stem], (f"{stem}_{number}" for number in count(2)))
        return next(each for each in tries if self._stems.setdefault(each, url) == url)

    def _path(self, base: str, path: str) -> str:
        return re.sub(
            r"[^/]+",
            lambda part: self._secret(f"{base}_TOKEN") if _is_secret(part.group()) else part.group(),
            path,
        )

    def _credentials(self, base: str, userinfo: str) -> str:
        user, colon, password = userinfo.partition(":")
        if not password:  # a user without a password is a token
            return userinfo if re.fullmatch(VARIABLE, user) else self._secret(f"{base}_TOKEN") + colon
        if not re.fullmatch(VARIABLE, password):
            password = self._secret(f"{base}_PASSWORD")
        if not re.fullmatch(f"{_USER}|{VARIABLE}", user):  # some put a token there
            user = self._secret(f"{base}_USER")
        return f"{user}:{password}"

    def _secret(self, variable: str) -> str:
        self.variables.setdefault(variable)
        return f"${{{variable}}}"

    def _variable(self, name: str) -> str:
        upper = name.upper()
        return self._secret(upper if upper.startswith(PREFIX) else PREFIX + upper)


def _is_secret(part: str) -> bool:
    """Whether a part of a path is probably one, or has one in it."""
    text = re.sub(VARIABLE, "", unquote(part))
    if re.search(_TELLING, text) or re.search(_UUID, text):
        return True
    return any(re.fullmatch(_LONG, word) for word in re.split("[^A-Za-z0-9]+", text))


def brief(url: str) -> str:
    """Scheme and host of a URL, for a note; nothing of one that cannot be read: what would be hidden?"""
    try:
        origin = Origin.of(url)
    except ValueError:
        return "****"
    return f"{origin.scheme}://{origin.netloc}"


def shown(text: str) -> str:
    """What is said of a URL without credentials and without what is probably a secret."""
    return re.sub(rf"\b(?:{_LONG}|{_UUID})\b", "****", redact(text) if "://" in text else text)


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, where nobody can tamper with plain http."""
    host = urlsplit(url).hostname or ""
    return is_local(url) or host == "localhost" or host.endswith(".localhost") or host in ("::1", "127.0.0.1")
