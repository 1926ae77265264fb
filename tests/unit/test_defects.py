"""Every defect of a table file, one file in tests/data each, and everything that is said about it."""

# ruff: noqa: E501
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rim_router.config import load
from rim_router.errors import TableError

DATA = Path(__file__).parents[1] / "data"

# What is said after "./index-routing.toml"; what ends in "…" goes on in words of a library.
EXPECTED = {
    "bad-external-hosts": [
        ':3, indexes.acme.external-hosts[0]: "https://****@cdn.example/" is a URL and not a host (write only the host)',
        ":4, indexes.acme.external-hosts[1]: '*.cdn.example:443': a *.suffix cannot have a port",
        ":5, indexes.acme.external-hosts[2]: 'cdn.*.example' is not a host, host:port, *.suffix or '*'",
        ":6, indexes.acme.external-hosts[3]: 'cdn.example:' has no valid port",
        ":7, indexes.acme.external-hosts[4]: 'cdn.example:99999' has no valid port",
        ":8, indexes.acme.external-hosts[5]: cannot be empty",
        ":9, indexes.acme.external-hosts[6]: '[::1]x443' is not a host, host:port, *.suffix or '*'",
    ],
    "bad-index-names": [
        ':2, indexes."": the name of an index cannot be empty, begin or end in white space, or have control characters',
        ':3, indexes." acme": the name of an index cannot be empty, begin or end in white space, or have control characters',
        ':4, indexes."two\\nlines": the name of an index cannot be empty, begin or end in white space, or have control characters',
        ':5, indexes."https://****@d.example/simple": the name of an index cannot be a URL (write NAME = "URL")',
    ],
    "bad-lists-of-indexes": [
        ":5, routes.a.indexes: cannot be empty",
        ':6, routes.b.indexes[1]: "acme" is listed twice',
        ':7, routes.c.indexes[1]: "pip" cannot be combined with indexes',
        ':7, routes.c.indexes[2]: "wheels" cannot be combined with indexes',
        ":8, routes.d.indexes[1]: cannot be empty",
    ],
    "bad-markers": [
        ":2, routes.a[0].marker: not a marker: …",
        ":3, routes.b.marker: a marker that cannot be evaluated: …",
        ":4, routes.c.marker: cannot be empty",
    ],
    "bad-patterns": [
        ":2, routes.\"*-x\": '*-x' has a '*' that is not at the end",
        ":3, routes.\"a*b\": 'a*b' has a '*' that is not at the end",
        ":4, routes.\"a?\": 'a?' is not a project name, a prefix with one trailing '*', or '*'",
        ':5, routes."": a name cannot be empty',
        ":6, routes.-: '-' is not a project name, a prefix with one trailing '*', or '*'",
        ":7, routes.\"münchen\": 'münchen' has characters that project names cannot have",
        ":8, routes.\"a**\": 'a**' has a '*' that is not at the end",
        ":9, routes.\"-a*\": '-a*' is not a project name, a prefix with one trailing '*', or '*'",
        ":10, routes.\"a b\": 'a b' is not a project name, a prefix with one trailing '*', or '*'",
        ':11, routes."https://****@acme.example/*": a URL is not a pattern (define an index, and write PATTERN = "INDEX")',
    ],
    "bad-policy": [
        ':2, policy.require-hashes: "none" is not one of "external", "all"',
        ":3, policy.direct-references: expected a string, found a boolean",
        ':4, policy.offline-find-links: "forbid" is not one of "allow", "deny"',
        ":5, policy.minimum-openssl: expected a string, found an integer",
    ],
    "bad-probes": [
        ":2, indexes.a.absent-status[6]: expected an HTTP status such as 403, found a string",
        ":2, indexes.a.absent-status[7]: expected an HTTP status such as 403, found a boolean",
        ":2, indexes.a.absent-status[8]: expected an HTTP status such as 403, found a float",
        ":2, indexes.a.probe: must be a name, without '*' (name a project that the index certainly has)",
        *(
            f':2, indexes.a.absent-status[{position}]: {status} cannot mean "not found": only 400 to 499 can, '
            "except 401, 407, 429"
            for position, status in enumerate([200, 401, 407, 429, 500], 1)
        ),
        ":3, indexes.b.absent-status: needs a probe, so that a refusal is not taken to mean absent …",
        ":4, indexes.c.probe: expected a string, found an integer",
        ":4, indexes.c.absent-status: expected an array of HTTP statuses such as [403], found an integer",
        ":5, indexes.d.probe: cannot be empty",
        ':6, indexes.e.absent-status: cannot be combined with format = "flat", where the one page is the whole index',
        ":7, indexes.f.probe: 'acme core' is not a project name, a prefix with one trailing '*', or '*'",
    ],
    "bad-urls": [
        ':2, indexes.a: "ftp://****@a.example/simple" is not an https, http or file URL, and not a path',
        ':3, indexes.b: "rim+https://b.example/simple" begins with rim+, which only pip\'s own index URLs may: leave it out',
        ':4, indexes.c: "git+https://c.example/simple" is not an https, http or file URL, and not a path',
        ':5, indexes.d: "https:///simple" has no valid host and port',
        ':6, indexes.e: "https://e.example/simple?****" has a query or a fragment, which the URL of an index cannot have',
        ':7, indexes.f: "https://f.example/simple" has a query or a fragment, which the URL of an index cannot have',
        ':8, indexes.g: "https://g.example:port/simple" cannot be read as a URL',
        ':9, indexes.h: "https://h.example/two words" has white space or a backslash in it',
        ':10, indexes.i: "file://relative/path" is not absolute: a file URL begins with file:///',
        ':11, indexes.j: "file:relative/path" is not absolute: a file URL begins with file:///',
        ':12, indexes.k: "https://****@bad.example/simple" has white space or a backslash in it',
        ':13, indexes.l: "https:l.example/simple" has no valid host and port',
        ':14, indexes.m: "<ambiguous URL>" cannot be read as a URL',
        ':15, indexes.n: "localhost:8080/simple" has no scheme: begin it with https://',
        ':16, indexes.o: "<ambiguous URL>" cannot be read as a URL',
        ':17, indexes.p: "vendor\\u0000wheels" has control characters in it',
        ":18, indexes.q.mirrors[2]: cannot be empty",
        ':18, indexes.q.mirrors[1]: "ftp://****@q.example" is not an https, http or file URL, and not a path',
        ':19, indexes.r: "pypi.org/simple" has no scheme: begin it with https://, or with ./ if it is a path',
        ':20, indexes.s: "file://localhost//srv/simple" has a path that begins with two slashes, which some programs read as another host: write one',
        ':21, indexes.t: "https://r.example//s.example/simple" has a path that begins with two slashes, which some programs read as another host: write one',
        ':22, indexes.u: "file:////server/share" has a path that begins with two slashes, which some programs read as another host: write one',
        ':23, indexes.v: "https://t.example:0/simple" has no valid host and port',
        ':24, indexes.w: "//server/share" begins with two slashes, which means another host on Windows: write one',
    ],
    "bad-wheels": [
        ':2, indexes.acme.pins: "always" is not one of "optional", "required"',
        ":5, routes.a.namespace: must be a name, without '*' (PEP 752)",
        ":6, routes.b.namespace: is only for indexes of the table",
        ":7, routes.c.namespace: is only for indexes of the table",
        ':10, wheel[0].urls[0]: "http://cdn.example/big_model-1.2-py3-none-any.whl" is not an https URL',
        ':10, wheel[0].urls[1]: "https://cdn.example/big_model.whl" has a name that is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl',
        ":11, wheel[0].sha256: is not 64 hexadecimal digits",
        ":12, wheel[0].size: expected a positive number of bytes, found a string",
        ":14, wheel[1]: needs a sha256, sha384 or sha512",
        ':15, wheel[1].urls[1]: "https://****@cdn.example/a-1-py3-none-any.whl" has credentials in it',
        ":15, wheel[1].urls: name different files: a-1-py3-none-any.whl, b-1-py3-none-any.whl",
        ':16, wheel[1].requires-python: "three" is not a version specifier',
        ":17, wheel[1].md5: unknown key (valid keys are urls, sha256, sha384, sha512, size, requires-python, support)",
        ":19, wheel[2]: needs urls, with at least one",
        ":21, wheel[2].size: must be a positive number of bytes",
        ':28, wheel[4].urls[0]: "https://cdn.example/x/c-1-py3-none-any.whl" has a fragment; write the digest as sha256 = "…"',
        ":33, wheel[5].sha512: cannot be empty",
        ":35, wheel[6]: c-1-py3-none-any.whl is already on line 23 (remove one of them)",
        ':40, wheel[7].urls[0]: "https://cdn.example//d.example/d-1-py3-none-any.whl" has a path that begins with two slashes, which some programs read as another host: write one',
        ':40, wheel[7].urls[1]: "https://cdn%2eexample/d-1-py3-none-any.whl" has no valid host and port',
        ':44, policy.minimum-openssl: "three" is not a version such as 3.0.15',
    ],
    "byte-order-mark": [
        ":1:1: not TOML: begins with a byte order mark (save it without one)",
    ],
    "ends-too-early": [
        ":3:1: not TOML: …",
    ],
    "exactly-one-of": [
        ":2, routes.a: needs exactly one of index, indexes and deny",
        ":3, routes.b: needs exactly one of index, indexes and deny, has index and deny",
        ":4, routes.c[0]: needs exactly one of index, indexes and deny",
        ':5, routes.d.indexes: needs a strategy (add strategy = "first-index", unless you need one of "index-priority" and "version-priority")',
        ":5, routes.d: needs exactly one of index, indexes and deny, has index and indexes and deny",
    ],
    "foreign-variable": [
        ":2, indexes.acme.mirrors[0]: a project's table or a command may only use variables that begin with RIM_ROUTER_, not AWS_SECRET_ACCESS_KEY",
    ],
    "index-without-url": [
        ":2, indexes.acme: has no url",
        ":3, indexes.empty: cannot be empty",
    ],
    "key-defined-twice": [
        ":3:14: not TOML: …",
    ],
    "lock-in-a-project": [
        ":2, routes.a.locked: a project's table cannot lock a route (no layer is above it: remove the key)",
        ":3, routes.b[1].locked: a project's table cannot lock a route (no layer is above it: remove the key)",
    ],
    "malformed-variables": [
        ":2, indexes.a: \"https://****@a.example/simple\" has a '${' that is not followed by an UPPER_CASE name and '}'",
        ":3, indexes.b: \"https://b.example/${RIM_ROUTER_UNCLOSED\" has a '${' that is not followed by an UPPER_CASE name and '}'",
        ":4, indexes.c: \"https://c.example/${}\" has a '${' that is not followed by an UPPER_CASE name and '}'",
        ":5, indexes.d: \"${RIM_ROUTER_HOST}.example/simple\" begins with a variable that is not followed by '/'",
        ':6, indexes.e: "****@e.example/simple" must begin with its scheme',
    ],
    "not-utf-8": [
        ":2:6: not UTF-8: byte 0xe9",
    ],
    "reserved-index-names": [
        ':2, indexes.pip: "pip" is reserved and cannot be defined (choose another name)',
        ':3, indexes.wheels: "wheels" is reserved and cannot be defined (choose another name)',
    ],
    "routes-of-wrong-types": [
        ":5, routes.a: expected the name of an index, a table or a list of tables, found a boolean",
        ':6, routes.b[0]: expected a table, found a string (write { indexes = ["INDEX", …], strategy = "first-index" } for a list of indexes)',
        ":7, routes.c.index: expected a string, found an array",
        ":8, routes.d.indexes: expected an array of strings, found a string",
        ":8, routes.d.strategy: expected a string, found an integer",
        ":9, routes.e.deny: expected a string, found a boolean",
        ":10, routes.f.marker: expected a string, found an integer",
        ":10, routes.f.locked: expected a boolean, found a string",
        ":11, routes.g.indexes[1]: expected a string, found an integer",
        ":12, routes.h: expected the name of an index, a table or a list of tables, found a float",
    ],
    "routes-to-nowhere": [
        ':2, routes.a: an empty list leads nowhere (write { deny = "reason" } if that is what you mean)',
        ":3, routes.b: cannot be empty",
        ":4, routes.c.deny: cannot be empty",
    ],
    "same-pattern-twice": [
        ':3, routes."Acme_.*": is the same pattern (acme-*) as routes."acme-*" on line 2 (remove one of them)',
        ":5, routes.Torch: is the same pattern (torch) as routes.torch on line 4 (remove one of them)",
    ],
    "strategies": [
        ':6, routes.a.indexes: needs a strategy (add strategy = "first-index", unless you need one of "index-priority" and "version-priority")',
        ":7, routes.b.strategy: is only for a list of indexes",
        ':8, routes.c.strategy: "first" is not one of "first-index", "index-priority", "version-priority"',
    ],
    "syntax-error": [
        ":3:8: not TOML: …",
    ],
    "unknown-index": [
        ':5, routes.a: there is no index "acne" (define it under [indexes]; did you mean "acme"?)',
        ':6, routes.b.index: there is no index "https://****@acme.example/simple" (define an index of that URL under [indexes], and write its name here)',
        ':7, routes.c[1].index: there is no index "zzz" (define it under [indexes])',
        ':8, routes.d.indexes[1]: there is no index "piip" (define it under [indexes])',
    ],
    "unknown-keys": [
        ":1, version: unknown key (valid keys are indexes, routes, wheel, policy, speed)",
        ":3, index: unknown key (did you mean indexes?)",
        ":7, indexes.acme.external_hosts: unknown key (did you mean external-hosts?)",
        ":7, indexes.acme.timeout: unknown key (valid keys are url, mirrors, external-hosts, pins, format, probe, absent-status, min-age)",
        ":10, routes.torch.markers: unknown key (did you mean marker?)",
        ":12, routes.numpy[1].indices: unknown key (did you mean indexes?)",
        ":15, policy.require_hashes: unknown key (did you mean require-hashes?)",
    ],
    "wrong-types": [
        ':1, routes: expected a table such as "acme-*" = "acme", found an integer',
        ":2, wheel: expected an array of tables ([[wheel]]), found a string",
        ":3, policy: expected a table, found an array",
        ":6, indexes.one: expected a URL or a table, found an integer",
        ":7, indexes.two: expected a URL or a table, found an array",
        ":8, indexes.three.url: expected a string, found an integer",
        ":8, indexes.three.mirrors: expected an array of strings, found a string",
        ":8, indexes.three.external-hosts[0]: expected a string, found an integer",
        ":8, indexes.three.external-hosts[1]: expected a string, found a float",
        ":8, indexes.three.format: expected a string, found a boolean",
        ":8, indexes.three.pins: expected a string, found a date or time",
    ],
}


