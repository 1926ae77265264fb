"""What the user's own words name: projects, and the URLs of direct references (reference: Look-ups, rule 6).

The command line, requirements, constraint, script and lock files, dependency groups, and the metadata of
a local project are the user's. The metadata of everything else are a stranger's.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rim_router.rules.names import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Set by a pip for the one that installs build requirements: whose words its command line has.
BUILDING = "_RIM_ROUTER_BUILDING_FOR"
USER, STRANGER = "user", "stranger"


class Given:
    """What was given to this pip, and by whom."""

    def __init__(self) -> None:
        self._building = os.environ.get(BUILDING)
        self._projects: set[str] = set()
        self._urls: set[str] = set()

    def requirements(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``RequirementCommand.get_requirements``: everything that the user has named."""

        def get(command: Any, args: Any, options: Any, finder: Any, session: Any) -> Any:
            reqs = original(command, args, options, finder, session)
            if self._building is None:
                self._projects.update(normalise(req.name) for req in reqs if req.name and not req.constraint)
            # Nobody but the user has constraints, also for the requirements of a stranger's build.
            is_users = self._building in (None, USER)
            words = [req for req in reqs if is_users or req.constraint]
            self._urls.update(req.link.url for req in words if req.link is not None)
            if is_users:
                # Since pip 26.1 the links of a lock file are kept apart.
                self._urls.update(link.url for link in getattr(finder, "_locked_links", {}).values())
            return reqs

        return get

    def build(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``SourceDistribution.prepare_distribution_metadata``: a build requires what its project says."""

        def prepare(distribution: Any, *args: Any, **kwargs: Any) -> Any:
            # The installer that builds within this process, since pip 26, has --build-constraint.
            for each in (*args, *kwargs.values()):
                for constraint in getattr(each, "_build_constraints", ()):
                    link = getattr(constraint, "link", None)
                    self._urls.update([link.url] if link is not None else [])
            with self._building_for(USER if self.is_users_project(distribution.req) else STRANGER):
                return original(distribution, *args, **kwargs)

        return prepare

    @contextmanager
    def _building_for(self, whose: str) -> Iterator[None]:
        before, self._building = self._building, whose
        os.environ[BUILDING] = whose
        try:
            yield
        finally:
            self._building = before
            if before is None:
                os.environ.pop(BUILDING, None)
            else:
                os.environ[BUILDING] = before

    def names(self, project: str) -> bool:
        """Whether the user has asked for a project, by its normalised name."""
        return self._building is None and project in self._projects

    def has(self, link: Any, req: Any) -> bool:
        """Whether the URL of a direct reference is the user's own word.

        :param req: the requirement that has it.
        """
        if self._building == USER and req.comes_from is None:
            return True  # a build requirement of a local project, installed within this process
        return link.url in self._urls or self.is_users_project(req.comes_from)

    def is_users_project(self, req: Any) -> bool:
        """Whether a requirement is a local project that the user has named, or that such a one names."""
        link = getattr(req, "original_link", None) or getattr(req, "link", None)  # comes_from can be a text
        if link is None or not link.is_existing_dir():
            return False
        return link.url in self._urls or self.is_users_project(req.comes_from)
