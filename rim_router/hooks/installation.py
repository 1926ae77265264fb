"""The last look at what is to be installed or saved: whose it is, and what it brings."""

from __future__ import annotations

import os
import site
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pip
from pip._internal.configuration import get_configuration_files
from pip._internal.req.req_install import get_scheme
from pip._internal.utils.urls import url_to_path

import _rim_router
import rim_router
from rim_router.config.locate import kept_tables, places
from rim_router.config.switch import can_be_turned_off
from rim_router.errors import RefusedDistributionError
from rim_router.hooks.diagnostics import logger
from rim_router.hooks.recording import Recording
from rim_router.hooks.references import required_by
from rim_router.hooks.seam import parameters
from rim_router.hooks.unpacking import Wheel
from rim_router.rules import contents
from rim_router.rules.contents import PLUGIN, Ground, spelling
from rim_router.rules.guards import GUARD
from rim_router.rules.names import normalise
from rim_router.rules.urls import is_local, scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rim_router.hooks.given import Given
    from rim_router.hooks.references import References
    from rim_router.hooks.services import Services

_SCHEME = ("purelib", "platlib", "headers", "scripts", "data")
# A wheel that is only to be saved goes nowhere yet: what is looked at is its own core metadata.
_NOWHERE = {key: os.path.abspath(f"/{key}") for key in _SCHEME}  # noqa: PTH100
_ANYWHERE = Ground(frozenset(), frozenset(spelling(_NOWHERE[key]) for key in ("purelib", "platlib")))
_REPAIR = "take these lines out of its RECORD"
_REMOVE = ", or remove it with RIM_ROUTER_DISABLE=1 and repair what goes with it"
_NO_WAY = "no setting allows this: do without the project, and tell those who make it"


