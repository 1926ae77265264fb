"""Credentials that stand in a URL in clear. Pure."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)@")
#: A variable as a table has it, where a secret may stand for it.
VARIABLE = r"\$\{[A-Z0-9_]+\}"
_TOKEN = re.compile(r"(?=.*\d).{20,}")  # as a user name: too long for one, and with a digit in it


def has_secret(url: str) -> bool:
    """Whether a password or a token stands in a URL, where it should be a variable or nothing."""
    userinfo = _USERINFO.match(url)
    if userinfo is None:
        return False
    user, colon, password = userinfo[1].partition(":")
    if re.sub(VARIABLE, "", password):
        return True
    # Without a password the user name is the token, where it looks like one.
    literal = re.sub(VARIABLE, "", user)
    return not password and bool(literal) and (bool(colon) or _TOKEN.fullmatch(literal) is not None)
