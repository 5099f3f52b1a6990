# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two proofs at once never pull each other's lab down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.claim import InUseError, claim


def test_a_lab_is_had_by_one_run_until_that_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILOVER_LAB_HOME", str(tmp_path))
    with claim("test"):
        with pytest.raises(InUseError, match="uses the lab test: wait"), claim("test"):
            pass
        with claim("second"):
            pass
    with claim("test"):
        pass
