"""A table that is being written: its indexes, its routes, and what could not be carried over."""

from __future__ import annotations

import json
import re
from itertools import chain, count
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rim_router.config.expand import SCHEMES
from rim_router.config.keys import RESERVED
from rim_router.errors import RimRouterError
from rim_router.rules.contents import PLUGIN
from rim_router.rules.guards import GUARD, Guarded, is_guarded
from rim_router.rules.names import Pattern
from rim_router.rules.urls import Origin, is_local, redact
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "RIM_ROUTER_"
_VARIABLE = r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"
_OURS = r"\$\{[A-Z0-9_]+\}"
# A part of a path that is probably a secret, as some hosts put their tokens there.
_LONG = r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[A-Za-z0-9]{16,}"
_UUID = r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_USER = r"[A-Za-z][A-Za-z._-]{0,15}"
ALL = "*"


class InitError(RimRouterError):
    """A table is there already or cannot be written, or there is no such preset."""

    reference = "init-failed"


class Line:
    """One line of the table.

    :param value: TOML; of an index its URL or inline table.
    :param origin: where it was read.
    :param unfit: why it is only a comment; empty for one that counts.
    """

    def __init__(self, value: str, origin: str, unfit: str = "") -> None:
        self.value = value
        self.origin = origin
        self.unfit = unfit


