# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F71: a service is stopped only when its disk is mounted nowhere on this host."""

from __future__ import annotations

from pathlib import Path

import pytest

from .loop_mounts import play

PRIVATE = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
os.chdir("/")
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, ctypes.c_ulong(0x44000), None) == 0  # private, all of it
"""
"""A process in a mount namespace of its own, such as a container's."""

BIND = """
www = here / "var"
www.mkdir()
sh("mount", "--bind", mnt / "www", www)
"""
BIND_IN_USE = (
    BIND
    + """
holder = background("sh", "-c", f"exec 3>{www}/open; echo ready; exec sleep 600")
"""
)
BIND_AND_BELOW = (
    BIND
    + """
(www / "deep").mkdir()
sh("mount", "-t", "tmpfs", "none", www / "deep")
"""
)
NAMESPACE = f"""
private = {PRIVATE!r} + "print('ready', flush=True); time.sleep(600)"
bystander = background(sys.executable, "-c", private)
"""
NAMESPACE_IN_USE = f"""
private = {PRIVATE!r} + "file = open(sys.argv[1], 'w'); print('ready', flush=True); time.sleep(600)"
holder = background(sys.executable, "-c", private, mnt / "www/open")
"""
PIVOT = """
root = sys.argv[1].encode()
assert libc.mount(root, root, None, ctypes.c_ulong(0x1000), None) == 0
os.chdir(sys.argv[1])
assert libc.syscall(155, b".", b".") == 0  # pivot_root
assert libc.umount2(b".", 2) == 0
print("ready", flush=True)
time.sleep(600)
"""
CONTAINER = f"""
holder = background(sys.executable, "-c", {PRIVATE + PIVOT!r}, mnt / "www")
"""
LAZY = """
holder = background("sh", "-c", f"exec 3>{mnt}/www/open; echo ready; exec sleep 600")
sh("umount", "--lazy", mnt)
"""
OVERLAY = """
for name in ("upper", "work"):
    (mnt / name).mkdir()
merged = here / "merged"
merged.mkdir()
layers = f"lowerdir={mnt}/www,upperdir={mnt}/upper,workdir={mnt}/work"
sh("mount", "-t", "overlay", "none", "-o", layers, merged)
"""
KEPT = f"""
(here / "keep").mkdir()
sh("mount", "-t", "tmpfs", "none", "--make-private", here / "keep")
(here / "keep/ns").touch()
private = {PRIVATE!r} + "print('ready', flush=True); time.sleep(600)"
# The kernel keeps only a namespace that has a greater number than this one; not every one has.
for attempt in range(50):
    child = background(sys.executable, "-c", private)
    made = subprocess.run(["mount", "--bind", f"/proc/{{child.pid}}/ns/mnt", here / "keep/ns"],
                          capture_output=True)
    child.kill()
    child.wait()
    if made.returncode == 0:
        break
assert made.returncode == 0, made.stderr
"""
HELD_OPEN = f"""
private = {PRIVATE!r} + "print('ready', flush=True); time.sleep(600)"
child = background(sys.executable, "-c", private)
opened = os.open(f"/proc/{{child.pid}}/ns/mnt", os.O_RDONLY)
bystander = background("sh", "-c", "echo ready; exec sleep 600", pass_fds=[opened])
os.close(opened)
child.kill()
child.wait()
"""
START = """
run(fs.start(Situation()))
(mnt / "www").mkdir()
"""
END = """
if (here / "keep/ns").exists():
    subprocess.run(["umount", here / "keep/ns", here / "keep"])
for child in children:
    child.kill()
"""
HOLDERS = [
    pytest.param(BIND, "var", id="bind mount of a subdirectory"),
    pytest.param(BIND_IN_USE, "var", id="bind mount with an open file"),
    pytest.param(BIND_AND_BELOW, "var", id="bind mount with a mount below it"),
    pytest.param(NAMESPACE, "python", id="private namespace"),
    pytest.param(NAMESPACE_IN_USE, "python", id="private namespace with an open file"),
    pytest.param(CONTAINER, "python", id="container that lives on the disk"),
    pytest.param(LAZY, "sleep", id="lazy unmount with an open file"),
    pytest.param(OVERLAY, "merged", id="overlay with its layers on the disk"),
    pytest.param(KEPT, "keep/ns", id="namespace without a process, kept by a mount"),
    pytest.param(HELD_OPEN, "sleep", id="namespace without a process, kept open"),
]


