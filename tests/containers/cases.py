# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents that are tried: their parameters on Debian, and how to see that they serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from . import looks

MOUNT = "/srv/proof"
ADDRESS = "192.0.2.10"
INTERFACE = "proof0"
WORKER = "/usr/local/sbin/worker"
POSTGRESQL = max(Path("/usr/lib/postgresql").glob("[0-9]*"), default=Path("15")).name
"""Its major version in the container."""
PG_PROGRAMS = f"/usr/lib/postgresql/{POSTGRESQL}/bin"


@dataclass(frozen=True)
class Case:
    """One agent. Commands are words for the shell."""

    agent: str
    look: Callable[[], bool]
    """Whether it serves, seen without the agent."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    package: str = "resource-agents"
    """Whose version is told: that of what it drives."""
    promoted: bool = False
    before: str = ""
    """What the node needs before it can be prepared."""
    grace_s: float = 0.0
    """So long after its start it may serve, where the agent only sees to it that it runs."""
    harm: str = ""
    """How to break what has no process; others have their processes killed."""


CASES = {
    "nginx": Case(
        agent="heartbeat:nginx",
        package="nginx",
        before="rm -f /etc/nginx/sites-enabled/default; printf '"
        "server { listen 8081; root /var/www/html; }\\n"
        "' >/etc/nginx/sites-enabled/proof; echo proof >/var/www/html/index.html",
        parameters={"httpd": "/usr/sbin/nginx", "configfile": "/etc/nginx/nginx.conf"},
        look=partial(looks.http, "http://127.0.0.1:8081/index.html"),
    ),
    "apache": Case(
        agent="heartbeat:apache",
        package="apache2",
        before="echo proof >/var/www/html/index.html",
        parameters={
            "httpd": "/usr/sbin/apache2",
            "configfile": "/etc/apache2/apache2.conf",
            "statusurl": "http://127.0.0.1/server-status",
        },
        look=partial(looks.http, "http://127.0.0.1/index.html"),
    ),
    "mysql": Case(
        agent="heartbeat:mysql",
        package="mariadb-server",
        # Debian has no directory /var/log/mysql, where the agent would log.
        parameters={"binary": "/usr/bin/mysqld_safe", "log": "/var/log/mariadb.log"},
        look=partial(looks.says, "1", "mariadb", "--batch", "--execute", "SELECT 1"),
    ),
    "tomcat": Case(
        agent="heartbeat:tomcat",
        package="tomcat10",
        before="install -d -o tomcat /run/tomcat"
        "; echo proof >/var/lib/tomcat10/webapps/ROOT/index.html",
        parameters={
            "java_home": "/usr/lib/jvm/default-java",
            "catalina_home": "/usr/share/tomcat10",
            "catalina_base": "/var/lib/tomcat10",
            # Where Debian's unit has it, too. Without it the agent's monitor finds nothing.
            "catalina_pid": "/run/tomcat/tomcat.pid",
            "tomcat_user": "tomcat",
            "statusurl": "http://127.0.0.1:8080/index.html",
        },
        look=partial(looks.http, "http://127.0.0.1:8080/index.html"),
    ),
    "pgsql": Case(
        agent="heartbeat:pgsql",
        package=f"postgresql-{POSTGRESQL}",
        parameters={
            "pgctl": f"{PG_PROGRAMS}/pg_ctl",
            "psql": f"{PG_PROGRAMS}/psql",
            "pgdata": f"/var/lib/postgresql/{POSTGRESQL}/main",
            "config": f"/etc/postgresql/{POSTGRESQL}/main/postgresql.conf",
            "socketdir": "/run/postgresql",
        },
        look=partial(
            looks.says,
            "1",
            *("runuser", "-u", "postgres", "--", f"{PG_PROGRAMS}/psql", "-qXAtc", "SELECT 1"),
        ),
    ),
    "Filesystem": Case(
        agent="heartbeat:Filesystem",
        before="mkfs.ext4 -qF /dev/shared0",
        parameters={"device": "/dev/shared0", "directory": MOUNT, "fstype": "ext4"},
        look=partial(looks.mounted, MOUNT),
        harm=f"umount {MOUNT}",
    ),
    "IPaddr2": Case(
        agent="heartbeat:IPaddr2",
        before=f"ip link add {INTERFACE} type veth peer name proof1; ip link set {INTERFACE} up;"
        " ip link set proof1 up",
        parameters={"ip": ADDRESS, "cidr_netmask": "24", "nic": INTERFACE},
        look=partial(looks.says, f"inet {ADDRESS}/24", "ip", "address", "show", INTERFACE),
        harm=f"ip address delete {ADDRESS}/24 dev {INTERFACE}",
    ),
    "Stateful": Case(
        agent="pacemaker:Stateful",
        package="pacemaker-resource-agents",
        promoted=True,
        parameters={"state": "/run/Stateful.state"},
        look=partial(looks.content, "/run/Stateful.state", "Promoted"),
        harm="rm /run/Stateful.state",
    ),
    "own": Case(
        agent="example:daemon",
        package="python3",
        before="install -D /srv/checkout/examples/ocf-agent"
        " /usr/lib/ocf/resource.d/example/daemon; mkdir -p /srv/own;"
        f" printf '#!/bin/sh\\nexec python3 -m http.server 8082 -d /srv/own\\n' >{WORKER};"
        f" chmod +x {WORKER}",
        parameters={"program": WORKER, "pidfile": "/run/worker.pid"},
        look=partial(looks.http, "http://127.0.0.1:8082/"),
        grace_s=10.0,
    ),
    "redis": Case(
        agent="heartbeat:redis",
        package="redis-server",
        promoted=True,
        look=partial(looks.tcp, 6379, b"INFO replication\r\n", b"role:master"),
    ),
}
