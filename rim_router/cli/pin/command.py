"""rim-router pin: record the digests of the files that pip would use, where nobody else vouches for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rim_router.cli import views
from rim_router.cli.ask import certificates
from rim_router.cli.pin.files import complete, files_to_pin
from rim_router.cli.pin.options import add_options, pin_command, pip_arguments
from rim_router.cli.pin.place import Place, choose_place
from rim_router.cli.pin.record import Outcome, State, best, deselected, outcomes, recorded
from rim_router.cli.pin.resolve import resolve
from rim_router.cli.pin.store import PinError, pylock
from rim_router.cli.rendering import NO, OK, UNUSABLE, add_json, columns, print_json, print_text, say, tell
from rim_router.cli.shapes import VERSION
from rim_router.cli.tables import tables_in_force
from rim_router.config import load_files

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rim_router.cli.pin import shape as shapes
    from rim_router.cli.pin.files import FileToPin


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("requirements", nargs="*", metavar="REQ", help="a requirement, as pip takes it")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the pins there (default: next to the table)"
    )
    parser.add_argument("--update", action="store_true", help="accept digests that have changed")
    parser.add_argument("--dry-run", action="store_true", help="print what would be written, and do not")
    trusted = "certificates to trust, as pip takes them (default: what pip is configured with)"
    parser.add_argument("--cert", metavar="FILE", help=trusted)
    add_json(parser)
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Pin; 1 if a digest has changed.

    :raises RimRouterError: if the tables or the pins cannot be used, or pip fails.
    """
    if not args.requirements and not args.asked:
        tell("ERROR: nothing to pin: give a requirement, or a file of them with -r")
        return UNUSABLE
    cert = certificates(args.cert)
    layers = tables_in_force()
    table = load_files(layers)
    if not table.in_force:
        raise PinError(
            "no routing table is in force here, so no file needs a pin",
            hint="write an index-routing.toml, or run this where there is one",
        )
    pylock()  # before anything is downloaded for nothing
    place = choose_place(layers, args)
    resolution = resolve(lambda elsewhere: [*cert, *pip_arguments(args, elsewhere)])
    quiet = [word for option in args.quiet for word in option]
    found = [*files_to_pin(resolution, table)]
    completed, hosts = complete(found, table, layers, [*cert, *quiet])
    files = sorted(completed, key=lambda file: (file.name, file.version, file.filename))
    plan, written = _keep(place, files, update=args.update, dry_run=args.dry_run)
    if args.json:
        print_json(_report(place, plan, hosts, written=written))
    for result in plan.changed:
        tell(f"ERROR: {_change(result, args)}")
    if not plan.changed and not args.json:
        _print(place, plan, dry_run=args.dry_run, quiet=bool(quiet))
    if written and place.explanation is not None and not quiet:
        tell(place.explanation)
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


def _keep(place: Place, files: Sequence[FileToPin], *, update: bool, dry_run: bool) -> tuple[_Plan, bool]:
    """Write the pins, unless one has changed or none is new; returns also whether that was done."""
    plan = _plan(place, files, update=update)
    if plan.text is None or dry_run:
        return plan, False
    with place.store.locked():
        # Another run may have added to the file in the meantime.
        plan = _plan(place, files, update=update)
        if plan.text is not None:
            place.store.write(plan.text)
            place.bring_into_force()
    return plan, plan.text is not None


def _plan(place: Place, files: Sequence[FileToPin], *, update: bool) -> _Plan:
    before, own = place.store.read()
    plan = _Plan(tuple(outcomes(files, own, place.others, update=update, every=not place.in_force)))
    if plan.changed or not files:
        return plan
    after = recorded(before, plan.results)
    if after == before or not after["packages"]:
        return plan
    return replace(plan, text=place.store.render(after), deselected=tuple(deselected(before, after)))


def _change(result: Outcome, args: argparse.Namespace) -> PinError:
    """A digest that is not the one that was pinned."""
    file, pin = result.file, result.pinned
    assert pin is not None
    algorithm = pin.contradiction(file.digests) or ""
    where = args.output
    if result.fixed:
        where = pin.source.file
    words = ["--update", *([] if where is None else ["--output", where])]
    hint = f"if that is right, run: {pin_command(args, *words, asked=[f'{file.name}=={file.version}'])}"
    return PinError(
        f"{file.filename} has changed",
        notes=[
            f"{algorithm} {pin.digests[algorithm]} is pinned in {views.place_text(pin.source)}",
            f"{algorithm} {file.digests[algorithm]} {file.origin}",
        ],
        hint=hint,
    )


def _print(place: Place, plan: _Plan, *, dry_run: bool, quiet: bool) -> None:
    report = tell if dry_run else say
    if quiet:
        if dry_run and plan.text is not None:
            print_text(plan.text, end="")
        return
    if not plan.results:
        report("Nothing to pin: none of the files that pip would use needs a pin.")
        return
    if dry_run and plan.text is not None:
        print_text(plan.text, end="")
    rows = [
        [result.state.value, result.file.filename, _digest(result), _size(result)] for result in plan.results
    ]
    report("\n".join(columns(rows)))
    for version in plan.deselected:
        report(f"{version} stays pinned, but is no longer what the lock file installs")
    states = [result.state for result in plan.results]
    counts = ", ".join(f"{states.count(state)} {state.value}" for state in State if state in states)
    written = "" if plan.text is not None else ", nothing to write"
    if dry_run and plan.text is not None:
        written = ", not written (--dry-run)"
    report(f"{place.store.shown}: {counts}{written}")


def _digest(result: Outcome) -> str:
    return ", ".join(f"{name} {digest}" for name, digest in sorted(best(result.file.digests).items()))


def _size(result: Outcome) -> str:
    size = _size_of(result)
    return "size unknown" if size is None else f"{size:,} bytes"


def _size_of(result: Outcome) -> int | None:
    """The size of a file, which is not asked for again once it is pinned."""
    if result.file.size is None and result.pinned is not None and result.state is State.UNCHANGED:
        return result.pinned.size
    return result.file.size


def _report(place: Place, plan: _Plan, hosts: list[str], *, written: bool) -> shapes.PinReport:
    return {
        "version": VERSION,
        "file": place.store.shown,
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
