# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Made by make docs from the program's own help.

_failoverctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} kind= place=0 index word
    local options= valued= repeats=
    local -a kinds=()
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _failoverctl_words status switchover ready history availability handover confirm-fenced clear standby online maintenance repair notify-test check replay whatif support --help
        return
    fi
    case ${COMP_WORDS[1]} in
        status) options='--all --json --schema --check --watch' ;;
        switchover) options='--to --wait --json'; valued='--to=nodes --wait=any '; kinds=(services) ;;
        ready) options='--json'; kinds=(services) ;;
        history) options='--json --lines --follow --explain --also'; valued='--lines=any --also=directories ' ;;
        availability) options='--since --target --also --json --output'; valued='--since=any --target=any --also=directories --output=files '; kinds=(services); repeats=1 ;;
        handover) options='--shutdown' ;;
        confirm-fenced) kinds=(nodes) ;;
        clear) kinds=(services) ;;
        standby) kinds=(nodes) ;;
        online) kinds=(nodes) ;;
        maintenance) kinds=(words:on,off) ;;
        repair) kinds=(words:open,close services) ;;
        notify-test) kinds=(any) ;;
        check) options='--json'; kinds=(directories) ;;
        replay) options='--json'; kinds=(files); repeats=1 ;;
        whatif) options='--state --save --for --json'; valued='--state=files --save=files --for=any '; kinds=(any) ;;
        support) options='--limit --json'; valued='--limit=any '; kinds=(files) ;;
        *) return ;;
    esac
    for ((index = 2; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ " $valued" == *" $word="* ]]; then
            kind=
            if ((++index == COMP_CWORD)); then
                kind=${valued##*"$word="}
                kind=${kind%% *}
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
