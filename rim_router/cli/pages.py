"""Reads index pages: HTML (PEP 503), JSON (PEP 691) and pages of links."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from rim_router.references import DISTRIBUTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.urls import Origin

_HASH = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-fA-F]+)")


@dataclass(frozen=True)
class IndexFile:
    """A file that an index page links to.

    :param url: absolute, without a fragment; it may have credentials in it.
    :param hashes: algorithm to hexadecimal digest in lower case.
    """

    filename: str
    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    yanked: bool = False
    requires_python: str | None = None


@dataclass(frozen=True)
class IndexPage:
    """What a page has.

    :param own: the origins whose files are the index's own.
    :param exists: whether there is such a page, though without a file; for what several projects share,
        whether there is a file of the one that is meant.
    """

    files: tuple[IndexFile, ...] = ()
    own: frozenset[Origin] = frozenset()
    exists: bool = True


def read_page(content: bytes, content_type: str, url: str) -> IndexPage:
    """Read a page.

    :param content_type: the header of that name.
    :param content: of a page in which :func:`rim_router.recognition.page_fault` found no fault.
    :param url: of the page, to which its links are relative.
    :raises ValueError: if any part of it cannot be read: pip reads no other part of such a page either.
    """
    try:
        return IndexPage(tuple(_read(content, content_type, url)))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(type(error).__name__) from error


def _read(content: bytes, content_type: str, url: str) -> list[IndexFile]:
    header = Message()
    header["content-type"] = content_type
    if header.get_content_type().endswith("json"):
        return [_read_entry(entry, url) for entry in json.loads(content)["files"]]
    parser = _Links(url)
    parser.feed(content.decode(header.get_content_charset() or "utf-8"))
    parser.close()
    return parser.files


def _read_entry(entry: Mapping[str, Any], page: str) -> IndexFile:
    url = urldefrag(urljoin(page, entry["url"])).url
    hashes = entry.get("hashes")
    requires_python = entry.get("requires-python")
    filename = entry.get("filename")
    return IndexFile(
        filename if isinstance(filename, str) else _filename(url),
        url,
        {str(name).lower(): str(digest).lower() for name, digest in hashes.items()}
        if isinstance(hashes, dict)
        else {},
        entry.get("yanked", False) not in (False, None),  # an empty string is a reason too
        requires_python if isinstance(requires_python, str) else None,
    )


def _filename(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


class _Links(HTMLParser):
    """Gathers the files among the links of a page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.files: list[IndexFile] = []
        self._base = url
        self._based = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "base" and not self._based and values.get("href") is not None:
            self._base = urljoin(self._base, values["href"])
            self._based = True
        elif tag == "a" and values.get("href"):
            self._add(str(values["href"]), values)

    def _add(self, href: str, values: Mapping[str, str | None]) -> None:
        url, fragment = urldefrag(urljoin(self._base, href.strip()))
        filename = _filename(url)
        if not filename.lower().endswith(DISTRIBUTIONS):
            return
        hashes = {name: digest.lower() for name, digest in _HASH.findall(fragment)}
        required = values.get("data-requires-python")
        self.files.append(IndexFile(filename, url, hashes, "data-yanked" in values, required or None))
