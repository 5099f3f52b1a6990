# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration broken by hand must not stop the daemon: the last good one goes on (F67)."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from .config import Config, parse, read_files
from .schema import ConfigError
from .store import write_file


class LastGood:
    """Keeps a copy (0600) of the files that were last accepted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, directory: str) -> tuple[Config, list[str]]:
        """The configuration, and warnings; raises ConfigError when there is no good one at all."""
        try:
            texts = read_files(directory)
            config = parse(texts, directory)
        except ConfigError as error:
            return self._fall_back(directory, error)
        with contextlib.suppress(OSError):
            write_file(self._path, json.dumps(texts))
        return config, []

    def _fall_back(self, directory: str, error: ConfigError) -> tuple[Config, list[str]]:
        try:
            texts = json.loads(self._path.read_text(encoding="utf-8"))
            config = parse(texts, directory)
        except (OSError, ValueError, TypeError, LookupError, ConfigError):
            raise error from None
        return config, [f"the configuration is refused, the last good one goes on: {error}"]
