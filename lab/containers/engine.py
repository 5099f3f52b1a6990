# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few commands of a container engine (podman or docker) that the lab needs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from lab.command import run
from lab.errors import LabError

ENGINES = ("podman", "docker")


@dataclass(frozen=True)
class Engine:
    """A container engine, by the name of its command."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise LabError(f"{self.name} is not a container engine; they are {', '.join(ENGINES)}")

    def has_image(self, image: str) -> bool:
        """Whether the image is there."""
        done = subprocess.run(
            [self.name, "image", "inspect", image], capture_output=True, check=False
        )
        return done.returncode == 0

    def running(self, container: str) -> bool:
        """Whether the container has a process; raises LabError when there is no such container."""
        said = run([self.name, "inspect", "--format", "{{.State.Running}}", container])
        return said.strip() == "true"

    def kill(self, container: str) -> None:
        """End every process of the container at once, and return when none is left."""
        if self.running(container):
            run([self.name, "kill", "--signal", "KILL", container])
            run([self.name, "wait", container])

    def start(self, container: str) -> None:
        """Boot a container; one that runs is left alone."""
        if not self.running(container):
            run([self.name, "start", container])
