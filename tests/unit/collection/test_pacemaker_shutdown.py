# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told, so that a node of Pacemaker gives its services away before it goes (F61)."""

from __future__ import annotations

import jinja2
import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import _engines
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.pacemaker import shutdown

from .conftest import CHECKOUT
from .test_pacemaker_model import build, service

DATABASE = {"postgresql": {"version": 15}}
SECRETS = {"corosync": "ab" * 32}


def test_disks_of_services_stay_mounted_until_pacemaker_has_ended():
    bare = service("mail", 1, storage={"type": "none"})
    model = build(failover_services=[service("shop"), bare])
    text = _engines.of(model).files(model, "node1", SECRETS)["pacemaker.conf"]
    assert text.splitlines()[1:] == ["[Unit]", "After=srv-shop.mount"]


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/srv/shop", "srv-shop.mount"),
        ("/srv/shop-2/.data_x", r"srv-shop\x2d2-.data_x.mount"),
        ("/.shop", r"\x2eshop.mount"),
    ],
)
def test_a_mounted_directory_is_called_as_systemd_calls_it(path, unit):
    assert shutdown.unit(path) == unit


@pytest.mark.parametrize("kind", ["postgresql", "apache"])
def test_no_order_of_ours_holds_up_the_stop_of_an_application(kind):
    """Pacemaker orders a unit behind itself while the unit runs, and not while it stops it."""
    model = build(failover_services=[service(applications=[DATABASE, "apache"])])
    [shop] = model["services"]
    [application] = [one for one in shop["applications"] if one["kind"] == kind]
    room = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    room.filters["regex_replace"] = lambda text, *_words: text
    text = (CHECKOUT / "roles" / kind / "templates" / f"{kind}.service.j2").read_text()
    unit = room.from_string(text).render(item=(shop, application), prepare_model=model)
    assert "ExecStart=" in unit
    assert "Before=" not in unit
