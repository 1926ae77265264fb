"""rim-router export: print the same routes for another tool, or say what it cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli.export import clients, services
from rim_router.cli.export.names import Names, read_names
from rim_router.cli.export.nginx.configuration import nginx
from rim_router.cli.export.nginx.text import comment
from rim_router.cli.export.plan import ExportError, Plan
from rim_router.cli.export.uv import uv
from rim_router.cli.rendering import OK, print_text
from rim_router.cli.tables import tables_in_force
from rim_router.config import load_files

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_NAMED = ("uv", "poetry", "pip-audit")  # which know no patterns
_PROJECTS = ("uv", "pdm", "poetry")  # what these read is in pyproject.toml
_TOOLS = {"uv": "uv", "pdm": "PDM", "poetry": "Poetry", "nginx": "nginx"}
_TOOLS.update({"renovate": "Renovate", "dependabot": "Dependabot", "pip-audit": "pip-audit"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("tool", choices=tuple(_TOOLS), help="for what")
    names = parser.add_argument_group("names of projects", f"for {', '.join(_NAMED)}, which know no patterns")
    text = "those that a requirements file or pyproject.toml requires"
    names.add_argument("-r", "--requirement", action="append", default=[], metavar="FILE", help=text)
    text = "those in a pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock"
    names.add_argument("--lock", action="append", default=[], metavar="FILE", help=text)
    names.add_argument("--environment", action="store_true", help="those that are installed here")
    server = parser.add_argument_group("for nginx")
    server.add_argument("--listen", default="127.0.0.1:8080", metavar="ADDRESS", help="where it listens")
    server.add_argument(
        "--certificates",
        default="/etc/ssl/certs/ca-certificates.crt",
        metavar="FILE",
        help="the authorities by which it checks the indexes' certificates",
    )


def run(args: argparse.Namespace) -> int:
    """Print what the tool reads.

    :raises ExportError: if the tool cannot do all that the table says.
    :raises RimRouterError: if the tables or what has the names cannot be read.
    """
    table = load_files(tables_in_force())
    if not table.in_force:
        raise ExportError("no routing table is in force here", hint="write one: rim-router init")
    names = read_names(args.requirement, args.lock, environment=args.environment)
    if args.tool in _NAMED and not names:
        raise ExportError(
            f"{_TOOLS[args.tool]} knows no patterns, so it has to be told the names",
            hint="add -r FILE, --lock FILE or --environment",
        )
    plan = Plan(table, _TOOLS[args.tool], names)
    lines = list(_lines(plan, args, names))
    print_text("\n".join([*_head(plan, args.tool), *lines]))
    return OK


def _head(plan: Plan, tool: str) -> Iterator[str]:
    if tool == "renovate":  # JSON has no comments
        return
    yield f"# Written by rim-router export {tool}."
    if tool in _PROJECTS:
        yield f"# For pyproject.toml, in the place of the indexes and sources that it has for {plan.tool}."
    if plan.notes:
        why = "on purpose" if tool == "pip-audit" else f"because {plan.tool} cannot do it"
        yield f"# Not carried over, {why}:"
        yield from (f"# * {comment(note)}" for note in plan.notes)


def _lines(plan: Plan, args: argparse.Namespace, names: Names) -> Iterator[str]:
    if args.tool == "nginx":
        return nginx(plan, args.listen, args.certificates)
    if args.tool == "pip-audit":
        return services.audit(plan, names)
    tools = {"uv": uv, "pdm": clients.pdm, "poetry": clients.poetry}
    tools.update({"renovate": services.renovate, "dependabot": services.dependabot})
    return tools[args.tool](plan)
