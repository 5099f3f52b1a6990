# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A busy node loses nothing of what a command says."""

from __future__ import annotations

import subprocess
import time

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

SPEAKS_AND_ENDS = ["sh", "-c", "sleep 1.2; echo told"]


def test_what_a_command_says_at_its_end_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is held up between its look at the output and its look whether it has ended."""
    poll = subprocess.Popen.poll

    def late(self: subprocess.Popen[bytes]) -> int | None:
        time.sleep(1.0)
        return poll(self)

    monkeypatch.setattr(subprocess.Popen, "poll", late)
    with patch_module_args({}):
        module = AnsibleModule(argument_spec={})
    assert runner(module)(SPEAKS_AND_ENDS) == (0, "told\n", "")
