"""How old the files of one look-up are: when their index says that they were uploaded, and by which clock."""

from __future__ import annotations

import re
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
    from collections.abc import Callable, Iterable, Mapping

    from rim_router.hooks.services import Services
    from rim_router.rules.age import Age
    from rim_router.rules.table import Decision, Index
    from rim_router.rules.verdict import Verdict

_SECONDS = r"[0-9]{1,9}"


def _utc() -> datetime:
    return datetime.now(timezone.utc)


class Ages:
    """The ages of the files of one project on one index."""

    def __init__(self, age: Age, decision: Decision, index: Index, services: Services) -> None:
        self._age, self._decision, self._index, self._services = age, decision, index, services
        self._uploaded: dict[tuple[str, str], datetime | None] = {}
        self._now = _utc()
        self._others: tuple[list[Any], Callable[[Any], bool]] = ([], bool)
        self._newest: str | None = None

    def read(self, pages: Iterable[Any], headers: Mapping[str, str]) -> None:
        """Take in what an index has answered.

        :param pages: as pip has them.
        :param headers: of the last one.
        """
        self._now, fault = clock(_utc(), *date_in(headers))
        if fault is not None:
            name = self._index.name
            self._services.announcer.warn(
                f"clock {name}",
                f"According to index {name}, {fault}; min-age uses the earlier time",
            )
        for page in pages:
            for name, time in upload_times(page.content, page.content_type, page.url).items():
                self._uploaded[page.url, name] = time

    def look_at(self, links: list[Any], may_be_used: Callable[[Any], bool]) -> None:
        """Note what there is, of which the newest that would do is named where a file is too new.

        :param links: of the files that fit this environment.
        :param may_be_used: whether one may be used apart from its age.
        """
        self._others, self._newest = (links, may_be_used), None

    def clears(self, link: Any) -> bool:
        """Whether a file is old enough; one that is exempt is to be judged in full."""
        return self._age.is_reached(self._file(link).uploaded, self._now)

    def judge(self, verdict: Verdict, link: Any) -> Verdict:
        """What becomes of the verdict on a file that may be used otherwise."""
        if not verdict.allowed:
            return verdict
        file = self._file(link)
        newest = "" if self._age.is_reached(file.uploaded, self._now) else self._newest_of_others()
        return self._age.judge(verdict, file, self._decision, newest, self._now)

    def _newest_of_others(self) -> str:
        """The newest version that is old enough and may be used; a pre-release only if there is no other."""
        if self._newest is None:
            links, may_be_used = self._others
            parse, versions = library("packaging.version").Version, []
            for link in links:
                if self.clears(link) and not link.is_yanked:
                    with suppress(ValueError):  # it is no version, and pip passes over it, too
                        versions.append((parse(version_of(link.filename, self._decision.name)), link))
            versions.sort(key=lambda each: (not each[0].is_prerelease, each[0]), reverse=True)
            found = (str(version) for version, link in versions if may_be_used(link))
            self._newest = next(found, "")
        return self._newest

    def _file(self, link: Any) -> AgedFile:
        filename = link.filename
        uploaded = self._uploaded.get((str(link.comes_from), filename))
        wheel = filename[: -len(RIM_SUFFIX)] + WHEEL_SUFFIX if filename.endswith(RIM_SUFFIX) else filename
        pin = self._services.table.pins.get(wheel)
        return AgedFile(filename, uploaded, None if pin is None else f"pinned in {pin.source}")


def date_in(headers: Mapping[str, str]) -> tuple[datetime | None, timedelta]:
    """When an answer was given, by the clock of its server; and how long a cache on the way has kept it."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None, timedelta()
    date = date.replace(tzinfo=date.tzinfo or timezone.utc)  # in HTTP it is always that
    age = headers.get("Age", "")
    return date, timedelta(seconds=int(age) if re.fullmatch(_SECONDS, age) else 0)
