"""What the hooks of one process share: the table, what is known of each file, and who is told."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from rim_router.errors import ContradictionError, DownloadError, RefusedFileError, RimRouterError
from rim_router.hooks.diagnostics import VERBOSE, Announcer, pip_error
from rim_router.hooks.requests import Requests
from rim_router.hooks.tracking import File, Tracker
from rim_router.hooks.transport import Transport
from rim_router.rules.external import Judge
from rim_router.rules.hosts import Hosts
from rim_router.rules.remedies import accept_change, ask_server, correct_entry
from rim_router.rules.urls import filename_of, host_of, redact
from rim_router.terminal import visible

if TYPE_CHECKING:
    from rim_router.hooks.transfer import Transfer
    from rim_router.journal import Journal
    from rim_router.rules.remedies import Remedy
    from rim_router.rules.table import Decision, Index, RoutingTable
    from rim_router.rules.urls import Origin
    from rim_router.rules.verdict import Verdict

# Set by `rim-router pin`: files without a digest may be used, because they are to get one now.
RECORDING = "_RIM_ROUTER_PINNING"


class Services:
    """One for each process in which a table is in force.

    :param inherited: whether the process that started this one is routed, too.
    """

    def __init__(self, table: RoutingTable, journal: Journal, *, inherited: bool) -> None:
        self.table = table
        self.inherited = inherited
        self.journal = journal
        self.announcer = Announcer()
        self.tracker = Tracker()
        self.requests = Requests()
        # The URLs of indexes, each with its probe, that have been found to have it.
        self.probed: set[tuple[str, str]] = set()
        self._glances: dict[tuple[int, frozenset[Origin]], dict[tuple[str, bool], bool]] = {}
        self._hosts: dict[tuple[int, frozenset[Origin]], Hosts] = {}
        # Wheels of pip's cache, by URL, and the links of what they were built from.
        self.built_from: dict[str, Any] = {}
        self._although: set[str] = set()
        # From where else pip takes files.
        self.find_links: tuple[str, ...] = ()
        self.cache: str | None = None
        # Where --target puts what is installed; None for no such option.
        self.target: str | None = None
        self.recording = os.environ.get(RECORDING) == "1"
        self.transport = Transport(self.table, self.announcer, self.journal, recording=self.recording)

    def log_tables(self) -> None:
        """Record which tables are in force."""
        self.journal.write("table", files=[source.file for source in self.table.files])

    def say_tables(self) -> None:
        """Say which tables are in force."""
        self.announcer.say(f"Routing by {', '.join(source.file for source in self.table.files)}")

    def judge(self, name: str, index: Index, own: frozenset[Origin]) -> Judge:
        """The rules for the files of a project on an index."""
        glances = self._glances.setdefault((id(index), own), {})
        return Judge(name, index, self.table.policy, self.table.pins, own, self.recording, glances)

    def hosts(self, index: Index, own: frozenset[Origin]) -> Hosts:
        """The hosts that may be asked for what belongs to an index."""
        key = (id(index), own)
        if key not in self._hosts:
            self._hosts[key] = Hosts.of_index(index, own)
        return self._hosts[key]

    def guard(self, session: Any, file: File, hosts: Hosts) -> Any:
        """A session for one file."""
        record = self.requests.remedy(file.name, file.remedy)
        return self.transport.guard(session, hosts, file.filename, strong=bool(file.digests), record=record)

    def note_decision(self, decision: Decision) -> None:
        """Record where a project comes from."""
        if not self.journal.active:
            return
        self.journal.write(
            "decision",
            project=decision.name,
            target=str(decision.target),
            indexes=[str(index) for index in decision.indexes] or None,
            rule=decision.claim_with_line,
        )

    def note_refused(self, decision: Decision, verdict: Verdict) -> None:
        """Record that a file may not be used."""
        if not self.journal.active:
            return
        self.journal.write(
            "refused",
            project=decision.name,
            file=filename_of(verdict.url),
            url=verdict.url,
            host=host_of(verdict.url),
            page=verdict.page,
            rule=verdict.reason,
            remedy=self.requests.remedy(decision.name, verdict.remedy),
        )

    def note_failed(self, file: File, url: str, why: str) -> None:
        """Record that a place does not have a file, or has another one.

        :param url: redacted.
        """
        self.journal.write("failed", file=file.filename, url=url, host=host_of(url), reason=why)

    def refusal(self, error: RimRouterError) -> Exception:
        """The error that stops pip, once it is recorded."""
        self.journal.write("refusal", reason=str(error))
        return pip_error(error)

    def consider(self, link: Any, file: File | None) -> None:
        """The resolver considers a file: one that contradicts what is known of it stops pip.

        :param file: what is known of it.
        :raises PipRoutingError: if it does.
        """
        if file is not None and link.yanked_reason:
            link.yanked_reason = visible(link.yanked_reason)  # pip shows it, line ends and all
        if file is not None and file.verdict.although:
            # Of what nobody knows the age there can be much, such as all entries of a lock file.
            known, what = file.verdict.uploaded is not None, file.verdict.although
            level = logging.INFO if known or what not in self._although else VERBOSE
            self._although.add(what)
            self.announcer.say(f"{file.filename}: {what}", level)
        if file is not None and not file.verdict.allowed:
            what = "is not what it was" if file.verdict.contradiction else "may not be used"
            kind = ContradictionError if file.verdict.contradiction else RefusedFileError
            raise self.refusal(
                kind(
                    f"{file.filename} {what}: {file.verdict.url}",
                    notes=[file.verdict.reason, f"it is offered by {file.said}"],
                    hint=self.requests.remedy(file.name, file.verdict.remedy),
                )
            )

    def verify(self, file: File, url: str, transfer: Transfer) -> None:
        """Compare what came with what is known of the file.

        :param url: where it came from.
        :raises PipRoutingError: if it has another size or digest.
        """
        wrong = self.faults(file, transfer)
        if wrong:
            what = f"{file.filename} from {redact(url)} is not the right file"
            hint = self.requests.remedy(file.name, self._mended_by(file, url, transfer))
            raise pip_error(DownloadError(what, notes=wrong, hint=hint))
        if not self.journal.active:
            return
        self.journal.write(
            "verified",
            file=file.filename,
            url=redact(url),
            host=host_of(url),
            rule=file.verdict.reason,
            size=transfer.size,
            digests=transfer.digests,
            required=dict(file.digests),
        )

    def faults(self, file: File, transfer: Transfer) -> list[str]:
        """In what a download is not the file that it should be."""
        found = transfer.digests
        wrong = [
            f"{name} should be {digest}, as {self._said(file, name)} says, and is {found[name]}"
            for name, digest in sorted(file.digests.items())
            if found[name] != digest
        ]
        if file.size is not None and transfer.size != file.size:
            wrong.insert(0, f"size should be {file.size:,} bytes and is {transfer.size:,}")
        if not transfer.complete:
            wrong.insert(0, "the server's answer was not the whole file")
        return wrong

    def _mended_by(self, file: File, url: str, transfer: Transfer) -> Remedy:
        """What helps against another file than the right one."""
        pin = None if self.recording else self.table.pins.get(file.filename)
        if transfer.complete and pin is not None and pin.contradiction(transfer.digests) is not None:
            return correct_entry(pin.source) if "wheel" in pin.source.key else accept_change(pin)
        return ask_server(host_of(url) or "that index", "it has to have the right file; try again later")

    def _said(self, file: File, algorithm: str) -> str:
        pin = self.table.pins.get(file.filename)
        if pin is not None and pin.digests.get(algorithm) == file.digests[algorithm] and not self.recording:
            return str(pin.source)
        return file.said
