# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base image of a suite: plain Debian with systemd and the kernel's modules, cached."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.command import run
from lab.errors import LabError
from lab.paths import images_dir
from lab.progress import Progress
from lab.sources import debian_sources

RECIPE = Path(__file__).resolve().parent / "recipe"
MODULES = Path("/usr/lib/uml/modules")
SIZE = "6G"  # sparse: only written blocks take room


@dataclass(frozen=True)
class Image:
    """A finished base image with the package state that a repository is computed against."""

    root: Path

    @property
    def disk(self) -> Path:
        """The file system image all nodes of the suite share."""
        return self.root / "base.img"

    @property
    def dpkg_status(self) -> Path:
        """What is installed in it."""
        return self.root / "dpkg-status"


def recipe_key(suite: str) -> str:
    """Changes with the content of the image: recipe files, kernel modules, suite."""
    digest = hashlib.sha256(f"{suite} {SIZE} {modules_version()}".encode())
    for path in sorted(RECIPE.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(RECIPE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def modules_version() -> str:
    """Release of the installed user-mode-linux kernel."""
    versions = sorted(entry.name for entry in MODULES.iterdir()) if MODULES.is_dir() else []
    if not versions:
        raise LabError("user-mode-linux is not installed (apt-get install user-mode-linux)")
    return versions[-1]


def words(path: Path) -> list[str]:
    """The words of a list file without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [word for line in lines for word in line.split("#", 1)[0].split()]


@contextmanager
def builder_lock(progress: Progress) -> Iterator[None]:
    """One builder at a time; a second one waits and then finds the work done."""
    images_dir().mkdir(parents=True, exist_ok=True)
    with (images_dir() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another lab that builds images")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def base_image(suite: str, progress: Progress) -> Image:
    """The image of ``suite``, built now if it is not there (needs the builder lock)."""
    image = Image((images_dir() / f"{suite}-{recipe_key(suite)}").resolve())
    if image.disk.exists():
        return image
    progress(f"building the {suite} image, once: about a minute")
    _remove_leftovers()
    build = Path(tempfile.mkdtemp(prefix="build-", dir=images_dir()))
    try:
        _build(suite, build, progress)
        shutil.rmtree(image.root, ignore_errors=True)
        image.root.mkdir()
        for name in ("dpkg-status", "base.img"):
            (build / name).replace(image.root / name)
    finally:
        _discard(build)
    return image


def _build(suite: str, build: Path, progress: Progress) -> None:
    build.chmod(0o755)
    root = build / "root"
    sources = build / "sources.list"
    sources.write_text("\n".join(debian_sources(suite)) + "\n", encoding="utf-8")
    overlay = RECIPE / "overlay"
    run(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--format=directory",
            "--skip=check/qemu",
            '--aptopt=APT::Sandbox::User "root"',
            f"--include={','.join(words(RECIPE / 'packages.txt'))}",
            # dpkg's own settings must be there before the first package is unpacked.
            '--setup-hook=mkdir -p "$1/etc/dpkg/dpkg.cfg.d"',
            f'--setup-hook=cp {overlay}/etc/dpkg/dpkg.cfg.d/lab "$1/etc/dpkg/dpkg.cfg.d/lab"',
            suite,
            str(root),
            str(sources),
        ],
        timeout=900,
    )
    progress("  packages are unpacked; copying modules and settings")
    _customize(root)
    shutil.copyfile(root / "var/lib/dpkg/status", build / "dpkg-status")
    progress("  making the file system")
    disk = build / "base.img"
    options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
    run(
        ["mkfs.ext4", "-qF", "-m0", "-Lroot", "-E", options, "-d", str(root), str(disk), SIZE],
        timeout=300,
    )


def _customize(root: Path) -> None:
    shutil.copytree(RECIPE / "overlay", root, dirs_exist_ok=True)
    version = modules_version()
    target = root / "usr/lib/modules" / version
    shutil.copytree(MODULES / version, target, symlinks=True, dirs_exist_ok=True)
    run(["depmod", "-b", str(root), version])
    run(["systemctl", f"--root={root}", "mask", *words(RECIPE / "masked-units.txt")])
    generators = root / "etc/systemd/system-generators"
    generators.mkdir(exist_ok=True)
    for name in words(RECIPE / "masked-generators.txt"):
        (generators / name).symlink_to("/dev/null")
    run(["systemctl", f"--root={root}", "set-default", "multi-user.target"])
    run(["systemctl", f"--root={root}", "enable", "systemd-networkd", "lab-seed", "ssh"])
    # Empty, so that each node writes its own ID without a systemd "first boot".
    (root / "etc/machine-id").write_text("", encoding="ascii")
    for name in ("etc/hostname", "etc/resolv.conf", "var/lib/dbus/machine-id"):
        (root / name).unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("", encoding="ascii")
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for source in (root / "etc/apt/sources.list.d").glob("*"):
        source.unlink()
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)


def _remove_leftovers() -> None:
    for path in images_dir().glob("build-*"):
        _discard(path)


def _discard(build: Path) -> None:
    """Remove a build. One that was killed may have the host's /dev and /sys mounted below it."""
    for mount in reversed(mounts_below(build)):
        run(["umount", "--lazy", str(mount)])
    shutil.rmtree(build, ignore_errors=True)


def mounts_below(path: Path, table: Path = Path("/proc/self/mountinfo")) -> list[Path]:
    """What is mounted below ``path``, in the order in which it was mounted."""
    places = (line.split()[4] for line in table.read_text(encoding="utf-8").splitlines())
    return [Path(place) for place in places if Path(place).is_relative_to(path)]
