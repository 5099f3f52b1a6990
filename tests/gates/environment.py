# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of the execution environment can be built from."""

from __future__ import annotations

import shutil

from tests.gates.bench import BUILD, Bench, Refused


def check(bench: Bench) -> dict[str, object]:
    """Let ansible-builder write the context; building the image would need a registry."""
    place = BUILD / "environment"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name in ("execution-environment.yml", "requirements.txt", "bindep.txt"):
        shutil.copy(bench.tree / name, place)
    shutil.copy(bench.tarball, place)
    bench.run(["ansible-builder", "create"], cwd=place)
    if not list((place / "context").rglob(bench.tarball.name)):
        raise Refused("execution-environment.yml: the collection is not in the context.")
    needed = bench.run(["ansible-builder", "introspect", bench.collections])
    if "netaddr" not in needed:
        raise Refused("ansible-builder: does not learn from the collection that netaddr is needed.")
    return {}
