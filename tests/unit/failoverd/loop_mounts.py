# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play on a loop device with a file system, on a host that is made for the test.

A play is Python that runs in a process of its own; what it puts into `result` is returned. It sees
the processes and the mount namespaces of its play alone. All those of a busy machine take long.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from failoverd.resources import filesystem

LIMIT_S = 270
"""A play that goes wrong ends itself, and puts things right."""
PROLOGUE = """
import asyncio, json, os, signal, subprocess, sys, time
from dataclasses import replace
from pathlib import Path
from failoverd.resources.service_settings import ServiceSettings
from failoverd.resources import filesystem, users
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.service import Failed, Service

here = Path(sys.argv[1])
alerts = []
# Who ends it from outside leaves behind what it has frozen, and every sync of this machine waits.
signal.signal(signal.SIGALRM, lambda *_signal: sys.exit("the play does not end"))
signal.alarm(LIMIT_S)
users.TERM_S = users.KILL_S = 0.5


def attach(path):
    made = subprocess.run(["losetup", "--find", "--show", str(path)], check=True,
                          capture_output=True, text=True)
    return made.stdout.strip()


def image(name, directory=here, size=8 << 20):
    path = directory / name
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True)
    return attach(path)


def resource(device, path, options="noatime", fstype="ext4"):
    # On a busy machine all of it takes long.
    made = filesystem.Options(device, str(path), fstype, options)
    settings = ResourceSettings("mount", "filesystem", (), 250.0, 250.0, made)
    return Filesystem(settings, lambda code, text: alerts.append(text))


class Chronicle:
    def add(self, code, text, **more):
        pass


def within(part, limit_s):
    # From now on it has so long.
    part.settings = replace(part.settings, start_timeout_s=limit_s, stop_timeout_s=limit_s)


def once(call):
    # Without a second attempt, as if the time for it were over.
    usual, filesystem.FIRST_PAUSE_S = filesystem.FIRST_PAUSE_S, 1000.0
    try:
        return run(call)
    finally:
        filesystem.FIRST_PAUSE_S = usual


def service_of(part):
    settings = ServiceSettings("shop", "node1", 3, (part.settings,))
    return Service(settings, {"mount": part}, Chronicle())


def run(call):
    try:
        return asyncio.run(call)
    except (ResourceError, Failed) as error:
        return "refused: " + str(error)


def sh(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, **more)


def background(*words, **more):
    # Returns when the process says on its output that it has done what it is for.
    argv = [str(word) for word in words]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **more)
    children.append(child)
    assert child.stdout.readline() == "ready\\n"
    return child


def free(device):
    # The kernel's word that nothing has the device as its own.
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
    except OSError:
        return False
    return True


def found(service):
    state, detail = asyncio.run(service.probe())
    return [state.value, detail]


children = []
disk = image("disk")
try:
    mnt = here / "mnt"
    fs = resource(disk, mnt)
    service = service_of(fs)
    result = {"disk": disk}
"""
HOST = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh")
"""Its first process is a shell: the play is no more the first one than a daemon is."""
EPILOGUE = """
finally:
    for child in children:
        child.kill()
        child.wait()
    subprocess.run(["umount", "-q", str(here / "mnt")])
    subprocess.run(["losetup", "--detach", disk])
print(json.dumps(result))
"""


def play(tmp_path: Path, body: str) -> dict[str, Any]:
    """Run the body in a mount namespace of its own; returns its result."""
    indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
    script = tmp_path / "play.py"
    prologue = PROLOGUE.replace("LIMIT_S", str(LIMIT_S))
    script.write_text(prologue + indented + EPILOGUE, encoding="utf-8")
    root = str(Path(filesystem.__file__).parents[2])
    done = subprocess.run(
        [*HOST, sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": root, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        timeout=LIMIT_S + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
