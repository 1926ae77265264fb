"""Which files of a JSON page (PEP 691) cannot be used here, by their names, and which is the best. Pure.

A project on a big index has hundreds of files, and an environment can use a few of them. What pip would drop
once it has made a link of it is dropped here before, where it is certain what pip would do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rim_router.rules.names import RIM_SUFFIX, SDIST_SUFFIXES, WHEEL_SUFFIX, normalise
from rim_router.rules.recognition import is_file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# Whatever else a URL may have in it is left to pip, which unquotes and joins, and fails on some of it.
_PLAIN_URL = r"[A-Za-z0-9._~:/!$&'()*+,;=%@-]*/[A-Za-z0-9._+!-]+|[A-Za-z0-9._+!-]+"
# As PyPI writes it, and every Python can read it. What is no date makes pip refuse the page.
TIME = (
    r"(?!0000)[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    r"|(?:0[13578]|1[02])-31)T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3}(?:[0-9]{3})?)?Z"
)
_VERSION = (
    r"(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?(?:\+[a-z0-9.]+)?"
)
_ARCHIVE = rf"(?i)(.+)-([^-]+)(?:{'|'.join(map(re.escape, SDIST_SUFFIXES))})"
# Formats that no pip installs.
_UNUSABLE = (".exe", ".egg", ".msi", ".rpm", ".deb", ".dmg")


class Environment(NamedTuple):
    """What fits an environment.

    :param ranks: the tags that it supports, as ``cp313-cp313-linux_x86_64``, the best with the lowest number.
    :param known: whether a wheel fits, by the tags in its name; filled while files are looked at.
    """

    ranks: Mapping[str, int]
    known: dict[str, bool]

    def fits(self, tags: str) -> bool:
        """Whether a wheel fits by the last three parts of its name."""
        found = self.known.get(tags)
        if found is None:
            found = self.known[tags] = self.rank(tags) is not None
        return found

    def rank(self, tags: str) -> int | None:
        """The best of the tags in the name of a wheel; None if none fits."""
        pythons, abis, platforms = (part.split(".") for part in tags.lower().split("-"))
        return min(
            (
                rank
                for python in pythons
                for abi in abis
                for platform in platforms
                if (rank := self.ranks.get(f"{python}-{abi}-{platform}")) is not None
            ),
            default=None,
        )


class Selection:
    """The files of one project that an environment can use.

    :param project_name: normalised.
    :param formats: of pip's: "binary", "source" or both.
    """

    def __init__(self, project_name: str, environment: Environment, formats: Iterable[str]) -> None:
        self._name = project_name
        self._environment = environment
        formats = frozenset(formats)
        self._wheels, self._sources = "binary" in formats, "source" in formats
        self._plain_url = re.compile(_PLAIN_URL).fullmatch
        self._time = re.compile(TIME).fullmatch
        self._version = re.compile(_VERSION).fullmatch
        self._own: dict[str, bool] = {}
        self._archive = re.compile(_ARCHIVE).fullmatch

    def usable(self, files: list[Any]) -> list[Any]:
        """The files of a page but for those of which pip would make nothing, in their order.

        All of them are left where their number matters more than what they are: if none of the rest is of
        the project, and if there is a ``.rim`` among them, for which wheels count that nobody can use.

        :param files: as the page has them; what has another shape is left to pip, which fails on it.
        """
        kept = [file for file in files if not self._is_useless(file)]
        if len(kept) == len(files) or not any(is_file_of(_filename(file), self._name) for file in kept):
            return files
        return files if any(_filename(file).endswith(RIM_SUFFIX) for file in kept) else kept

    def best(self, files: Iterable[Any], newest: Callable[[Iterable[str]], str | None]) -> Any:
        """The file that pip will probably take, if that is a wheel with its metadata beside it; else None.

        :param files: of a page, those that are usable.
        :param newest: of some versions, as they are written, the one that pip would take.
        """
        versions: dict[str, list[Any]] = {}
        for file in files:
            filename = _filename(file)
            parts = filename[: -len(WHEEL_SUFFIX)].split("-") if filename.endswith(WHEEL_SUFFIX) else []
            version = parts[1] if len(parts) in (5, 6) else None if parts else self._version_of(filename)
            if version is not None and not file.get("yanked"):
                versions.setdefault(version, []).append(file)
        chosen = newest(versions)
        wheels = [
            (self._environment.rank("-".join(parts[-3:])), len(parts) == 6, file)
            for file in versions.get(chosen or "", ())
            if len(parts := _filename(file)[: -len(WHEEL_SUFFIX)].split("-")) in (5, 6)
        ]
        fitting = [
            (rank, built, -position) for position, (rank, built, _) in enumerate(wheels) if rank is not None
        ]
        if not fitting or any(built for _, built, _ in fitting):  # of several builds pip compares the numbers
            return None
        file = wheels[-min(fitting)[2]][2]  # of those that fit as well as each other pip takes the last
        return file if file.get("core-metadata") or file.get("dist-info-metadata") else None

    def _is_useless(self, file: Any) -> bool:
        url = file.get("url") if isinstance(file, dict) else None
        if not isinstance(url, str) or not self._goes_without(url.rpartition("/")[2]):
            return False
        if self._plain_url(url) is None:
            return False
        time, hashes = file.get("upload-time"), file.get("hashes")
        return ("hashes" not in file or isinstance(hashes, dict)) and (
            not time or (isinstance(time, str) and self._time(time) is not None)
        )

    def _version_of(self, filename: str) -> str | None:
        """The version in the name of a source distribution; None if that is another name, or an odd one."""
        found = self._archive(filename)
        return found[2] if found is not None and self._is_own(found[1]) else None

    def _goes_without(self, filename: str) -> bool:
        """Whether pip makes no candidate of a file of this name, whatever is said of it."""
        if not filename.endswith(WHEEL_SUFFIX):
            return filename.endswith(_UNUSABLE) or (
                not self._sources and self._version_of(filename) is not None
            )
        parts = filename[: -len(WHEEL_SUFFIX)].split("-")
        if len(parts) not in (5, 6) or not all(parts):
            return False
        if self._wheels and self._environment.fits("-".join(parts[-3:])) and self._is_own(parts[0]):
            return False
        # Of an odd name some pips say that it will be refused some day.
        is_plain = self._version(parts[1]) is not None and "__" not in parts[0]
        return is_plain and (len(parts) == 5 or parts[2][0].isdigit())

    def _is_own(self, distribution: str) -> bool:
        found = self._own.get(distribution)
        if found is None:
            found = self._own[distribution] = normalise(distribution) == self._name
        return found


def _filename(file: Any) -> str:
    url = file.get("url") if isinstance(file, dict) else None
    return url.rpartition("/")[2] if isinstance(url, str) else ""
