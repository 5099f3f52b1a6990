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
    place = Path(__file__).resolve().parents[2] / "roles" / "agent" / "files" / "failoverd"
    spec = util.spec_from_file_location(
        "failoverd", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{place}: the daemon is not part of this installation.")
    module = util.module_from_spec(spec)
    sys.modules["failoverd"] = module
    spec.loader.exec_module(module)


_known()

from failoverd.config import parse as parse
from failoverd.core.config import Lease as Lease
from failoverd.core.config import Timing as Timing
from failoverd.core.lock import Times as Times
from failoverd.links import size as size
from failoverd.resources.graph import CycleError as CycleError
from failoverd.resources.graph import order as order
from failoverd.rules import forms as forms
from failoverd.rules import monitors as monitors
from failoverd.rules import secrets as secrets
from failoverd.rules import takeover as takeover
from failoverd.rules import timing as timing
from failoverd.schema import ConfigError as ConfigError
