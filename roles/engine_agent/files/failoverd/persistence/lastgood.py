# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""If the configuration is broken, the daemon runs on with the last good one (F67)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from failoverd.config import Config, parse, read_files
from failoverd.formats.schema import ConfigError
from failoverd.formats.strictjson import JsonError
from failoverd.system.files import read_json, write_whole

MAIN = "cluster.json"


class LastGood:
    """Keeps a copy (0600) of the files that were last accepted."""

    def __init__(self, path: Path, merge: Callable[[str, str], str] = lambda old, new: new) -> None:
        self._path = path
        self._merge = merge
        """Adds to the new cluster.json what has to be stopped of the old one (F79)."""

    def load(self, directory: str) -> tuple[Config, list[str]]:
        """The configuration and warnings; raises ConfigError if there is no good one at all."""
        try:
            texts, kept = read_files(directory), self._kept()
            config, warnings = self._merged(texts, kept.get(MAIN, "{}"), directory)
        except ConfigError as error:
            return self._fall_back(directory, error)
        if kept != texts:
            # Needed most after a loss of power, if somebody had changed the files before.
            with contextlib.suppress(OSError):
                write_whole(self._path, json.dumps(texts), durable=True)
        return config, warnings

    def _merged(self, texts: dict[str, str], old: str, directory: str) -> tuple[Config, list[str]]:
        """The new one with what has to be stopped of the old one, if that can be read."""
        config = parse(texts, directory)
        try:
            return parse({**texts, MAIN: self._merge(old, texts[MAIN])}, directory), []
        except ConfigError as error:
            lost = "what an earlier configuration started here is unknown now; check what runs"
            return config, [f"{lost}: {error}"]

    def _fall_back(self, directory: str, error: ConfigError) -> tuple[Config, list[str]]:
        try:
            kept = self._kept()
            config, warnings = self._merged(kept, kept.get(MAIN, "{}"), directory)
        except ConfigError:
            raise error from None
        refused = f"the configuration is refused, and the last good one is used: {error}"
        return config, [refused, *warnings]

    def _kept(self) -> dict[str, str]:
        """The texts that were accepted last; empty if the copy cannot be read."""
        try:
            texts = read_json(self._path)
        except (OSError, JsonError):
            return {}
        good = isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values())
        return texts if good else {}