class Draft:
    """The indexes and routes so far. Nothing in it has a password."""

    def __init__(self) -> None:
        self.indexes: dict[str, Line] = {}
        self.routes: dict[str, Line] = {}
        self.notes: list[str] = []
        self.variables: dict[str, None] = {}
        # What the tool keeps away from its main index, and nothing here says where to: denied in the end.
        self._kept_away: dict[str, str] = {}
        self._is_open = False
        self._urls: dict[tuple[str, bool], str] = {}

    def note(self, text: str) -> None:
        """Say what was not carried over."""
        if text not in self.notes:
            self.notes.append(text)

    def index(
        self,
        name: str,
        url: str,
        origin: str,
        *,
        flat: bool = False,
        unfit: str = "",
        options: Mapping[str, object] = MappingProxyType({}),
    ) -> str | None:
        """The name of the index of a URL, which is added if it is new; None if it cannot be one.

        :param options: further keys.
        :param unfit: why nothing may lead to it.
        """
        plain, fault = self._plain(name, url)
        known = self._urls.get((plain.rstrip("/"), flat))
        if known is not None:
            if not self.indexes[known].unfit or unfit:
                return None if self.indexes[known].unfit else known
            del self.indexes[known]
        if fault:
            self.note(f"{origin}: {redact(plain)} {fault}")
            return None
        taken = {*self.indexes, *RESERVED}
        name = next(each for each in chain([name], (f"{name}-{n}" for n in count(2))) if each not in taken)
        if plain.startswith("http://") and not _is_loopback(plain):
            unfit = unfit or "plain http, which can be tampered with: write https if it speaks that"
        keys = {"url": plain, **({"format": "flat"} if flat else {}), **options}
        value = quoted(plain) if len(keys) == 1 else inline(keys)
        self.indexes[name] = Line(value, origin, unfit)
        self._urls[plain.rstrip("/"), flat] = name
        return None if unfit else name

    def route(self, pattern: str, name: str | None, origin: str, marker: str | None = None) -> None:
        """Have a pattern lead to an index, unless that cannot be used."""
        try:
            key = str(Pattern.parse(pattern))
        except ValueError as error:
            self.note(f"{origin}: {visible(str(error))}")
            self._is_open = True  # whatever it means would go where all names go
            return
        if name is None:
            self.note(f"{origin}: {key} has no index that can be used here")
            self._kept_away.setdefault(key, origin)
            return
        value = quoted(name) if marker is None else f"[{inline({'index': name, 'marker': marker})}]"
        there = self.routes.get(key)
        if there is not None and there.value != value:
            if marker is not None and there.value.startswith("[") and value not in there.value:
                there.value = f"{there.value[:-1]}, {value[1:]}"
            else:
                self.note(f"{origin}: {key} leads to {name} there, and to another index above")
            return
        self.routes[key] = Line(value, origin)

    def keep_away(self, pattern: str, origin: str) -> None:
        """Note that a pattern is not to lead to the main index, wherever it does."""
        try:
            self._kept_away.setdefault(str(Pattern.parse(pattern)), origin)
        except ValueError as error:
            self.note(f"{origin}: {visible(str(error))}")
            self._is_open = True

    def default(self, name: str | None, origin: str) -> None:
        """Have all other names lead to an index, unless something before has said where.

        :param name: None if the index that is meant cannot be used: then they lead nowhere else either.
        """
        if ALL in self.routes:
            if name is None or self.routes[ALL].value != quoted(name):
                self.note(f"{origin} is {name or 'another index'}, and not what all names lead to here")
        elif name is None:
            self.routes[ALL] = Line('"INDEX"', origin, f"{origin} cannot be used as it is")
        else:
            self.routes[ALL] = Line(quoted(name), origin)

    def for_every_name(self, name: str, url: str, origin: str, *, flat: bool = False) -> None:
        """An index that the tool asks for every name: which names are its own, only people know."""
        self.index(name, url, origin, flat=flat, unfit=f"{origin} asks it for every name: see [routes]")

    def _plain(self, name: str, text: str) -> tuple[str, str]:
        """A URL as it may be written, and what is wrong with it."""
        url = text.strip()
        if is_guarded(url):
            try:
                guarded = Guarded.parse(url)
            except ValueError:
                return GUARD, "is not a guarded index"
            if guarded.is_table:
                return guarded.url, "is a routing table itself"
            url = guarded.url
        base = PREFIX + re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
        url = re.sub(_VARIABLE, lambda match: self._variable(str(match[1])), url)
        scheme, separator, rest = url.partition("://")
        if not separator and "@" in url:
            return "****", "is no URL"
        if not separator:
            return url, "is no URL" if re.match(r"(?i)[a-z][a-z0-9+.-]+:", url) else ""
        if scheme.lower() not in SCHEMES:
            return url, "is not an https, http or file URL"
        authority, slash, path = rest.partition("/")
        userinfo, at, host = authority.rpartition("@")
        host = "****" if "@" in path else host  # there a password may begin or end
        if "?" in path or "#" in path:
            return f"{scheme}://{host}", "has a query or a fragment, which the URL of an index cannot have"
        if at:
            authority = f"{self._credentials(base, userinfo)}@{host}"
        path = "/".join(
            self._secret(f"{base}_TOKEN")
            if (re.fullmatch(_LONG, part) or re.fullmatch(_UUID, part))
            else part
            for part in path.split("/")
        )
        url = f"{scheme}://{authority}{slash}{path}"
        try:
            Origin.of(re.sub(_OURS, "x", url))
        except ValueError as error:
            return f"{scheme}://{host}", str(error)
        return url, ""

    def _credentials(self, base: str, userinfo: str) -> str:
        user, colon, password = userinfo.partition(":")
        if not password:  # a user without a password is a token
            return userinfo if re.fullmatch(_OURS, user) else self._secret(f"{base}_TOKEN") + colon
        if not re.fullmatch(_OURS, password):
            password = self._secret(f"{base}_PASSWORD")
        if not re.fullmatch(f"{_USER}|{_OURS}", user):  # some put a token there
            user = self._secret(f"{base}_USER")
        return f"{user}:{password}"

    def _secret(self, variable: str) -> str:
        self.variables.setdefault(variable)
        return f"${{{variable}}}"

    def _variable(self, name: str) -> str:
        upper = name.upper()
        return self._secret(upper if upper.startswith(PREFIX) else PREFIX + upper)

    def text(self, head: list[str], schema: str) -> str:
        """The table, as TOML."""
        for key, origin in self._kept_away.items():
            self.routes.setdefault(key, Line('{ deny = "write its index here" }', origin))
        for key, line in list(self.routes.items()):
            if key.endswith("-*") and key[:-2] not in self.routes:  # which the pattern does not cover
                self.routes[key[:-2]] = Line(line.value, f"{key} does not cover it", line.unfit)
        if self._is_open:
            why = "a name above could not be carried over: write it, then the index of all others here"
            self.routes[ALL] = Line('{ deny = "see the notes above" }', why)
        if (ALL not in self.routes or self.routes[ALL].unfit) and PLUGIN not in self.routes:
            self.routes[PLUGIN] = Line('{ deny = "write its index here" }', "or any index may replace it")
        used = " ".join(line.value for line in self.routes.values())
        for name, line in self.indexes.items():
            if quoted(name) not in used and not line.unfit:
                line.unfit = f"{line.origin}; no route leads there"
        return "\n".join([f"#:schema {schema}", *self._lines(head)]) + "\n"

    def _lines(self, head: list[str]) -> Iterator[str]:
        yield from _comment(head)
        if self.variables:
            yield "#"
            yield "# Set these in the environment; no password is written here:"
            yield from _comment([f"  {variable}" for variable in self.variables])
        if self.notes:
            yield "#"
            yield "# Not carried over:"
            yield from _comment([f"* {note}" for note in self.notes])
        if self.indexes:
            yield ""
            yield "[indexes]"
            yield from _aligned(self.indexes)
        yield ""
        yield "[routes]"
        for name, line in self.indexes.items():
            if line.unfit:
                yield f'# "NAME-*" = {quoted(name)}  # which projects come from {name}?'
        order = sorted(self.routes.items(), key=lambda item: item[0] == ALL)
        yield from _aligned(dict(order))


def _aligned(lines: dict[str, Line]) -> Iterator[str]:
    keys = {name: name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name) for name in lines}
    width = max((len(keys[name]) for name, line in lines.items() if not line.unfit), default=0)
    for name, line in lines.items():
        if line.unfit:
            yield f"# {keys[name]} = {line.value}  # {visible(line.unfit)}"
        else:
            yield f"{keys[name].ljust(width)} = {line.value}  # {visible(line.origin)}"


def _comment(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"# {visible(line)}".rstrip()


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(keys: dict[str, object]) -> str:
    """A TOML inline table of strings, numbers and arrays of them."""
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in keys.items()) + " }"


def _value(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, (list, tuple)) else json.dumps(value)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return is_local(url) or host == "localhost" or host.endswith(".localhost") or host in ("::1", "127.0.0.1")
