"""A command of pip's that answers the questions of rim-router's commands, with pip's session and these hooks.

It is ``pip install`` with another end: configuration files, environment variables, keyring, proxies,
certificates, trusted hosts, time-outs and caches count as they do there. :mod:`rim_router.cli.ask` starts it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.commands.install import InstallCommand

from rim_router.hooks.enforcement import enforce
from rim_router.hooks.routing import applied

if TYPE_CHECKING:
    from collections.abc import Sequence


def answer(request: str, options: Sequence[str]) -> int:
    """Answer the request in a file, where that says; what pip has to say goes where it always goes.

    :param options: of ``pip install``.
    :returns: pip's exit code; there is no answer if it is not 0.
    """
    command = _Command("install", "Answer questions.")
    # Nobody has asked for a look-up of pip.
    return int(command.main(["--disable-pip-version-check", *options, request]))


class _Command(InstallCommand):
    """Named as the command whose configuration it is to have."""

    ignore_require_venv = True

    def run(self, options: Any, args: list[str]) -> int:
        """Ask what is asked for; an error of the table or about this pip is pip's own."""
        request = json.loads(Path(args[0]).read_text(encoding="utf-8"))
        options.rim_router_silent = True
        session = self.get_default_session(options)
        finder = self._build_package_finder(
            options=options, session=session, ignore_requires_python=options.ignore_requires_python
        )
        if applied() is None:  # nor has the finder fetched a table
            enforce((), inherited=False)  # there are still rules for what is downloaded
        from rim_router.hooks.answers import Answers
        from rim_router.hooks.guard import table
        from rim_router.hooks.survey import survey

        asks = {
            "project": Answers.project,
            "file": Answers.file,
            "size": Answers.size,
            "index": survey,
            "table": table,
        }
        answers = Answers(finder, session, options.progress_bar)
        given: list[dict[str, Any]] = []
        for question in request["questions"]:
            given.append(answers.to(question, asks[question["ask"]]))
            if request["all"] and "error" in given[-1]:
                break
        Path(request["answer"]).write_text(json.dumps(given), encoding="utf-8")
        return 0