class Installation:
    """The replacements of pip's functions that install or save distributions.

    Everything of a run is looked at before anything of it is written.
    """

    def __init__(self, services: Services, references: References, given: Given) -> None:
        self._services = services
        self._references = references
        self._given = given
        self._recording = Recording(services, given)
        self._is_replacing_plugin = False
        self._plugin = _spelled(path for each in (rim_router, _rim_router) for path in each.__path__)
        configured = [path for paths in get_configuration_files().values() for path in paths]
        named = os.environ.get("PIP_CONFIG_FILE")
        self._files = _spelled([*configured, *([named] if named else []), *map(str, places())])

    def install_all(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``install_given_reqs``: a run is about to install what it has resolved."""
        names = parameters(original)

        def install(*args: Any, **kwargs: Any) -> Any:
            given = {**dict(zip(names, args)), **kwargs}
            self._check(list(given["requirements"]), given)
            return original(*args, **kwargs)

        return install

    def install(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``InstallRequirement.install``: nobody gets past the check; where it came from is recorded."""

        def install(req: Any, *args: Any, **kwargs: Any) -> Any:
            if not getattr(req, "rim_router_checked", False):
                self._check([req], kwargs)
            result = original(req, *args, **kwargs)
            info = getattr(req, "rim_router_info", None)
            if info is not None:
                self._recording.write(req, _asked(req), info)
            return result

        return install

    def save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``save_linked_requirement``: ``pip download`` and ``pip wheel`` keep a file."""

        def save(preparer: Any, req: Any) -> Any:
            self._check_identity(req)
            return original(preparer, req)

        return save

    def build(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``build`` of ``pip wheel``: wheels were built, and are about to be copied to where they stay."""

        def build(*args: Any, **kwargs: Any) -> Any:
            built, failed = original(*args, **kwargs)
            for req in built:
                self._check_identity(req)
            return built, failed

        return build

    def uninstall(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``InstallRequirement.uninstall``: tools that sync do not remove what routes them."""

        def uninstall(req: Any, *args: Any, **kwargs: Any) -> Any:
            is_plugin = normalise(req.name or "") == PLUGIN
            if is_plugin and self._services.inherited and not self._is_replacing_plugin:
                logger.warning(
                    "rim-router is kept: the program that started this pip is routed by it. "
                    "To remove it, run: pip uninstall rim-router"
                )
                return None
            return original(req, *args, **kwargs)

        return uninstall

    def removed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``UninstallPathSet.from_dist``: what a distribution's own lists would have pip remove."""

        def from_dist(cls: Any, dist: Any) -> Any:
            paths = original(cls, dist)
            project = normalise(dist.canonical_name)
            removed = [(f"what {project} was installed with", path) for path in sorted(paths._paths)]
            if project != PLUGIN:
                faults = contents.removal_faults(removed, self._ground((), None))
                if faults:
                    message = f"{project} was not removed: that would change where other projects come from"
                    hint = _REPAIR + (_REMOVE if can_be_turned_off(self._services.table.policy) else "")
                    raise self._services.refusal(RefusedDistributionError(message, notes=faults, hint=hint))
            return paths

        return from_dist

    def _check(self, reqs: list[Any], options: Mapping[str, Any]) -> None:
        """Look at everything that one run installs.

        :raises PipRoutingError: if a part of it may not be installed.
        """
        for req in reqs:
            self._check_plugin(req)
        layouts = [self._layout(req, options) for req in reqs]
        target = None
        if options.get("home"):
            target = os.path.abspath(self._services.target or options["home"])  # noqa: PTH100
        ground = self._ground(layouts, target, options.get("root"))
        with ExitStack() as archives:
            wheels = []
            for req, layout in zip(reqs, layouts):
                if _is_wheel(req):
                    archive = archives.enter_context(zipfile.ZipFile(req.local_file_path))
                    wheel = Wheel(_asked(req), archive, layout, target)
                    req.rim_router_info = wheel.info
                    wheels.append((req, wheel))
                else:
                    self._check_identity(req)  # old pips run setup.py: there is nothing else to look at
            ground = self._with_import_paths(wheels, ground)
            for req, wheel in wheels:
                faults = contents.content_faults(
                    wheel.project, wheel.placed, ground, is_plugin=wheel.project == PLUGIN
                )
                faults += contents.removal_faults(wheel.removed, ground)
                self._check_contents(req, [*faults, *wheel.tables(ground)])
                self._check_names(req, wheel.name_faults(ground))
        for req in reqs:
            req.rim_router_checked = True

    def _with_import_paths(self, wheels: Iterable[tuple[Any, Wheel]], ground: Ground) -> Ground:
        """Add the directories that the wheels' own ``.pth`` files put on Python's path."""
        added: list[str] = []
        for req, wheel in wheels:
            if req.editable or self._given.is_users_project(req):
                continue  # an editable installation leads to where the user works
            for entry, line, path in wheel.import_paths(ground):
                what = f"{entry} puts {path} on Python's path"
                fault = contents.import_path_fault(line, path, wheel.placed)
                others = [name for name in _listed(path) if contents.is_of_other(name, wheel.project)]
                if others and spelling(path) not in ground.imports:
                    fault = f"in which {', '.join(others)} lies"
                self._check_contents(req, [] if fault is None else [f"{what}, {fault}"])
                added.append(path)
        return ground.replaced(imports=ground.imports | _spelled(added))

    def _check_identity(self, req: Any) -> None:
        """Look at whose a distribution is.

        :raises PipRoutingError: if it is not that of the project that was asked for.
        """
        project = _asked(req)
        if _is_wheel(req):
            with zipfile.ZipFile(req.local_file_path) as archive:
                faults = Wheel(project, archive, _NOWHERE).name_faults(_ANYWHERE)
        else:
            name = str(req.metadata["Name"])
            faults = [] if normalise(name) == project else [f"its metadata say that it is {name}"]
        self._check_names(req, faults)

    def _check_plugin(self, req: Any) -> None:
        """Nothing but the user's own word, or the table, replaces what routes this pip."""
        if _asked(req) != PLUGIN:
            return
        if not self._given.names(PLUGIN) and not self._services.table.route(PLUGIN).claimed:
            raise self._services.refusal(
                RefusedDistributionError(
                    f"{required_by(req)} would replace rim-router, which routes this pip",
                    notes=[f"it requires {scrub(str(req.req))}"],
                    hint="if you want that, add rim-router to what you install, or to the table's routes",
                )
            )
        self._is_replacing_plugin = True

    def _check_names(self, req: Any, faults: list[str]) -> None:
        project = _asked(req)
        if faults:
            message = f"{project} was not installed: what was found for it says that it is another project"
            raise self._services.refusal(RefusedDistributionError(message, notes=faults, hint=_NO_WAY))
        self._references.check_again(req)

    def _check_contents(self, req: Any, faults: list[str]) -> None:
        if faults:
            message = f"{req.name} was not installed: its wheel would change where other projects come from"
            raise self._services.refusal(RefusedDistributionError(message, notes=faults, hint=_NO_WAY))

    def _layout(self, req: Any, options: Mapping[str, Any]) -> dict[str, str]:
        scheme = get_scheme(
            req.name,
            user=bool(options.get("use_user_site")),
            home=options.get("home"),
            root=options.get("root"),
            isolated=getattr(req, "isolated", False),
            prefix=options.get("prefix"),
        )
        return {key: os.path.abspath(getattr(scheme, key)) for key in _SCHEME}  # noqa: PTH100

    def _ground(
        self, layouts: Iterable[Mapping[str, str]], target: str | None, root: str | None = None
    ) -> Ground:
        here = Path(os.path.realpath(Path.cwd()))
        programs = os.path.dirname(sys.executable)  # noqa: PTH120
        roots = [sys.prefix, programs, str(here), *map(str, here.parents)]
        # The script of pip has its own directory on Python's path, and `pip --python` that of pip's package.
        imports = [programs, *pip.__path__, *(path for path in sys.path if path)]
        if site.ENABLE_USER_SITE and site.USER_SITE:
            imports.append(site.USER_SITE)
        if target is not None:
            roots.append(target)
            imports.append(target)
        for layout in () if target is not None else layouts:
            libraries = [layout["purelib"], layout["platlib"], layout["scripts"]]
            roots += [*libraries, layout["data"]]
            imports += libraries
        # A table at the index URL can be a file anywhere.
        named = [each.file[len(GUARD) :] for each in self._services.table.files if each.layer == "central"]
        files = self._files | _spelled(map(_as_path, filter(is_local, named)))
        if root:
            files |= {spelling(os.path.realpath(root)) + path for path in files}
        tables = [each.file for each in self._services.table.files if each.layer == "project"]
        projects = _spelled([str(here), *map(os.path.dirname, tables)])
        trees, links = self._offering()
        return Ground(
            roots=_spelled(roots),
            imports=_spelled(imports),
            files=files,
            plugin=self._plugin,
            trees=trees,
            links=links,
            projects=projects,
            spared=_spelled([*imports, sys.prefix]) - projects,
        )

    def _offering(self) -> tuple[frozenset[str], frozenset[str]]:
        """The directories of file-system indexes and of caches, and those of links."""
        links = [each for each in self._services.find_links if is_local(each) or "://" not in each]
        trees = [str(each) for each in (self._services.cache, kept_tables()) if each]
        for index in self._services.table.indexes:
            (links if index.flat else trees).extend(filter(is_local, index.urls))
        return _spelled(map(_as_path, trees)), _spelled(map(_as_path, links))


def _asked(req: Any) -> str:
    """The project that was asked for, whatever has become of the requirement since."""
    return normalise(getattr(req, "rim_router_asked", None) or req.name or "")


def _as_path(place: str) -> str:
    return str(url_to_path(place)) if place.startswith("file:") else place


def _is_wheel(req: Any) -> bool:
    # What pip itself goes by: a server can have the file saved under another name (Content-Disposition).
    return bool(req.is_wheel)


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)  # noqa: PTH208
    except FileNotFoundError:
        return []  # nothing is there yet


def _spelled(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(spelling(os.path.realpath(path)) for path in paths)
