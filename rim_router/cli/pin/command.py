"""rim-router pin: record the digests of the files on other hosts that pip would use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rim_router.cli import views
from rim_router.cli.ask import certificates
from rim_router.cli.pin.files import complete, external_files
from rim_router.cli.pin.record import Outcome, State, deselected, outcomes, recorded
from rim_router.cli.pin.resolve import resolve
from rim_router.cli.pin.store import PinError, Store, pylock
from rim_router.cli.rendering import NO, OK, UNUSABLE, add_json, columns, print_json, say, tell
from rim_router.cli.shapes import VERSION
from rim_router.config import load_files, locate
from rim_router.config.pinfile import merge_pins
from rim_router.errors import TableError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from rim_router.cli.pin import shape as shapes
    from rim_router.cli.pin.files import ExternalFile
    from rim_router.config import LayerFile
    from rim_router.rules.pins import Pin, Pins


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("requirements", nargs="*", metavar="REQ", help="a requirement, as pip takes it")
    parser.add_argument(
        "-r", "--requirement", action="append", default=[], metavar="FILE", help="a file of requirements"
    )
    parser.add_argument("--update", action="store_true", help="accept digests that have changed")
    parser.add_argument("--dry-run", action="store_true", help="print what would be written, and do not")
    trusted = "certificates to trust, as pip takes them (default: what pip is configured with)"
    parser.add_argument("--cert", metavar="FILE", help=trusted)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Pin; 1 if a digest has changed.

    :raises RimRouterError: if the tables or the pins cannot be used, or pip fails.
    """
    arguments = _pip_arguments(args)
    if arguments is None:
        return UNUSABLE
    layers = locate()
    table = load_files(layers)
    if not table.in_force:
        raise PinError(
            "no routing table is in force here: there is nothing that pins would be for",
            hint="write an index-routing.toml, or run this where there is one",
        )
    pylock()  # before anything is downloaded for nothing
    store, others = _stores(layers)
    found = external_files(resolve(arguments), table)
    completed, hosts = complete([*found], table, layers, certificates(args.cert))
    files = sorted(completed, key=lambda file: (file.name, file.version, file.filename))
    plan, written = _keep(store, files, others, update=args.update, dry_run=args.dry_run)
    if args.json:
        print_json(_report(store, plan, hosts, written=written))
    for result in plan.changed:
        tell(f"ERROR: {_change(result)}")
    if not plan.changed and not args.json:
        _print(store, plan, dry_run=args.dry_run)
    return NO if plan.changed else OK


@dataclass(frozen=True)
class _Plan:
    """What is to be done.

    :param text: what is to be written; None if nothing is.
    :param deselected: versions that stay pinned, and are no longer what the lock file installs.
    """

    results: tuple[Outcome, ...]
    text: str | None = None
    deselected: tuple[str, ...] = ()

    @property
    def changed(self) -> list[Outcome]:
        """Those that are not to be accepted; then nothing is written at all."""
        return [result for result in self.results if result.state is State.CHANGED]


def _pip_arguments(args: argparse.Namespace) -> list[str] | None:
    """What pip is asked; None if it cannot be, which has been said."""
    if not args.requirements and not args.requirement:
        tell("ERROR: nothing to pin: give a requirement, or a file of them with -r")
        return None
    cert = certificates(args.cert)
    files = [word for path in args.requirement for word in ("-r", path)]
    return [*cert, *files, "--", *args.requirements] if args.requirements else [*cert, *files]


def _stores(layers: Sequence[LayerFile]) -> tuple[Store, Pins]:
    """The lock file that is written, next to the highest layer's table, and the pins of all others."""
    stores = [Store(file.layer, file.pins) for file in layers if file.pins is not None]
    if not stores:
        raise PinError(
            f"the routing table in force is {layers[-1].shown}, next to which nothing can be written",
            hint="write an index-routing.toml, which may be empty, where the pins are to be",
        )
    store = stores.pop()
    pins: list[Pin] = []
    for other in stores:
        if other.path != store.path:
            pins += other.read()[1]
    return store, _merged(pins)


