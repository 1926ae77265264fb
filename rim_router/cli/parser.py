"""The command line: options common to all commands, and one sub-parser per command."""

from __future__ import annotations

import argparse

from rim_router import __version__
from rim_router.cli import completion, routes, schema
from rim_router.cli.audit import command as audit
from rim_router.cli.check import command as check
from rim_router.cli.demo import command as demo
from rim_router.cli.doctor import command as doctor
from rim_router.cli.equip import command as equip
from rim_router.cli.explain import command as explain
from rim_router.cli.export import command as export
from rim_router.cli.guard import command as guard
from rim_router.cli.init import command as init
from rim_router.cli.pin import command as pin
from rim_router.cli.rim import command as rim

# In the order in which --help shows them.
COMMANDS = {
    "init": init,
    "check": check,
    "explain": explain,
    "routes": routes,
    "pin": pin,
    "rim": rim,
    "audit": audit,
    "doctor": doctor,
    "guard": guard,
    "equip": equip,
    "export": export,
    "schema": schema,
    "completion": completion,
    "demo": demo,
}

_EXIT_CODES = "exit codes: 0 ok; 1 a check failed; 2 bad usage, unreadable input or a bad table"


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``rim-router``; what it returns has ``run``, which takes it and returns the exit code.

    It also has ``refuse``, which ends the process with the usage of the command that was given and a message.
    """
    parser = argparse.ArgumentParser(
        prog="rim-router",
        description="Makes pip fetch each package only from the index that a table assigns to its name.",
        epilog=_EXIT_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rim-router {__version__}")
    parser.set_defaults(command=None, parser=parser, refuse=parser.error)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, module in COMMANDS.items():
        summary = (module.__doc__ or "").partition("\n")[0].partition(": ")[2]
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[:1].upper()}{summary[1:]}",
            epilog=_EXIT_CODES,
            allow_abbrev=False,
        )
        module.configure(command)
        command.set_defaults(run=module.run, refuse=command.error)
    return parser
