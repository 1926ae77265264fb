"""The same routes as one index for any client: a complete configuration of nginx.

A page is at ``/from/INDEX/SCHEME/HOST/PATH``, to which ``/simple/NAME/`` redirects: so links that are
relative lead to the same host, and all others are rewritten to the same form. Whatever the table does not
allow has no location, and ends in an error: nothing is asked elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rim_router.cli.export.plan import address, has_credentials, is_remote
from rim_router.rules.strategies import FIRST_INDEX
from rim_router.rules.table import Kind
from rim_router.rules.urls import Origin
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.cli.export.plan import Plan, Rule
    from rim_router.rules.table import Index, Target

_NAME = "[a-z0-9]+(?:-[a-z0-9]+)*"
_PLAIN = r"[A-Za-z0-9._~:/+%@\[\]-]+"  # what is written into the configuration as it is
_FILE = r"\.(?:whl|tar\.gz|zip|tgz|tar\.bz2|tar\.xz)(?:\.metadata|\.asc)?$"
_TYPES = "application/vnd.pypi.simple.v1+json application/vnd.pypi.simple.v1+html"
_ERRORS = {
    "forwards": {301, 302, 303, 307, 308},
    "refuses": {401, 403, 407, 429},
    "fails": {500, 502, 503, 504},
}
_HEAD = """\
# nginx -p DIRECTORY -c THIS-FILE; DIRECTORY gets the cache and the logs. Names of hosts are looked up when it
# starts: run `nginx -s reload` after one has moved. It keeps no state but the cache: run as many as you like.
worker_processes auto;
pid nginx.pid;
error_log error.log;
events { worker_connections 4096; }

