# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of the collection in this process."""

from __future__ import annotations

import importlib
import io
import json
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

import pytest
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

PLACE = "ansible_collections.failover.cluster.plugins.modules"


def run(module_name: str, /, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """Return what the module says."""
    module = importlib.import_module(f"{PLACE}.{module_name}")
    said = io.StringIO()
    given = {**arguments, "_ansible_check_mode": check}
    # A test before this one may have loaded what runs on the control host: warnings go there then.
    # And a process on a node runs one module only.
    on_a_node = patch("ansible.module_utils._internal.is_controller", False)
    no_warnings = patch.dict(warnings._global_warnings, clear=True)
    with (
        on_a_node,
        no_warnings,
        patch_module_args(given),
        redirect_stdout(said),
        pytest.raises(SystemExit),
    ):
        module.main()
    result: dict[str, Any] = json.loads(said.getvalue())
    return result
