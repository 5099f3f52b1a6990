# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the image of a container once, from the lab's base system of a suite.

Nothing is pulled; the base system comes from Debian's packages (lab.image), and so does the package
source that is mounted into the containers (lab.repository).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.command import run
from lab.containers.engine import ENGINES, Engine
from lab.errors import LabError
from lab.image import base_image, builder_lock, recipe_key
from lab.repository import PACKAGES, repository

OVERLAY = Path(__file__).resolve().parent / "overlay"
# Packages for machines with a kernel of their own.
LEFT_OUT = (
    "lost+found",
    "usr/lib/modules",
    "etc/systemd/system/sysinit.target.wants/lab-seed.service",
)


def image_name(suite: str) -> str:
    """Name of the image; it changes with the content."""
    digest = hashlib.sha256(f"{recipe_key(suite)} {LEFT_OUT}".encode())
    for name in _overlay():
        path = OVERLAY / name
        content = str(path.readlink()) if path.is_symlink() else path.read_text(encoding="utf-8")
        digest.update(f"{name}\0{content}\0".encode())
    return f"localhost/failover-node:{suite}-{digest.hexdigest()[:12]}"


def _overlay() -> list[Path]:
    """Its files and links. An archive for podman must not hold a directory twice."""
    found = sorted(OVERLAY.rglob("*"))
    return [path.relative_to(OVERLAY) for path in found if path.is_symlink() or path.is_file()]


def say(text: str) -> None:
    """Shows progress; standard output is for the answer."""
    print(text, file=sys.stderr, flush=True)


def ensure(engine: Engine, suite: str, packages: Path = PACKAGES) -> dict[str, str]:
    """Build what is missing; return the names of the image and of the package source.

    packages is the list of what a container may install.
    """
    image = image_name(suite)
    with builder_lock(say):
        base = base_image(suite, say)
        source = repository(base, suite, say, packages)
        if not engine.has_image(image):
            say(f"importing the {suite} image, once")
            with _mounted(base.disk) as root:
                _import(engine, root, image)
    return {"image": image, "packages": str(source)}


@contextmanager
def _mounted(disk: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="failover-image-") as place:
        run(["mount", "-o", "ro,loop,noload", str(disk), place])
        try:
            yield Path(place)
        finally:
            run(["umount", place])


def _import(engine: Engine, root: Path, image: str) -> None:
    left_out = [f"--exclude=./{path}" for path in LEFT_OUT]
    with tempfile.NamedTemporaryFile(suffix=".tar") as packed:
        base = ["tar", "-cf", packed.name, "--numeric-owner", "--anchored", *left_out]
        run([*base, "-C", str(root), "."], timeout=600)
        more = ["tar", "-rf", packed.name, "--owner=0", "--group=0", "--numeric-owner"]
        run([*more, "-C", str(OVERLAY), *map(str, _overlay())])
        run([engine.name, "import", packed.name, image], timeout=600)


def main() -> int:
    """Print the answer as JSON."""
    parser = argparse.ArgumentParser(prog="python -m lab.containers.image", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, default="podman")
    parser.add_argument("--suite", default="bookworm")
    given = parser.parse_args()
    try:
        print(json.dumps(ensure(Engine(given.engine), given.suite)))
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
