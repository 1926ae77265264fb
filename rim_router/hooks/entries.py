"""Links of a JSON page, of which pip makes the whole only if somebody looks into them.

Of the hundreds of files of a project pip looks at the version of each, and into a few. The rest of a link is
made by pip's own function when it is asked for; until then it takes a tenth of the room.
"""

from __future__ import annotations

import marshal
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from pip._internal.models.link import Link

from rim_router.rules.selection import TIME

if TYPE_CHECKING:
    from collections.abc import Callable

# A URL that pip would only take apart to find that there is nothing to be quoted in it.
PLAIN_URL = r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?((?:/[A-Za-z0-9_.~-]+)+)"
_PACKED = ("hashes", "core-metadata", "dist-info-metadata", "upload-time", "size")
_SLOTS = tuple(slot for each in Link.__mro__ for slot in getattr(each, "__slots__", ()))
_SAMPLE_PAGE = "https://localhost/simple/sample/"
_SAMPLE = {
    "url": "https://localhost/files/sample-1.0-py3-none-any.whl",
    "filename": "sample-1.0-py3-none-any.whl",
    "hashes": {"sha256": "0" * 64},
    "requires-python": ">=3.9",
    "core-metadata": {"sha256": "1" * 64},
    "dist-info-metadata": {"sha256": "2" * 64},
    "data-dist-info-metadata": {"sha256": "3" * 64},
    "upload-time": "2020-02-03T04:05:06.789Z",
    "size": 1,
    "gpg-sig": True,
    "provenance": "https://localhost/provenance",
    "yanked": False,
}


class _Entry(Link):
    """A link that has what pip looks at in each, and the rest of what a page says of its file packed."""

    __slots__ = ("_packed",)
    _packed: bytes

    def __getattr__(self, name: str) -> Any:
        """What has not been made yet."""
        if name not in _SLOTS:
            raise AttributeError(name)
        values = self._unpacked()
        if name == "_hashes":  # pip looks at those of many, and at nothing else of most
            return values[0]
        file = {"url": self._url, "requires-python": self.requires_python, **dict(zip(_PACKED, values))}
        whole = Link.from_json(file, self.comes_from)
        for slot in _SLOTS:
            if hasattr(whole, slot):
                setattr(self, slot, getattr(whole, slot))
        return object.__getattribute__(self, name)

    def _unpacked(self) -> Any:
        return marshal.loads(object.__getattribute__(self, "_packed"))  # noqa: S302 - was packed below


def links_of(files: list[Any], page_url: str, sizes: dict[str, object]) -> list[Any]:
    """pip's links of the files of a page, in their order; without those of which pip makes none.

    :param files: entries of the page (PEP 691).
    :param sizes: gets what the page says of the size of a file, by URL, where the link does not have it.
    """
    make = _maker(page_url) if _is_as_known() else None
    found = []
    for file in files:
        link = None if make is None else make(file)
        if link is None:
            link = Link.from_json(file, page_url)
            if link is not None:
                sizes[link.url] = file.get("size")
        if link is not None:
            found.append(link)
    return found


def size_of(link: Any, sizes: dict[str, object]) -> object:
    """What a page says of the size of a file; None if it does not say.

    :param sizes: of :func:`links_of`.
    """
    return link._unpacked()[-1] if isinstance(link, _Entry) else sizes.get(link.url)


def _maker(page_url: str) -> Callable[[Any], Any]:
    """What makes a link of a file; None of one with something that is not as usual, which is left to pip."""
    is_plain, is_time = re.compile(PLAIN_URL).fullmatch, re.compile(TIME).fullmatch
    has_path, has_egg, has_key = (slot in _SLOTS for slot in ("_path", "egg_fragment", "_compare_key"))
    known: dict[str | None, str | None] = {}  # thousands of files have the same few values

    def make(file: Any) -> Any:
        url, requires, hashes = file.get("url"), file.get("requires-python"), file.get("hashes")
        time, size = file.get("upload-time"), file.get("size")
        if (
            type(url) is not str
            or (plain := is_plain(url)) is None
            or file.get("yanked")
            or not (requires is None or type(requires) is str)
            or type(hashes) is not dict
            or not (time is None or (type(time) is str and is_time(time) is not None))
            or not (size is None or type(size) is int)
        ):
            return None
        rest = (hashes, file.get("core-metadata"), file.get("dist-info-metadata"), time, size)
        link = _Entry.__new__(_Entry)
        try:
            link._packed = marshal.dumps(rest)
        except ValueError:  # too deep for it
            return None
        link._url, link.comes_from, link.yanked_reason = url, page_url, None
        link.requires_python = known.setdefault(requires, requires or None)
        if has_path:
            link._path = plain[1]
        if has_egg:
            link.egg_fragment = None
        if has_key:  # before pip 24.1
            link._compare_key, link._defining_class = url, Link
        return link

    return make


class _Recorded(dict[str, Any]):
    """An entry that notes which of its keys are looked at."""

    def __init__(self, entry: dict[str, Any]) -> None:
        super().__init__(entry)
        self.keys_read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.keys_read.add(key)
        return super().__getitem__(key)


@cache
def _is_as_known() -> bool:
    """Whether this pip makes the same of a file as is made here, and looks at nothing that is not kept."""
    try:
        entry = _Recorded(_SAMPLE)
        whole, link = Link.from_json(entry, _SAMPLE_PAGE), _maker(_SAMPLE_PAGE)(_SAMPLE)
        filled = {slot: getattr(whole, slot) for slot in _SLOTS if hasattr(whole, slot)}
        made = {slot: getattr(link, slot) for slot in _SLOTS if _is_made(link, slot)}
        return (
            entry.keys_read <= {*_PACKED, "url", "requires-python", "yanked"}
            and {"_hashes": link._hashes, **made}.items() <= filled.items()
            and all(getattr(link, slot) == filled[slot] for slot in filled)
        )
    except Exception:  # a pip that has something else there makes its links itself
        return False


def _is_made(link: Any, slot: str) -> bool:
    try:
        object.__getattribute__(link, slot)
    except AttributeError:
        return False
    return True
