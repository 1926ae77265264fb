"""Somebody who does what pip says would help, as it stands, and knows nothing else."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rim_router.libraries import toml
from tests.support.external import write_table
from tests.support.tables import FILE_NAME

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment, Result

ENOUGH = 3
"""So many commands or edits at most, and then pip again."""

_NO_WAY = r"there is no way|no setting allows|only whoever runs|ask whoever runs|take it from nowhere else"
_ELLIPSIS = "…"


@dataclass
class Follower:
    """Runs pip, and does what it says, until there is nothing left to do.

    :param args: of pip.
    :param sha256: of the file, as its publisher has told.
    :param prefers: a text; of several remedies that one is chosen whose beginning it is.
    :param values: of environment variables, for whoever is told to set one.
    """

    world: World
    victim: Environment
    args: list[str]
    sha256: str
    prefers: str = ""
    values: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def follow(self) -> Result:
        """Run pip until it is content, nothing helps, or enough has been done; returns its last run."""
        result = self._pip()
        while len(self.done) < ENOUGH:
            remedy = remedy_in(result)
            if remedy is None:
                break
            self.said.append(remedy)
            before = len(self.done)
            self._do(remedy)
            if len(self.done) == before:
                break
            result = self._pip()
        return result

    @property
    def is_told_that_there_is_no_way(self) -> bool:
        """Whether the last word was that nothing here helps."""
        return bool(self.said) and re.search(_NO_WAY, self.said[-1]) is not None

    def __str__(self) -> str:
        return "\n".join(["said:", *self.said, "done:", *self.done])

    def _pip(self) -> Result:
        return self.world.pip(self.victim, *self.args, env=self._environ)

    @property
    def _environ(self) -> dict[str, str | None]:
        return {name: self.values[name] for name in self.values if f"set {name}" in self.done}

    def _do(self, remedy: str) -> None:
        """Each thing that a remedy says, in its order; of alternatives one."""
        if self.prefers:
            assert self.prefers in remedy, f"{self.prefers!r} is not in: {remedy}"
            remedy = remedy[remedy.index(self.prefers) :]
        for pattern, act in (
            (r"(?:add|set) external-hosts = \[(.*?)\] (?:to|in) index (\S+) in \S+", self._list_hosts),
            (r"(?ms)^\[\[wheel\]\]\n.*", self._write_entry),
            (r"run: (rim-router .*)", self._run),
            (r"correct (\./\S+)", self._correct_entry),
            (r"require it by name: (\S+?)(?=;|$)", self._require),
            (r"add (#sha256=…) to its URL", self._add_hash),
            (r"add to your command: (.*)", self._add),
            (r"set (RIM_ROUTER_\w+)", self._set),
            (r"set it in the environment", self._set_all),
            (r"without --no-index", self._go_online),
            (r"route its name there", self._route_there),
            (r"take namespace out of the route", self._drop_namespace),
            (r"did you mean (\S+?)\?", self._rename),
            (r'give (\S+) a route of its own with (min-age\S*) = "(\S+)" in', self._add_route),
            (r"remove project-status", lambda: self._edit(lambda table: table.pop("policy"))),
        ):
            match = re.search(pattern, remedy)
            if match is None:
                continue
            act(*match.groups())
            self.done.append(match.group())
            if not (act == self._list_hosts and "; then, " in remedy):
                return

    # The table

    def _edit(self, change: Any) -> None:
        path = self.victim.project / FILE_NAME
        table = toml().loads(path.read_text(encoding="utf-8"))
        change(table)
        write_table(
            self.victim.project,
            table.get("indexes", {}),
            table.get("routes", {}),
            table.get("policy"),
            table.get("wheel", []),
        )

    def _list_hosts(self, hosts: str, index: str) -> None:
        listed = toml().loads(f"hosts = [{hosts}]")["hosts"]
        self._edit(lambda table: table["indexes"][index].update({"external-hosts": listed}))

    def _write_entry(self) -> None:
        path = self.victim.project / FILE_NAME
        entry = re.search(r"(?ms)^\[\[wheel\]\]\n.*", self.said[-1])
        assert entry is not None
        with path.open("a", encoding="utf-8") as table:
            table.write(entry.group().replace(_ELLIPSIS, self.sha256) + "\n")

    def _correct_entry(self, place: str) -> None:
        assert FILE_NAME in place
        self._edit(lambda table: table["wheel"][0].update({"sha256": self.sha256}))

    def _route_there(self) -> None:
        index = re.search(r"is to come from index (\w+)", self.said[-1])
        assert index is not None
        self._edit(lambda table: table["routes"].update({"big-model": index[1]}))

    def _drop_namespace(self) -> None:
        self._edit(lambda table: [route.pop("namespace") for route in table["routes"].values()])

    def _add_route(self, name: str, key: str, value: str) -> None:
        self._edit(lambda table: table["routes"].update({name: {"index": "house", key: value}}))

    def _rename(self, key: str) -> None:
        wrong = re.search(r"indexes\.house\.(\S+?):", self.said[-1])
        assert wrong is not None

        def change(table: dict[str, Any]) -> None:
            table["indexes"]["house"][key] = table["indexes"]["house"].pop(wrong[1])

        self._edit(change)

    # Commands

    def _run(self, command: str) -> None:
        command = command.replace(_ELLIPSIS, self.sha256)
        result = self.victim.run("sh", "-c", command, env=self._environ)
        self.said.append(str(result))
        if result.returncode != 0:
            remedy = remedy_in(result)
            assert remedy is not None, str(self)
            assert len(self.done) < ENOUGH, str(self)
            self.done.append(command)
            self.said.append(remedy)
            self._do(remedy)

    def _require(self, requirement: str) -> None:
        self.args = [*self.args[:-1], *shlex.split(requirement)]

    def _add_hash(self, fragment: str) -> None:
        self.args = [*self.args[:-1], self.args[-1] + fragment.replace(_ELLIPSIS, self.sha256)]

    def _add(self, argument: str) -> None:
        self.args += shlex.split(argument)

    def _go_online(self) -> None:
        self.args.remove("--no-index")

    def _set(self, name: str) -> None:
        assert name in self.values

    def _set_all(self) -> None:
        self.done += [f"set {name}" for name in self.values]


def remedy_in(result: Result) -> str | None:
    """What pip says would help; None if it says nothing of the kind.

    A hint of an error, the end of the first line about a refused file, or of a warning of one.
    """
    if fault := re.search(r"(?m)^╰─> (.*\(did you mean .*)$", result.stderr):
        return fault[1]
    if result.returncode != 0 and (hint := re.search(r"(?ms)^hint: (.*)", result.stderr)):
        return re.sub(r"(?m)^      ", "", hint[1]).strip()
    if refused := re.search(r"(?m)^Refused: (?:.*?); (.*)$", result.output):
        return refused[1]
    warned = r"(?m)^WARNING: \S+ (?:is newer than .*?)?may not be used: .*?; (.*)$"
    if passed_over := re.search(warned, result.output):
        return passed_over[1]
    return None