@pytest.mark.finding("S1")
@pytest.mark.parametrize(("hold", "name"), HOLDERS)
def test_what_stop_calls_stopped_is_free(tmp_path: Path, hold: str, name: str) -> None:
    result = play(
        tmp_path,
        START
        + hold
        + """
result["stop"] = run(service.stop())
result["free"] = free(disk)
result["found"] = found(service)
bystander = globals().get("bystander")
result["bystander"] = bystander.poll() if bystander else None
"""
        + END,
    )
    assert result["stop"] is None
    assert result["free"]
    assert result["found"] == ["stopped", ""]
    assert result["bystander"] is None, "who does not use the mount is left alone (F54)"


@pytest.mark.finding("S1")
@pytest.mark.parametrize(("hold", "name"), HOLDERS)
def test_a_probe_calls_nothing_stopped_that_is_mounted_anywhere(
    tmp_path: Path, hold: str, name: str
) -> None:
    result = play(
        tmp_path,
        START
        + hold
        + """
subprocess.run(["umount", "--lazy", "-q", mnt])
filesystem.sleep = lambda seconds: None  # it stays held, however long the looks take
result["found"] = found(service)
result["start"] = run(service.start(1, False))
result["stop"] = run(service.stop())
"""
        + END,
    )
    state, detail = result["found"]
    assert state == "partial"
    assert name in detail and result["disk"] in detail, "the holder is named"
    assert "cannot be mounted" in result["start"] and name in result["start"]
    assert result["stop"] is None


@pytest.mark.finding("S1", "S21")
def test_a_holder_that_cannot_be_ended_is_named_and_the_stop_has_failed(tmp_path: Path) -> None:
    """The mounts of a user namespace are locked: nobody can take one of them away."""
    result = play(
        tmp_path,
        START
        + """
jail = background("unshare", "--user", "--map-root-user", "--mount", "--propagation", "private",
                  "sh", "-c", "echo ready; exec sleep 600")
result["stop"] = once(service.stop())
result["jail"] = [jail.poll(), jail.pid]
result["free"] = free(disk)
result["found"] = found(service)
jail.kill()
jail.wait()
result["then"] = run(service.stop())
result["free then"] = free(disk)
""",
    )
    named = f"in the mount namespace of sleep ({result['jail'][1]})"
    assert result["stop"].startswith("refused: ") and named in result["stop"]
    assert result["jail"][0] is None
    assert not result["free"]
    assert result["found"][0] == "partial" and named in result["found"][1]
    assert (result["then"], result["free then"]) == (None, True)


@pytest.mark.finding("S1")
def test_users_of_what_is_mounted_below_are_ended_and_nobody_else_of_their_file_system(
    tmp_path: Path,
) -> None:
    result = play(
        tmp_path,
        START
        + """
(here / "data").mkdir()
sh("mount", "--bind", here / "data", mnt / "www")
say = "echo ready; exec sleep 600"
inside = background("sh", "-c", say, cwd=mnt / "www")
outside = background("sh", "-c", say, cwd=here / "data")
result["stop"] = run(service.stop())
result["inside"] = inside.wait(10)
result["outside"] = outside.poll()
result["free"] = free(disk)
""",
    )
    assert result["stop"] is None and result["free"]
    assert result["inside"] == -15
    assert result["outside"] is None


@pytest.mark.finding("S21")
def test_a_busy_mount_is_tried_for_as_long_as_was_given(tmp_path: Path) -> None:
    """A loop device on a file of the mount is no process; here it goes away only after a while."""
    result = play(
        tmp_path,
        START
        + """
with (mnt / "inner").open("wb") as file:
    file.truncate(1 << 20)
inner = attach(mnt / "inner")
attempts, usual = [], fs._release
def counted():
    attempts.append(1)
    return usual()
fs._release = counted

async def stop_and_detach():
    stopping = asyncio.ensure_future(service.stop())
    while len(attempts) < 3 and not stopping.done():
        await asyncio.sleep(0.02)
    result["before"] = stopping.done()
    sh("losetup", "--detach", inner)
    await stopping

result["stop"] = run(stop_and_detach())
result["free"] = free(disk)
""",
    )
    assert result == {"disk": result["disk"], "before": False, "stop": None, "free": True}


