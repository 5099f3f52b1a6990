# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity of the collection as it is published: all of its tests and none ignored.

What stays in the checkout (galaxy.yml: build_ignore) is checked by ``make lint``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.gates.bench import BUILD, ROOT, TOOLS, Bench, Refused

HOME = BUILD / "home"


def home() -> dict[str, Path]:
    """A home of its own, so that ansible-test downloads no pip and leaves nothing behind."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    # The name holds the version of pip that ansible-test of the locked ansible-core asks for.
    shutil.copy(ROOT / "tests" / "gates" / "bootstrap_pip.py", cache / "get_pip_24_2.py")
    settings = HOME / ".config" / "pip"
    settings.parent.mkdir(exist_ok=True)
    if not settings.is_symlink():
        # The user's package index holds here too.
        settings.symlink_to(Path.home() / ".config" / "pip")
    return {"HOME": HOME}


def python() -> str:
    """The version of Python in the tools."""
    return next((TOOLS.parent / "lib").glob("python3.*")).name.removeprefix("python")


def check(bench: Bench) -> dict[str, object]:
    """Run all tests that need neither a container nor a remote host."""
    ignored = list((bench.tree / "tests").glob("sanity/ignore*"))
    if ignored:
        raise Refused(f"{ignored[0].name}: nothing is ignored here; mend what it names.")
    command = ["ansible-test", "sanity", "--local", "--python", python(), "--color", "no"]
    said = bench.run(command, cwd=bench.published, env=home())
    tests = said.count("Running sanity test ")
    if not tests or "skipped" in said:
        raise Refused(f"ansible-test sanity: something was left out:\n{said}")
    return {"tests": tests}
