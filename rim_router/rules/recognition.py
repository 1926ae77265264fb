"""Whether what an index answered is a page of an index (PEP 503, PEP 691). Pure.

A server that cannot or will not serve an index often answers with some other page and "200 OK": a
log-in form, a proxy's notice, a web site. To take that for a page without files would be a look-up
that failed in silence.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rim_router.record import Record
from rim_router.rules.filenames import DISTRIBUTIONS, names_in
from rim_router.rules.names import normalise
from rim_router.rules.page_metadata import in_utf8, is_json, is_ordinary, page_metas, version_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TYPED = r"(?i)application/vnd\.pypi\.simple\.v([0-9]+)\+html\s*(?:;|$)"
# Of what else an HTML page without files is known to be one: the title that indexes have always used, or
# those that web servers give the listing of a directory. A path ends in a slash, and prose does not: "Index
# of products" is any site's. Caddy's listing has the name of its directory alone, and counts what is in it.
_DECLARED = (
    rb"(?i)<(?:title|h1)\b[^>]*>\s*(?:links\s+(?:for|to)\b|simple\s+index\b|directory\s+listing\s+for\b"
    rb"|index\s+of\s+(?:/|[^\s<]*/\s*<)|listing:\s*<a\s)"
    rb"|<span\s+class=[\"']?meta-item[\"']?>\s*<b>[0-9]+</b>\s*director(?:y|ies)\s*</span>"
)
_HREF = rb"""(?i)<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"""

NO_INDEX_HINT = "is the URL that of an index (PEP 503), and are its credentials right?"
LOGIN_HINT = (
    "the index wants a log-in: give it credentials, in its URL by a variable such as ${RIM_ROUTER_TOKEN}, by "
    "netrc or by keyring, or correct those that it has"
)
_LOGIN_FORM = (
    rb"(?i)<input\b[^>]*\btype\s*=\s*[\"']?password\b|\bname\s*=\s*[\"']?SAMLRequest\b"
    rb"|<form\b[^>]*\baction\s*=[^>]*\b(?:login|sign_?in|sso|authorize)\b"
    rb"|<(?:title|h1)\b[^>]*>[^<]*\b(?:log|sign)[ -]?[io]n\b"
)
_VERSION_HINT = "upgrade rim-router, or route it to an index that answers in version 1 (PEP 629)"


class PageFault(Record):
    """Why an answer is no page of an index.

    :param reason: a sentence about the page.
    :param hint: what to do about it.
    """

    reason: str
    hint: str = NO_INDEX_HINT

    def __str__(self) -> str:
        return self.reason


def page_fault(content: bytes, content_type: str, project_name: str | None) -> PageFault | None:
    """Why an answer is no page of an index; None if it is one.

    :param content_type: the header of that name.
    :param project_name: normalised; None for a page that lists the files of several projects.
    """
    if is_json(content_type):
        return _json_fault(content)
    content = in_utf8(content, content_type)
    metas = list(page_metas(content, ""))
    fault = _version_fault(_versions(metas, content_type))
    if fault is not None or metas or re.match(_TYPED, content_type) or re.search(_DECLARED, content):
        return fault
    if any(is_file_of(filename, project_name) for filename in linked_files(content)):
        return None
    files = "a distribution" if project_name is None else f"a file of {project_name}"
    hint = LOGIN_HINT if re.search(_LOGIN_FORM, content) else NO_INDEX_HINT
    return PageFault(f"it neither says that it is one nor links to {files}", hint)


def _versions(metas: Iterable[tuple[str, str]], content_type: str) -> list[object]:
    """The API versions that an HTML page gives, its type included."""
    typed = re.match(_TYPED, content_type)
    given = [value for name, value in metas if name == "repository-version"]
    return [*given, *([] if typed is None else [typed[1]])]


def _version_fault(versions: list[object]) -> PageFault | None:
    fault = version_fault(versions)
    return None if fault is None else PageFault(fault, _VERSION_HINT)


def is_page_with(
    filenames: Iterable[str], content: bytes, content_type: str, project_name: str | None
) -> bool:
    """Whether an answer in which pip has found links to some files is a page of an index for sure.

    A big page takes long to be parsed, and pip does that itself: :func:`page_fault` then only has to look
    at one in which pip has found nothing that tells.
    """
    if is_json(content_type):
        return any(True for _ in filenames) and is_ordinary(content)
    return (
        any(is_file_of(filename, project_name) for filename in filenames)
        and version_fault(_versions(page_metas(content, content_type), content_type)) is None
    )


def is_root(beginning: bytes) -> bool:
    """Whether the beginning of an answer is that of the root of an index, which lists its projects."""
    if re.match(rb"\s*\{", beginning):
        return b'"api-version"' in beginning and b'"projects"' in beginning
    return any(True for _ in page_metas(beginning, "")) or re.search(_DECLARED, beginning) is not None


def is_file_of(filename: str, project_name: str | None) -> bool:
    """Whether a file name may be that of a distribution of a project; None: of any."""
    return filename.lower().endswith(DISTRIBUTIONS) and (
        project_name is None or project_name in map(normalise, names_in(filename))
    )


def _json_fault(content: bytes) -> PageFault | None:
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError):
        return PageFault("it cannot be read as JSON")
    if not isinstance(data, dict):
        return PageFault("it is not a JSON object")
    meta = data.get("meta")
    fault = _version_fault([meta.get("api-version") if isinstance(meta, dict) else None])
    if fault is not None:
        return fault
    files = data.get("files")
    if not isinstance(files, list):
        return PageFault("it has no list of files")
    if not all(isinstance(file, dict) and isinstance(file.get("url"), str) for file in files):
        return PageFault("it has a file without a URL")
    return None


def namespace_fault(content: bytes, content_type: str, namespace: str) -> str | None:
    """Why a page does not show that its index owns a namespace (PEP 752); None if it does.

    :param content: of a page in which :func:`page_fault` found no fault.
    :param namespace: normalised.
    """
    if not is_json(content_type):
        return "it answers in HTML, and only JSON (API version 1.5) names the owner of a namespace"
    entries = json.loads(content).get("namespaces")
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str) and normalise(name) == namespace:
            return (
                None
                if entry.get("owned") is True
                else "its answer says that the project does not belong to it"
            )
    return "its answer has no such namespace"


def linked_files(content: bytes) -> Iterator[str]:
    """The names of the files that an HTML page links to."""
    for match in re.finditer(_HREF, content):
        href = next(group for group in match.groups() if group is not None)
        try:
            path = urlsplit(href.decode("utf-8", "replace").strip()).path
        except ValueError:
            continue  # a link that cannot be read is none, as for pip
        yield unquote(path.rpartition("/")[2])
