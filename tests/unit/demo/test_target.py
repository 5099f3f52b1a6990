# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demonstration reads from the inventory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lab.demo.target import INVENTORY, Target
from lab.errors import LabError
from lab.observer import Watch


class Raised:
    """A lab that is up."""

    bmc_password = "bmc-secret"

    def __init__(self, directory: Path) -> None:
        self.nodes = ["node1", "node2"]
        self.dir = directory
        self.inventory_path = directory / "inventory.yml"


def test_the_demo_inventory_is_understood(tmp_path: Path) -> None:
    target = Target.load(Raised(tmp_path))
    assert target.service == "shop"
    assert target.watch == Watch("/srv/shop", "192.168.1.10", 0)
    assert "192.168.1.10" in target.client_options()


def test_a_database_that_nothing_mounts_is_measured_without_pages(tmp_path: Path) -> None:
    inventory = tmp_path / "cluster.yml"
    storage = "{type: streaming, directory: /data/a}"
    inventory.write_text(
        f"g: {{vars: {{failover_services: [{{name: a, storage: {storage}, addresses: [10.0.0.1/8],"
        " applications: [{postgresql: {database: d, user: u}}]}]}}",
        encoding="utf-8",
    )
    target = Target.load(Raised(tmp_path), inventory)
    assert (target.watch.mount, target.replicated) == ("/data/a", False)
    assert target.client_options()[-2:] == ["--path", ""]


def test_secrets_reach_the_inventory_by_environment_only(tmp_path: Path) -> None:
    lab = Raised(tmp_path)
    target = Target.load(lab)
    environment = target.environment(lab)
    assert environment == {"LAB_BMC_PASSWORD": "bmc-secret", "LAB_DB_PASSWORD": target.password}
    text = INVENTORY.read_text(encoding="utf-8")
    assert all(f"'{variable}'" in text for variable in environment)
    assert target.password not in " ".join(target.client_options())
    assert target.password not in repr(target)


def test_the_password_lasts_as_long_as_the_lab_and_is_private(tmp_path: Path) -> None:
    first, second = Target.load(Raised(tmp_path)), Target.load(Raised(tmp_path))
    assert first.password == second.password
    assert stat.S_IMODE((tmp_path / "db-password").stat().st_mode) == 0o600


def test_an_inventory_without_postgresql_is_refused_in_a_sentence(tmp_path: Path) -> None:
    inventory = tmp_path / "cluster.yml"
    inventory.write_text(
        "g: {vars: {failover_services: [{name: a, storage: {mount: /a}, applications: []}]}}",
        encoding="utf-8",
    )
    with pytest.raises(LabError, match=r"cluster\.yml: the demonstration needs .*postgresql"):
        Target.load(Raised(tmp_path), inventory)
