"""Where things are on nginx: pages, files and other hosts, at ``/from/INDEX/SCHEME/HOST/PATH``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from rim_router.cli.export.nginx.text import LONGEST, pattern, quoted
from rim_router.cli.export.plan import address
from rim_router.rules.urls import Origin

if TYPE_CHECKING:
    from rim_router.rules.table import Index

# A path that every program reads in the same way: "/", "\", ".", "%", "?", "#", ";" and control characters
# are not written by their codes, nor UTF-8 in more bytes than it needs. In no index are there others.
_CHARACTERS = r"[A-Za-z0-9/._~!$&'()*+,=:@\[\]-]"
_CODES = (
    r"%(?i:2[0146-9a-d]|3[0-9ad]|40|[46][1-9a-f]|[57][0-9a]|5[bdf]|7e|[89ab][0-9a-f]|c[2-9a-f]|d[0-9a-f]"
    r"|e0%[ab][0-9a-f]|e[1-9a-f]|f0%[9ab][0-9a-f]|f[1-4])"
)
CLEAR = rf"(?:{_CHARACTERS}++|{_CODES})*+"
_FOLDERS = ("simple", "+simple")  # next to which the files are


def is_clear(path: str) -> bool:
    """Whether nginx takes a path of an index, as a URL has it."""
    return (
        re.fullmatch(rf"(?:{_CHARACTERS}|{_CODES})*", path) is not None
        and "//" not in path
        and "/." not in path
        and not set(path) & set("$&'")  # which begin a variable or an entity, or end an attribute
        and len(path) <= LONGEST // 4
    )


def base(index: Index) -> str:
    """The path of an index, without a slash at its end."""
    return urlsplit(address(index)).path.rstrip("/")


def root(index: Index) -> str:
    """The path below which all belongs to an index, pages and files, without a slash at its end."""
    path, _, last = base(index).rpartition("/")
    return path if last in _FOLDERS else base(index)


def own(index: Index) -> Origin:
    """The origin of its pages."""
    return Origin.of(address(index))


def credentials(index: Index) -> str:
    """The file with the credentials of an index.

    Its name says whose they are: another table has other numbers, and may give the index another host.
    """
    origin = own(index)
    host = origin.host.strip("[]").replace(":", "-")  # brackets would make a pattern of it
    return f"credentials/{quote(index.name, safe='')}@{origin.scheme}-{host}-{origin.port}.conf"


def origins(index: Index) -> list[Origin]:
    """Those from which files of an index may come, its own first."""
    others = sorted(index.own_origins - {own(index)}, key=str)
    listed = [
        Origin("https", each.host, each.port or 443) for each in index.external_hosts if not each.wildcard
    ]
    return list(dict.fromkeys([own(index), *others, *listed]))


def prefix(name: str, origin: Origin) -> str:
    """The path below which an origin is, for an index of this name."""
    return f"/from/{name}/{origin.scheme}/{origin.netloc}"


def prefix_pattern(name: str, origin: Origin) -> str:
    """An expression for that path as links may have it: in upper case, or with the scheme's own port."""
    port = "" if origin.netloc != origin.host else f"(?::{origin.port})?"
    return f"/from/{name}/{origin.scheme}/(?i:{pattern(origin.netloc)}){port}"


def page(index: Index, names: dict[Index, str]) -> str:
    """The path of the page of ``$project``."""
    return quoted(f"{prefix(names[index], own(index))}{base(index)}/$project/")
