# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/configuration.md and the argument_specs of the role prepare, from the specification."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/configuration.md"
SPECS = "roles/prepare/meta/argument_specs.yml"


class _Dumper(yaml.SafeDumper):
    """Lists are indented, as yamllint wants it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def page() -> str:
    """The page."""
    from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import document

    return str(document.page())


def specs() -> str:
    """The argument_specs; what the role has of its own stays."""
    from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import document

    text = (ROOT / SPECS).read_text(encoding="utf-8")
    head = text.partition("---\n")[0]
    entries = document.argument_specs(yaml.safe_load(text)["argument_specs"])
    dumped = yaml.dump(
        {"argument_specs": entries},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=70,
    )
    return f"{head}---\n{dumped}"


def importable() -> None:
    """Make the checkout importable as the collection that it is."""
    sys.path.insert(0, str(ROOT / "build" / "collections"))
