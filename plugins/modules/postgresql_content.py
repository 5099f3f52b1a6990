#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates the database cluster, database and account of a service on its storage."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_content
short_description: Creates a PostgreSQL cluster with one database and one account
description:
  - A data directory that does not exist is prepared beside its place and moved there when it is
    complete, so an interrupted run leaves nothing incomplete.
  - Data of another version than that of the programs are refused.
  - In an existing directory a missing database or account is made, and a wrong password is
    corrected, if its server runs on this node or was shut down in order; after a crash the
    directory is left alone until its server has run.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode:
    support: partial
    details: It does not ask a stopped server, because that would write to its directory.
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  data:
    description: Data directory.
    type: path
    required: true
  programs:
    description: Directory of the programs initdb and postgres.
    type: path
    required: true
  database:
    description: Name of the database.
    type: str
    required: true
  user:
    description: Name of the account that owns it.
    type: str
    required: true
  password:
    description: Password of the account, printable ASCII characters without quotes.
    type: str
    required: true
  port:
    description: Port of the running server.
    type: int
    default: 5432
  socket:
    description: Directory of the running server's UNIX socket.
    type: path
    default: /run/postgresql
  replication:
    description:
      - Password of an account C(failover_replication), with which the other node copies and follows
        this one. Without it there is no such account.
      - With it, nothing of an existing directory is corrected but on a running primary.
    type: str
    default: ""
  create:
    description: Whether a directory that does not exist is made.
    type: bool
    default: true
  account:
    description: System account that runs the server.
    type: str
    default: postgres
"""

EXAMPLES = r"""
- name: The database of the shop
  failover.cluster.postgresql_content:
    data: /srv/shop/postgresql
    programs: /usr/lib/postgresql/15/bin
    database: shop
    user: shop
    password: "{{ vault_shop_password }}"
"""

RETURN = r"""
done:
  description: Steps that were done, or would be.
  returned: always
  type: list
  elements: str
  sample: [initdb]
