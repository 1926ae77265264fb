"""Writes the generated blocks of docs/reference.md, docs/errors.md and the search: ``python docs/generate_reference.py``.

What there is comes from the code; what it means is here, and the two have to match. ``--check`` writes
nothing, and exits with 1 if a file is out of date.
"""

# ruff: noqa: E501 - a cell of a table is one line
from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# Not all of these are used here: their errors are.
from rim_router import errors, rim  # noqa: E402, F401
from rim_router.cli import ask  # noqa: E402, F401
from rim_router.cli.export import plan  # noqa: E402, F401
from rim_router.cli.guard import command as guard  # noqa: E402, F401
from rim_router.cli.init import draft  # noqa: E402, F401
from rim_router.cli.parser import make_parser  # noqa: E402
from rim_router.cli.pin import store as pin_store  # noqa: E402, F401
from rim_router.cli.rim import verify as rim_verify  # noqa: E402, F401
from rim_router.config import keys  # noqa: E402
from rim_router.environments import makers, target, throwaway, transplant  # noqa: E402, F401
from rim_router.hooks import seams  # noqa: E402
from rim_router.rules.policy import Policy  # noqa: E402

sys.path.insert(0, str(ROOT / "docs"))
import error_messages  # noqa: E402

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

T = TypeVar("T")

REFERENCE, ERROR_PAGE, SEARCH = "docs/reference.md", "docs/errors.md", "docs/_static/search.js"
NOT_FOUND = "ERROR: No matching distribution found for NAME"

