# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resource files of DRBD 8.4 and 9: each in its own grammar, both frozen until a fence."""

from __future__ import annotations

import copy
import re

import jinja2
import pytest
import yaml
from ansible_collections.failover.cluster.plugins.filter import endpoint, link
from ansible_collections.failover.cluster.plugins.module_utils import _drbd_files, _node

from tests.unit.collection.conftest import CHECKOUT, NODES

ROLE = CHECKOUT / "roles" / "drbd"
PACEMAKER = [
    ("failover_engine", "pacemaker"),
    # Corosync has no serial link, and Pacemaker asks an application nothing of ours.
    ("failover_links.2", ...),
    ("failover_services.0.applications", [{"unit": "worker.service"}]),
]


@pytest.fixture
def written(build, found):
    """Renders one of the templates for the first service."""
    sound = build(found=found)

    def text(name, *changes, model=sound):
        model = build(*changes, found=found) if changes else model
        room = jinja2.Environment(
            trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
        )
        for plugin in (endpoint, link):
            for key, function in plugin.FilterModule().filters().items():
                room.filters[f"failover.cluster.{key}"] = function
        return room.from_string((ROLE / "templates" / name).read_text()).render(
            prepare_model=model,
            item=model["services"][0],
            prepare_secrets={"drbd-shop": "ab" * 32},
            drbd_resync_rate="200M",
        )

    return text


def section(text, name):
    """The lines of a section without its inner ones."""
    [inner] = re.findall(rf"^  {name} {{\n(.*?)^  }}", text, re.MULTILINE | re.DOTALL)
    return inner


def test_drbd_9_freezes_by_its_connection_and_promotes_nothing_by_itself(written):
    text = written("resource9.res.j2")
    assert "fencing resource-and-stonith;" in section(text, "net")
    assert "fencing" not in section(text, "disk")
    assert "auto-promote no;" in section(text, "options")
    assert "quorum off;" in section(text, "options")
    handlers = section(text, "handlers")
    assert 'fence-peer "/usr/lib/failoverd/fence-peer";' in handlers
    assert 'unfence-peer "/usr/lib/failoverd/unfence-peer";' in handlers


@pytest.mark.parametrize(
    ("name", "tail"), [("resource.res.j2", ".sh"), ("resource9.res.j2", ".9.sh")]
)
def test_with_pacemaker_the_handlers_are_those_that_know_its_configuration(written, name, tail):
    own = section(written(name), "handlers")
    assert "failoverd" in own and "crm-" not in own
    text = written(name, *PACEMAKER)
    assert "fencing resource-and-stonith;" in text
    handlers = dict(re.findall(r'(\S+) "(.*)";', section(text, "handlers")))
    fence, *words = handlers["fence-peer"].split()
    assert fence == f"/usr/lib/drbd/crm-fence-peer{tail}"
    assert handlers["unfence-peer"] == f"/usr/lib/drbd/crm-unfence-peer{tail}"
    # Pacemaker 3 has no Master, and writes must not go on before the fence.
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert given["--role"] == "Promoted"
    assert min(int(given["--timeout"]), int(given["--dc-timeout"])) >= 3600
    assert "failoverd" not in text


def test_drbd_9_numbers_the_nodes_and_names_both_ends_of_the_connection(written):
    text = written("resource9.res.j2")
    assert re.findall(r"node-id (\d);", text) == ["0", "1"]
    assert [re.search(rf'on "{node}" {{', text) is not None for node in NODES] == [True, True]
    ends = re.findall(r'host "(\S+)" address (\S+);', section(text, "connection"))
    assert [name for name, _address in ends] == NODES
    assert [address.rpartition(":")[0] for _name, address in ends] == [
        "192.168.2.11",
        "192.168.2.12",
    ]
    assert text.count('"/dev/vdb";') == 2
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("name", ["resource.res.j2", "resource9.res.j2"])
def test_only_the_nodes_with_a_disk_stand_in_the_file(written, build, found, name):
    text = written(name)
    assert re.findall(r'^  on "(\S+)" {', text, re.MULTILINE) == NODES
    three = copy.deepcopy(build(found=found))
    three["nodes"] = ["node0", *NODES]
    assert written(name, model=three) == text


def test_drbd_84_freezes_by_its_disk_and_knows_no_node_numbers(written):
    text = written("resource.res.j2")
    assert "fencing resource-and-stonith;" in section(text, "disk")
    assert "fencing" not in section(text, "net")
    assert "node-id" not in text and "auto-promote" not in text


