# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container of plain Debian in which the page runs as its unit says, with TLS and a token.

Account, code, settings and unit lie where the role page puts them. The unit is the role's template.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from lab.command import run
from lab.containers.engine import Engine
from lab.containers.image import ensure
from lab.errors import LabError
from lab.image import words

from .container import BOOTED, CAPABILITIES, CHECKOUT, PODMAN

PACKAGES = Path(__file__).resolve().with_name("page_packages.txt")
NAME = "failover-page"
USER = "failover-page"
UNIT = "failover-page.service"
CODE, SETTINGS, SOCKETS = "/usr/lib/failover-page", "/etc/failover-page", "/run/failoverd-page"
ADDRESS, PORT = "192.0.2.1", 9820
CERTIFICATE, KEY = "/etc/ssl/certs/page.pem", "/etc/ssl/private/page.pem"
TOKEN = "a token for one container alone"
VARIABLES = {
    "ansible_managed": "Written for a test",
    "page_user": USER,
    "page_code": CODE,
    "page_directory": SOCKETS,
    "page_local": False,
    "page_credentials": {
        "settings": f"{SETTINGS}/page.json",
        "token": f"{SETTINGS}/token",
        "certificate": CERTIFICATE,
        "key": KEY,
    },
}
FILES = {
    "failover-page.service.j2": f"/etc/systemd/system/{UNIT}",
    "failover-page.conf.j2": "/etc/tmpfiles.d/failover-page.conf",
}
PATHS = "PYTHONPATH=/srv/checkout/roles/engine_agent/files:/srv/checkout"
LIMIT_S = 600.0
"""A busy machine takes long to boot a container and to install packages there."""


@contextmanager
def raised(place: Path, suite: str = "bookworm") -> Iterator[None]:
    """The page runs before a played daemon; the container is removed in any case."""
    made = ensure(Engine("podman"), suite, PACKAGES)
    _remove()
    try:
        options = [
            *("--hostname", "node1", "--network", "none", "--systemd=always", "--no-hosts"),
            *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
            *("--security-opt", "unmask=/proc/sys"),
            *(word for capability in CAPABILITIES for word in ("--cap-add", capability)),
            *("--volume", f"{made['packages']}:/srv/packages:ro"),
            *("--volume", f"{CHECKOUT}:/srv/checkout:ro"),
        ]
        create = [*PODMAN, "create", "--name", NAME, *options, made["image"]]
        run([*create, "/lib/systemd/systemd"], timeout=LIMIT_S)
        run([*PODMAN, "start", NAME], timeout=LIMIT_S)
        inside("sh", "-c", BOOTED)
        inside("apt-get", "update", "-q")
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q"]
        inside(*apt, "--no-install-recommends", *words(PACKAGES))
        _install(place)
        yield
    finally:
        _remove()


def _install(place: Path) -> None:
    """What the role does."""
    account = ["--system", "--shell", "/usr/sbin/nologin", "--home-dir", "/nonexistent"]
    inside("useradd", *account, USER)
    inside("cp", "-r", "/srv/checkout/roles/page/files", CODE)
    inside("mkdir", "-m", "0700", SETTINGS)
    settings = {"listen": ADDRESS, "port": PORT, "socket": f"{SOCKETS}/status.sock"}
    put(f"{SETTINGS}/page.json", json.dumps(settings))
    put(f"{SETTINGS}/token", f"{TOKEN}\n")
    _certify(place)
    put(CERTIFICATE, (place / "cert.pem").read_text(), mode="0644")
    put(KEY, (place / "key.pem").read_text())
    # So that a page that could read them would be noticed.
    inside("mkdir", "-p", "/etc/failoverd", "/var/lib/failoverd")
    put("/etc/failoverd/key", "a secret of the cluster")
    templates = FileSystemLoader(CHECKOUT / "roles/page/templates")
    engine = Environment(loader=templates, trim_blocks=True, keep_trailing_newline=True)
    for name, path in FILES.items():
        put(path, engine.get_template(name).render(VARIABLES), mode="0644")
    inside("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    # systemd hands credentials over to an account by a mount that has to reach all namespaces. It
    # shares its root for that, but not in a container.
    inside("mount", "--make-rshared", "/")
    # This network never comes online.
    inside("systemctl", "mask", "systemd-networkd-wait-online.service")
    inside("systemctl", "daemon-reload")
    inside("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/failover-page.conf")
    daemon = ["python3", "-s", "-m", "tests.containers.page_daemon", SOCKETS]
    inside("systemd-run", "--unit=played", "-E", PATHS, *daemon)
    inside("systemctl", "enable", "--now", UNIT)


def _certify(place: Path) -> None:
    """Make a certificate for its address, and the key."""
    made = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-noenc", "-days", "2", "-subj", "/CN=node1", "-addext", f"subjectAltName=IP:{ADDRESS}"),
        *("-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem")),
    ]
    run(made)


def asked(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program in the container."""
    return subprocess.run(
        [*PODMAN, "exec", "--interactive", NAME, *command],
        input=text, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip


def inside(*command: str, text: str = "") -> str:
    """Run a program in the container; raises LabError."""
    done = asked(*command, text=text)
    if done.returncode:
        raise LabError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def put(path: str, text: str, mode: str = "0600") -> None:
    """Write a file in the container."""
    inside("sh", "-c", f"umask 077; cat >{path} && chmod {mode} {path}", text=text)


def _remove() -> None:
    run([*PODMAN, "rm", "--force", "--volumes", "--ignore", NAME], timeout=LIMIT_S)