def _merged(pins: Iterable[Pin]) -> Pins:
    merged, faults = merge_pins(pins)
    if faults:
        raise TableError(faults)
    return merged


def _keep(
    store: Store, files: Sequence[ExternalFile], others: Pins, *, update: bool, dry_run: bool
) -> tuple[_Plan, bool]:
    """Write the pins, unless one has changed or none is new; returns also whether that was done."""
    plan = _plan(store, files, others, update=update)
    if plan.text is None or dry_run:
        return plan, False
    with store.locked():
        # Another run may have added to the file in the meantime.
        plan = _plan(store, files, others, update=update)
        if plan.text is not None:
            store.write(plan.text)
    return plan, plan.text is not None


def _plan(store: Store, files: Sequence[ExternalFile], others: Pins, *, update: bool) -> _Plan:
    before, own = store.read()
    plan = _Plan(tuple(outcomes(files, own, others, update=update)))
    if plan.changed or not files:
        return plan
    after = recorded(before, plan.results)
    if after == before or not after["packages"]:
        return plan
    return replace(plan, text=store.render(after), deselected=tuple(deselected(before, after)))


def _change(result: Outcome) -> PinError:
    """A digest that is not the one that was pinned."""
    file, pin = result.file, result.pinned
    assert pin is not None
    algorithm = pin.contradiction(file.digests) or ""
    hint = f"if that is right: rim-router pin --update {file.name}=={file.version}"
    if result.fixed:
        hint = "that file is of a lower layer: if the new digest is right, correct it there"
    return PinError(
        f"{file.filename} has changed",
        notes=[
            f"{algorithm} {pin.digests[algorithm]} is pinned in {views.place_text(pin.source)}",
            f"{algorithm} {file.digests[algorithm]} {file.origin}",
        ],
        hint=hint,
    )


def _print(store: Store, plan: _Plan, *, dry_run: bool) -> None:
    report = tell if dry_run else say
    if not plan.results:
        report("Nothing to pin: no file that pip would use is on another origin than its index.")
        return
    if dry_run and plan.text is not None:
        say(plan.text, end="")
    rows = [
        [result.state.value, result.file.filename, f"sha256 {result.file.digests['sha256']}", _size(result)]
        for result in plan.results
    ]
    report("\n".join(columns(rows)))
    for version in plan.deselected:
        report(f"{version} stays pinned, but is no longer what the lock file installs")
    states = [result.state for result in plan.results]
    counts = ", ".join(f"{states.count(state)} {state.value}" for state in State if state in states)
    written = "" if plan.text is not None else ", nothing to write"
    if dry_run and plan.text is not None:
        written = ", not written (--dry-run)"
    report(f"{store.shown}: {counts}{written}")


def _size(result: Outcome) -> str:
    size = _size_of(result)
    return "size unknown" if size is None else f"{size:,} bytes"


def _size_of(result: Outcome) -> int | None:
    """The size of a file, which is not asked for again once it is pinned."""
    if result.file.size is None and result.pinned is not None and result.state is State.UNCHANGED:
        return result.pinned.size
    return result.file.size


def _report(store: Store, plan: _Plan, hosts: list[str], *, written: bool) -> shapes.PinReport:
    return {
        "version": VERSION,
        "file": store.shown,
        "written": written,
        "pins": [
            {
                "name": result.file.name,
                "version": result.file.version,
                "filename": result.file.filename,
                "url": result.file.url,
                "size": _size_of(result),
                "digests": dict(result.file.digests),
                "state": result.state.value,
                "pinned": None if result.pinned is None else dict(result.pinned.digests),
                "place": None if result.pinned is None else views.place(result.pinned.source),
            }
            for result in plan.results
        ],
        "hosts": hosts,
    }
