"""The links of an index page, rewritten so that none of them leads past nginx.

nginx cannot read a page: it can only replace strings. So a link is not judged, but put below a path of nginx
itself, however it goes on: what follows the opening of a link, ``href="`` or ``"url":"``, gets a prefix that
is an absolute path. Three things make this a closed set:

* Each other spelling of an opening is made unreadable: no client finds a link behind it.
* Behind the prefix, ``..`` in any spelling is replaced: no link leads out again.
* The client is told the type and the encoding by which the page was rewritten, and the page begins with
  white space: so no mark at its beginning can tell another one.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from rim_router.cli.export.nginx.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

# In front of a page. Readers tell UTF-16 by its first bytes, whatever the server says: these are none of it.
BEFORE = "    "
# How far up a link may begin. nginx takes no more than 255 strings.
HIGHEST = 8

_HTML = ('href="', "href='")
_JSON = ('"url":"', '"url": "', '"url" : "')
_JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_HTML_TYPE = "application/vnd.pypi.simple.v1+html"
# Answers for everything else: no client takes this for a page.
_NO_TYPE = "application/x-not-an-index-page; charset=utf-8"
# Characters that may be written by their number: with none of them a link can be made to lead elsewhere.
_HARMLESS = "\"&'+<=>"
# The names that HTML has for "/", ".", "\", "%", and for white space that readers drop from links.
_NAMED = ("&sol", "&period", "&bsol", "&percnt", "&tab", "&newline")


def page_types() -> Iterator[str]:
    """A map from what an index says of a page to what clients are told."""
    utf8 = r" *(?:; *charset=\"?(?:utf-8|us-ascii)\"?)? *$"
    found = {
        rf"application/vnd\.pypi\.simple\.v1\+json{utf8}": _JSON_TYPE,
        rf"application/vnd\.pypi\.simple\.v1\+html{utf8}": f"{_HTML_TYPE}; charset=utf-8",
        rf"text/html{utf8}": "text/html; charset=utf-8",
        r"text/html *; *charset=\"?iso-8859-1\"? *$": "text/html; charset=iso-8859-1",
    }
    yield "    # An index page is JSON or HTML, and not compressed."
    source = "$upstream_cache_status|$status|$upstream_http_content_encoding|$upstream_http_content_type"
    yield f'    map "{source}" $page_type {{'
    yield f'        default "{_NO_TYPE}";'
    yield '        "~^\\|" "";'  # what nginx itself says
    for expression, told in found.items():
        yield f'        "~*^[a-z]+\\|200\\|(?:identity)?\\|{expression}" "{told}";'
    yield "    }"


def filters(highest: int) -> Iterator[str]:
    """The directives that rewrite a page.

    They use the variables ``$index``; ``$its_scheme`` and ``$origin``, the scheme of the page and the path of
    its origin; ``$here``, the path of the page, and ``$up1`` and so on, the paths above it.
    """
    for old, new in (*_links(highest), *_other_openings(), *_ways_up()):
        yield f"sub_filter {quoted(old)} {quoted(new)};"


def _links(highest: int) -> Iterator[tuple[str, str]]:
    # nginx takes the first that fits: so the longer one comes first.
    for opening in (*_HTML, *_JSON):
        for slash in ("/",) if opening in _HTML else ("/", "\\/"):
            yield f"{opening}https:{slash * 2}", f"{opening}/from/$index/https/"
            yield f"{opening}http:{slash * 2}", f"{opening}/from/$index/http/"
            yield opening + slash * 2, f"{opening}/from/$index/$its_scheme/"
            for number in range(highest, 0, -1):
                yield opening + f"..{slash}" * number, f"{opening}$up{number}/"
            yield f"{opening}.{slash}", f"{opening}$here/"
            yield opening + slash, f"{opening}$origin/"
        yield opening, f"{opening}$here/"


def _other_openings() -> Iterator[tuple[str, str]]:
    # A key of this name that goes on in another way. What this leaves is no JSON, which nobody reads.
    for after in (":", " ", "\t", "\n", "\r"):
        yield f'"url"{after}', '"url"!'
    yield '"provenance"', '"no-provenance"'  # its URL: nginx does not serve it
    # The attribute without a quote; a longer word is not this attribute.
    for after in (*string.ascii_lowercase, *string.digits, *"-_."):
        yield f"href{after}", f"href{after}"
    yield "href", "refused"
    # Characters by their number, which could spell anything; only in JSON is there this one.
    for character in _HARMLESS:
        yield f"\\u{ord(character):04x}", f"\\u{ord(character):04x}"
    for digit in range(8):
        yield f"\\u00{digit}", f"\\!00{digit}"


def _ways_up() -> Iterator[tuple[str, str]]:
    yield "..", "__"
    yield "%2e", "_"
    # Readers drop line ends and tabs, and find what was on both sides of them together.
    for part in (".", "%", "%2"):
        for space in "\t\n\r":
            yield part + space, f"{part} "
    yield "\\\\", "\\\\"  # whose second half begins nothing
    for letter in "tnr":
        yield f"\\{letter}", " "
    for character in _HARMLESS:
        for number in (f"&#{ord(character)};", f"&#x{ord(character):x};"):
            yield number, number
    yield "&#", "&amp;#"
    for name in _NAMED:
        yield name, f"&amp;{name[1:]}"
