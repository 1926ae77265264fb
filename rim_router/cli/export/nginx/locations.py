"""The locations of nginx for pages and files: one for each index and host, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli.export.nginx.names import NAME
from rim_router.cli.export.nginx.paths import base, origins, own, prefix, prefix_pattern, root
from rim_router.cli.export.nginx.paths import credentials as credentials_of
from rim_router.cli.export.nginx.text import comment, pattern
from rim_router.cli.export.plan import has_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rim_router.rules.table import Index
    from rim_router.rules.urls import Origin

# Of these alone nginx lets one say what they lead to.
_STATUSES = {*range(300, 600)} - {499}
_FORWARDS = {*range(300, 400)} - {304}
_REFUSES = {401, 402, 403, 407, 429, 451}
_ABSENT = {404, 410}


def error_pages(more_absent: Iterable[int] = ()) -> Iterator[str]:
    """What each status of an index leads to.

    :param more_absent: by which it says "not found", besides 404 and 410.
    """
    absent = _ABSENT | set(more_absent)
    places = {
        "forwards": _FORWARDS - absent,
        "refuses": _REFUSES - absent,
        "absent": absent,
        "fails": _STATUSES - _FORWARDS - _REFUSES - absent,
    }
    for place, codes in places.items():
        yield f"error_page {' '.join(map(str, sorted(codes)))} = @{place};"


def hosts(index: Index, name: str) -> Iterator[str]:
    """Where requests go."""
    for number, origin in enumerate(origins(index)):
        server = f"server {origin.host}:{origin.port}"
        yield f"    upstream {name}_{number} {{ {server}; keepalive 32; }}"


def page(index: Index, name: str, highest: int) -> Iterator[str]:
    """The pages of an index."""
    origin = own(index)
    where = prefix(name, origin)
    yield f"# Index {comment(index.name)}"
    yield f'location ~ "^{pattern(where + base(index))}/(?<project>{NAME})/$" {{'
    yield f"    set $index {name};"
    yield f"    set $page_of {name};"
    yield f"    set $its_scheme {origin.scheme};"
    yield f'    set $origin "{where}";'
    yield f'    set $here "{where}{base(index)}/$project";'
    above = [base(index)]
    while above[-1]:
        above.append(above[-1].rpartition("/")[0])
    for number in range(1, highest + 1):
        to = where + above[number - 1] if number <= len(above) else f"/from/{name}"
        yield f'    set $up{number} "{to}";'
    yield from _indented(_if_not_from_here())
    if index.absent_statuses:
        yield from _indented(error_pages(index.absent_statuses))
    yield from _indented(_to(index, origin, credentials=True))
    yield "    proxy_set_header Accept $accept;"
    yield f"    proxy_pass {origin.scheme}://{name}_0{base(index)}/$project/;"
    yield f'    proxy_cache_key "page {name} {origin}{base(index)} $project $accept";'
    yield "    proxy_cache_valid 200 1m;"
    yield "}"


def files(index: Index, name: str, others: Iterable[Index]) -> Iterator[str]:
    """The files of an index, wherever they are.

    Its credentials are lent below its own root. What is below the root of another index on the same host
    belongs to that one.

    :param others: all the indexes.
    """
    yield f"# Files of index {comment(index.name)}"
    first, *rest = origins(index)
    roots = {root(each) for each in others if own(each) == first}
    for path in sorted(roots, key=lambda each: (-len(each), each)):
        if path == root(index):
            yield from _files(index, name, 0, first, path, credentials=True)
        else:
            yield f'location ~ "^{prefix_pattern(name, first)}{pattern(path)}/" {{'
            yield '    return 403 "this belongs to another index\\n";'
            yield "}"
    for number, origin in enumerate((first, *rest)):
        yield from _files(index, name, number, origin, "", credentials=False)


def _files(
    index: Index, name: str, number: int, origin: Origin, path: str, *, credentials: bool
) -> Iterator[str]:
    yield f'location ~ "^{prefix_pattern(name, origin)}{pattern(path)}/(?:.*/)?(?<file>[^/]+)$" {{'
    yield f"    set $index {name};"
    yield '    set $page_of "";'
    yield '    if ($request_uri ~ "\\?") { return 403 "a link with a query is not served\\n"; }'
    yield '    if ($rest = "") { return 404 "no such file\\n"; }'
    for reading in ("shorter", "longer"):
        yield f"    set $written ${reading};"
        yield "    set $project $normalised;"
        yield '    if ($project = "") { return 403 "the name of this file says no project\\n"; }'
        yield from _indented(_if_not_from_here())
    yield from _indented(_to(index, origin, credentials=credentials))
    yield f"    proxy_pass {origin.scheme}://{name}_{number}$rest;"
    yield f'    proxy_cache_key "file {name} {origin} $rest";'
    yield "    proxy_cache_valid 200 30d;"
    yield "}"


def _if_not_from_here() -> Iterator[str]:
    yield 'if ($refusal) { return 403 "$refusal\\n"; }'
    yield 'if ($serves = 0) { return 403 "$project does not come from here\\n"; }'


def _to(index: Index, origin: Origin, *, credentials: bool) -> Iterator[str]:
    yield f"proxy_set_header Host {origin.netloc};"
    yield 'proxy_set_header Connection "";'
    yield "proxy_set_header Accept-Encoding identity;"
    yield "proxy_set_header User-Agent rim-router;"
    yield f"proxy_ssl_name {origin.host};"
    if credentials and has_credentials(index):
        yield f'include {credentials_of(index)};  # proxy_set_header Authorization "Basic …";'


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)
