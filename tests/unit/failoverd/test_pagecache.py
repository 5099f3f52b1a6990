# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the standby's applications are read ahead."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from failoverd.resources import pagecache

UNIT = """[Service]
ExecStartPre=/bin/false
ExecStart=-/usr/sbin/apache2 -f /etc/x.conf -k start
ExecStart=@/bin/true true
"""


def test_the_programs_of_a_unit_are_found() -> None:
    assert pagecache.programs(UNIT) == ["/usr/sbin/apache2", "/bin/true"]


def test_a_program_is_read_with_its_libraries(tmp_path: Path) -> None:
    unit = tmp_path / "x.service"
    program = str(Path(sys.executable).resolve())
    unit.write_text(f"ExecStart={program} -c pass\n", encoding="utf-8")
    alone = Path(program).stat().st_size
    assert asyncio.run(pagecache.warm([str(unit)])) > alone


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    unit = tmp_path / "x.service"
    unit.write_text("ExecStart=/nowhere/at/all\n", encoding="utf-8")
    assert asyncio.run(pagecache.warm([str(unit), str(tmp_path / "missing")])) == 0
