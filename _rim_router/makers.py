"""What makes environments: each is equipped before anything is installed into it, if a table asks for that.

Imported where ``venv`` or virtualenv is; whether there is a table is asked only when an environment is made.
"""

from __future__ import annotations

import _thread
import functools
import os
import sys
from typing import TYPE_CHECKING, Any

from _rim_router import search_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# What venv does in an environment after its interpreter is there.
_LATER = ("_setup_pip", "setup_scripts", "post_setup", "upgrade_dependencies")

_LAYERS = "_RIM_ROUTER_LAYERS"  # see rim_router.config.inheritance

# Environments can be made by several threads at once: the first sets the variable, the last takes it away.
# Whether it was there before that comes first, and then an entry for each environment.
_making = _thread.allocate_lock()
_under_way: list[bool] = []

_equipped: set[str] = set()


def venv_loaded(module: ModuleType) -> None:
    """The standard library's: builders are often of classes made from its own."""
    builder: Any = getattr(module, "EnvBuilder", None)
    if not callable(getattr(builder, "setup_python", None)) or not callable(getattr(builder, "create", None)):
        _refuse("its venv is laid out in a way that is not known")
        return

    def see_to(self: Any, context: Any) -> None:
        _equip(getattr(context, "env_exec_cmd", None) or context.env_exe, context.env_dir)

    _wrap(builder, "setup_python", after=see_to)
    for name in _LATER:
        if hasattr(builder, name):
            _wrap(builder, name, before=see_to)
    _see_to_creation(builder)
    _let_speak(builder)


def creator_loaded(module: ModuleType) -> None:
    """virtualenv's: all of its creators are made from one class."""
    creator: Any = getattr(module, "Creator", None)
    if not callable(getattr(creator, "run", None)):
        _refuse("its virtualenv is laid out in a way that is not known")
        return

    def see_to(self: Any) -> None:
        _forget(str(self.dest))
        _equip(str(self.exe), str(self.dest))

    _wrap(creator, "run", after=see_to)


def old_virtualenv_found() -> None:
    """It may be run as the main program, and then nothing comes after this moment."""
    _refuse("its virtualenv is older than version 20")


def _let_speak(builder: Any) -> None:
    """Show why ensurepip has failed, which venv keeps to itself: its pip stops at a table that is broken."""
    original = getattr(builder, "_setup_pip", None)
    if original is None:
        return

    from subprocess import CalledProcessError  # venv has it loaded

    @functools.wraps(original)
    def setup_pip(self: Any, context: Any) -> None:
        try:
            original(self, context)
        except CalledProcessError as error:
            said = error.output or b""
            sys.stderr.write(said if isinstance(said, str) else said.decode("utf-8", "replace"))
            raise

    builder._setup_pip = setup_pip


def _see_to_creation(builder: Any) -> None:
    """Whatever has been replaced in a class made from the builder, the environment is equipped in the end."""
    original = builder.create

    @functools.wraps(original)
    def create(self: Any, env_dir: Any) -> None:
        _forget(env_dir)
        directory = os.path.abspath(env_dir)
        with _making:
            if not _under_way:
                is_inherited = _LAYERS in os.environ
                if not is_inherited:
                    _if_asked("hand_down", directory)
                _under_way.append(is_inherited)
            _under_way.append(True)
        try:
            original(self, env_dir)
        finally:
            with _making:
                _under_way.pop()
                if len(_under_way) == 1 and not _under_way.pop():
                    os.environ.pop(_LAYERS, None)
        binaries = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        _equip(os.path.join(directory, *binaries), directory)

    builder.create = create


def _forget(env_dir: Any) -> None:
    _equipped.discard(os.path.abspath(env_dir))  # it may be made anew, in the same process


def _equip(python: str, env_dir: str) -> None:
    directory = os.path.abspath(env_dir)
    if directory in _equipped:
        return
    _if_asked("equip_new", python)
    _equipped.add(directory)


def _refuse(problem: str) -> None:
    _if_asked("refuse_new", problem)


def _if_asked(act: str, what: str) -> None:
    """Have the plugin do something if a table asks for it, imported from where it was at start-up."""
    path = sys.path
    # `python -m venv` puts the working directory first, and that may have a folder of any name.
    sys.path = [*search_path, *(entry for entry in path if entry not in search_path)]
    try:
        from _rim_router import gate

        try:
            from rim_router.environments import makers

            asked = makers.who_asks()
            off = asked is not None and makers.is_turned_off()
        except Exception as failure:
            gate.stop_broken(failure)
            return
        if asked is None:
            return
        if off:
            gate.warn(asked)
        else:
            getattr(makers, act)(what, asked)
    finally:
        sys.path = path


def _wrap(
    owner: Any, name: str, before: Callable[..., None] | None = None, after: Callable[..., None] | None = None
) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if before is not None:
            before(self, *args, **kwargs)
        result = original(self, *args, **kwargs)
        if after is not None:
            after(self, *args, **kwargs)
        return result

    setattr(owner, name, wrapper)
