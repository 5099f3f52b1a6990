# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's specification: the reference network, other networks, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.spec import LabSpec, check_lab_name

OTHER = """
nodes:
  - {name: db-a, addresses: {front: 10.20.0.5, back: 10.30.0.5}, bmc: 10.20.0.105}
  - {name: db-b, addresses: {front: 10.20.0.6, back: 10.30.0.6}, bmc: 10.20.0.106}
links:
  - {name: front, interface: ens3, cidr: 10.20.0.0/16, gateway: 10.20.255.254}
  - {name: back, interface: repl0, cidr: 10.30.0.0/24}
disks:
  - {size_mib: 64}
  - {size_mib: 8, shared: true}
memory_mib: 640
suite: trixie
"""


def test_reference_network_is_the_one_of_the_design() -> None:
    spec = LabSpec()
    assert [node.name for node in spec.nodes] == ["node1", "node2"]
    assert spec.node("node2").addresses == {"lan": "192.168.1.12", "cross": "192.168.2.12"}
    assert spec.node("node1").bmc == "192.168.1.21"
    assert spec.main.gateway == "192.168.1.254"
    assert [link.name for link in spec.serials] == ["serial"]


def test_three_nodes_get_addresses_of_their_own() -> None:
    spec = LabSpec.reference(3)
    assert spec.node("node3").addresses["lan"] == "192.168.1.13"
    assert spec.node("node3").bmc == "192.168.1.23"


def test_one_node_alone_has_no_serial_line() -> None:
    assert LabSpec.reference(1).serials == ()


def test_any_names_and_subnets_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "other.yml"
    path.write_text(OTHER, encoding="utf-8")
    spec = LabSpec.from_file(path)
    assert spec.node("db-b").addresses["back"] == "10.30.0.6"
    assert spec.main.interface == "ens3"
    assert [disk.shared for disk in spec.disks] == [False, True]
    assert spec.serials == ()


def test_a_specification_survives_being_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "other.yml"
    path.write_text(OTHER, encoding="utf-8")
    spec = LabSpec.from_file(path)
    assert LabSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("10.20.0.6,", "10.20.0.5,"), "nodes: address 10.20.0.5 is used twice"),
        (("10.20.0.105", "10.99.0.1"), "node db-a: bmc 10.99.0.1 lies outside 10.20.0.0/16"),
        (("10.30.0.5}", "ten}"), "node db-a: address 'ten' is not an IPv4 address"),
        (("name: back", "name: front"), "links: name front is used twice"),
        (("repl0", "ens3"), "links: interface ens3 is used twice"),
        (("suite: trixie", "suite: sid"), "suite: sid is none of bookworm, trixie"),
        (("memory_mib: 640", "memory_mib: 12"), "memory_mib: 12 is not between"),
        ((", gateway: 10.20.255.254", ""), "the first one of kind lan must have a gateway"),
        (("memory_mib", "memory"), "unknown key 'memory'"),
        (("name: db-a", "name: DB_A"), "'DB_A' is not a host name"),
        (("{size_mib: 64}", "64"), "an item of disks must be a mapping"),
        (("back: 10.30.0.6", "rear: 10.30.0.6"), "no link is called rear"),
        (("name: db-a, ", ""), "nodes: name is missing"),
    ],
)
def test_a_wrong_value_ends_in_one_sentence_that_names_it(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(OTHER.replace(*change), encoding="utf-8")
    with pytest.raises(LabError) as error:
        LabSpec.from_file(path)
    assert sentence in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"none\.yml"):
        LabSpec.from_file(tmp_path / "none.yml")


@pytest.mark.parametrize("name", ["", "Lab", "a/b", "a-name-that-is-too-long", "../x"])
def test_a_lab_name_fits_into_names_made_of_it(name: str) -> None:
    with pytest.raises(LabError):
        check_lab_name(name)
