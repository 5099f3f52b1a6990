# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that one tool of the Ansible world keeps: each is asked, and has nothing to remark."""

from __future__ import annotations

import json
import shutil

from tests.gates.bench import BUILD, TOOLS, Bench, Refused


def licences(bench: Bench) -> dict[str, object]:
    """Every file says under which licence it stands."""
    said = json.loads(bench.run(["reuse", "lint", "--json"], cwd=bench.tree))
    return {"files": said["summary"]["files_total"]}


def changelog(bench: Bench) -> dict[str, object]:
    """The fragments of the changelog can be read."""
    bench.run(["antsibull-changelog", "lint"], cwd=bench.tree)
    return {"fragments": len(list((bench.tree / "changelogs" / "fragments").iterdir()))}


def documentation(bench: Bench) -> dict[str, object]:
    """The documentation of plugins and roles is whole, and its references lead somewhere."""
    strict = ("--validate-collection-refs=self", "--disallow-unknown-collection-refs")
    bench.run(
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", *strict, "."],
        cwd=bench.tree,
        env={"ANSIBLE_COLLECTIONS_PATH": BUILD / "tree"},
    )
    return {}


def importer(bench: Bench) -> dict[str, object]:
    """Galaxy would take it. Its importer exits with 0 whatever it finds: its lines are read.

    ``make lint`` runs ansible-lint, on all of the checkout and without the importer's time limit.
    """
    config = BUILD / "galaxy-importer.cfg"
    config.write_text("[galaxy-importer]\nRUN_ANSIBLE_LINT = False\n", encoding="utf-8")
    said = bench.run(
        [TOOLS / "python", "-m", "galaxy_importer.main", bench.tarball],
        cwd=BUILD / "dist",
        env={"GALAXY_IMPORTER_CONFIG": config},
    )
    remarks = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR"))]
    if remarks:
        raise Refused("\n".join(remarks))
    if "Importer processing completed successfully" not in said:
        raise Refused("galaxy-importer: did not come to its end.")
    return {}


def environment(bench: Bench) -> dict[str, object]:
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