TABLE = {
    "indexes": "the indexes, under names of your choice",
    "routes": "where names come from: each pattern with its route",
    "wheel": "wheels hosted elsewhere, pinned by hand",
    "policy": "what is allowed beyond look-ups",
    "speed": "what makes pip faster and changes nothing else",
}
SPEED = {
    "ask-early": "pages of what a candidate requires, and the metadata of the files that pip will probably take from them, are asked for in the background",
    "drop-early": "of files that cannot be used here pip makes no links",
    "parallel-downloads": "small files of one installation come several at once",
}
INDEX = {
    "url": "URL of the index, or a path relative to the file. Required",
    "mirrors": "array of URLs with the same content. Each is asked when the one before cannot be reached or answers 5xx",
    "external-hosts": 'array of hosts, other than its own, that its files may come from: `host`, `host:port`, `*.suffix`, `"*"`',
    "pins": '`"optional"` (default) or `"required"`: whether external files need a pin; the tighter of this and the policy counts',
    "probe": 'the name of a project that the index certainly has. A "not found" of the index counts only while a file of that project is found there; see [probes](#probes)',
    "absent-status": 'array of HTTP statuses that count as "not found", as 404 and 410 do, for example `[403]`. Any of 400 to 499 is allowed, except 401, 407 and 429. Needs `probe`',
    "min-age": 'how old its files have to be, such as `"7d"` or `"36h"`; see [age](#age)',
    "format": '`"simple"` (default): an index; `"flat"`: a page or directory of links',
}
ROUTE = {
    "index": 'the name of one index, `"pip"` or `"wheels"`',
    "indexes": "array of names of indexes; needs `strategy`",
    "deny": "a reason: the project may not be installed from anywhere",
    "strategy": 'with `indexes`: `"first-index"`, `"index-priority"` or `"version-priority"`; see [lists of indexes](#lists-of-indexes)',
    "marker": "PEP 508 environment marker: this entry counts only where the marker holds",
    "namespace": "a name, without `*`. The project is accepted only if its index says that it belongs to this PEP 752 namespace. Only for indexes of the table",
    "min-age": 'how old its files have to be, such as `"7d"` or `"36h"`; see [age](#age)',
    "min-age-exempt": 'a version specifier, such as `"==1.26.4"`: these versions need no age. Only for indexes of the table',
    "locked": "`true`: no higher layer may claim this pattern or any inside it. Not allowed in a project's table",
}
WHEEL = {
    "urls": "array of https URLs of the file, tried in order. Required; all of them end in the same file name",
    "sha256": "64 hexadecimal digits. At least one of `sha256`, `sha384` and `sha512` is required, and each that is given must match",
    "sha384": "96 hexadecimal digits",
    "sha512": "128 hexadecimal digits",
    "size": "in bytes",
    "requires-python": "a version specifier, as in `Requires-Python`",
    "support": "whom to ask if the file cannot be downloaded; the error shows it",
}
POLICY = {
    "require-hashes": "which files of claimed names need a strong hash: external ones, or all that are not in the file system",
    "pins": "whether external files need a pin",
    "direct-references": "which URLs may stand in place of claimed names: all of them; local ones, those on the route's own hosts, and those with a strong hash or a pin; or only local ones",
    "offline-find-links": "whether claimed names may come from local `--find-links` under `--no-index`",
    "external-roots": "whose certificates count for other hosts than an index's own, redirect targets included, "
    "unless pip is given others: what pip itself trusts (on newer pips what the system trusts), or Mozilla's alone",
    "disable": "whether `RIM_ROUTER_DISABLE=1` turns routing off, or is refused",
    "redirects": "where files may be redirected: to any host if a strong hash is known, or only to `external-hosts`",
    "new-environments": "whether every environment that is made here with `venv` or virtualenv has this very plugin; see [new environments](#new-environments)",
    "project-status": "whether archived and deprecated projects (PEP 792) are only reported, once each, or refused; a quarantined one always stops pip",
    "min-age": "how old the files of all claimed names have to be; see [age](#age)",
    "minimum-openssl": "the oldest OpenSSL that may connect to hosts other than an index's own. With this key, no library but OpenSSL may",
}
ERRORS = {
    "routing-table-location": "The message names the file: a table, its pins, or the log. Restore the file, make it readable or writable, give it to the right owner, or set `RIM_ROUTER_CONFIG` or `RIM_ROUTER_LOG`",
    "invalid-routing-table": "Correct each place that is named, in a table or in its pins. `rim-router check` shows the same list",
    "must-be-routed": '`RIM_ROUTER_REQUIRE` or `disable = "deny"` insists on routing. The message says which, where, and what to change; `pip list` and `pip uninstall` work meanwhile',
    "unsupported-pip": "Use a supported pip, or upgrade rim-router. `rim-router doctor` shows which hook point is missing",
    "denied-project": "The reason comes from the table. Whoever wrote that line knows what to use instead",
    "index-failed": "No other index is asked, on purpose. Repair the index, its URL or its credentials, or give it a mirror",
    "refused-status": "The reason comes from the index, and the policy that forbids it is named. Use another project, or take the key out of that policy",
    "quarantined-project": "The reason comes from the index. Do not install the project until it says otherwise, from this index or another; `pip list --outdated` only warns",
    "refused-direct-reference": "Require the project by name and version, add `#sha256=…` to the URL, or write the `[[wheel]]` that is shown",
    "refused-distribution": "No setting allows it. Do not use the project, and tell its maintainers. "
    "If the error is about rim-router itself, name rim-router in your own command or give it a route",
    "refused-external-file": 'Add the line or run the command that is shown. Most refused files are listed in pip\'s "No matching distribution found"; this is for one that pip has chosen already',
    "refused-host": "A redirect leads where it may not, or OpenSSL is older than `minimum-openssl`. Add the host to `external-hosts` if it is right, pin the file, or use a newer Python",
    "contradicting-digests": "Find out which digest is right. If it is the new one, run `rim-router pin --update NAME==VERSION`",
    "failed-download": "The message says what was wrong at each place that was tried, and whom to ask, if that is known. A wrong digest or size is a reason not to use the file",
    "namespace-not-owned": "Ask the namespace's owner, or take `namespace` out of the route",
    "malformed-rim": "Ask whoever made the file for a good one",
    "cannot-dismount": "Correct the wheel, or the arguments of `rim-router rim dismount`",
    "pip-cannot-tell": "Read what pip printed above the error",
    "rim-verification-failed": "Contact the owner of the wheel, and not the index",
    "pin-failed": "The message says why: pip failed, a file could not be downloaded or kept, or `packaging` is older than 26.0",
    "guarded-index": "Correct the index URL with `rim+` in front, in pip's configuration, a variable, a requirements file or on the command line",
    "unclaimed-project": "Add a route for it to a table, or give pip an index of its own besides the table: `--extra-index-url rim+https://…`",
    "guard-failed": "See what pip has said: the configuration of that level may belong to somebody else",
    "export-failed": "Each note names a line of the table that the other tool cannot follow, or the message says what is missing. Give it a table without these lines, or use another tool for them",
    "init-failed": "The message says why: move the table that is there away, or choose one of the presets that are named",
    "throwaway-environment-failed": "`rim-router demo` could not make its virtual environment: install Python's `venv` module",
    "transplant-failed": "The message says what is in the way, there or here. Reinstall rim-router with pip if its own files are not complete",
    "environment-not-usable": "Name an environment, or an interpreter that works; the message says what it did",
    "new-environment-not-equipped": "See the reason: use a Python that rim-router works on, or `RIM_ROUTER_DISABLE=1` for one that may do without",
}
# Each event of the log, when it is written, and its keys.
EVENTS = {
    "table": ("the tables that are in force, once for each pip", {"files": "the files, lowest layer first"}),
    "decision": (
        "where a claimed name comes from, once for each",
        {
            "project": "its normalised name",
            "target": "where the route leads, as in the line `Routing …`",
            "indexes": "the indexes with their URLs; absent if there are none",
            "rule": "the pattern or `[[wheel]]`, with file and line",
        },
    ),
    "refused": (
        "a file that may not be used, once for each",
        {
            "project": "its normalised name",
            "file": "its name",
            "url": "the URL of the file",
            "host": "the host, with its port if that is not the default; absent for a file in the file system",
            "page": "the page that links to it; absent if that is not known",
            "rule": "the reason",
            "remedy": "the line to add or the command to run; absent if there is none",
        },
    ),
    "contacted": (
        "a request to a host other than the index's own, even if pip's HTTP cache answers it",
        {
            "host": "the host, with its port if that is not 443",
            "url": "what pip asked for",
            "rule": "what allows it",
        },
    ),
    "redirect": (
        "a server redirects a page or a file",
        {
            "url": "the URL that redirects",
            "target": "the URL to which it redirects",
            "allowed": "whether pip follows it",
            "reason": "why not; absent if pip follows it",
        },
    ),
    "verified": (
        "a file arrived, and is the right one",
        {
            "file": "its name",
            "url": "its URL before redirects",
            "host": "the host, with its port if that is not the default; absent for a file in the file system",
            "rule": "what allows it",
            "size": "its size in bytes",
            "digests": "the computed digests, sha256 among them",
            "required": "the digests that it must have; empty for a file on the index's own origin without a strong hash",
        },
    ),
    "failed": (
        "a place did not have the right file; pip tries the next place if there is one",
        {
            "file": "its name",
            "url": "its URL at that place",
            "host": "the host, with its port if that is not the default; absent for a file in the file system",
            "reason": "what went wrong, with both digests if they differ",
        },
    ),
    "refusal": (
        "pip is stopped",
        {
            "file": "the file that could not be downloaded, if it is about one",
            "url": "the place that was asked last, if it is about one place",
            "project": "the project that was not found, if it is about one",
            "reason": "the whole message",
        },
    ),
}
WARNINGS = {
    "no-table": "no table is in force here",
    "open-question": "`rim-router init` has left a question in the table that nobody has answered",
    "shadowed-route": "a route is never used: a higher layer has the same pattern",
    "unreachable-route": "an entry of a list is never used: an earlier entry has no marker",
    "bare-name": "`acme-*` is routed, and `acme` goes elsewhere",
    "public-by-priority": 'a list by `"index-priority"` in which a later index is public: PyPI, TestPyPI, or one to which `*` leads',
    "no-probe": 'an index in a list has no `probe`, is not in the file system, and its "not found" leads to another index',
    "hidden-index": "an index has the name of another one in a lower layer",
    "any-host": 'external-hosts has `"*"`',
    "http": "an index uses plain http",
    "secret": "a password or a token is written in the file",
    "unclaimed-plugin": "no route claims rim-router itself",
    "unused-index": "no route uses an index of the project",
}

