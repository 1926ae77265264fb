"""How old the files of one look-up are: when their index says that they were uploaded, and by which clock."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from rim_router.libraries import library
from rim_router.rules.age import AgedFile
from rim_router.rules.filenames import version_of
from rim_router.rules.names import RIM_SUFFIX, WHEEL_SUFFIX
from rim_router.rules.page_metadata import upload_times
from rim_router.rules.times import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rim_router.hooks.services import Services
    from rim_router.rules.age import Age
    from rim_router.rules.table import Decision, Index
    from rim_router.rules.verdict import Verdict


def _utc() -> datetime:
    return datetime.now(timezone.utc)


class Ages:
    """The ages of the files of one project on one index."""

    def __init__(self, age: Age, decision: Decision, index: Index, services: Services) -> None:
        self._age, self._decision, self._index, self._services = age, decision, index, services
        self._uploaded: dict[tuple[str, str], datetime | None] = {}
        self._now = _utc()
        self._newest = ""

    def read(self, pages: Iterable[Any], headers: Mapping[str, str]) -> None:
        """Take in what an index has answered.

        :param pages: as pip has them.
        :param headers: of the last one.
        """
        self._now, fault = clock(_utc(), _date(headers))
        if fault is not None:
            name = self._index.name
            self._services.announcer.warn(
                f"clock {name}",
                f"According to index {name}, {fault}; min-age uses the earlier time",
            )
        for page in pages:
            for name, time in upload_times(page.content, page.content_type).items():
                self._uploaded[page.url, name] = time

    def look_at(self, links: Iterable[Any]) -> None:
        """Find the newest version that is old enough, to be named where another one is not.

        :param links: of the candidates.
        """
        parse, versions = library("packaging.version").Version, []
        for filename in (link.filename for link in links if self.clears(link)):
            with suppress(ValueError):  # it is no version, and pip passes over it, too
                versions.append(parse(version_of(filename, self._decision.name)))
        finals = [each for each in versions if not each.is_prerelease]
        self._newest = str(max(finals or versions)) if versions else ""

    def clears(self, link: Any) -> bool:
        """Whether a file is old enough; one that is exempt is to be judged in full."""
        return self._age.is_reached(self._file(link).uploaded, self._now)

    def judge(self, verdict: Verdict, link: Any) -> Verdict:
        """What becomes of the verdict on a file that may be used otherwise."""
        if not verdict.allowed:
            return verdict
        return self._age.judge(verdict, self._file(link), self._decision, self._newest, self._now)

    def _file(self, link: Any) -> AgedFile:
        filename = link.filename
        uploaded = self._uploaded.get((str(link.comes_from), filename))
        wheel = filename[: -len(RIM_SUFFIX)] + WHEEL_SUFFIX if filename.endswith(RIM_SUFFIX) else filename
        pin = self._services.table.pins.get(wheel)
        return AgedFile(filename, uploaded, None if pin is None else f"pinned in {pin.source}")


def _date(headers: Mapping[str, str]) -> datetime | None:
    """When an answer was given, by the clock of its server."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
        # What a cache on the way has kept for a while is as old as it says.
        return date.astimezone(timezone.utc) + timedelta(seconds=int(headers.get("Age") or 0))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
