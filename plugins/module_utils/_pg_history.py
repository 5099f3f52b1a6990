# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the history of a PostgreSQL database goes, read from its files without changing them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence

Run = Callable[[Sequence[str]], tuple[int, str, str]]

NO_JOURNAL = {"ext4": "noload", "xfs": "norecovery,nouuid"}
"""Mount options with which a file system is read as it is: nothing is replayed."""
NO_DATABASE = 3
NOT_MOUNTED = 32
SEGMENTS = 32
"""So many files of the log are read at most, of 16 MiB if nobody changed that."""
READ = f"""
export LC_ALL=C TZ=UTC
data="$1/postgresql"
version=$(cat "$data/PG_VERSION" 2>/dev/null) || exit {NO_DATABASE}
programs="/usr/lib/postgresql/$version/bin"
control=$("$programs/pg_controldata" "$data") || exit 1
value() {{ echo "$control" | sed -n "s/^Latest checkpoint's $1: *//p"; }}
echo "version: $version"
echo "$control"
log="$data/pg_wal"
timeline=$(value TimeLineID)
commit() {{ grep "desc: COMMIT" | tail -n 1; }}
last=$("$programs/pg_waldump" -p "$log" -t "$timeline" -s "$(value 'REDO location')" \\
    -r Transaction 2>/dev/null | commit)
files=$(ls -r "$log" | grep "^$(printf %08X "$timeline")................$" | head -n {SEGMENTS})
for file in $files; do
    [ -z "$last" ] || break
    last=$("$programs/pg_waldump" -p "$log" -r Transaction "$file" "$file" 2>/dev/null | commit)
done
echo "$last"
exit 0
"""
"""The control file tells the last checkpoint, and the log behind it the last commit; behind the one
of a clean end there is none, so the files of the log are read backwards. The end of the log is an
error for pg_waldump."""
ASIDE = f"""
modprobe -q loop
mount -t "$2" -o "$3" "$4" "$1" || exit {NOT_MOUNTED}
{READ}"""

FIELDS = {
    "version": re.compile(r"^version: (\S+)", re.M),
    "checkpoint": re.compile(r"^Time of latest checkpoint:\s*(.+?)\s*$", re.M),
    "next_transaction": re.compile(r"^Latest checkpoint's NextXID:\s*(\S+)", re.M),
    "state": re.compile(r"^Database cluster state:\s*(.+?)\s*$", re.M),
}
COMMIT = re.compile(
    r"\btx:\s*(\d+), lsn: (\S+), .*\bdesc: COMMIT (\S+ [0-9:.]+ \S+?)(?:;.*)?$", re.M
)


class Unreadable(Exception):
    """Why the database of a copy cannot be read, as a sentence."""


def below(mount: str, run: Run) -> dict[str, str]:
    """Read the database of a file system that is mounted; {} if it has none of ours."""
    return _told(run(["sh", "-c", READ, "sh", mount]))


def aside(device: str, size: int, filesystem: str, run: Run) -> dict[str, str]:
    """Read the database of a file system that is not mounted; {} if it has none of ours.

    The file system is mounted read-only over a read-only loop device, for this process alone, and
    its journal is not replayed. So neither the file system nor the copy changes.
    """
    options = f"ro,{NO_JOURNAL[filesystem]},loop,sizelimit={size}"
    # What was read of the device before may be older than what DRBD has written since.
    run(["blockdev", "--flushbufs", device])
    with tempfile.TemporaryDirectory(prefix="failover-", dir="/run") as place:
        alone = ["unshare", "--mount", "--propagation", "private"]
        return _told(run([*alone, "sh", "-c", ASIDE, "sh", place, filesystem, options, device]))


def _told(said: tuple[int, str, str]) -> dict[str, str]:
    code, out, err = said
    if code == NO_DATABASE:
        return {}
    if code != 0:
        what = "the file system cannot be mounted" if code == NOT_MOUNTED else "pg_controldata"
        raise Unreadable(f"{what}: {' '.join(err.split()) or 'no reason given'}")
    told = {name: found[1] for name, one in FIELDS.items() if (found := one.search(out))}
    commit = COMMIT.search(out)
    if commit:
        told.update(transaction=commit[1], position=commit[2], committed=commit[3])
    return told