# How many letters a message needs to be recognised: fewer may be in what is searched for something else.
SHORTEST = 11
# Whatever an index or a host has done.
SEARCHED = [
    ("Index INDEX (http…)", "error: index-failed"),
    ("HOST redirects FILE to http…", "error: refused-host"),
]


def paired(names: Iterable[str], meanings: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """Each name with its meaning.

    :raises SystemExit: if one is missing here, or is no longer in the code.
    """
    names = list(names)
    if set(names) != set(meanings):
        raise SystemExit(f"docs/generate_reference.py is out of date: {sorted(set(names) ^ set(meanings))}")
    return ((name, meanings[name]) for name in names)


def rows(head: str, lines: Iterable[str]) -> str:
    """A Markdown table."""
    return "\n".join([head, "| " + " | ".join(["---"] * (head.count("|") - 1)) + " |", *lines])


def _keys(names: Iterable[str], meanings: Mapping[str, str]) -> str:
    return rows(
        "| key | value |", (f"| `{name}` | {meaning}. |" for name, meaning in paired(names, meanings))
    )


# The values of policies that are no words.
NO_WORDS = {
    keys.MINIMUM_OPENSSL: 'a version, such as `"3.0.15"`; none by default',
    keys.MIN_AGE: 'days, hours or both, such as `"7d"`, `"36h"` or `"1d12h"`; none by default',
}


def _policy() -> Iterator[str]:
    for name, meaning in paired((*keys.POLICY, *NO_WORDS), POLICY):
        words = keys.POLICY.get(name, ())
        default = getattr(Policy(), name.replace("-", "_"))
        shown = ", ".join(f'`"{word}"`' + (" (default)" if word == default else "") for word in words)
        shown = shown or NO_WORDS[name]
        yield f"| `{name}` | {shown} | {meaning}. |"


def _errors(root: type[errors.RimRouterError]) -> Iterator[type[errors.RimRouterError]]:
    for each in root.__subclasses__():
        yield each
        yield from _errors(each)


def _sorted_errors() -> list[type[errors.RimRouterError]]:
    # Those of all first; the others in an order that no import decides.
    return sorted(
        _errors(errors.RimRouterError),
        key=lambda each: each.reference if each.__module__ != errors.__name__ else "",
    )


def _messages() -> Mapping[str, list[str]]:
    """The first lines of each error, by its code."""
    found = _sorted_errors()
    said = error_messages.messages([each.__name__ for each in found])
    return {each.reference: said[each.__name__] for each in found}


def _error_sections() -> Iterator[str]:
    messages = _messages()
    found = _sorted_errors()
    for each, (code, what) in zip(found, paired([each.reference for each in found], ERRORS)):
        meaning = (each.__doc__ or "").partition("\n")[0].replace("``", "`")
        meaning = re.sub(r" \((?:[^()]*, )?(?:reference:|PEP) [^)]*\)", "", meaning)
        yield f"## error: {code}\n\n{meaning}\n\n**What to do.** {what}.\n\nThe first line is one of these:"
        yield "\n".join(
            ["```text", *(f"\N{MULTIPLICATION SIGN} {message}" for message in messages[code]), "```"]
        )


def _search_lines() -> str:
    """What the search recognises: each first line with the heading on the page of errors."""
    pairs = [(NOT_FOUND, NOT_FOUND), (error_messages.not_found().rpartition(":")[0], NOT_FOUND)]
    pairs += [("Could not find a version that satisfies the requirement NAME", NOT_FOUND)]
    pairs += [(each, f"error: {code}") for code, messages in _messages().items() for each in messages]
    pairs += SEARCHED
    headings: dict[str, str] = {}
    for message, heading in pairs:
        pattern = error_messages.pattern(message)
        if _literal(pattern) > SHORTEST or (message, heading) in SEARCHED:
            headings.setdefault(pattern, heading)  # that of pip's own errors if there are others
    # The one that says most first: others may fit by chance.
    found = sorted(headings.items(), key=lambda pair: -_literal(pair[0]))
    return "\n".join(f"  {json.dumps(pair, ensure_ascii=False)}," for pair in found)


def _literal(pattern: str) -> int:
    return len(pattern.replace("*", ""))


def _subparsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action.choices, dict):
            found.update(action.choices)
    return found


