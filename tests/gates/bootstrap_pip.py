# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the get-pip.py that ansible-test would download: the pip that Python brings.

It runs with the arguments of get-pip.py inside a virtual environment that has no pip yet, and needs
no host but the package index.
"""

from __future__ import annotations

import ensurepip
import runpy
import sys
import sysconfig
from pathlib import Path


def wheel() -> Path:
    """The wheel of pip that belongs to this Python; Debian keeps it in a package of its own."""
    places = [Path(ensurepip.__file__).parent / "_bundled"]
    places += [Path(given) for given in [sysconfig.get_config_var("WHEEL_PKG_DIR")] if given]
    for place in places:
        for found in sorted(place.glob("pip-*.whl")):
            return found
    raise SystemExit(f"{places[-1]}: holds no wheel of pip; install python3-venv.")


def main() -> None:
    """Install what is asked for with that pip."""
    sys.path.insert(0, str(wheel()))
    wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
    sys.argv = ["pip", "install", *wanted]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


main()
