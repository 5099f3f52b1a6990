# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the fence agents of this node for their parameters. The daemon does not load it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from failoverd.system.process import Finished, run

from . import metadata
from .settings import FencingSettings
from .stonith import find

METADATA_S = 60.0
"""An agent loads its interpreter and libraries first, which takes long on a busy node."""


async def read(path: str, limit_s: float = METADATA_S) -> metadata.Metadata:
    """Ask an agent for its metadata; killed at the limit. Raises MetadataError."""
    # Over stdin like every other action; some agents know it on the command line only.
    done = await run(path, stdin="action=metadata\n", timeout_s=limit_s)
    try:
        return metadata.parse(done.output)
    except metadata.MetadataError as error:
        if done.code is None:
            raise metadata.MetadataError(f"prints no metadata: {done.last_line}") from None
        again = await run(path, "-o", "metadata", timeout_s=limit_s)
        if "<resource-agent" in again.output:
            return metadata.parse(again.output)
        raise metadata.MetadataError(f"{error}{_said(done)}") from None


def _said(done: Finished) -> str:
    return f" but: {done.last_line}" if done.last_line else ""


async def problem(methods: Sequence[FencingSettings], limit_s: float = METADATA_S) -> str:
    """One sentence about the first method that its agent does not accept; else ""."""
    for method in methods:
        if method.agent:
            said = await _one(method, limit_s)
            if said:
                return f"fencing {method.name}: {said}."
    return ""


async def _one(method: FencingSettings, limit_s: float) -> str:
    agent, path = method.agent, find(method.agent)
    if not os.access(path, os.X_OK):
        # Debian 12 has one package; later releases may have one for each agent.
        own = f"fence-agents-{Path(agent).name.removeprefix('fence_').replace('_', '-')}"
        return f"{path} is not there; install the package fence-agents (or {own})"
    try:
        known = await read(path, limit_s)
    except metadata.MetadataError as error:
        return f"{agent} {error}"
    unfit = metadata.unfit(known)
    if unfit:
        return f"{agent} {unfit}"
    found = {node: metadata.wrong(known, parameters) for node, parameters in method.targets.items()}
    for node, (name, rule) in found.items():
        if rule:
            # If both devices are wrong, the error is in the parameters that they share.
            of = "" if len(set(found.values())) == 1 else f" of node {node}"
            return f"parameter {name}{of}: {rule} ({agent})"
    return ""