def _argument(action: argparse.Action) -> str:
    metavar = (
        action.metavar if isinstance(action.metavar, str) else (action.metavar or (action.dest.upper(),))[0]
    )
    if not action.option_strings:
        return f"`{metavar}`" + (" (one or more)" if action.nargs == "+" else "")
    value = "" if action.nargs == 0 else f" {metavar}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _commands(parser: argparse.ArgumentParser, name: str = "rim-router", level: int = 3) -> Iterator[str]:
    # Not format_help(): its wording differs from Python to Python.
    for word, command in _subparsers(parser).items():
        yield f"{'#' * level} `{name} {word}`"
        yield (command.description or "").rstrip(".") + "."
        nested = _subparsers(command)
        arguments = [
            action for action in command._actions
            if action.dest != "help" and not isinstance(action.choices, dict)
        ]  # fmt: skip
        if arguments:
            yield rows(
                "| argument | meaning |",
                (f"| {_argument(action)} | {action.help} |" for action in arguments),
            )
        if nested:
            yield from _commands(command, f"{name} {word}", level + 1)


def _warning_codes() -> Iterator[str]:
    source = (ROOT / "rim_router" / "cli" / "check" / "findings.py").read_text(encoding="utf-8")
    calls = [
        node for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]  # fmt: skip
    for call in sorted(calls, key=lambda node: node.lineno):
        assert isinstance(call.args[0], ast.Constant)
        yield str(call.args[0].value)


