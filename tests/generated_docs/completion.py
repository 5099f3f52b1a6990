# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The completion of failoverctl for bash and zsh, from what its --help is made from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from failoverd.cli import parser

FOLDER = "roles/engine_agent/files/completion"
HEAD = """\
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Made by make docs from the program's own help.
"""
KINDS = {"SERVICE": "services", "NODE": "nodes", "FILE": "files", "DIRECTORY": "directories"}
"""What stands for an argument: by its name in the help. Others are typed."""
ANY = "any"
MANY = ("*", "+")
BASH = """
_failoverctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} kind= place=0 index word
    local options= valued= repeats=
    local -a kinds=()
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _failoverctl_words %(commands)s --help
        return
    fi
    case ${COMP_WORDS[1]} in
%(cases)s
        *) return ;;
    esac
    for ((index = 2; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ " $valued" == *" $word="* ]]; then
            kind=
            if ((++index == COMP_CWORD)); then
                kind=${valued##*"$word="}
                kind=${kind%%%% *}
            fi
        elif [[ $word != -* ]]; then
            place=$((place + 1))
        fi
    done
    if [[ -z $kind && $cur == -* ]]; then
        _failoverctl_words $options --help
        return
    fi
    if [[ -n $repeats ]] && ((place >= ${#kinds[@]})); then
        place=$((${#kinds[@]} - 1))
    fi
    case ${kind:-${kinds[place]:-options}} in
        options) _failoverctl_words $options ;;
        services | nodes) _failoverctl_names "${kind:-${kinds[place]}}" ;;
        files) _failoverctl_paths -f ;;
        directories) _failoverctl_paths -d ;;
        words:*)
            word=${kind:-${kinds[place]}}
            word=${word#words:}
            _failoverctl_words ${word//,/ }
            ;;
    esac
}

_failoverctl_paths() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_failoverctl_words() {
    local each
    for each in "$@"; do
        if [[ $each == "$cur"* ]]; then COMPREPLY+=("$each"); fi
    done
}

# Only root may ask the daemon; everybody else completes no names.
_failoverctl_names() {
    local -a found
    mapfile -t found < <(failoverctl status --names "$1" 2>/dev/null)
    _failoverctl_words "${found[@]}"
}

complete -F _failoverctl failoverctl
"""
ZSH = """
_failoverctl_names() {
    local -a found
    found=(${(f)"$(failoverctl status --names $1 2>/dev/null)"})
    compadd -a found
}

_failoverctl() {
    local curcontext=$curcontext state line
    local -a commands
    commands=(
%(commands)s
    )
    _arguments -C '--help[show the help]' '1: :->command' '*:: :->arguments' && return
    case $state in
        command) _describe command commands ;;
        arguments)
            case $words[1] in
%(cases)s
            esac
            ;;
    esac
}

_failoverctl "$@"
"""


def pages() -> dict[str, str]:
    """Path in the repository -> text."""
    return {f"{FOLDER}/failoverctl.bash": bash(), f"{FOLDER}/_failoverctl": zsh()}


def commands() -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Name -> sentence and parser of each command, in the order of the help."""
    [subparsers] = [a for a in parser([])._actions if isinstance(a, argparse._SubParsersAction)]
    sentences = {action.dest: str(action.help) for action in subparsers._choices_actions}
    return {name: (sentences[name], one) for name, one in subparsers.choices.items()}


def bash() -> str:
    """For bash, with or without the package bash-completion."""
    cases = "\n".join(_bash_case(name, one) for name, (_text, one) in commands().items())
    return HEAD + BASH % {"commands": " ".join(commands()), "cases": cases}


def _bash_case(name: str, one: argparse.ArgumentParser) -> str:
    options, positionals = _split(one)
    names = " ".join(option.option_strings[-1] for option in options)
    valued = " ".join(
        f"{option.option_strings[-1]}={_kind(option)}" for option in options if _takes_word(option)
    )
    kinds = " ".join(_kind(action) for action in positionals)
    parts = [f"options='{names}'" if names else "", f"valued='{valued} '" if valued else ""]
    parts += [f"kinds=({kinds})" if kinds else ""]
    parts += ["repeats=1" if positionals and positionals[-1].nargs in MANY else ""]
    return f"        {name}) {'; '.join(filter(None, parts)) or ':'} ;;"


def zsh() -> str:
    """For zsh, as an autoloaded function."""
    lines = "\n".join(f"        {_quoted(f'{n}:{text}')}" for n, (text, _one) in commands().items())
    cases = "\n".join(
        f"                {name}) _arguments {' '.join(_zsh(one))} ;;"
        for name, (_text, one) in commands().items()
    )
    return "#compdef failoverctl\n" + HEAD + ZSH % {"commands": lines, "cases": cases}


def _zsh(one: argparse.ArgumentParser) -> Iterator[str]:
    yield _quoted("--help[show the help]")
    options, positionals = _split(one)
    for option in options:
        text = str(option.help).replace("[", "(").replace("]", ")").replace(":", "\\:")
        spec = f"{option.option_strings[-1]}[{text}]"
        if option.nargs == "?":
            spec += f"::{_word(option)}:"
        elif _takes_word(option):
            spec += f":{_word(option)}:{_zsh_kind(option)}"
        yield _quoted(spec)
    for number, action in enumerate(positionals, 1):
        place = "*" if action.nargs in MANY else str(number)
        optional = ":" if action.nargs in ("?", *MANY) else ""
        optional = "" if place == "*" else optional
        yield _quoted(f"{place}:{optional}{_word(action)}:{_zsh_kind(action)}")


def _zsh_kind(action: argparse.Action) -> str:
    kind = _kind(action)
    if kind.startswith("words:"):
        return f"({kind.removeprefix('words:').replace(',', ' ')})"
    names = {"files": "_files", "directories": "_files -/"}
    # With the space in front, zsh adds no arguments of its own.
    return names.get(kind, f" _failoverctl_names {kind}" if kind != ANY else "")


def _split(one: argparse.ArgumentParser) -> tuple[list[argparse.Action], list[argparse.Action]]:
    shown = [
        action
        for action in one._actions
        if not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS
    ]
    options = [action for action in shown if action.option_strings]
    return options, [action for action in shown if not action.option_strings]


def _kind(action: argparse.Action) -> str:
    if action.choices:
        return f"words:{','.join(map(str, action.choices))}"
    return KINDS.get(str(action.metavar), ANY)


def _takes_word(option: argparse.Action) -> bool:
    """A word always follows. Of --watch [SECONDS] it may."""
    return option.nargs is None


def _word(action: argparse.Action) -> str:
    return str(action.metavar or action.dest).lower().replace(":", " ")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