http {
    access_log access.log;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    server_tokens off;
    absolute_redirect off;
    keepalive_timeout 60;
    map_hash_max_size 65536;
    map_hash_bucket_size 256;
    variables_hash_max_size 2048;
    default_type text/plain;
    gzip on;
    gzip_types %(types)s;
    gzip_proxied any;
    geo $dollar { default "$"; }
    proxy_cache_path cache levels=1:2 keys_zone=pages:20m max_size=50g inactive=30d use_temp_path=off;

    # JSON where the client takes it, or else HTML: so a page is kept twice at most.
    map $http_accept $accept {
        default text/html;
        ~application/vnd\\.pypi\\.simple\\.(v1|latest)\\+json application/vnd.pypi.simple.v1+json;
    }
    # A path that two programs can read in two ways belongs to nobody.
    map $request_uri $ambiguous {
        default 0;
        "~^[^?]*(?:%%2[eEfF]|%%5[cC]|%%00|//|/\\.)" 1;
    }
"""
_SERVER = """\
    server {
        listen %(listen)s;
        proxy_http_version 1.1;
        proxy_ssl_verify on;
        proxy_ssl_verify_depth 5;
        proxy_ssl_trusted_certificate %(certificates)s;
        proxy_ssl_protocols TLSv1.2 TLSv1.3;
        proxy_ssl_server_name on;
        proxy_ssl_session_reuse on;
        proxy_connect_timeout 10s;
        proxy_intercept_errors on;
        proxy_cache pages;
        proxy_cache_lock on;
        proxy_cache_methods GET HEAD;
        proxy_next_upstream off;
        proxy_hide_header Set-Cookie;
        proxy_ignore_headers Set-Cookie;
        if ($ambiguous) { return 400 "a path that can be read in two ways\\n"; }
        if ($request_method !~ ^(GET|HEAD)$) { return 405; }

        location = /healthz { access_log off; return 200 "ok\\n"; }
        location = /simple/ {
            default_type text/html;
            return 200 "<!DOCTYPE html><html><head><title>Simple index</title></head><body></body></html>\\n";
        }
        location ~ ^/simple/(?<bare>%(name)s)$ { return 301 /simple/$bare/; }
        location ~ ^/simple/(?<project>%(name)s)/$ {
            if ($refusal) { return 403 "$refusal\\n"; }
            return 302 $page;
        }
        location @forwards { internal; return 502 "the index redirects, and that is not followed\\n"; }
        location @refuses { internal; return 502 "the index refuses access\\n"; }
        location @fails { internal; return 502 "the index fails or cannot be reached\\n"; }
        location /from/ { return 403 "the host of this link is not in external-hosts of its index\\n"; }
        location / { return 404 "there is only /simple/NAME/, with a normalised name\\n"; }
"""


def nginx(plan: Plan, listen: str, certificates: str) -> Iterator[str]:
    """The whole configuration.

    :param listen: an address and port, as nginx takes it.
    :param certificates: the file with the authorities that the indexes' certificates are checked by.
    :raises ExportError: if something cannot be said.
    """
    choices: list[tuple[Rule, Target]] = []
    for rule in plan.rules:
        if rule.conditional or rule.target is None:
            plan.index_of(rule)
        elif rule.target.kind is Kind.DENY or _are_usable(plan, rule, rule.target):
            choices.append((rule, rule.target))
    plan.say_what_is_lost(does=frozenset({"external-hosts", "absent-status", "probe"}))
    plan.note("links in an unusual spelling, which nginx does not find: they lead clients past it")
    plan.note("digests: nginx does not look into files; clients check what the page says")
    plan.check()
    names = {index: f"i{number}" for number, index in enumerate(plan.indexes, 1)}
    yield from (_HEAD % {"types": _TYPES}).splitlines()
    yield from _maps(choices, names)
    for index, name in names.items():
        for origin in _origins(index):
            server = f"server {origin.host}:{origin.port}"
            yield f"    upstream {_upstream(name, origin)} {{ {server}; keepalive 32; }}"
    yield from (_SERVER % {"listen": listen, "certificates": certificates, "name": _NAME}).splitlines()
    for index, name in names.items():
        yield from _locations(index, name)
    yield "    }"
    yield "}"


def _are_usable(plan: Plan, rule: Rule, target: Target) -> bool:
    if len(target.indexes) > 1 and target.strategy == FIRST_INDEX:
        single = [plan.only_index(rule, target.replaced(indexes=(index,))) for index in target.indexes]
        for index in target.indexes:
            if index.probe is not None:
                plan.fault(rule, f'nginx cannot prove the "not found" of index {index.name} by its probe')
    else:
        single = [plan.only_index(rule, target)]
    found = [index for index in single if index is not None]
    for index in found:
        if not is_remote(index) or not re.fullmatch(_PLAIN, address(index)):
            plan.fault(rule, f"index {index.name} has no URL that nginx can ask")
        for entry in index.external_hosts:
            if entry.wildcard:
                plan.note(f"external-hosts of index {index.name}: {entry}; links to such hosts are refused")
    return len(found) == len(single)


def _maps(choices: list[tuple[Rule, Target]], names: dict[Index, str]) -> Iterator[str]:
    """From the name of a project to the page that it has, and to why it has none."""
    labels = _labels(choices, names)
    default = next((labels[target] for rule, target in choices if not rule.pattern.literal), "unclaimed")
    yield "    # Exact names first, then the longest prefix; default: where all other names come from."
    yield "    map $project $route {"
    yield f"        default {default};"
    for rule, target in choices:
        if rule.pattern.literal:
            key = f"~^{rule.pattern.literal}" if rule.pattern.prefix else rule.pattern.literal
            yield f"        {key} {labels[target]};  # {visible(str(rule.source))}"
    yield "    }"
    lead = [target for target in labels if target.indexes]
    yield from _map("page", '""', {labels[each]: _page(each.indexes[0], names) for each in lead})
    reasons = {
        label: _quote(visible(target.reason and f"denied: {target.reason}"))
        for target, label in labels.items()
    }
    yield from _map("refusal", '"no route of the table claims $project"', reasons)
    yield "    # Whether a project comes from an index, and where to go on if that does not have it."
    for index, name in names.items():
        has = [target for target in lead if index in target.indexes]
        yield from _map(f"{name}_serves", "0", {labels[target]: "1" for target in has})
        following = {labels[each]: each.indexes[each.indexes.index(index) + 1 :] for each in has}
        pages = {label: _page(rest[0], names) for label, rest in following.items() if rest}
        yield from _map(f"{name}_next", '""', pages)


def _map(variable: str, default: str, values: dict[str, str]) -> Iterator[str]:
    yield f"    map $route ${variable} {{"
    yield f"        default {default};"
    for label, value in values.items():
        yield f"        {label} {value};"
    yield "    }"


def _labels(choices: list[tuple[Rule, Target]], names: dict[Index, str]) -> dict[Target, str]:
    """What stands for each target in the maps."""
    labels: dict[Target, str] = {}
    for _, target in choices:
        label = "_then_".join(names[index] for index in target.indexes)
        labels.setdefault(target, label or f"denied_{len(labels)}")
    return labels


def _page(index: Index, names: dict[Index, str]) -> str:
    return f'"{_prefix(names[index], Origin.of(address(index)))}{_base(index)}/$project/"'


def _prefix(name: str, origin: Origin) -> str:
    """The path below which the files of an origin are."""
    return f"/from/{name}/{origin.scheme}/{origin.netloc}"


def _base(index: Index) -> str:
    return urlsplit(address(index)).path.rstrip("/")


def _origins(index: Index) -> list[Origin]:
    """Those from which files of an index may come, its own first."""
    own = Origin.of(address(index))
    others = sorted(index.own_origins - {own}, key=str)
    listed = [
        Origin("https", each.host, each.port or 443) for each in index.external_hosts if not each.wildcard
    ]
    return list(dict.fromkeys([own, *others, *listed]))


def _upstream(name: str, origin: Origin) -> str:
    return f"{name}_{origin.scheme}_{re.sub(r'[^a-z0-9]', '_', origin.host)}_{origin.port}"


def _locations(index: Index, name: str) -> Iterator[str]:
    yield ""
    yield f"        # Index {visible(index.name)}"
    own = Origin.of(address(index))
    yield from _page_location(index, name, own)
    for origin in _origins(index):
        prefix = re.escape(_prefix(name, origin))
        yield f'        location ~ "^{prefix}/.*{_FILE}" {{'
        yield '            set $rest "";'
        # As the client writes it: some write the colon before a port as %3A, and "+" must stay what it is.
        raw = f"^/from/{name}/{origin.scheme}/[^/]+(?<raw>/[^?]*)$"
        yield f'            if ($request_uri ~ "{raw}") {{ set $rest $raw; }}'
        yield '            if ($rest = "") { return 404 "no such file\\n"; }'
        yield from _upstream_lines(index, name, origin, _ERRORS, credentials=origin == own)
        yield f"            proxy_pass {origin.scheme}://{_upstream(name, origin)}$rest;"
        yield f'            proxy_cache_key "{name} {origin} $rest";'
        yield "            proxy_cache_valid 200 30d;"
        yield "        }"


def _page_location(index: Index, name: str, origin: Origin) -> Iterator[str]:
    base = f"{_prefix(name, origin)}{_base(index)}"
    absent = {404, 410, *index.absent_statuses}
    errors = {place: codes - absent for place, codes in _ERRORS.items()}
    yield f'        location ~ "^{re.escape(base)}/(?<project>{_NAME})/$" {{'
    yield f'            if (${name}_serves = 0) {{ return 403 "$project does not come from here\\n"; }}'
    yield from _upstream_lines(index, name, origin, {**errors, f"{name}_absent": absent}, credentials=True)
    yield "            proxy_set_header Accept $accept;"
    yield f"            proxy_pass {origin.scheme}://{_upstream(name, origin)}{_base(index)}/$project/;"
    yield f'            proxy_cache_key "{name} $accept $project";'
    yield "            proxy_cache_valid 200 1m;"
    yield f"            sub_filter_types {_TYPES};"
    yield "            sub_filter_once off;"
    for before in ('href="', "href='", '"url":"', '"url": "'):
        targets = {f"{scheme}://": f"/from/{name}/{scheme}/" for scheme in ("https", "http")}
        for old, new in {**targets, "/": f"{_prefix(name, origin)}/"}.items():
            yield f"            sub_filter {_quote(before + old)} {_quote(before + new)};"
    yield "        }"
    yield f"        location @{name}_absent {{"
    yield "            internal;"
    yield f"            if (${name}_next) {{ return 302 ${name}_next; }}"
    yield '            return 404 "$project is not on its index\\n";'
    yield "        }"


def _upstream_lines(
    index: Index, name: str, origin: Origin, errors: dict[str, set[int]], *, credentials: bool
) -> Iterator[str]:
    for place, codes in errors.items():
        yield f"            error_page {' '.join(map(str, sorted(codes)))} = @{place};"
    for header in ("Connection", "Accept-Encoding", "Cookie", "Referer"):
        yield f'            proxy_set_header {header} "";'
    yield f"            proxy_set_header Host {origin.netloc};"
    yield f"            proxy_ssl_name {origin.host};"
    if credentials and has_credentials(index):
        yield f'            include credentials/{name}.conf;  # proxy_set_header Authorization "Basic …";'
    else:
        yield '            proxy_set_header Authorization "";'


def _quote(text: str) -> str:
    """A string of nginx, in which nothing is a variable."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}")
    return f'"{escaped}"'