def test_both_know_the_same_timeouts(written):
    for name in ("net", "disk"):
        both = [
            {
                line.strip()
                for line in section(written(file), name).splitlines()
                if "#" not in line and "fencing" not in line
            }
            for file in ("resource.res.j2", "resource9.res.j2")
        ]
        assert both[0] == both[1]


@pytest.mark.finding("X9")
@pytest.mark.parametrize("file", ["resource.res.j2", "resource9.res.j2"])
def test_a_new_resource_proves_its_secret_by_sha256_and_an_old_one_keeps_its_way(
    file, written, build, found
):
    assert "cram-hmac-alg sha256;" in section(written(file), "net")
    old = written(file).replace("sha256;", "sha1;")
    assert old.startswith(_drbd_files.HEADER)
    told = _drbd_files.parse(old)
    found["node2"]["drbd_files"] = {"/etc/drbd.d/shop.res": told}
    assert build(found=found)["services"][0]["storage"]["digest"] == "sha1"
    found["node2"]["drbd_files"] = {"/etc/drbd.d/shop.res": _drbd_files.parse(written(file))}
    assert build(found=found)["services"][0]["storage"]["digest"] == "sha256"


@pytest.mark.parametrize(
    ("version", "file"),
    [
        ("8.4.11", "resource.res.j2"),
        ("9.2.8", "resource9.res.j2"),
        ("9.1.4-2", "resource9.res.j2"),
        ("", "resource.res.j2"),
    ],
)
def test_the_kernels_module_chooses_the_grammar(version, file):
    room = jinja2.Environment()
    room.tests["match"] = lambda text, pattern: re.match(pattern, text) is not None
    chosen = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["drbd_template"]
    said = room.from_string(chosen).render(
        inventory_hostname="node1",
        prepare_judgement={"found": {"node1": {"drbd_version": version}}},
    )
    assert said.strip() == file


def test_the_version_is_that_of_the_loaded_module(tmp_path):
    (tmp_path / "version").write_text("9.2.8\n")
    assert (
        _node.drbd_version(lambda argv: (0, "8.4.11\n", ""), str(tmp_path / "version")) == "9.2.8"
    )


@pytest.mark.parametrize(("code", "version"), [(0, "8.4.11"), (1, "")])
def test_a_module_that_is_not_loaded_is_looked_up(tmp_path, monkeypatch, code, version):
    monkeypatch.setattr(_node.os.path, "exists", lambda path: True)
    asked = []

    def run(argv):
        asked.append(argv[1:])
        return code, "8.4.11\n", ""

    assert _node.drbd_version(run, str(tmp_path / "version")) == version
    assert asked == [["-F", "version", "drbd"]]


@pytest.mark.finding("S29")
@pytest.mark.parametrize("template", ["resource.res.j2", "resource9.res.j2"])
@pytest.mark.parametrize(("disk", "refused"), [("UpToDate", True), ("Diskless", False)])
def test_a_disk_that_is_in_use_does_not_become_another_one(
    written, tmp_path, monkeypatch, template, disk, refused
):
    import importlib

    from ansible_collections.failover.cluster.plugins.module_utils import _drbd

    from tests.unit.collection.modules import PLACE, run

    module = importlib.import_module(f"{PLACE}.drbd_files")
    main, text = module.main, written(template)
    (tmp_path / "shop.res").write_text(text)
    monkeypatch.setattr(module, "main", lambda: main(str(tmp_path), str(tmp_path / "none")))
    monkeypatch.setattr(module.os, "uname", lambda: type("", (), {"nodename": "node1"}))
    state = {**_drbd.NONE, "connection": "Connected", "disk": disk}
    monkeypatch.setattr(_drbd, "read", lambda *_args: state)
    monkeypatch.setattr(module.Files, "parse", lambda _self: None)
    said = run("drbd_files", check=True, files={"shop": text.replace("/dev/vdb", "/dev/vdc")})
    assert ("/dev/vdb is in use on node1" in said.get("msg", "")) == refused
    same = text.replace("ping-int 1", "ping-int 2")
    assert run("drbd_files", check=True, files={"shop": same})["written"] == ["shop"]
    # The disk of the other node is the other node's affair.
    there = text[::-1].replace("/dev/vdb"[::-1], "/dev/vdc"[::-1], 1)[::-1]
    assert run("drbd_files", check=True, files={"shop": there})["written"] == ["shop"]
