"""Asks this environment's own pip, hooked as always: no command opens a connection itself."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.config.inheritance import INHERITED_VARIABLE, inherit
from rim_router.config.switch import DISABLE
from rim_router.errors import RimRouterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rim_router.config import LayerFile

_INQUIRY = "_RIM_ROUTER_INQUIRY"  # to the runner: where the request lies, which says where the answer goes
_RUNNER = Path(__file__).absolute().parents[1] / "hooks" / "_runner.py"
_STANDARD_ERROR = 2  # its descriptor: what pip says is not what a command prints


class AskError(RimRouterError):
    """pip cannot be asked, or cannot answer."""

    reference = "pip-cannot-tell"


def ask(
    files: Sequence[LayerFile],
    questions: Iterable[Mapping[str, Any]],
    options: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    *,
    need_all: bool = False,
) -> list[dict[str, Any]]:
    """What pip answers to some questions; :mod:`rim_router.hooks.answers` says what can be asked.

    Its messages, progress and prompts go to standard error.

    :param files: the tables in force.
    :param options: of ``pip install``.
    :param environ: further variables.
    :param need_all: whether the first error makes the other answers useless; they are missing then.
    :raises AskError: if it gives no answer; it has said why.
    """
    if os.environ.get(DISABLE) == "1":
        raise AskError(
            f"{DISABLE}=1 turns routing off: pip would not follow the table that this command is about",
            hint=f"unset {DISABLE}",
        )
    if not sys.executable or find_spec("pip") is None:
        raise AskError("No module named pip in this environment, whose own pip is to be asked")
    with tempfile.TemporaryDirectory(prefix="rim-router-ask-") as directory:
        request, answer = Path(directory, "request.json"), Path(directory, "answer.json")
        told = {**os.environ, **(environ or {}), _INQUIRY: str(request)}
        asked = {"questions": [*questions], "all": need_all, "answer": str(answer)}
        local = [file for file in files if file.layer != "central"]  # which that pip fetches again
        if local:
            told[INHERITED_VARIABLE] = inherit(local)
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            request.write_text(json.dumps(asked), encoding="utf-8")
            command = [sys.executable, str(_RUNNER), *options]
            code = subprocess.run(command, env=told, stdout=_STANDARD_ERROR, check=False).returncode
            if not answer.exists():
                raise AskError(f"pip could not answer (exit code {code}); see above")
            answers: list[dict[str, Any]] = json.loads(answer.read_bytes())
        except (OSError, ValueError) as error:
            raise AskError(f"pip cannot be asked: {error}") from None
    return answers


def certificates(cert: str | None) -> list[str]:
    """pip's option for the certificates that ``--cert`` gives.

    :raises AskError: if they are not there.
    """
    if cert is None:
        return []
    if not Path(cert).exists():
        reason = os.strerror(errno.ENOENT)
        raise AskError(f"the certificates in {cert} cannot be read: {reason}")
    return ["--cert", cert]
