"""What an index page says of itself and of its project: API version and project status. Pure.

HTML pages say it in meta elements (PEP 629, PEP 792), JSON ones in ``meta`` and ``project-status``
(PEP 691, PEP 792).
"""

from __future__ import annotations

import html
import json
import re
from posixpath import normpath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from rim_router.record import Record
from rim_router.rules.times import parse_time
from rim_router.terminal import legible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

QUARANTINED = "quarantined"
# The others that PEP 792 has; what else an index says counts as active.
_STATUSES = ("active", "archived", "deprecated", QUARANTINED)
_LONGEST_REASON = 200
QUARANTINE_HINT = (
    "it may be malicious: ask whoever runs the index, and do not install it from anywhere else meanwhile"
)
STATUS_HINT = (
    "use another project, or another release of what requires it; or remove project-status from that policy"
)

# pip looks only at how the type begins.
_JSON = r"(?i)\s*application/(?:vnd\.pypi\.simple\.v[0-9]+\+)?json"
_CHARSET = r"(?i);\s*charset\s*=\s*\"?([^\s\";]+)"
_UTF8 = ("utf-8", "utf8", "ascii", "us-ascii")
# One attribute at a time: a pattern for a whole element could take long.
_ATTRIBUTE = rb"""[\s/]*([^\s/>][^\s/=>]*)(?:\s*=+\s*(?:"([^"]*)"|'([^']*)'|(?!["'])([^\s>]*)))?"""
_PREFIX = "pypi:"
_VERSION = r"[0-9]{1,9}(?:\.[0-9]{1,9})*"

# What most JSON pages say, and which is then not worth to be parsed a second time.
_ORDINARY_VERSION = rb'\s*:\s*"1["\.]'
_ORDINARY_STATUS = rb'\s*:\s*\{\s*"status"\s*:\s*"active"\s*\}'


class ProjectStatus(Record):
    """The status of a project on an index (PEP 792).

    :param status: one of those that the PEP has.
    :param reason: the index's own words, as they may be shown; empty if it gives none.
    """

    status: str = "active"
    reason: str = ""

    @property
    def is_active(self) -> bool:
        """Whether nothing speaks against the project."""
        return self.status == _STATUSES[0]

    @property
    def is_quarantined(self) -> bool:
        """Whether nothing of the project may be installed."""
        return self.status == QUARANTINED

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}" if self.reason else f"{self.status}, with no reason given"


def is_json(content_type: str) -> bool:
    """Whether the header of that name says that a page is JSON."""
    return re.match(_JSON, content_type) is not None


def version_fault(versions: list[object]) -> str | None:
    """Why a page that gives some API versions cannot be read; None if it can."""
    for version in versions:
        text = version.strip() if isinstance(version, str) else ""
        if not re.fullmatch(_VERSION, text):
            return "it gives no known API version"
        if text.partition(".")[0] != "1":
            return f"it has API version {text}, and only version 1 is supported"
    return None


def is_ordinary(content: bytes) -> bool:
    """Whether a JSON page can be seen, without parsing it, to have version 1 and the status active if any."""
    return (
        # By an escape a key may be spelt in many ways; and most pages have none at all, which is seen sooner.
        (b"\\" not in content or b"\\u" not in content)
        and b'"api-version"' in content
        and _is_always(b'"api-version"', _ORDINARY_VERSION, content)
        and _is_always(b'"project-status"', _ORDINARY_STATUS, content)
    )


def _is_always(key: bytes, pattern: bytes, content: bytes) -> bool:
    value = re.compile(pattern)
    position = content.find(key)
    while position >= 0:
        position += len(key)
        if value.match(content, position) is None:
            return False
        position = content.find(key, position)
    return True


def project_status(content: bytes, content_type: str) -> ProjectStatus:
    """The status of the project that a page is of.

    :param content_type: the header of that name.
    """
    found: list[object] = []
    reason: object = None
    if is_json(content_type):
        for entry in [] if is_ordinary(content) else _json_entries(content, "project-status"):
            for each in _each(entry.get("status")) if isinstance(entry, dict) else [entry]:
                found += each if isinstance(each, list) else [each]
            reason = reason or (_each(entry.get("reason"))[0] if isinstance(entry, dict) else None)
    else:
        metas = list(page_metas(content, content_type))
        found = [value for name, value in metas if name == "project-status"]
        reason = next((value for name, value in metas if name == "project-status-reason"), None)
    words = [each.strip().lower() for each in found if isinstance(each, str)]
    # Where a page contradicts itself, the worst that it says counts.
    known = [each for each in reversed(_STATUSES) if each in words]
    text = legible(reason, _LONGEST_REASON) if isinstance(reason, str) else ""
    return ProjectStatus(known[0], text) if known else ProjectStatus()


