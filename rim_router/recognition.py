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

from rim_router.names import normalise
from rim_router.references import DISTRIBUTIONS, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VERSION = rb'"api-version"\s*:\s*"1[."]'
_JSON = r"(?i)application/(?:vnd\.pypi\.simple\.v[0-9]+\+)?json\b"
# What an HTML page says of itself: PEP 629's version, the title that indexes have always used, or those
# that web servers give the listing of a directory.
_DECLARED = (
    rb"(?i)<meta\s[^>]*?\bpypi:repository-version\b"
    rb"|<(?:title|h1)\b[^>]*>\s*(?:links\s+(?:for|to)\b|simple\s+index\b|index\s+of\s+/|directory\s+listing\s+for\b)"
)
_HREF = rb"""(?i)<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"""


def page_fault(content: bytes, content_type: str, project_name: str | None) -> str | None:
    """Why an answer is no page of an index; None if it is one.

    :param content_type: the header of that name.
    :param project_name: normalised; None for a page that lists the files of several projects.
    """
    if re.match(_JSON, content_type):
        return _json_fault(content)
    if re.search(_DECLARED, content):
        return None
    if any(is_file_of(filename, project_name) for filename in _linked_files(content)):
        return None
    files = "a distribution" if project_name is None else f"a file of {project_name}"
    return f"it neither says that it is one nor links to {files}"


def is_page_with(
    filenames: Iterable[str], content: bytes, content_type: str, project_name: str | None
) -> bool:
    """Whether an answer in which pip has found links to some files is a page of an index for sure.

    A big page takes long to be parsed, and pip does that itself: :func:`page_fault` then only has to look
    at one in which pip has found nothing that tells.
    """
    if re.match(_JSON, content_type):
        return any(True for _ in filenames) and re.search(_VERSION, content) is not None
    return any(is_file_of(filename, project_name) for filename in filenames)


def is_file_of(filename: str, project_name: str | None) -> bool:
    """Whether a file name may be that of a distribution of a project; None: of any."""
    return filename.lower().endswith(DISTRIBUTIONS) and (
        project_name is None or project_name in map(normalise, names_in(filename))
    )


def _json_fault(content: bytes) -> str | None:
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError):
        return "it cannot be read as JSON"
    if not isinstance(data, dict):
        return "it is not a JSON object"
    meta = data.get("meta")
    version = meta.get("api-version") if isinstance(meta, dict) else None
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        return "it gives no API version that is known"
    files = data.get("files")
    if not isinstance(files, list):
        return "it has no list of files"
    if not all(isinstance(file, dict) and isinstance(file.get("url"), str) for file in files):
        return "it has a file without a URL"
    return None


def namespace_fault(content: bytes, content_type: str, namespace: str) -> str | None:
    """Why a page does not show that its index owns a namespace (PEP 752); None if it does.

    :param content: of a page in which :func:`page_fault` found no fault.
    :param namespace: normalised.
    """
    if not re.match(_JSON, content_type):
        return "it answers in HTML, and only JSON (API version 1.5) can tell"
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


def _linked_files(content: bytes) -> Iterator[str]:
    """The names of the files that an HTML page links to."""
    for match in re.finditer(_HREF, content):
        href = next(group for group in match.groups() if group is not None)
        try:
            path = urlsplit(href.decode("utf-8", "replace").strip()).path
        except ValueError:
            continue  # a link that cannot be read is none, as for pip
        yield unquote(path.rpartition("/")[2])
