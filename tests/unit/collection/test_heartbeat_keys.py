# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new key of the heartbeats: at every moment of the change each node understands the other."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import keys

OLD, NEW, NEWER = "aa" * 32, "bb" * 32, "cc" * 32


def steps(secrets, fresh):
    """The secrets before a change, and after each of its steps."""
    seen = [secrets]
    for _step in range(3):
        seen.append({**seen[-1], **keys.step(seen[-1], fresh)})
    return seen


def hears(listener, speaker):
    """Whether a daemon with these secrets accepts what the other one signs."""
    return keys.files(speaker)["key"] in keys.files(listener).values()


FIRST = steps({"key": OLD}, NEW)
SECOND = steps(FIRST[-1], NEWER)


def test_a_cluster_that_never_changed_its_key_has_one_file():
    assert keys.files({"key": OLD}) == {"key": f"{OLD}\n"}


@pytest.mark.parametrize("change", [FIRST, SECOND])
def test_nodes_in_neighbouring_steps_hear_each_other(change):
    for one, other in itertools.pairwise(change):
        assert hears(one, other) and hears(other, one)


@pytest.mark.parametrize(("change", "before"), [(FIRST, OLD), (SECOND, NEW)])
def test_at_its_end_the_key_before_is_refused(change, before):
    assert f"{before}\n" not in keys.files(change[-1]).values()
    assert keys.files(change[-1])["key"] != f"{before}\n"


@pytest.mark.parametrize("change", [FIRST, SECOND])
def test_the_next_run_finishes_what_was_cut_off_between_the_nodes(change):
    for one, other in [*itertools.pairwise(change), *itertools.pairwise(change[::-1])]:
        # The roles take what either node keeps; the first one wins.
        merged = {**other, **one}
        assert hears(one, merged) and hears(other, merged)
        assert hears(merged, one) and hears(merged, other)
        last = steps(merged, change[-1]["key"])
        assert any(keys.files(s) == keys.files(change[-1]) for s in last)
