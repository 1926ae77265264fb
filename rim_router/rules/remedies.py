"""What helps against each refusal of a file, as it is printed: every remedy there is. Pure.

Whoever follows one as it stands gets on, or is told that there is no way:
``tests/e2e/external/test_remedies.py`` follows each of them.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rim_router.record import Record
from rim_router.rules.source import LAYERS
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rim_router.rules.pins import Pin
    from rim_router.rules.source import Source
    from rim_router.rules.table import Decision, Index

# What neither sh nor cmd nor PowerShell makes anything of within double quotes.
_HARMLESS = frozenset(" <>!~;()[]*#")
_PLAIN = frozenset("@%+=:,./-_")
_RECORD = "to record its digest, run: rim-router pin"


class Remedy(Record):
    """What to do.

    :param text: a sentence or two; ends with a command if there is a *request*.
    :param request: the last argument of that command, quoted for a shell.
    :param whatever: whether *request* stands for whatever has been asked for of that project.
    :param entry: lines to write into a file.
    """

    text: str
    request: str | None = None
    whatever: bool = False
    entry: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text if self.request is None else f"{self.text} {self.request}"

    def asking_for(self, request: str, options: str) -> Remedy:
        """The same for a request, and with the options that it had; both quoted for a shell."""
        if self.request is None:
            return self
        asked = request if self.whatever else self.request
        return self.replaced(request=f"{asked} {options}".rstrip())


def quoted(text: str) -> str:
    """An argument for a shell, in the quotes that most of them have if nothing in it needs others."""
    if text and all((each.isascii() and each.isalnum()) or each in _PLAIN for each in text):
        return text
    if all((each.isascii() and each.isalnum()) or each in _PLAIN or each in _HARMLESS for each in text):
        return f'"{text}"'
    return shlex.quote(text)


# Files of indexes


def allow_host(netloc: str, index: Index) -> Remedy:
    """A host is not among the ``external-hosts``."""
    return Remedy(f"to allow it, {host_line(netloc, index)}")


def host_line(netloc: str, index: Index) -> str:
    """The line that would allow a host, besides those that are allowed already."""
    entries = ", ".join(f'"{entry}"' for entry in [*index.external_hosts, netloc])
    return key_line(f"external-hosts = [{entries}]", index, is_there=bool(index.external_hosts))


def key_line(key: str, index: Index, *, is_there: bool = False) -> str:
    """What gives an index a key.

    :param key: with its value; several with "and".
    :param is_there: whether the index has it already, with another value.
    """
    if index.source.layer == "command":  # there are no more than URLs in that
        return f"define the index in a table, with {key}, and name it in {index.source}"
    add, to = ("set", "in") if is_there else ("add", "to")
    return f"{add} {key} {to} index {index.name} in {index.source}"


def record_digest(project: str) -> Remedy:
    """No strong digest of a file is known, or a pin is required."""
    return Remedy(_RECORD, project, whatever=True)


def record_reference(name: str, url: str) -> Remedy:
    """A pin of a file is required that the user names by its URL."""
    return Remedy(_RECORD, quoted(f"{name} @ {url}"))


def accept_change(pin: Pin) -> Remedy:
    """A file contradicts its pin."""
    return Remedy(
        "if the change is right, run: rim-router pin --update", quoted(f"{pin.name}=={pin.version}")
    )


def correct_entry(source: Source) -> Remedy:
    """A file contradicts a ``[[wheel]]``."""
    return Remedy(f"if the change is right, correct {source}")


def ask_index(name: str, what: str) -> Remedy:
    """Nothing in the table can help."""
    return ask_server(f"index {name}", what)


def ask_server(whose: str, what: str) -> Remedy:
    """The same, where it is not only about an index."""
    return Remedy(f"only whoever runs {whose} can help: {what}")


def settle(whose: str) -> Remedy:
    """Two say different things of a file."""
    return Remedy(
        f"one of the two is wrong: correct what is yours; of the rest, only whoever runs {whose} can"
    )


def ask_for_rim_digest(name: str) -> Remedy:
    """A ``.rim`` without a digest: no pin is for one."""
    return ask_index(
        name, "it has to give a sha256 for each .rim; or name the wheel in a [[wheel]] of the table"
    )


# Redirects


def move_index(netloc: str, index: Index) -> Remedy:
    """The pages of an index redirect to another host."""
    line = host_line(netloc, index)
    return Remedy(
        "if that is where one logs in, the index wants credentials; "
        f"if all of the index is there now, use its URL there, or {line}; "
        "if only names that it lacks are sent there, turn that off at the server"
    )


def allow_redirect(netloc: str, index: Index, then: str | None = None) -> Remedy:
    """A file is redirected to another host.

    :param then: what has to be done besides, as a remedy.
    """
    line = f"if that is right, {host_line(netloc, index)}"
    return Remedy(line if then is None else f"{line}; then, {then}")


def stop_forwarding(where: str) -> Remedy:
    """An index redirects the names that it lacks to another one."""
    return Remedy(
        "turn that off at the server (GitLab, pypiserver and others forward to PyPI by default); "
        f"or, if the project is to come from {where}, route its name there"
    )


# Age


def wait_or_exempt(decision: Decision, version: str, then: str, policy: Source | None) -> Remedy:
    """A file was uploaded too short a time ago.

    :param version: of it; empty if it is not known.
    :param then: when it will be old enough.
    :param policy: the line of the policy that nothing may loosen from above; None for no such policy.
    """
    if not version:
        return Remedy(f"wait until {then}")
    if policy is None:
        word = f'RIM_ROUTER_MIN_AGE_EXEMPT="{decision.name}=={version}"'
        return Remedy(f"wait until {then}; or, if you need it now, set {word} for this command")
    key = f'min-age-exempt = "=={version}"'
    return Remedy(f"wait until {then}; or, if you need it now, {_on_route(decision, key, policy)}")


def give_times(decision: Decision, policy: Source | None) -> Remedy:
    """An index does not say when its files were uploaded."""
    loose = _on_route(decision, 'min-age = "0d"', policy)
    return Remedy(f"use an index that does (its JSON pages have upload-time); or, if you trust it, {loose}")


def _on_route(decision: Decision, key: str, policy: Source | None) -> str:
    """Where a key of a route is written so that no policy forbids it, and it is about this project alone."""
    route = decision.route
    file = None if route is None or route.source.layer == "command" else route.source.file
    where = file if policy is None else policy.file
    if route is not None and file == where and not route.pattern.prefix:
        return f"add {key} to the route {route.pattern} in {route.source}"
    # What other projects have in common with this one is to stay as it is.
    text = f"give {decision.name} a route of its own with {key} in {where or 'a table'}"
    names = [each.name for each in decision.indexes if _is_above(each.source, where, policy)]
    text += f", with index {' and '.join(names)}" if names else ""
    if route is not None and not route.pattern.prefix and _is_above(route.source, where, policy):
        text += f", and take the route {route.pattern} out of {route.source}"
    return text


def _is_above(source: Source, file: str | None, policy: Source | None) -> bool:
    """Whether a line is in a higher layer than a file, which is that of the policy, if there is one."""
    layer = 0 if policy is None else LAYERS.index(policy.layer)
    return source.file != file and LAYERS.index(source.layer) >= layer


# Direct references


def require_by_name(name: str) -> Remedy:
    """There is no way for a URL; there may be one for a name."""
    return Remedy(f"require it by name: {name}")


def denied(claim: str) -> Remedy:
    """The table says so."""
    return Remedy(f"there is no way to install it as long as the table denies it ({claim})")


def correct_url(name: str) -> Remedy:
    """A URL that not everybody reads in the same way."""
    return Remedy(f"correct its URL; or require it by name: {name}")


def set_variables(names: Iterable[str]) -> Remedy:
    """The URL of the index has variables that are not set."""
    return Remedy(f"set {' and '.join(names)}")


def add_hash(name: str, url: str, file: str, *, can_be_entry: bool) -> Remedy:
    """A URL that the user gives, without a strong hash.

    :param url: redacted.
    :param file: the table that claims the name.
    :param can_be_entry: whether a ``[[wheel]]`` can have it.
    """
    text = (
        f"require it by name: {name}; or, if you trust this exact file, add #sha256=… to its URL "
        "(download it: pip hash FILE prints the digest)"
    )
    if not can_be_entry:
        return Remedy(text)
    table = "tool.rim-router.wheel" if file.endswith("pyproject.toml") else "wheel"
    entry = (f"[[{table}]]", f'urls = ["{_toml(url)}"]', 'sha256 = "…"')
    return Remedy(f"{text}, or write this into {file}:", entry=entry)


def _toml(text: str) -> str:
    """A text inside the quotes of a TOML string."""
    return visible(text.replace("\\", "\\\\").replace('"', '\\"'))


def use_directory(name: str, repository: str | None, revision: str, subdirectory: str) -> Remedy:
    """A repository, which never carries a hash, in the user's own words.

    :param repository: its URL for git; None if it has credentials, or is for another tool.
    :param revision: of it; empty for the newest.
    :param subdirectory: in which the project is; empty for none.
    """
    clone = f"git clone {'URL' if repository is None else quoted(repository)} {name}"
    if revision:
        clone += f"; git -C {name} checkout {quoted(revision)}"
    path = quoted(f"./{name}/{subdirectory}".rstrip("/"))
    return Remedy(
        f"require it by name: {name}; or, if you trust that repository, clone it into ./{name} "
        f"({clone}) and install that: pip install {path}"
    )


def do_without() -> Remedy:
    """What no hash can help, in the metadata of another project."""
    return Remedy(
        "there is no way to install that project as it is; "
        "a release of it that requires this one by name would do"
    )


def repeat_path(name: str, url: str) -> Remedy:
    """A local path in the metadata of another project."""
    repeated = quoted(f"{name} @ {url}")
    return Remedy(f"do without that project; or, if you trust that path, add to your command: {repeated}")


def pin_reference(name: str, url: str, sha256: str | None) -> Remedy:
    """A URL in the metadata of another project, whose hash is a stranger's word.

    :param url: redacted, and without a fragment.
    """
    return Remedy(
        "do without that project; or, if you trust this exact file, run: rim-router pin",
        quoted(f"{name} @ {url}#sha256={sha256 or '…'}"),
    )


# This machine


def go_online() -> Remedy:
    """``--no-index`` was given."""
    return Remedy("run pip without --no-index")


def newer_openssl() -> Remedy:
    """``policy.minimum-openssl``."""
    return Remedy("use a Python with a newer OpenSSL")
