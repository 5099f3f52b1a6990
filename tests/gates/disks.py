# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty disks by the names that the documentation uses, seen by one command only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.gates.bench import Bench

SIZE = 64 << 20
# The command gets a /dev of its own: no disk of this machine has a name there.
SHELL = """
new=$1; shift
mount -t tmpfs -o mode=755 dev "$new"
for node in null zero full random urandom tty; do cp -a "/dev/$node" "$new"; done
cp -a /dev/fd /dev/stdin /dev/stdout /dev/stderr "$new"
mkdir -m 1777 "$new/shm"
while [ "$1" != -- ]; do mknod "$new/$1" b $(stat -c '0x%t 0x%T' "$2"); shift 2; done
shift
mount --move "$new" /dev
exec "$@"
"""


@contextmanager
def only(bench: Bench, place: Path, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield what to write before a command, so that it has these block devices and no network."""
    (place / "dev").mkdir()
    loops: list[str] = []
    try:
        for name in names:
            with (place / name).open("wb") as file:
                file.truncate(SIZE)
            loops.append(bench.run(["losetup", "--find", "--show", place / name]).strip())
        pairs = [word for pair in zip(names, loops, strict=True) for word in pair]
        shell = ["sh", "-euc", SHELL, "sh", str(place / "dev"), *pairs, "--"]
        yield ["unshare", "--net", "--mount", *shell]
    finally:
        for loop in loops:
            bench.run(["losetup", "--detach", loop])