"""

import os
import re
import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils import _scram

PARTIAL = ".partial"
REPLICATION = "failover_replication"
REWIND = (
    *("pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)"),
    *("pg_read_binary_file(text)", "pg_read_binary_file(text, bigint, bigint, boolean)"),
)
"""Functions that pg_rewind calls, in the database postgres."""


class Content:
    """The content of one data directory."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.done: list[str] = []

    def run(self, argv: list[str], sql: str | None = None) -> str:
        """Run a command as the account of the server; it must succeed."""
        code, out, err = self.module.run_command(
            ["runuser", "-u", self.params["account"], "--", *argv], data=sql, cwd="/"
        )
        if code != 0:
            # Masked before it is cut: half a verifier could not be recognised.
            reason = _scram.masked(" ".join((err or out).split()))[-400:]
            self.module.fail_json(msg=f"{self.params['data']}: {argv[0]} failed: {reason}")
        return out

    def fits(self) -> None:
        """Refuse data that the programs cannot read."""
        try:
            with open(f"{self.params['data']}/PG_VERSION", encoding="ascii") as handle:
                data = handle.read().strip()
        except FileNotFoundError:
            return
        # As in /usr/lib/postgresql/15/bin.
        programs = os.path.basename(os.path.dirname(self.params["programs"].rstrip("/")))
        if data != programs:
            self.module.fail_json(
                msg=f"{self.params['data']}: is of version {data}, and the programs are of version"
                f' {programs}. Write version: "{data}" in the inventory, or run the playbook'
                " upgrade_postgresql."
            )

    def create(self) -> None:
        """Make the whole directory beside its place, then move it there."""
        self.done.append("initdb")
        if self.module.check_mode:
            return
        data, partial = self.params["data"], self.params["data"] + PARTIAL
        shutil.rmtree(partial, ignore_errors=True)
        os.mkdir(partial, 0o700)
        shutil.chown(partial, self.params["account"], self.params["account"])
        programs = self.params["programs"]
        self.run(
            [
                f"{programs}/initdb",
                "-D",
                partial,
                "--auth-local=peer",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ]
        )
        # A single-user server reads one statement a line and stops at the first error with "-E"
        # only in its log, so the result is looked at afterwards.
        self.run(
            [f"{programs}/postgres", "--single", "-D", partial, "postgres"],
            f"CREATE ROLE {self.quoted('user')} LOGIN PASSWORD '{self.secret()}'\n"
            f"CREATE DATABASE {self.quoted('database')} OWNER {self.quoted('user')}\n"
            + "".join(f"{line}\n" for line in self.replicating()),
        )
        out = self.run(
            [f"{programs}/postgres", "--single", "-D", partial, "postgres"],
            "SELECT rolname AS found FROM pg_roles JOIN pg_database ON datdba = pg_roles.oid"
            f" WHERE datname = '{self.params['database']}'\n",
        )
        if f'found = "{self.params["user"]}"' not in out:
            self.module.fail_json(msg=f"{data}: the new database was not found after its creation.")
        os.sync()
        os.rename(partial, data)

    def quoted(self, key: str) -> str:
        """An SQL identifier; the model allows letters, digits, '-' and '_' only."""
        return '"' + self.params[key].replace('"', '""') + '"'

    def replicating(self) -> list[str]:
        """Statements that make the account of the replication."""
        if not self.params["replication"]:
            return []
        stored = _scram.make(self.params["replication"])
        return [
            f"CREATE ROLE {REPLICATION} LOGIN REPLICATION PASSWORD '{stored}'",
            *(f"GRANT EXECUTE ON FUNCTION {each} TO {REPLICATION}" for each in REWIND),
            # Before a hand-over.
            f"GRANT pg_checkpoint TO {REPLICATION}",
        ]

    def secret(self) -> str:
        """What the server stores instead of the password."""
        return _scram.make(self.params["password"])

    def serving(self) -> bool:
        """Whether the server of this directory runs and accepts connections."""
        try:
            with open(f"{self.params['data']}/postmaster.pid", encoding="utf-8") as handle:
                lines = handle.read().splitlines()
        except FileNotFoundError:
            return False
        return (
            len(lines) > 7
            and lines[7].strip() == "ready"
            and os.path.exists(f"/proc/{lines[0].strip()}")
        )

    def psql(self, sql: str) -> list[str]:
        """Run statements on the running server and return the lines of the answer."""
        return self.run(
            [
                "psql",
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-v",
                # An error would quote the statement, and with it what is stored for the password.
                "VERBOSITY=terse",
                "-h",
                self.params["socket"],
                "-p",
                str(self.params["port"]),
                "-d",
                "postgres",
            ],
            sql,
        ).splitlines()

    def stopped(self) -> bool:
        """Whether the server of this directory was shut down in order."""
        return not os.path.exists(f"{self.params['data']}/postmaster.pid")

    def single(self, sql: str) -> str:
        """Run statements, one a line, on the stopped server and return what it prints."""
        programs, data = self.params["programs"], self.params["data"]
        return self.run([f"{programs}/postgres", "--single", "-D", data, "postgres"], f"{sql}\n")

    def look(self) -> dict[str, str]:
        """What is there of the stored password (user) and the database."""
        user = f"FROM pg_authid WHERE rolname = '{self.params['user']}'"
        database = f"FROM pg_database WHERE datname = '{self.params['database']}'"
        password = "coalesce(rolpassword, '')"
        if self.stopped():
            out = self.single(
                f'SELECT {password} AS "user" {user}\nSELECT datname AS "database" {database}'
            )
            return dict(re.findall(r'\b(user|database) = "([^"]*)"', out))
        lines = self.psql(
            f"SELECT 'user', {password} {user};SELECT 'database', datname {database};"
        )
        return dict(line.split("|", 1) for line in lines)

    def primary(self) -> bool:
        """Whether the running server takes writes."""
        return self.psql("SELECT pg_is_in_recovery();") == ["f"]

    def correct(self) -> None:
        """Make what is missing, and what does not fit, in a directory that exists."""
        found = self.look()
        role = f"{self.quoted('user')} LOGIN PASSWORD '{self.secret()}'"
        if "user" not in found:
            self._change("role", f"CREATE ROLE {role}")
        elif not _scram.verify(found["user"], self.params["password"]):
            self._change("password", f"ALTER ROLE {role}")
        if "database" not in found:
            self._change(
                "database", f"CREATE DATABASE {self.quoted('database')} OWNER {self.quoted('user')}"
            )

    def _change(self, what: str, sql: str) -> None:
        self.done.append(what)
        if self.module.check_mode:
            return
        if not self.stopped():
            self.psql(f"{sql};")
            return
        self.single(sql)
        # The server without clients reports an error in its log only.
        left = self.look()
        wrong = not _scram.verify(left.get("user", ""), self.params["password"])
        if "database" not in left if what == "database" else wrong:
            self.module.fail_json(msg=f"{self.params['data']}: the {what} could not be corrected.")


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "data": {"type": "path", "required": True},
            "programs": {"type": "path", "required": True},
            "database": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "port": {"type": "int", "default": 5432},
            "socket": {"type": "path", "default": "/run/postgresql"},
            "replication": {"type": "str", "default": "", "no_log": True},
            "create": {"type": "bool", "default": True},
            "account": {"type": "str", "default": "postgres"},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    content = Content(module)
    content.fits()
    if not os.path.exists(f"{module.params['data']}/PG_VERSION"):
        if os.path.isdir(module.params["data"]) and os.listdir(module.params["data"]):
            module.fail_json(msg=f"{module.params['data']}: holds files but no database cluster.")
        if module.params["create"]:
            content.create()
    elif module.params["replication"]:
        # What a stopped server of two wrote, the other one would not have.
        if content.serving() and content.primary():
            content.correct()
    elif content.serving() or (content.stopped() and not module.check_mode):
        # A stopped server can only be asked by starting it, which writes.
        content.correct()
    module.exit_json(changed=bool(content.done), done=content.done)


if __name__ == "__main__":
    main()
