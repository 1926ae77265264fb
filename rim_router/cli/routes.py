"""rim-router routes: print the merged table with the origin of each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.cli import shapes, views
from rim_router.cli.rendering import OK, add_json, columns, print_json, say, warn_if_off
from rim_router.cli.tables import tables_in_force
from rim_router.config import load_files
from rim_router.config.expand import unset_text

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the routes, most specific first.

    :raises RimRouterError: if the tables cannot be read.
    """
    table = load_files(tables_in_force())
    if table.in_force:
        warn_if_off()
    routes = list(views.merged(table))
    if args.json:
        report: shapes.RoutesReport = {
            "version": shapes.VERSION,
            "tables": views.tables(table.files),
            "routes": [views.route(route, hidden=hidden) for route, hidden in routes],
        }
        print_json(report)
    elif not table.in_force:
        say("No routing table is in force here: every name is left to pip.")
    elif not routes:
        say("The routing table has no routes: every name is left to pip.")
    else:
        rows = []
        for route, hidden in routes:
            notes = [word for word, said in (("locked", route.locked), ("hidden", hidden)) if said]
            notes += [unset_text([name]) for name in views.unset(i for t in route.targets for i in t.indexes)]
            if route.active() is None:
                notes.append("no marker holds here")
            place = views.place_text(route.source)
            rows.append([str(route.pattern), views.targets_text(route), place, ", ".join(notes)])
        say("\n".join(columns([["PATTERN", "INDEX", "DEFINED IN", ""], *rows])))
    return OK
