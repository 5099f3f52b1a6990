# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that was never meant to be highly available: it writes down each line that it gets.

It runs on a node with Python's own modules alone: ``book.py FILE PORT``. It repeats a line when
that is on the disk.
"""

from __future__ import annotations

import os
import socketserver
import sys


class Book(socketserver.ThreadingTCPServer):
    """Listens on all addresses."""

    allow_reuse_address = True
    daemon_threads = True
    file = -1


class Lines(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Until it leaves."""
        book = self.server
        assert isinstance(book, Book)
        for line in self.rfile:
            os.write(book.file, line)
            os.fdatasync(book.file)
            self.wfile.write(line)


def main() -> None:
    """Serve until a signal ends it."""
    path, port = sys.argv[1:]
    with Book(("", int(port)), Lines) as book:
        book.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        book.serve_forever()


if __name__ == "__main__":
    main()
