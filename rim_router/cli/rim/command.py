"""rim-router rim: write, show and verify the .rim files that stand for wheels hosted elsewhere."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.rendering import NO, OK, UNUSABLE, add_json, fields, print_json, say, tell
from rim_router.cli.shapes import VERSION
from rim_router.rim import DismountError, Rim, RimError, WheelName, dismount, hosting, read
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from rim_router.cli.rim import shape as shapes
    from rim_router.errors import RimRouterError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands and their options."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="rim_command", required=True)

    def add(name: str, summary: str, act: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[:1].upper()}{summary[1:]}",
            epilog=parser.epilog,
            allow_abbrev=False,
        )
        command.set_defaults(rim_run=act)
        return command

    command = add("dismount", "write the .rim that stands for a wheel", _dismount)
    command.add_argument("wheel", metavar="WHEEL", type=Path, help="the wheel")
    command.add_argument(
        "--uri", metavar="U", required=True, help="where the wheel will be: https, with the same file name"
    )
    command.add_argument("--owner", metavar="O", required=True, help="the organisation that hosts it")
    command.add_argument("--support", metavar="S", help="a contact for when it cannot be downloaded")
    where = "the file or directory to write to (default: beside WHEEL)"
    command.add_argument("-o", "--output", metavar="FILE", type=Path, help=where)
    command.add_argument("--force", action="store_true", help="overwrite the file if it is there")
    command = add("inspect", "show what a .rim says", _inspect)
    command.add_argument("file", metavar="FILE", type=Path, help="the .rim")
    add_json(command)
    command = add("verify", "download the wheel that a .rim stands for, and check it", _verify)
    command.add_argument("file", metavar="FILE", type=Path, help="the .rim")
    trusted = "certificates to trust, as pip takes them (default: what pip is configured with)"
    command.add_argument("--cert", metavar="FILE", help=trusted)
    add_json(command)


def run(args: argparse.Namespace) -> int:
    """Run a sub-command; 1 for a malformed file or a failed verification."""
    return int(args.rim_run(args))


def _dismount(args: argparse.Namespace) -> int:
    try:
        name = WheelName.parse(args.wheel.name)
    except ValueError as error:
        tell(f"ERROR: {DismountError(args.wheel.name, [str(error)])}")
        return NO
    bad = hosting.uri_faults(args.uri, name.filename) + hosting.text_faults("owner", args.owner)
    bad += [] if args.support is None else hosting.text_faults("support", args.support)
    target = _target(args, name)
    if args.wheel.exists() and target.exists() and target.samefile(args.wheel):
        bad.append(f"{target} is the wheel itself")
    elif os.path.lexists(target) and not args.force:
        bad.append(_exists(target))
    if bad:
        for fault in bad:
            tell(f"ERROR: {fault}")
        return UNUSABLE
    try:
        with args.wheel.open("rb") as file:
            content = dismount(file, name.filename, uri=args.uri, owner=args.owner, support=args.support)
    except DismountError as error:
        tell(f"ERROR: {error}")
        return NO
    except OSError as error:
        tell(f"ERROR: {args.wheel} cannot be read: {error.strerror or error}")
        return UNUSABLE
    return _write(target, content, name, force=args.force)


def _target(args: argparse.Namespace, name: WheelName) -> Path:
    if args.output is None:
        return Path(args.wheel.with_name(name.rim))
    return Path(args.output / name.rim if args.output.is_dir() else args.output)


def _exists(target: Path) -> str:
    return f"{target} already exists: use --force to overwrite it"


def _write(target: Path, content: bytes, name: WheelName, *, force: bool) -> int:
    # The whole file or none of it, whatever happens in between.
    temporary = target.with_name(f".rim-router-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if force:
            temporary.replace(target)
        else:
            _place(temporary, target)
    except FileExistsError:
        tell(f"ERROR: {_exists(target)}")
        return UNUSABLE
    except OSError as error:
        tell(f"ERROR: {target} cannot be written: {error.strerror or error}")
        return UNUSABLE
    finally:
        temporary.unlink(missing_ok=True)
    say(f"{target} stands for {name.filename}")
    if target.name != name.rim:
        tell(f"WARNING: on an index it must be named {name.rim}")
    return OK


def _place(temporary: Path, target: Path) -> None:
    """Give a file its name unless there is one of that name, even if it has come to be just now."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError, AttributeError):  # a file system or platform without hard links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        temporary.replace(target)


