"""The configuration of nginx as a whole: what is the same for every table, around what a table says.

``/simple/NAME/`` redirects to the page of a project below ``/from/``, where there is a location for each
index and each host that the table allows. Whatever has none ends in an error: nothing is asked elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from rim_router.cli.export.nginx.links import BEFORE, HIGHEST, filters, page_types
from rim_router.cli.export.nginx.locations import error_pages, hosts, page
from rim_router.cli.export.nginx.locations import files as files_of
from rim_router.cli.export.nginx.names import LONGEST_NAME, MOST_WORDS, NAME, files, names
from rim_router.cli.export.nginx.paths import CLEAR, base, credentials, is_clear
from rim_router.cli.export.nginx.text import LONGEST, comment, quoted
from rim_router.cli.export.plan import ExportError, address, has_credentials, is_remote
from rim_router.rules.strategies import FIRST_INDEX
from rim_router.rules.table import Kind
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rim_router.cli.export.plan import Plan, Rule
    from rim_router.rules.table import Index, Target

# What an index says that is for nobody: it could lead clients elsewhere, or tell nginx what to do.
_HIDDEN = (
    *("Content-Type", "Content-Encoding", "Content-Disposition", "Content-Location", "Location", "Link"),
    *("Refresh", "Alt-Svc", "Set-Cookie", "Strict-Transport-Security", "WWW-Authenticate"),
    *("Clear-Site-Data", "Vary", "Cache-Control", "Expires", "Age"),
    *("X-Accel-Redirect", "X-Accel-Expires", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset"),
)
_LONGEST_HOST = 253  # RFC 1035
_IGNORED = (
    "X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset"
    " Cache-Control Expires Set-Cookie Vary"
)
_PAGES = (
    "add_header Content-Type $page_type always; add_before_body /before-a-page; addition_types *;"
    " sub_filter_types *; sub_filter_once off; gzip on; gzip_types *;"
)
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
    map_hash_max_size 262144;
    map_hash_bucket_size 512;
    variables_hash_max_size 4096;
    default_type text/plain;
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
        default 1;
        "~^[^?]*(?://|/\\.)" 1;
        "~^%(clear)s(?:\\?|$)" 0;
    }
    # The path of a file as the client writes it: "+" must stay what it is.
    map $request_uri $rest {
        default "";
        "~^/from/[^/]+/[^/]+/[^/]+(?<raw>/[^?]*)$" $raw;
    }
"""
_SERVER = """\
    server {
        listen %(listen)s;
        if ($ambiguous) { return 400 "a path that can be read in two ways\\n"; }
        if ($request_method !~ ^(GET|HEAD)$) { return 405; }

        location = /healthz { access_log off; return 200 "ok\\n"; }
        location = /simple/ {
            default_type text/html;
            return 200 "<!DOCTYPE html><html><head><title>Simple index</title></head><body></body></html>\\n";
        }
        location ~ ^/simple/(?<bare>%(name)s)$ { return 301 /simple/$bare/; }
        location ~ ^/simple/(?<project>%(name)s)/$ {
            set $index "";
            set $page_of "";
            set $file "";
            set $written "";
            if ($refusal) { return 403 "$refusal\\n"; }
            return 302 $page;
        }
        location @forwards { return 502 "the index redirects, and that is not followed\\n"; }
        location @refuses { return 502 "the index refuses access\\n"; }
        location @fails { return 502 "the index fails or cannot be reached\\n"; }
        location @absent {
            if ($next) { return 302 $next; }
            return 404 "$project is not on its index\\n";
        }
        location = /before-a-page { internal; return 200 "%(before)s"; }
        location / { return 404 "there is only /simple/NAME/, with a normalised name\\n"; }

        location /from/ {
            return 403 "the host of this link is not in external-hosts of its index\\n";
            proxy_http_version 1.1;
            proxy_ssl_verify on;
            proxy_ssl_verify_depth 5;
            proxy_ssl_trusted_certificate %(certificates)s;
            proxy_ssl_protocols TLSv1.2 TLSv1.3;
            proxy_ssl_server_name on;
            proxy_ssl_session_reuse on;
            proxy_connect_timeout 10s;
            proxy_cache pages;
            proxy_cache_lock on;
            proxy_force_ranges on;
            proxy_cache_methods GET HEAD;
            proxy_next_upstream off;
            # What clients say of themselves is not for the index: its answers are kept for others.
            proxy_pass_request_headers off;
            proxy_pass_request_body off;
            # Nor is it for the index to say what nginx does, for how long, and whom clients ask next.
            proxy_ignore_headers %(ignored)s;
            proxy_intercept_errors on;
"""


