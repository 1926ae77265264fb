"""What pip was asked for, in the words in which ``rim-router pin`` takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.rules.remedies import Remedy, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ALL = ":all:"


class Requests:
    """The options of the command, and what was last asked for of each project.

    :ivar options: those that say which file is chosen, quoted for a shell.
    """

    def __init__(self) -> None:
        self.options = ""
        self._everything: str | None = None
        self._specifiers: dict[str, str] = {}

    def begin(self, options: Any) -> None:
        """A command begins, with pip's options."""
        self.options = " ".join(_choosing(options))

    def given(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``RequirementCommand.get_requirements``: the command line names what is asked for."""

        def get(command: Any, args: Any, options: Any, finder: Any, session: Any) -> Any:
            self._everything = _everything(args, options)
            return original(command, args, options, finder, session)

        return get

    def ask(self, name: str, specifier: str) -> None:
        """Some versions of a project are asked for.

        :param name: normalised.
        :param specifier: of all requirements and constraints together; empty for any version.
        """
        self._specifiers[name] = specifier

    def words(self, name: str) -> str:
        """What was last asked for of a project, quoted for a shell; without the options."""
        return quoted(f"{name}{self._specifiers.get(name, '')}")

    def remedy(self, name: str, remedy: Remedy | None) -> str | None:
        """What helps, with the very request; all of it, or else one refusal would follow another."""
        if remedy is None:
            return None
        return str(remedy.asking_for(self._everything or self.words(name), self.options))


def _everything(args: Any, options: Any) -> str | None:
    """What a command line asks for, quoted for a shell; None if the name of a project says as much."""
    words = [quoted(each) for each in args]
    for option, name in (("-r", "requirements"), ("-c", "constraints")):
        words += [f"{option} {quoted(each)}" for each in getattr(options, name, None) or ()]
    is_more = len(words) > 1 or any("[" in each for each in args) or not args
    # What has a URL in it may have a secret in it; and not every command takes editable projects.
    can_tell = not any("://" in each for each in words) and not getattr(options, "editables", None)
    return " ".join(words) if words and is_more and can_tell else None


def _choosing(options: Any) -> Iterator[str]:
    released = getattr(options, "release_control", None)  # since pip 26.0
    if getattr(options, "pre", False) or _ALL in getattr(released, "all_releases", ()):
        yield "--pre"
    for platform in getattr(options, "platforms", None) or ():
        yield f"--platform {quoted(platform)}"
    version = getattr(options, "python_version", None)
    if version:
        yield f"--python-version {quoted('.'.join(map(str, version)))}"
    if getattr(options, "implementation", None):
        yield f"--implementation {quoted(options.implementation)}"
    for abi in getattr(options, "abis", None) or ():
        yield f"--abi {quoted(abi)}"
    control = getattr(options, "format_control", None)
    for option, names in (("--only-binary", "only_binary"), ("--no-binary", "no_binary")):
        if getattr(control, names, None):
            yield f"{option} {quoted(','.join(sorted(getattr(control, names))))}"
    if getattr(options, "ignore_dependencies", False):
        yield "--no-deps"
