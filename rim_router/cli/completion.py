"""rim-router completion: print a script that completes this command line in a shell."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.init.presets import PRESET, USUAL
from rim_router.cli.rendering import OK, print_text
from rim_router.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FILES = {"FILE", "PATH", "DIR"}


class Values(Record):
    """What may stand in one place: some words with their meanings, names of files, or anything."""

    words: tuple[tuple[str, str], ...] = ()
    files: bool = False


class Option(Record):
    """An option; *values* is None if it takes none."""

    spellings: tuple[str, ...]
    meaning: str
    values: Values | None


class Command(Record):
    """One command of the command line.

    :param path: its words after ``rim-router``; none for that itself.
    """

    path: tuple[str, ...]
    operands: Values
    options: tuple[Option, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="the shell that is to complete")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print_text("\n".join(_SCRIPTS[args.shell](list(commands(args.parser)))))
    return OK


def commands(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[Command]:
    """Every command that a parser takes, itself first."""
    words: list[tuple[str, str]] = []
    files = False
    options = []
    nested: list[Command] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            words += [(each.dest, each.help or "") for each in action._choices_actions]
            for word, below in action.choices.items():
                nested += commands(below, (*path, word))
        elif action.option_strings:
            values = None if action.nargs == 0 else _values(action)
            options.append(Option(tuple(action.option_strings), action.help or "", values))
        else:
            found = _values(action)
            words, files = [*words, *found.words], files or found.files
    yield Command(path, Values(tuple(words), files), tuple(options))
    yield from nested


def _values(action: argparse.Action) -> Values:
    if action.choices is not None:
        return Values(tuple((str(choice), "") for choice in action.choices))
    if action.metavar == PRESET:
        return Values(tuple((name, "") for name in USUAL))
    return Values(files=action.type is Path or action.metavar in _FILES)


def _walk(found: Sequence[Command]) -> str:
    """The alternatives by which all shells follow the words to a command."""
    return "|".join(f'"{" ".join(each.path[:-1])} {each.path[-1]}"' for each in found if each.path)


def _cases(found: Sequence[Command], written: Callable[[Values], str]) -> Iterator[str]:
    """What may come after each option, and otherwise at each command, for shells that are like sh.

    :param written: values, as the shell takes them.
    """
    for each in found:
        at = " ".join(each.path)
        for option in each.options:
            if option.values is not None:
                places = "|".join(f'"{at}|{spelling}"' for spelling in option.spellings)
                yield f"        {places}) {written(option.values)} ;;"
    yield '        *) case "$at" in'
    for each in found:
        spellings = tuple((word, option.meaning) for option in each.options for word in option.spellings)
        values = Values((*each.operands.words, *spellings), each.operands.files)
        yield f'            "{" ".join(each.path)}") {written(values)} ;;'
    yield "        esac ;;"
    yield "    esac"


def _bash(found: Sequence[Command]) -> Iterator[str]:
    yield '# Completes rim-router. For this shell: eval "$(rim-router completion bash)"'
    yield "_rim_router() {"
    yield '    local at="" word="" words="" files="" line="" i'
    yield "    for ((i = 1; i < COMP_CWORD; i++)); do"
    yield "        word=${COMP_WORDS[i]}"
    yield f'        case "$at $word" in {_walk(found)}) at="${{at:+$at }}$word" ;; esac'
    yield "    done"
    yield '    case "$at|${COMP_WORDS[COMP_CWORD-1]}" in'
    yield from _cases(found, _bash_values)
    yield "    COMPREPLY=()"
    yield "    while IFS= read -r line; do"
    yield '        COMPREPLY+=("$line")'
    yield '    done < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"'
    yield '        [ -z "$files" ] || compgen -f -- "${COMP_WORDS[COMP_CWORD]}")'
    yield '    [ -z "$files" ] || compopt -o filenames 2>/dev/null'
    yield "}"
    yield "complete -F _rim_router rim-router"


def _bash_values(values: Values) -> str:
    words = shlex.quote(" ".join(word for word, _ in values.words))
    return f"words={words}" + (" files=1" if values.files else "")


def _zsh(found: Sequence[Command]) -> Iterator[str]:
    yield "#compdef rim-router"
    yield '# Completes rim-router, as a file _rim-router on $fpath; or: eval "$(rim-router completion zsh)"'
    yield "_rim_router() {"
    yield '    local at="" word=""'
    yield "    local -a list"
    yield "    for word in ${words[2,CURRENT-1]}; do"
    yield f'        case "$at $word" in {_walk(found)}) at="${{at:+$at }}$word" ;; esac'
    yield "    done"
    yield '    case "$at|${words[CURRENT-1]}" in'
    yield from _cases(found, _zsh_values)
    yield "}"
    yield 'if [ "$funcstack[1]" = _rim_router ]; then _rim_router; else compdef _rim_router rim-router; fi'


def _zsh_values(values: Values) -> str:
    described = [(word.replace(":", r"\:"), meaning) for word, meaning in values.words]
    words = " ".join(shlex.quote(f"{word}:{meaning}" if meaning else word) for word, meaning in described)
    said = [f"list=({words}); _describe -V rim-router list"] if words else []
    return "; ".join([*said, *(["_files"] if values.files else [])]) or ":"


def _fish(found: Sequence[Command]) -> Iterator[str]:
    yield "# Completes rim-router, as a file rim-router.fish in ~/.config/fish/completions"
    yield "function __rim_router_at"
    yield "    set -l at ''"
    yield "    for word in (commandline -opc)[2..-1]"
    yield '        switch "$at $word"'
    yield f"            case {_walk(found).replace('|', ' ')}"
    yield '                set at (string trim -- "$at $word")'
    yield "        end"
    yield "    end"
    yield '    test "$at" = "$argv"'
    yield "end"
    yield "complete -c rim-router -f"
    for each in found:
        here = f"complete -c rim-router -n {_fish_quoted('__rim_router_at ' + ' '.join(each.path))}"
        for word, meaning in each.operands.words:
            yield f"{here} -a {word} -d {_fish_quoted(meaning)}"
        if each.operands.files:
            yield f"{here} -F"
        for option in each.options:
            spelt = " ".join(
                f"-l {word[2:]}" if word.startswith("--") else f"-s {word[1:]}" for word in option.spellings
            )
            yield f"{here} {spelt}{_fish_values(option.values)} -d {_fish_quoted(option.meaning)}"


def _fish_values(values: Values | None) -> str:
    if values is None:
        return ""
    if values.files:
        return " -r -F"
    return f" -x -a {_fish_quoted(' '.join(word for word, _ in values.words))}"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