@pytest.mark.finding("S21")
@pytest.mark.parametrize(
    ("hold", "name", "release"),
    [
        pytest.param(
            "with (mnt / 'file').open('wb') as file:\n    file.truncate(1 << 20)\n"
            "used = attach(mnt / 'file')",
            "loop device /dev/loop",
            "sh('losetup', '--detach', used)",
            id="loop device",
        ),
        pytest.param(
            "sh('dd', 'if=/dev/zero', f'of={mnt}/file', 'bs=1M', 'count=1', 'status=none')\n"
            "(mnt / 'file').chmod(0o600)\n"
            "sh('mkswap', mnt / 'file', stdout=subprocess.DEVNULL)\nsh('swapon', mnt / 'file')",
            "used as swap: ",
            "sh('swapoff', mnt / 'file')",
            id="swap",
        ),
    ],
)
def test_what_the_kernel_itself_uses_is_named(
    tmp_path: Path, hold: str, name: str, release: str
) -> None:
    result = play(
        tmp_path,
        START
        + hold
        + f"""
result["stop"] = once(service.stop())
{release}
result["then"] = run(service.stop())
""",
    )
    assert result["stop"].startswith("refused: ")
    assert name in result["stop"] and "/mnt/file" in result["stop"]
    assert result["then"] is None


HUNG = """
outer = image("outer", size=64 << 20)
(here / "outer.d").mkdir()
sh("mount", outer, here / "outer.d")
inner = image("inner", here / "outer.d")
part = resource(inner, mnt)
service = service_of(part)

def threads():
    return len(os.listdir("/proc/self/task"))

async def main():
    for verb in PREPARE:
        await asyncio.wait_for(verb(), 30)
    sh("fsfreeze", "--freeze", here / "outer.d")
    within(part, 3.0)
    filesystem.ANSWER_SHARE = 0.5
    try:
        before = threads()
        outcomes = result["outcomes"] = []
        for verb in [VERB] * 3:
            try:
                await asyncio.wait_for(verb(), 30)
                outcomes.append("done")
            except (Failed, TimeoutError) as error:
                outcomes.append(f"{type(error).__name__}: {error}")
        result["more threads"] = threads() - before
        result["during"] = [str(word) for word in await service.probe()]
    finally:
        sh("fsfreeze", "--unfreeze", here / "outer.d")
    within(part, 250.0)
    await service.stop()
    result["after"] = [str(word) for word in await service.probe()]

try:
    result["error"] = run(main())
finally:
    subprocess.run(["losetup", "--detach", inner])
    subprocess.run(["umount", "-q", here / "outer.d"])
    subprocess.run(["losetup", "--detach", outer])
"""


@pytest.mark.finding("S8")
@pytest.mark.parametrize(
    ("prepare", "verb", "doing"),
    [
        pytest.param("[]", "lambda: service.start(1, False)", "mounting", id="mount"),
        pytest.param(
            "[lambda: service.start(1, False)]", "service.stop", "unmounting", id="unmount"
        ),
    ],
)
def test_a_hung_system_call_is_answered_and_never_piled_up(
    tmp_path: Path, prepare: str, verb: str, doing: str
) -> None:
    """The disk lies in a file of a frozen file system: what writes to it waits in the kernel."""
    body = HUNG.replace("PREPARE", prepare).replace("[VERB]", f"[{verb}]")
    result = play(tmp_path, body)
    assert len(result["outcomes"]) == 3, "each wait has ended while the disk still hung"
    for outcome in result["outcomes"]:
        assert outcome.startswith("Failed: ") and f"{doing} " in outcome and "hangs" in outcome
    assert result["more threads"] <= 1
    assert result["during"][0] == "Found.PARTIAL", "a mount that hangs may come about yet"
    assert result["error"] is None
    assert result["after"][0] == "Found.STOPPED"


@pytest.mark.finding("S1")
def test_who_has_the_disk_as_its_own_for_a_moment_bars_no_service(tmp_path: Path) -> None:
    """Tools for disks look at them like that at every boot; a standby would be broken (F58)."""
    held = "import os, sys, time; os.open(sys.argv[1], os.O_EXCL); print('ready', flush=True)"
    result = play(
        tmp_path,
        f"""
holder = background(sys.executable, "-c", {held + "; time.sleep(600)"!r}, disk)
looks = []
def later(seconds):
    looks.append(seconds)
    if len(looks) == 2:
        holder.kill()
        holder.wait()
filesystem.sleep = later
result["found"], result["looks"] = found(service), len(looks)
holder = background(sys.executable, "-c", {held + "; time.sleep(600)"!r}, disk)
filesystem.sleep = lambda seconds: None
result["held"] = found(service)
""",
    )
    assert result["found"] == ["stopped", ""]
    assert result["looks"] == 2
    assert result["held"][0] == "partial"