def _inspect(args: argparse.Namespace) -> int:
    found = _read(args.file)
    if found is None:
        return UNUSABLE
    if args.json:
        report: shapes.RimInspectReport = {
            "version": VERSION,
            "file": str(args.file),
            "faults": list(found.faults) if isinstance(found, RimError) else [],
            "rim": None if isinstance(found, RimError) else _shape(found),
        }
        print_json(report)
    elif isinstance(found, RimError):
        tell(f"ERROR: {found}")
    else:
        say(f"{args.file} stands for {found.wheel_filename}")
        say("\n".join(fields(_lines(_shape(found)))))
    return NO if isinstance(found, RimError) else OK


def _verify(args: argparse.Namespace) -> int:
    from rim_router.cli.ask import certificates
    from rim_router.cli.rim.verify import verify
    from rim_router.cli.tables import tables_in_force

    options = certificates(args.cert)
    found = _read(args.file)
    if found is None:
        return UNUSABLE
    problem: RimRouterError | None = None
    hosts: list[str] = []
    if isinstance(found, RimError):
        problem = found
    else:
        problem, hosts = verify(found, tables_in_force(), options)
    if args.json:
        _print_verification(args.file, found, problem, hosts)
    elif problem is not None:
        tell(f"ERROR: {problem}")
    elif isinstance(found, Rim):
        checked = f"{found.size:,} bytes, {', '.join(sorted(found.hashes))} and METADATA agree"
        say(f"{found.wheel_filename} is what {args.file} stands for: {checked} (asked: {', '.join(hosts)})")
    return OK if problem is None else NO


def _print_verification(
    path: Path, found: Rim | RimError, problem: RimError | Exception | None, hosts: list[str]
) -> None:
    malformed = isinstance(found, RimError)
    report: shapes.RimVerifyReport = {
        "version": VERSION,
        "file": str(path),
        "faults": list(found.faults) if isinstance(found, RimError) else [],
        "rim": None if isinstance(found, RimError) else _shape(found),
        "verified": problem is None,
        "problem": None if malformed or problem is None else str(problem),
        "hosts": hosts,
    }
    print_json(report)


def _read(path: Path) -> Rim | RimError | None:
    """A ``.rim``, or what is wrong with it; None if there is none to be read, which has been said."""
    try:
        with path.open("rb") as file:
            return read(file, path.name)
    except RimError as error:
        return error
    except OSError as error:
        tell(f"ERROR: {path} cannot be read: {error.strerror or error}")
        return None


def _shape(rim: Rim) -> shapes.Rim:
    return {
        "name": rim.name,
        "version": rim.version,
        "build": rim.build or None,
        "tags": list(rim.tags),
        "wheel": rim.wheel_filename,
        "owner": rim.owner,
        "support": rim.support,
        "uri": redact(rim.uri),
        "size": rim.size,
        "hashes": dict(rim.hashes),
        "files": sorted([*rim.files, hosting.FILE]),
    }


def _lines(rim: shapes.Rim) -> Iterator[tuple[str, str]]:
    yield "project", f"{rim['name']} {rim['version']}"
    if rim["build"] is not None:
        yield "build", rim["build"]
    for tag in rim["tags"]:
        yield "tags", tag
    yield "owner", rim["owner"]
    yield "support", rim["support"] or "none given"
    yield "uri", rim["uri"]
    yield "size", f"{rim['size']:,} bytes"
    for algorithm, digest in rim["hashes"].items():
        yield "hashes", f"{algorithm} {digest}"
    for file in rim["files"]:
        yield "files", file
