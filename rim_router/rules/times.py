"""Times, as indexes give them, and clocks that differ. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_TIME = (
    r"(?a)([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-5][0-9]|60)(\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DEVIATION = timedelta(hours=1)  # by which two clocks may differ before anything is said


def parse_time(text: object) -> datetime | None:
    """An upload time (PEP 700: RFC 3339, in UTC); None if it is none."""
    match = re.fullmatch(_TIME, text.strip()) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    try:
        # A fraction is cut off, and a leap second is the one before.
        found = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone.utc)
        offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
        return found + offset if match[8] == "-" else found - offset
    except (ValueError, OverflowError):
        return None


def written_time(time: datetime) -> str:
    """A time for programs, as PEP 700 has it, in UTC and to the second."""
    return time.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def shown_time(time: datetime) -> str:
    """A time for people, in UTC."""
    return f"{time.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def shown_after(time: datetime, much: timedelta) -> str:
    """The time that comes some time after another one, for people."""
    try:
        return shown_time(time + much)
    except OverflowError:
        return "no day of any calendar"


def clock(
    here: datetime, server: datetime | None, kept: timedelta = timedelta()
) -> tuple[datetime, str | None]:
    """The time that counts, and what is wrong with the clock here, as a clause; None if nothing is.

    A server is not trusted to make a file older than it is by the clock here.

    :param server: its time when it answered; None if it has not said.
    :param kept: how long a cache says that it has kept the answer. By *server* that was then made, or, as
        some caches have it, passed on.
    """
    if server is None:
        return here, None
    behind, ahead = server - here, here - server - kept
    if max(behind, ahead) < _DEVIATION:
        return here, None
    hours = round(max(behind, ahead) / timedelta(hours=1))
    much = f"{hours // 24} days" if hours >= 48 else f"{hours} hour{'' if hours == 1 else 's'}"
    return min(here, server), f"the clock here is {much} {'ahead' if ahead > behind else 'behind'}"
