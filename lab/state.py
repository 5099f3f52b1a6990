# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a raised lab, kept on disk for later commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.image import Image
from lab.paths import LabPaths
from lab.spec import LabSpec


@dataclass(frozen=True)
class LabState:
    """Specification, image and package source of a raised lab."""

    spec: LabSpec
    image: Image
    repository: Path

    def save(self, name: str) -> None:
        """Record it as the state of the lab ``name``."""
        data = {
            "spec": self.spec.to_dict(),
            "image": str(self.image.root),
            "repository": str(self.repository),
        }
        path = LabPaths.of(name).spec
        staged = path.with_suffix(".new")
        staged.write_text(json.dumps(data, indent=1), encoding="utf-8")
        staged.replace(path)

    @classmethod
    def load(cls, name: str) -> LabState:
        """The state of the lab ``name``.

        :raises LabError: no such lab is up.
        """
        try:
            data = json.loads(LabPaths.of(name).spec.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise LabError(f"the lab {name} is not up") from error
        return cls(
            LabSpec.from_dict(data["spec"]), Image(Path(data["image"])), Path(data["repository"])
        )
