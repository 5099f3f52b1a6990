# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of a configuration what may be a secret, and its comments, which may hold one.

What is not known to be harmless is masked: a parameter that is missing can be asked for, one that
was shown cannot be taken back.
"""

from __future__ import annotations

import re

MASK = "***"
ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f]*(:[0-9A-Fa-f]*){2,7}")
DEVICE = re.compile(r"/dev/[A-Za-z0-9/_.-]+")
SECRET_KEY = re.compile(r"pass|secret|cred|token|community|(?<!mon)key|auth_pass", re.IGNORECASE)
# A # inside quotes begins no comment.
QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*')
PLAIN_DIRECTIVES = frozenset(
    {
        "autojoin",
        "auto_failback",
        "baud",
        "bcast",
        "compression",
        "compression_threshold",
        "conn_logd_time",
        "coredumps",
        "crm",
        "crm_daemon_dir",
        "deadping",
        "deadtime",
        "debug",
        "debugfile",
        "hbaping",
        "hbgenmethod",
        "hopfudge",
        "initdead",
        "keepalive",
        "logfacility",
        "logfile",
        "mcast",
        "mcast6",
        "msgfmt",
        "nice_failback",
        "node",
        "pacemaker",
        "ping",
        "ping6",
        "ping_group",
        "realtime",
        "rtprio",
        "serial",
        "stonith",
        "traditional_compression",
        "ucast",
        "ucast6",
        "udp",
        "udpport",
        "use_logd",
        "uuidfrom",
        "warntime",
        "watchdog",
    }
)
"""Directives of ha.cf whose values are no secrets."""
PLAIN_SCRIPTS = frozenset(
    {
        "audiblealarm",
        "apache",
        "delay",
        "drbddisk",
        "drbdupper",
        "filesystem",
        "ipaddr",
        "ipaddr2",
        "ipsrcaddr",
        "ipv6addr",
        "linuxscsi",
        "lvm",
        "mailto",
        "portblock",
        "raid1",
        "sendarp",
        "xinetd",
    }
)
"""Scripts of haresources whose arguments are no secrets."""


def _bare(text: str) -> list[str]:
    """The lines without their comments; a line keeps its number."""
    return [line.partition("#")[0].rstrip() for line in text.splitlines()]


def ha_cf(text: str) -> str:
    """ha.cf: the parameters of a STONITH device are kept if they are addresses or devices."""
    result, continued = [], False
    nodes = {w for line in _bare(text) if line.startswith("node") for w in line.split()[1:]}

    def harmless(word: str) -> str:
        return word if word in nodes else _harmless(word)

    for line in _bare(text):
        words = line.split()
        if not words:
            result.append("")
        elif continued:
            result.append(" ".join(map(harmless, words)))
        elif words[0] == "stonith_host":
            result.append(" ".join([*words[:3], *map(harmless, words[3:])]))
        elif words[0] == "respawn":
            # The words behind the program may be anything.
            result.append(" ".join([*words[:3], *(MASK for _word in words[3:])]))
        elif words[0] == "apiauth" or words[0].lower() in PLAIN_DIRECTIVES:
            result.append(line)
        else:
            result.append(" ".join([_harmless_word(words[0]), *(MASK for _word in words[1:])]))
        # What belongs to a line that was masked is masked, too.
        continued = line.endswith("\\") and words[0] not in PLAIN_DIRECTIVES
    return "\n".join(result) + "\n"


def _harmless(word: str) -> str:
    kept = ADDRESS.fullmatch(word) or DEVICE.fullmatch(word) or word == "\\"
    return word if kept else MASK


def _harmless_word(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,30}", word) else MASK


def haresources(text: str) -> str:
    """haresources: the arguments of a script of somebody's own are masked, their number stays."""
    result = []
    for raw in text.splitlines():
        bare = raw.partition("#")[0]
        line = " ".join(map(_resource, bare.split()))
        # What is behind a backslash decides whether the next line belongs to this one.
        result.append(f"{line} " if bare != bare.rstrip() and line.endswith("\\") else line)
    return "\n".join(result) + "\n"


def _resource(word: str) -> str:
    name, *arguments = word.split("::")
    if name.lower() in PLAIN_SCRIPTS:
        return word
    return "::".join([name, *(MASK for _argument in arguments)])


def authkeys(text: str) -> str:
    """authkeys: methods without their keys."""
    result = []
    for line in _bare(text):
        words = line.split()
        if not words:
            result.append("")
        elif words[0].lower() == "auth" and len(words) == 2 and words[1].isdigit():
            result.append(" ".join(words))
        elif re.fullmatch(r"auth[0-9]{1,3}", words[0]) and len(words) == 1:
            result.append(words[0])
        elif words[0].isdigit() and len(words) > 1:
            method = words[1] if words[1].lower() in ("crc", "md5", "sha1") else MASK
            result.append(" ".join([words[0], method, *([MASK] if words[2:] else [])]))
        else:
            result.append(MASK)
    return "\n".join(result) + "\n"


def drbd(text: str) -> str:
    """DRBD: without shared secrets."""
    bare = QUOTED.sub(lambda found: "" if found[0][0] == "#" else found[0], text)
    return re.sub(
        r'(\bshared-secret\s+)(?:"(?:\\.|[^"\\])*"?|[^";\s]+)', rf'\1"{MASK}"', bare, flags=re.S
    )


PROGRAM = re.compile(r"notify\w*|script|misc_path|\w*_script")
"""Words of keepalived.conf behind which a program stands, with arguments that may be anything."""


def keepalived(text: str) -> str:
    """keepalived.conf: without passwords, and without the arguments of programs."""
    return "\n".join(map(_keepalived_line, text.splitlines())) + "\n"


def _keepalived_line(line: str) -> str:
    result: list[str] = []
    behind = ""
    for token in re.findall(r'[{}]|"[^"]*"?|[^\s{}"#!]+|[#!].*', line):
        if token[0] in "#!":
            break
        if token in "{}":
            behind = ""
            result.append(token)
            continue
        word = (token.strip('"').split() or [""])[0]
        if behind == "hidden":
            continue
        if behind == "program":
            result.append(word)
            behind = "hidden"
        elif behind == "secret":
            result.append(MASK)
            behind = "hidden"
        else:
            # Of a text in quotes only its first word is kept.
            result.append(word)
            if SECRET_KEY.search(word):
                behind = "secret"
            elif PROGRAM.fullmatch(word):
                behind = "program"
    return " ".join(result)


def fstab(text: str) -> str:
    """fstab, and /proc/self/mounts: without passwords in the options."""
    lines = [line for line in _bare(text) if line.split()]
    return "\n".join(re.sub(r"\b(\w*pass\w*|cred\w*)=[^,\s]*", rf"\1={MASK}", x) for x in lines)


def corosync(text: str) -> str:
    """corosync.conf, whose key is in another file; and still."""
    lines = [line.partition("#")[0].rstrip() for line in text.splitlines()]
    return "\n".join(re.sub(r"^(\s*\S*key\S*\s*:).*", rf"\1 {MASK}", line) for line in lines)


def nothing(text: str) -> str:
    """Only that the file is there."""
    return ""
