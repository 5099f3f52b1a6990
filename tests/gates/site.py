# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site is built, and nothing in it leads nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.gates.bench import BUILD, Bench, Refused

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "playbooks/README.md",
    "examples/README.md",
    "examples/ocf-agent",
)


def check(bench: Bench) -> dict[str, object]:
    """Write the reference from the installed collection, then build; a warning is an error."""
    source, html, docs = BUILD / "site", BUILD / "html", bench.tree / "docs"
    for place in (source, html):
        shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(docs / "site", source)
    found = [path for where in ("", "runbooks/") for path in (docs / where).glob("*.md")]
    guides = sorted(f"docs/{path.relative_to(docs)}" for path in found)
    for name in (*PAGES, *guides):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(bench.tree / name, source / name)
    pages = source / "collections"
    # antsibull-docs refuses a directory that others could write to.
    pages.mkdir(mode=0o755)
    command = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy"]
    env = {"ANSIBLE_COLLECTIONS_PATH": bench.collections}
    bench.run([*command, "--dest-dir", pages, "failover.cluster"], env=env)
    bench.run(["sphinx-build", "-W", "--keep-going", "-q", source, html], env=env)
    reference = sorted(reference_pages(bench.tree))
    missing = [name for name in reference if not (html / "collections" / name).exists()]
    if missing:
        raise Refused(f"documentation site: has no page {', '.join(missing)}.")
    return {"pages": len(list(html.rglob("*.html"))), "reference": len(reference)}


def reference_pages(tree: Path) -> Iterator[str]:
    """The file that each plugin and role has in the reference."""
    for folder, kind in (("modules", "module"), ("filter", "filter"), ("lookup", "lookup")):
        for path in (tree / "plugins" / folder).glob("[a-z]*.py"):
            yield f"{path.stem}_{kind}.html"
    for path in (tree / "roles").iterdir():
        yield f"{path.name}_role.html"
