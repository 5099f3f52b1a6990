# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus with the alert rules of the collection, which scrapes pages of this machine."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "docs/monitoring/rules.yml"
WINDOW = re.compile(r"\[(5m|1h)\]")
HASTE = "[20s]"
AN_HOUR, SOON = "> 3600", "> 30"
"""The devices of a played cluster that is well were asked 20 s ago."""


class Prometheus:
    """Answers questions."""

    def __init__(self, address: str) -> None:
        self._address = address

    def query(self, what: str) -> list[dict[str, Any]]:
        """The vector. Raises OSError while it does not answer."""
        question = urllib.parse.urlencode({"query": what})
        url = f"http://{self._address}/api/v1/query?{question}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return result

    def firing(self) -> set[str]:
        """The names of the alerts."""
        found = self.query('ALERTS{alertstate="firing"}')
        return {one["metric"]["alertname"] for one in found}

    def up(self) -> int:
        """How many pages it scrapes."""
        found = self.query("sum(up)")
        return int(found[0]["value"][1]) if found else 0


def hasty() -> str:
    """The rules without their patience, and with short windows: promtool's own time tries those."""
    lines = RULES.read_text(encoding="utf-8").splitlines()
    kept = [WINDOW.sub(HASTE, line) for line in lines if not line.strip().startswith("for:")]
    return "\n".join(kept).replace(AN_HOUR, SOON) + "\n"


@contextmanager
def prometheus(directory: Path, urls: Iterable[str]) -> Iterator[Prometheus]:
    """One that scrapes these pages each second."""
    targets = [url.removeprefix("http://") for url in urls]
    rules, file = directory / "rules.yml", directory / "prometheus.yml"
    rules.write_text(hasty(), encoding="utf-8")
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "failover", "static_configs": [{"targets": targets}]}],
    }
    file.write_text(json.dumps(settings), encoding="utf-8")
    address = f"127.0.0.1:{_free_port()}"
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={file}", f"--web.listen-address={address}",
             f"--storage.tsdb.path={directory}/tsdb"],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield Prometheus(address)
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
