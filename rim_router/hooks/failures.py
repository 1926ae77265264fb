"""Why a request has failed, in words that mean something to whoever reads them, and what would help."""

from __future__ import annotations

import logging
import os
import re
import ssl
from typing import TYPE_CHECKING, Any

from pip._internal.exceptions import PipError
from pip._vendor.requests.exceptions import RequestException, RetryError, Timeout
from pip._vendor.urllib3.exceptions import HTTPError, ProxyError

from rim_router.errors import RimRouterError
from rim_router.hooks.transfer import BrokenOffError
from rim_router.rules.urls import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILURES = (PipError, RequestException, HTTPError, BrokenOffError)
"""What can go wrong at one place."""

EXTERNAL_ROOTS = "rim_router_external_roots"
"""The attribute of a TLS failure that has the policy by which the roots were chosen, where one chose them."""

# By these libraries find certificates before they look at what pip was told.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_MARKUP = r"\[/?[a-z ]*\]"
_CERTIFICATES = (
    "if an authority of your own network has issued its certificate, use --cert FILE or PIP_CERT=FILE"
)
_SYSTEM_ROOTS = '; if the system trusts that authority, external-roots = "system" under [policy] will do, too'


def causes(failure: BaseException) -> Iterator[BaseException]:
    """An exception, and what has led to it, the innermost last."""
    waiting, seen = [failure], set()
    while waiting:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = [getattr(error, "reason", None), getattr(error, "original_error", None), *error.args]
        inner += [error.__cause__, None if error.__suppress_context__ else error.__context__]
        waiting += [each for each in inner if isinstance(each, BaseException)]


def tls_failure(failure: BaseException) -> ssl.SSLError | None:
    """What TLS has to say, if that is why a request has failed."""
    found = [error for error in causes(failure) if isinstance(error, ssl.SSLError)]
    exact = [error for error in found if isinstance(error, ssl.SSLCertVerificationError)]
    return next(iter([*exact, *found]), None)


def cause(failure: BaseException) -> str | None:
    """Why no answer came to a request, without the names of pip's objects; None if one did."""
    chain = list(causes(failure))
    if not any(isinstance(error, (RequestException, HTTPError)) for error in chain):
        return None
    tls = tls_failure(failure)
    if tls is not None:
        return _of_tls(tls)
    by = "the proxy fails: " if any(isinstance(error, ProxyError) for error in chain) else ""
    if any(isinstance(error, Timeout) for error in chain):
        return f"{by}timed out"
    system = [e.strerror for e in chain if isinstance(e, OSError) and isinstance(e.strerror, str)]
    said = [_said(e) for e in chain if not re.search(r"^$| object at 0x|Max retries", str(e))]
    text = system[-1] if system else said[-1] if said else type(failure).__name__
    return f"{by}{scrub(text)}"


def _said(error: BaseException) -> str:
    """What an exception says; what the parser of HTTP says is the line that it does not understand."""
    kind = type(error)
    is_line = kind.__module__ == "http.client" and not isinstance(error, OSError)
    return f"{kind.__name__}: {error}" if is_line else str(error)


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be verified: {scrub(error.verify_message)}"
    what: object = error.reason or error
    return f"TLS fails: {scrub(str(what)).replace('_', ' ').lower()}"


def no_answer(failure: BaseException) -> str | None:
    """The same as a predicate of whoever did not answer."""
    why = cause(failure)
    has_answered = tls_failure(failure) is not None or any(isinstance(e, RetryError) for e in causes(failure))
    return why and f"{'failed' if has_answered else 'cannot be reached'}: {why}"


def remedy(failure: BaseException) -> str | None:
    """What would help against a failure of TLS; None if it was none."""
    if tls_failure(failure) is None:
        return None
    roots = [getattr(error, EXTERNAL_ROOTS, None) for error in causes(failure)]
    named = next((each for each in _BUNDLES if os.environ.get(each)), None)
    if named is not None:
        return f"{named} takes precedence over --cert and PIP_CERT: correct it, or unset it"
    return _CERTIFICATES + (_SYSTEM_ROOTS if "mozilla" in roots else "")


def reason(failure: Exception) -> str:
    """Why a place has failed, redacted."""
    error: Any = getattr(failure, "error", None)
    if isinstance(error, RimRouterError):
        return "; ".join([error.message, *error.notes])
    status = getattr(getattr(failure, "response", None), "status_code", None)
    if status is not None and status >= 400:
        return f"HTTP error {status}"
    why = None if isinstance(failure, BrokenOffError) else no_answer(failure)
    if why is not None:
        return why
    said = [getattr(failure, "message", None), getattr(failure, "context", None)]
    text = ": ".join(_plain(each) for each in said if each) or str(failure)
    return scrub(text) or type(failure).__name__


def _plain(text: Any) -> str:
    """A text of pip's without its mark-up."""
    return str(getattr(text, "plain", None) or re.sub(_MARKUP, "", str(text)))


class _AsIs(str):
    """A text that is shown as it is, also where an object would show how it is made."""

    __slots__ = ()
    __repr__ = str.__str__


def watch_retries() -> None:
    """Have pip say why it tries again, and not which object of its libraries has failed."""
    logging.getLogger("pip._vendor.urllib3.connectionpool").addFilter(_say_causes)


def _say_causes(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            _AsIs(cause(each) or each) if isinstance(each, Exception) else each for each in record.args
        )
    return True