def nginx(plan: Plan, listen: str, certificates: str) -> Iterator[str]:
    """The whole configuration.

    :param listen: an address and port, or one of them.
    :param certificates: the file with the authorities that the indexes' certificates are checked by.
    :raises ExportError: if something cannot be said.
    """
    _check_options(listen, certificates)
    choices: list[tuple[Rule, Target]] = []
    for rule in plan.rules:
        if len(rule.pattern.literal) > LONGEST_NAME:
            plan.fault(rule, f"nginx takes no name of more than {LONGEST_NAME} characters")
        elif rule.denial is None and rule.pattern.literal.strip("-").count("-") >= MOST_WORDS:
            plan.fault(rule, f"nginx serves no files of a name of more than {MOST_WORDS} words")
        elif rule.conditional or rule.target is None:
            plan.index_of(rule)
        elif rule.target.kind is Kind.DENY or _are_usable(plan, rule, rule.target):
            choices.append((rule, rule.target))
    plan.say_what_is_lost(does=frozenset({"external-hosts", "absent-status", "probe"}))
    plan.note("digests: nginx does not look into files; clients check what the page says")
    plan.note(
        "direct references (NAME @ URL), other indexes and find-links: clients do not ask nginx about them"
    )
    plan.note("links with a query, and unusual names of files: they are refused (403)")
    plan.note(f"names of more than {MOST_WORDS} words: their files are refused (403)")
    _check_credentials(plan)
    plan.check()
    indexes = {index: f"i{number}" for number, index in enumerate(plan.indexes, 1)}
    yield from _needed_first(plan.indexes)
    yield from (_HEAD % {"clear": CLEAR}).splitlines()
    yield from page_types()
    yield from files()
    yield from names(choices, indexes)
    for index, name in indexes.items():
        yield from hosts(index, name)
    fixed = {"listen": listen, "certificates": quoted(certificates), "name": NAME}
    yield from (_SERVER % {**fixed, "before": BEFORE, "ignored": _IGNORED}).splitlines()
    inside = [*(f"proxy_hide_header {header};" for header in _HIDDEN), *error_pages()]
    inside += _pages(indexes) if indexes else []
    for index, name in indexes.items():
        inside += files_of(index, name, indexes)
    yield from (f"            {line}" for line in inside)
    yield "        }"
    yield "    }"
    yield "}"


def _needed_first(indexes: Iterable[Index]) -> Iterator[str]:
    found = {credentials(index): index for index in indexes if has_credentials(index)}
    if found:
        yield "# nginx does not start without these files next to this one; each has one line:"
        yield '#   proxy_set_header Authorization "Basic BASE64-OF-USER:PASSWORD";'
    for path, index in found.items():
        yield f"# * {path} for index {comment(index.name)}"


def _pages(indexes: dict[Index, str]) -> Iterator[str]:
    highest = min(max((base(index).count("/") + 1 for index in indexes), default=1), HIGHEST)
    yield "location ~ /$ {"
    yield '    return 403 "no index has this page\\n";'
    yield f"    {_PAGES}"
    for line in (line for index, name in indexes.items() for line in page(index, name, highest)):
        yield f"    {line}"
    for each in filters(highest):
        yield f"    {each}"
    yield "}"


def _check_options(listen: str, certificates: str) -> None:
    host, separator, port = listen.rpartition(":")
    if "." in port or port.endswith("]"):
        host, separator, port = listen, "", "80"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536) or not _is_address(host, separator):
        raise ExportError(
            f"--listen {visible(listen)} is not where nginx can listen",
            hint="give an address and a port, such as 127.0.0.1:8080 or [::1]:8080",
        )
    if certificates != visible(certificates) or not certificates or len(certificates.encode()) > LONGEST // 2:
        raise ExportError(
            f"--certificates {visible(certificates)[:80]} is not the name of a file that nginx can read",
            hint="give a short path without control characters",
        )


def _check_credentials(plan: Plan) -> None:
    """Two layers can have an index of one name: then one file would be for both."""
    owners: dict[str, Index] = {}
    for index in plan.indexes:
        if is_remote(index) and has_credentials(index):
            other = owners.setdefault(credentials(index), index)
            if other.url != index.url:
                plan.faults.append(
                    f"the indexes named {index.name} in {other.source} and {index.source} have one host, and "
                    "would have one file of credentials: give one another name"
                )


def _is_address(host: str, separator: str) -> bool:
    if not host:
        return not separator
    if host in ("*", "localhost"):
        return True
    is_v6 = host.startswith("[") and host.endswith("]")
    try:
        version = ipaddress.ip_address(host[1:-1] if is_v6 else host).version
    except ValueError:
        return False
    return (version == 6) is is_v6 and "%" not in host


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
        if not is_remote(index) or not _has_clear_url(index):
            plan.fault(rule, f"index {index.name} has no URL that nginx can ask")
        for entry in index.external_hosts:
            if len(entry.host) > _LONGEST_HOST:
                plan.fault(rule, f"external-hosts of index {index.name} has a name too long for any host")
            if entry.wildcard:
                plan.note(f"external-hosts of index {index.name}: {entry}; links to such hosts are refused")
    return len(found) == len(single)


def _has_clear_url(index: Index) -> bool:
    url = address(index)
    return not re.search(r"[?#]", url) and len(url) <= LONGEST // 4 and is_clear(f"{base(index)}/")