def _said(name: str) -> list[str]:
    shutil.copy(DATA / f"{name}.toml", "index-routing.toml")
    with pytest.raises(TableError) as caught:
        load()
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_fault_of_a_file_is_reported_with_line_key_and_advice(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All faults of a file come at once, in the order of the file, each with place, key and remedy."""
    for variable in ("RIM_ROUTER_HOST", "RIM_ROUTER_SCHEME"):
        monkeypatch.setenv(variable, "https:")
    said = _said(name)
    expected = [f"./index-routing.toml{text}" for text in EXPECTED[name]]
    assert len(said) == len(expected)
    for found, text in zip(said, expected):
        if text.endswith("…"):
            assert found.startswith(text[:-1])
        else:
            assert found == text


@pytest.mark.parametrize("name", EXPECTED)
def test_no_fault_shows_a_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what a file nor what a variable says where credentials are is in a message."""
    for variable in ("RIM_ROUTER_HOST", "RIM_ROUTER_SCHEME"):
        monkeypatch.setenv(variable, "https://me:secret@")
    assert "secret" not in "\n".join(_said(name)).lower().replace("aws_secret_access_key", "")


def test_every_data_file_has_its_messages() -> None:
    """A defect without an expectation would be tested by nobody."""
    assert {path.stem for path in DATA.glob("*.toml")} == set(EXPECTED)