def _events() -> dict[str, dict[str, None]]:
    """Every event that is written to the log, with its keys: by the hooks' journal, or by ``record``."""
    found: dict[str, dict[str, None]] = {name: {} for name in EVENTS}  # in this order
    for path in sorted((ROOT / "rim_router").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            if re.fullmatch(r"(?:.*\b_?journal\.write|record)", ast.unparse(node.func)):
                keys_of = found.setdefault(str(node.args[0].value), {})
                keys_of.update((keyword.arg or "**", None) for keyword in node.keywords)
    return found


def _event_rows() -> Iterator[str]:
    found = _events()
    for event, (when, meanings) in paired(found, EVENTS):
        pairs = paired(found[event], meanings)
        yield f"| `{event}` | {when} | {'; '.join(f'`{key}`: {meaning}' for key, meaning in pairs)} |"


def _hook_points() -> Iterator[str]:
    for seam in seams.SEAMS:
        since = ".".join(map(str, seam.since))
        until = "" if seam.before is None else f", before {'.'.join(map(str, seam.before))}"
        yield f"| `{seam.place}` | {since}{until} | {seam.reason} |"


def blocks() -> dict[str, dict[str, str]]:
    """The generated blocks by file and name."""
    reference = {
        "table": _keys(keys.TABLE, TABLE),
        "index": _keys(keys.INDEX, INDEX),
        "route": _keys(keys.ROUTE, ROUTE),
        "policy": rows("| key | values, from loose to tight | what it is about |", _policy()),
        "wheel": _keys(keys.WHEEL, WHEEL),
        "speed": _keys(keys.SPEED, SPEED),
        "pip": f"It works with pip {'.'.join(map(str, seams.OLDEST))} to {'.'.join(map(str, seams.NEWEST_TESTED))}, the newest that it was tested with.",
        "commands": "\n\n".join(_commands(make_parser())),
        "warnings": rows(
            "| code | meaning |",
            (
                f"| `{code}` | {meaning} |"
                for code, meaning in paired(dict.fromkeys(_warning_codes()), WARNINGS)
            ),
        ),
        "errors": ",\n".join(
            f"[`{each.reference}`](errors.md#error-{each.reference})" for each in _sorted_errors()
        )
        + ".",
        "log": rows("| event | when | keys |", _event_rows()),
        "hook-points": rows("| place | pip | why |", _hook_points()),
    }
    page = {
        "errors": "\n\n".join(_error_sections()),
        "not-found": f"```text\n{error_messages.not_found()}\n```",
    }
    return {REFERENCE: reference, ERROR_PAGE: page, SEARCH: {"messages": _search_lines()}}


def render(name: str, text: str, made: Mapping[str, str]) -> str:
    """A file with every block filled in.

    :raises SystemExit: if the file lacks a block, or has one that nobody fills.
    """
    pattern = re.compile(
        r"((?:<!--|//) generated: ([a-z-]+)(?: -->)?\n)(?:.*?\n)??((?:<!--|//) end)", re.DOTALL
    )
    places = [match[2] for match in pattern.finditer(text)]
    if sorted(places) != sorted(made):
        raise SystemExit(f"{name} has the blocks {sorted(places)}, and not {sorted(made)}")
    return pattern.sub(lambda match: f"{match[1]}{made[match[2]]}\n{match[3]}", text)


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare them."""
    outdated = 0
    for name, made in blocks().items():
        old = (ROOT / name).read_text(encoding="utf-8")
        new = render(name, old, made)
        if arguments != ["--check"]:
            (ROOT / name).write_text(new, encoding="utf-8")
        elif new != old:
            print(f"{name} is out of date: run python docs/generate_reference.py", file=sys.stderr)
            outdated = 1
    return outdated


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
