"""pip by another name, as other projects have it in packages of their own: it is not routed, and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _rim_router.gate import (
    CONNECTIONS,
    MAIN_PARSER,
    SUBPROCESSES,
    UNINSTALL,
    at_events,
    before_each,
    commands_of,
    stop_if_routed,
)

if TYPE_CHECKING:
    from types import ModuleType

_uninstalling: set[str] = set()  # those that do nothing else


def copy_loaded(module: ModuleType) -> None:
    """None of its hook points is known."""
    package = module.__name__.partition("._internal.")[0]

    def stop() -> None:
        stop_if_routed(
            f"{package} is a copy of pip by another name, which is not routed: use pip itself (python -m pip)"
        )

    def decide(_: ModuleType) -> None:
        if commands_of(package) != {UNINSTALL}:
            stop()
        if package not in _uninstalling:
            at_events(CONNECTIONS, stop)
        _uninstalling.add(package)

    if module.__name__.endswith(MAIN_PARSER):
        # Before there is any session it may start another interpreter.
        at_events(SUBPROCESSES, lambda: None if package in _uninstalling else stop())
    elif not before_each(module, "PipSession", decide):
        stop()
