# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's own rules and its reader, for the control host.

Only what needs the standard library alone is imported here. The package keeps the name that it
has on the nodes, so that its modules find each other.
"""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path


def _known() -> None:
    if "failoverd" in sys.modules:
        return
    place = Path(__file__).resolve().parents[2] / "roles" / "engine_agent" / "files" / "failoverd"
    spec = util.spec_from_file_location(
        "failoverd", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{place}: the daemon is not part of this installation.")
    module = util.module_from_spec(spec)
    sys.modules["failoverd"] = module
    spec.loader.exec_module(module)


_known()

from failoverd.config import parse
from failoverd.core.config import Lease, Timing
from failoverd.core.lock import Times
from failoverd.formats.schema import ConfigError
from failoverd.links import size
from failoverd.resources.graph import CycleError, order
from failoverd.rules import fencing, forms, monitors, secrets, takeover, timing
from failoverd.rules.lengths import long

__all__ = [
    "ConfigError",
    "CycleError",
    "Lease",
    "Times",
    "Timing",
    "fencing",
    "forms",
    "long",
    "monitors",
    "order",
    "parse",
    "secrets",
    "size",
    "takeover",
    "timing",
]
