# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old clusters, odd and broken ones too, are imported, or refused with the right sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import CORPUS, SECRET, answers, case

from ansible_collections.failover.cluster.plugins.plugin_utils import (  # isort: skip
    _model,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports import (  # isort: skip
    proposals,
)

CASES = sorted(
    (place.parent.parent.name, place.parent.name) for place in CORPUS.glob("*/*/expect.yml")
)


@pytest.fixture
def proposal(request: pytest.FixtureRequest, tmp_path: Path) -> proposals.Proposal:
    """The proposal of a case."""
    kind, name = request.param
    return proposals.make(kind, answers(kind, name, tmp_path), "", "shop.yml")


def each(function: Any) -> Any:
    """Run a test with the proposal of every case."""
    named = [pytest.param(one, one, id="-".join(one)) for one in CASES]
    return pytest.mark.parametrize(("proposal", "which"), named, indirect=["proposal"])(function)


@each
def test_an_old_cluster_is_described_or_refused(
    proposal: proposals.Proposal, which: tuple[str, str]
) -> None:
    expect = case(*which)
    said: dict[str, list[str]] = {
        kind: [] for kind in ("refused", "danger", "dropped", "decide", "changed", "note")
    }
    for finding in proposal.findings:
        said[finding["kind"]].append(f"{finding['where']}: {finding['text']}")
    assert bool(proposal.inventory) == ("refused" not in expect), proposal.report
    for kind, sentences in {**expect.get("says", {}), "refused": expect.get("refused", [])}.items():
        for sentence in sentences:
            assert any(sentence in one for one in said[kind]), (kind, sentence, proposal.report)
    if proposal.inventory:
        [group] = yaml.safe_load(proposal.inventory).values()
        for name, value in expect["variables"].items():
            assert group["vars"].get(name) == value, (name, proposal.inventory)
        assert list(proposal.needs) == expect.get("needs", [])


@each
def test_what_is_proposed_passes_the_validation(
    proposal: proposals.Proposal, which: tuple[str, str]
) -> None:
    if not proposal.inventory:
        assert which[1] and case(*which)["refused"]
        return
    text = proposal.inventory
    for name in proposal.needs:
        text = text.replace("{{ " + name + " }}", proposal.samples.get(name, name))
    [(cluster, group)] = yaml.safe_load(text).items()
    variables = {node: {**group["vars"], **more} for node, more in group["hosts"].items()}
    model = _model.build(cluster, list(group["hosts"]), variables)
    assert [service["name"] for service in model["services"]]
    assert not any("validate refuses" in finding["text"] for finding in proposal.findings)


@each
def test_no_secret_and_no_comment_leaves_the_host(
    proposal: proposals.Proposal, which: tuple[str, str], tmp_path: Path
) -> None:
    told = json.dumps(answers(*which, tmp_path / "again"))
    assert SECRET not in told
    assert "# " not in told
    assert SECRET not in proposal.inventory + proposal.report + proposal.json()


def test_the_corpus_holds_secrets_that_could_have_leaked() -> None:
    texts = [path.read_text() for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(SECRET in text for text in texts) > 10
