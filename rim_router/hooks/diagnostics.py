"""The plugin's errors and messages in pip's own style."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from pip._internal import exceptions

from rim_router.errors import RimRouterError
from rim_router.rules.urls import hide, scrub
from rim_router.spelling import spelt
from rim_router.terminal import visible, visible_lines

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("rim_router")

VERBOSE = 15
"""pip's own level of what it says with ``-v``."""


def talks() -> bool:
    """Whether pip says more than usual, here or in a file: what it asks for, and which files it skips."""
    return logger.isEnabledFor(VERBOSE)


# None in a pip that is too old to be routed; it still has to be told so.
_Diagnostic: Any = getattr(exceptions, "DiagnosticPipError", None)
_Base: Any = _Diagnostic or exceptions.InstallationError


class PipRoutingError(_Base, RimRouterError):
    """An error of the plugin as pip shows its own: message, context, hint.

    Texts are wrapped so that a file name or a marker is never taken for mark-up.
    """

    def __init__(self, error: RimRouterError) -> None:
        self.error = error
        if _Diagnostic is None:
            Exception.__init__(self, str(self))
            return
        from pip._vendor.rich.text import Text

        where = [] if error.where is None else [str(error.where)]
        context = spelt("\n".join(map(visible, [*where, *error.notes])))
        hint = spelt("\n".join(map(visible, [error.hint, *error.entry]))) if error.hint else None
        message = Text(visible(error.message))
        _Diagnostic.__init__(
            self,
            reference=error.reference,
            message=message,
            context=Text(context) if context else None,
            hint_stmt=Text(hint) if hint else None,
        )
        # pip's constructor calls the next one, which would leave its own idea of a message; and
        # some of its commands print the first argument.
        self.message = message
        self.args = (str(self),)

    def __str__(self) -> str:
        return spelt(str(self.error))


def pip_error(error: RimRouterError) -> Exception:
    """The exception to raise inside pip for an error of the plugin."""
    return error if isinstance(error, PipRoutingError) else PipRoutingError(error)


# What pip's libraries log for --verbose --verbose has URLs as they are, signed ones included.
_TALKATIVE = (
    "pip._vendor.urllib3.connectionpool",
    "pip._vendor.urllib3.util.retry",
    "pip._vendor.cachecontrol.controller",
)
_USER = r"(?<=://)([^/\s:]*)(:[^/\s]*)?@"
_QUERY = r"(://[^\s?#\"<>]+\?)(?!\*\*\*\*)[^\s#\"<>]+"
_REQUEST = r"(?s)^(/[^?]*)\?.*"


# What programs that pip runs print, in their own colours.
_OTHERS = ("pip.subprocessor",)
_DRAWN = ("message", "context", "note_stmt", "hint_stmt")


def watch_messages() -> None:
    """Let no secret, and nothing that a terminal obeys, get out in the messages of pip and its libraries."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_redacted)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_quietly)
        handler.addFilter(_hidden)
    sys.excepthook = _uncaught


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ``pip --debug`` shows, which has the values of variables in it otherwise."""
    sys.stderr.write(visible_lines(scrub("".join(traceback.format_exception(kind, error, trace)))))


#: In a thread that sets ``on``, nothing is logged; ``said`` tells whether something would have been.
quiet = threading.local()


def _quietly(_: logging.LogRecord) -> bool:
    if getattr(quiet, "on", False):
        quiet.said = True
        return False
    return True


def _hidden(record: logging.LogRecord) -> bool:
    if record.exc_info and not record.exc_text:
        record.exc_text = visible_lines(scrub(logging.Formatter().formatException(record.exc_info)))
    # pip hands its handlers things to draw, too: those are the diagnostics, which are redacted already.
    if getattr(record, "rich", False) or str(record.msg).startswith("[present-rich]"):
        for each in record.args if isinstance(record.args, tuple) else ():
            _draw_harmlessly(each)
    elif isinstance(record.msg, str):
        if record.name == logger.name and isinstance(record.args, tuple):
            # Ours have one line, but for errors, which see to that themselves.
            record.args = tuple(visible(each) if isinstance(each, str) else each for each in record.args)
        text = record.getMessage()
        shown = hide(text)
        if "@" in shown:
            shown = re.sub(_USER, _as_pip_shows_it, shown)
        if "?" in shown:
            shown = re.sub(_QUERY, r"\1****", shown)
        if record.name not in _OTHERS:
            shown = spelt(visible_lines(shown))
        if shown != text:
            record.msg, record.args = shown, ()
    return True


def _as_pip_shows_it(match: re.Match[str]) -> str:
    """The user of a URL; one without a password is a token, as for pip."""
    return "****@" if match[2] in (None, ":") else f"{match[1]}:****@"


def _draw_harmlessly(drawn: object) -> None:
    """Escape what cannot be seen in a diagnostic of pip's own.

    A text with styles in it is left: the one that pip has is the output of a program that it has run.
    """
    for name in _DRAWN if _Diagnostic is not None and isinstance(drawn, _Diagnostic) else ():
        text: Any = getattr(drawn, name, None)
        if isinstance(text, str):
            setattr(drawn, name, spelt(visible_lines(text)))
        elif text is not None and not getattr(text, "spans", True):
            text.plain = spelt(visible_lines(text.plain))


def _redacted(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(each) for each in record.args)
    return True


def _shown(value: object) -> object:
    return scrub(re.sub(_REQUEST, r"\1?****", value)) if isinstance(value, str) else value


def _print(text: str) -> None:
    """What ``logger.info`` does, without having pip's console lay out what is one plain line.

    There is such a line for each project, and to lay it out takes as long as all the rest of its look-up.
    """
    record = logger.makeRecord(logger.name, logging.INFO, __file__, 0, text, (), None)
    for handler in logging.getLogger().handlers:
        console: Any = getattr(handler, "console", None)
        if record.levelno < handler.level:
            continue
        if not hasattr(console, "file") or console.legacy_windows or not text.isascii():
            handler.handle(record)
        elif handler.filter(record):
            try:
                file = console.file
                file.write(f"{handler.format(record)}\n")
                file.flush()
            except Exception:  # as in pip's own handler, which stops pip if its output is closed
                handler.handleError(record)


class Announcer:
    """Says once what was decided: on standard output, as pip does, unless that carries data."""

    def __init__(self) -> None:
        self.data_on_stdout = False
        self._said: set[str] = set()

    def say(self, text: str, level: int = logging.INFO) -> None:
        """A line at pip's normal verbosity, or with :data:`VERBOSE` only with ``-v``, the first time."""
        text = visible(text)
        if text in self._said:
            return
        self._said.add(text)
        if not logger.isEnabledFor(level):
            return
        if self.data_on_stdout:
            sys.stderr.write(text + "\n")
        else:
            _print(text)

    def warn(self, key: str, text: str) -> None:
        """A warning, the first time for its key."""
        if key not in self._said:
            self._said.add(key)
            logger.warning("%s", text)
