# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single server, as people make it: a database, a site with sessions and a unit of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab import Lab

from .by_hand import BOOK, INSTALL, INTERFACE, PREFIX

ADDRESS = "10.44.9.201"
BOOK_PORT = 7071
UNIT = "ledger.service"
LEDGER, PAGES, VISITS = "/var/lib/ledger", "/var/www/orders", "/var/lib/visits"
MARKER = "orders since 2009"
SETTING = "log_min_duration_statement"
VALUE = "4321ms"
"""A setting of the user's own."""
ROWS = 180_000
"""Of a little more than 1 KiB: about 200 MB."""
PACKAGES = ("postgresql", "apache2", "libapache2-mod-php", "php")
POSTGRESQL = f"""set -e
place=$(echo /etc/postgresql/*/main)
mkdir -p $place/conf.d
cat >$place/conf.d/own.conf <<'END'
listen_addresses = '*'
{SETTING} = {VALUE}
max_wal_size = 128MB
shared_buffers = 32MB
END
grep -q "^include_dir = 'conf.d'" $place/postgresql.conf
echo 'host orders orders 10.44.8.0/22 scram-sha-256' >>$place/pg_hba.conf
systemctl restart postgresql
cd /
until runuser -u postgres -- psql -qc 'select 1' >/dev/null 2>&1; do sleep 0.5; done
runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 <<'END'
create role orders login password '{{password}}';
create database orders owner orders template template0 encoding 'UTF8';
\\c orders
create table load as select n, repeat(md5(n::text), 32) as text from generate_series(1, {ROWS}) n;
checkpoint;
END
"""
SITE = f"""set -e
mkdir -p {PAGES} {VISITS}
chown www-data: {VISITS}; chmod 700 {VISITS}
echo '<p>{MARKER}</p>' >{PAGES}/index.html
cat >{PAGES}/visits.php <<'END'
<?php session_save_path('{VISITS}'); session_start();
$_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; echo 'visit ', $_SESSION['n'];
END
cat >/etc/apache2/sites-available/orders.conf <<'END'
# Ours since 2009.
<VirtualHost *:80>
  DocumentRoot {PAGES}
  <Directory {PAGES}>
    Require all granted
  </Directory>
</VirtualHost>
END
a2dissite -q 000-default; a2ensite -q orders
systemctl enable -q apache2; systemctl restart apache2
"""
LEDGER_UNIT = f"""[Unit]
Description=The ledger
[Service]
ExecStart=/usr/bin/python3 {BOOK} {LEDGER}/book {BOOK_PORT}
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Alone:
    """The server, and what is the name of things on it."""

    lab: Lab
    node: str
    password: str

    def make(self) -> None:
        """Install it, fill it, and let it serve at an address of its own."""
        self._do(INSTALL.format(packages=" ".join(PACKAGES)), 600.0)
        self._do(POSTGRESQL.replace("{password}", self.password), 600.0)
        self._do(SITE)
        self.lab.ssh(
            self.node,
            f"mkdir -p {LEDGER} && cat >{BOOK}",
            input=Path(__file__).with_name("book.py").read_text("utf-8"),
        )
        self.lab.ssh(self.node, f"cat >/etc/systemd/system/{UNIT}", input=LEDGER_UNIT)
        self._do(
            f"systemctl daemon-reload; systemctl enable -q --now {UNIT};"
            f" ip address add {ADDRESS}/{PREFIX} dev {INTERFACE}"
        )

    def _do(self, script: str, timeout: float = 120.0) -> None:
        self.lab.ssh(self.node, "bash -s", input=script, timeout=timeout)

    def asked(self, node: str, sql: str) -> str:
        """What the database of a host answers; the load is read from the disk for that."""
        command = f'cd /; runuser -u postgres -- psql -XAt -d orders -c "{sql}"'
        return self.lab.ssh(node, command, timeout=180).stdout.strip()

    def load(self, node: str) -> str:
        """A sum over everything that was there before."""
        return self.asked(node, "select count(*), sum(hashtext(text)::bigint) from load")

    def written(self, node: str) -> list[int]:
        """The numbers that the ledger holds, in its order."""
        return [int(line) for line in self.lab.ssh(node, f"cat {LEDGER}/book").stdout.split()]

    def place(self) -> str:
        """The directory of the database's configuration."""
        return self.lab.ssh(self.node, "echo /etc/postgresql/*/main").stdout.strip()

    def unit(self) -> str:
        """The unit of the database."""
        return f"postgresql@{self.place().split('/')[3]}-main.service"

    def look(self) -> str:
        """What a run that changes nothing could have changed on the server."""
        commands = (
            f"find {self.place()} /etc/apache2 /etc/systemd/system -type f"
            " | sort | xargs sha256sum",
            "dpkg-query -f '${Package} ${db:Status-Abbrev}\\n' -W | sha256sum",
            "ls -A /etc/drbd.d /etc/failoverd /var/lib/failover",
            f"ip -brief address show {INTERFACE}",
            f"systemctl is-active {self.unit()} {UNIT} apache2",
        )
        return self.lab.ssh(self.node, f"({'; '.join(commands)}; true) 2>&1").stdout

    def forget(self) -> None:
        """Nothing of it serves any more."""
        for node in self.lab.nodes:
            self.lab.ssh(
                node,
                f"systemctl disable --now {UNIT} apache2 postgresql;"
                f" ip address del {ADDRESS}/{PREFIX} dev {INTERFACE}; true",
                check=False,
                timeout=120,
            )