def upload_times(content: bytes, content_type: str, page: str) -> dict[str, datetime | None]:
    """When the files of a page were uploaded, by file name (PEP 700); HTML pages do not say.

    What a page says twice counts as it makes a file younger.

    :param content_type: the header of that name.
    :param page: its URL.
    """
    found: dict[str, datetime | None] = {}
    for file in _json_entries(content, "files") if is_json(content_type) else ():
        said = file if isinstance(file, dict) else {}
        times = list(map(parse_time, _each(said.get("upload-time"))))
        time = None if None in times else max(filter(None, times))
        names = {name for url in _each(said.get("url")) if isinstance(url, str) for name in _names(url, page)}
        for name in names:
            known = found.get(name, time)
            found[name] = None if known is None or time is None else max(known, time)
    return found


def _names(url: str, page: str) -> set[str]:
    """Every file name that some reader may find in a URL.

    pip's differ in when they unquote what, and in what they leave out: an empty parameter (``;``), dots for
    names. Without a path the host is the name.
    """
    plain = re.fullmatch(_PLAIN_URL, url)
    if plain is not None:
        return {plain[1]}
    try:
        parts = [urlsplit(each) for each in (url, urljoin(page, url))]
    except ValueError:
        return set()  # nor can pip
    texts = [each.path for each in parts]
    for _ in range(_UNQUOTED):
        texts += map(unquote, texts[-len(parts) :])
    texts += [text.rstrip(";") for text in texts]
    texts += [normpath(text) for text in texts]
    names = {text.rstrip("/").rpartition("/")[2] for text in texts}
    if names & {"", ".", ".."}:
        names |= {each.netloc.rpartition("@")[2] for each in parts}
    return names | {unquote(name) for name in names}


# In which there is one name, however it is read.
_PLAIN_URL = r"(?:[A-Za-z0-9._~:/-]*/)?(?!\.+$)([A-Za-z0-9._+-]+)"
# More often than any pip does.
_UNQUOTED = 4


class _Repeated(list[Any]):
    """The values of a key that an object has several times."""


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, _Repeated) else [value]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; readers differ in what a repeated key means, so that each of its values counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for key in found:
            values = [value for name, value in pairs if name == key]
            found[key] = values[0] if len(values) == 1 else _Repeated(values)
    return found


def _json_entries(content: bytes, key: str) -> list[Any]:
    """What a page has under a key; of a list its items, and of a key that is repeated all of them."""
    try:
        data = json.loads(content, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return []  # no index page, which is said elsewhere
    found = []
    for each in _each(data.get(key)) if isinstance(data, dict) else ():
        found += each if isinstance(each, list) else [each]
    return found


def page_metas(content: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    """Name, without ``pypi:``, and content of each meta element of an HTML page that is about indexes."""
    content = in_utf8(content, content_type)
    lowered = content.lower()  # of bytes, which changes no position
    if _PREFIX.encode() not in lowered and b"&" not in lowered:
        return
    attribute = re.compile(_ATTRIBUTE)
    position = lowered.find(b"<meta")
    while position >= 0:
        position += len(b"<meta")
        attributes: dict[str, str] = {}
        while (match := attribute.match(content, position)) is not None:
            name, *values = (
                html.unescape((group or b"").decode("utf-8", "replace")) for group in match.groups()
            )
            attributes.setdefault(name.lower(), "".join(values))
            position = match.end()
        name = attributes.get("name", "").strip().lower()
        if name.startswith(_PREFIX):
            yield name[len(_PREFIX) :], attributes.get("content", "")
        position = lowered.find(b"<meta", position)


def in_utf8(content: bytes, content_type: str) -> bytes:
    """A page, whatever encoding the header says it has; as it is if that is not known."""
    found = re.search(_CHARSET, content_type)
    if found is None or found[1].lower() in _UTF8:
        return content
    try:
        return content.decode(found[1], "replace").encode("utf-8", "replace")
    except (LookupError, ValueError):
        return content
