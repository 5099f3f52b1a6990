# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed on a node: as little as its distribution allows."""

from __future__ import annotations

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _packages as on_node
from ansible_collections.failover.cluster.plugins.plugin_utils import _packages

SPLIT = "fence-agents fence-agents-common fence-agents-ilo2 fence-agents-ipmilan kmod"
WHOLE = "fence-agents kmod"


@pytest.fixture
def node(tmp_path):
    """Asks a node where this is installed what it lacks."""

    def ask(wanted, apt, **installed):
        path = tmp_path / "status"
        entries = [
            f"Package: {name.replace('_', '-')}\nStatus: install ok {state}\n"
            for name, state in installed.items()
        ]
        path.write_text("\n".join(entries))
        return on_node.inspect(wanted, lambda argv: (0, apt, ""), str(path))

    return ask


@pytest.mark.parametrize(
    ("agent", "split", "whole"),
    [
        ("fence_ipmilan", ["fence-agents-ipmilan", "ipmitool"], ["fence-agents", "ipmitool"]),
        ("fence_ilo5", ["fence-agents-ipmilan", "ipmitool"], ["fence-agents", "ipmitool"]),
        ("fence_ilo", ["fence-agents-ilo2"], ["fence-agents"]),
        ("fence_own", ["fence-agents-common"], ["fence-agents"]),
    ],
)
def test_a_fence_agent_brings_its_own_package_where_there_is_one(node, agent, split, whole):
    wanted = _packages.for_agent(agent)
    assert node(wanted, f"{SPLIT} ipmitool")["missing"] == split
    assert node(wanted, f"{WHOLE} ipmitool")["missing"] == whole


def test_a_second_run_misses_nothing_and_does_not_take_the_library_for_the_agent(node):
    wanted = _packages.for_agent("fence_ilo")
    assert node(wanted, SPLIT, fence_agents_common="installed")["missing"] == ["fence-agents-ilo2"]
    assert node(wanted, SPLIT, fence_agents_ilo2="installed")["missing"] == []
    assert node(wanted, WHOLE, fence_agents="installed")["missing"] == []


def test_before_its_lists_are_read_a_node_misses_what_it_cannot_know(node):
    assert node(["a | b", "c"], "")["missing"] == ["b", "c"]


def test_what_an_installation_left_half_done_is_seen(node):
    found = node(["kmod"], "", kmod="half-configured")
    assert (found["missing"], found["interrupted"]) == (["kmod"], True)
    assert not node(["kmod"], "", kmod="installed", gone="config-files")["interrupted"]


def test_an_apt_that_fails_is_named(tmp_path):
    (tmp_path / "status").write_text("")
    with pytest.raises(RuntimeError, match="apt-cache exited with 100: broken"):
        on_node.inspect(["a | b"], lambda argv: (100, "", "broken\n"), str(tmp_path / "status"))
