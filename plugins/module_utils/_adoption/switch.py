# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short stop: the old service ends, the last difference is copied, the old places are kept.

Whatever fails before the old service has been left is undone, and it runs again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import edits, trees
from .places import COPYING, KEPT, Failed
from .postgres import Database
from .state import CONFIRMED, MOVED, RETURNED, RETURNING, SERVED, STOPPING, State
from .trees import Tree

Run = Callable[[Sequence[str]], tuple[int, str, str]]
RUNNING = ("active", "activating", "reloading", "deactivating")
FOLLOWS_S = 10.0


def forth(work: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """What is copied onto the storage; each has source, copy and top."""
    top = work["mount"]
    return {
        kind: [{**one, "top": top, "source": one["old"], "copy": one["new"]} for one in work[kind]]
        for kind in ("databases", "directories")
    }


def back(work: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """What is copied to the old places again; a link still stands in the place of a directory."""
    return {
        kind: [
            {**one, "top": "/", "source": one["new"], "copy": one["old"] + more}
            for one in work[kind]
        ]
        for kind, more in (("databases", ""), ("directories", COPYING))
    }


class Copies:
    """All that is copied in one direction."""

    def __init__(self, told: Mapping[str, Sequence[Mapping[str, str]]], state: State) -> None:
        home = state.make()
        self.databases = [Database(one, home) for one in told["databases"]]
        self.trees = [Tree(one, home) for one in told["directories"]]

    def follow(self, seconds: float) -> tuple[bool, list[str]]:
        """Go on with copying for so long; whether everything follows, and a sentence for each."""
        said, whole = [], True
        each: list[Database | Tree] = [*self.databases, *self.trees]
        for one in each:
            done, line = one.follow(seconds)
            said.append(line)
            whole = whole and done
            if not done:
                break
        os.sync()
        return whole, said

    def complete(self) -> dict[str, str]:
        """Copy the last difference, and prove it; the last checkpoint of each database."""
        for tree in self.trees:
            final = tree.copy.removesuffix(COPYING)
            placed = final != tree.copy and os.path.isdir(final) and not os.path.islink(final)
            # A run that was cut off may have left links and directories in their new places.
            if os.path.isdir(tree.source) and not os.path.islink(tree.source) and not placed:
                tree.complete()
        return {str(one.source): one.complete() for one in self.databases}

    def release(self) -> None:
        """The copies are the data from now on."""
        for one in self.databases:
            one.release()
        for tree in self.trees:
            tree.forget()


class Switch:
    """The old service of a node, as the plan describes it."""

    def __init__(self, work: Mapping[str, Any], run: Run, state: State, root: str = "") -> None:
        self._work, self._run, self._state, self._root = work, run, state, root

    # --- to the storage

    def moved(self) -> dict[str, Any]:
        """Stop the old service and leave its data on the storage alone. Raises Failed."""
        seen = self._state.read()
        if seen.get("phase") in (MOVED, SERVED):
            return {"changed": False, **seen}
        copies = Copies(_with_kept(forth(self._work)), self._state)
        if self._running():
            whole, said = copies.follow(FOLLOWS_S)
            if not whole:
                raise Failed(f"{said[-1]}. The old service was not stopped; run it again.")
        if seen.get("phase") != STOPPING:
            seen = self._state.write(
                phase=STOPPING,
                work=dict(self._work),
                stopped_at=time.time(),
                # Of the way back, should this be the second move.
                taken=False,
                copied=True,
                boot=[unit for unit in self._work["units"] if self._boots(unit)],
                texts=edits.planned(_edited(self._work), self._root),
            )
        try:
            self._stop()
            last = copies.complete()
            self._leave(seen)
        except (Failed, OSError, ValueError) as error:
            raise Failed(f"{error} {self._undone(seen, copies)}") from error
        copies.release()
        return {"changed": True, **self._state.write(phase=MOVED, last=last)}

    def _leave(self, seen: Mapping[str, Any]) -> None:
        """Configuration, directories, boot and addresses belong to the cluster from now on."""
        for path, (_before, after) in seen["texts"].items():
            _write(self._root + path, after)
        for one in self._work["directories"]:
            trees.linked(one["old"], one["new"])
        for one in self._work["databases"]:
            kept = one["old"] + KEPT
            if os.path.isdir(one["old"]) and not os.path.lexists(kept):
                os.rename(one["old"], kept)
        if seen["boot"]:
            self._must(["systemctl", "disable", "--no-reload", *seen["boot"]])
        self._must(["systemctl", "daemon-reload"])
        for one in self._work["addresses"]:
            # Else the other addresses of the network would go with it.
            _put(f"{self._root}/proc/sys/net/ipv4/conf/{one['interface']}/promote_secondaries", "1")
            self._run(["ip", "address", "del", one["address"], "dev", one["interface"]])

    def _undone(self, seen: Mapping[str, Any], copies: Copies) -> str:
        """Start the old service in its old places; a sentence."""
        try:
            self._take_back(seen, {})
            self._start()
        except (Failed, OSError) as error:
            return f"And the old service could not be started again in its old place: {error}"
        self._state.write(phase="")
        for tree in copies.trees:
            tree.forget()
        return "Nothing was moved: the old service was started again in its old place."

    # --- back to the old places

    def returning(self, copied: bool) -> dict[str, Any]:
        """Remember that the cluster is about to stop. copied: with whose data it goes on."""
        seen = self._state.read()
        if seen.get("phase") == RETURNED:
            return {"changed": False, **seen}
        if seen.get("phase") not in (MOVED, SERVED, RETURNING):
            raise Failed(f"{self._work['service']}: was not moved, so there is no way back.")
        began = seen["left_at"] if seen["phase"] == RETURNING else time.time()
        new = self._state.write(phase=RETURNING, copied=copied, left_at=began)
        return {"changed": new != seen, **new}

    def returned(self) -> dict[str, Any]:
        """Start the old service in its old place. Raises Failed.

        The cluster has stopped its service. Its file system is mounted if its data are copied.
        """
        seen = self._state.read()
        if seen.get("phase") == RETURNED:
            return {"changed": False, **seen}
        if seen.get("phase") != RETURNING:
            raise Failed(f"{self._work['service']}: its way back was not begun.")
        if not seen.get("taken"):
            self._retake(seen)
            # The old service may write from now on: nothing is copied over that.
            self._state.write(taken=True)
        self._start()
        return {"changed": True, **self._state.write(phase=RETURNED, returned_at=time.time())}

    def _retake(self, seen: Mapping[str, Any]) -> None:
        if not seen["copied"]:
            self._take_back(seen, {})
            return
        copies = Copies(back(self._work), self._state)
        copies.complete()
        origins = {one["old"]: one["old"] + COPYING for one in self._work["directories"]}
        self._take_back(seen, origins, fresh=True)
        copies.release()

    def _take_back(
        self, seen: Mapping[str, Any], origins: Mapping[str, str], fresh: bool = False
    ) -> None:
        for path, (before, after) in seen["texts"].items():
            text = _read(self._root + path)
            if text == after:
                _write(self._root + path, before)
            elif text != before and path.endswith("/postgresql.conf"):
                # The user has changed other lines since.
                old = next(
                    one["old"]
                    for one in self._work["databases"]
                    if path == f"{one['configuration']}/postgresql.conf"
                )
                _write(self._root + path, edits.setting(text, "data_directory", old))
        for one in self._work["directories"]:
            trees.unlinked(one["old"], one["new"], origins.get(one["old"], ""))
        for one in () if fresh else self._work["databases"]:
            if os.path.isdir(one["old"] + KEPT) and not os.path.lexists(one["old"]):
                os.rename(one["old"] + KEPT, one["old"])
        if seen["boot"]:
            self._must(["systemctl", "enable", "--no-reload", *seen["boot"]])
        self._must(["systemctl", "daemon-reload"])
        for one in self._work["addresses"]:
            # It may be there yet.
            self._run(["ip", "address", "add", one["address"], "dev", one["interface"]])

    # --- for good

    def confirmed(self) -> dict[str, Any]:
        """Remove what was kept; there is no way back from then on."""
        seen = self._state.read()
        if seen.get("phase") not in (SERVED, RETURNED, CONFIRMED):
            raise Failed(
                f"{self._work['service']}: was not moved to its end, so nothing can be confirmed."
            )
        gone = [
            place
            for kind in ("databases", "directories")
            for one in self._work[kind]
            for place in (one["old"] + KEPT,)
            if trees.removed(place)
        ]
        if seen["phase"] == RETURNED:
            self._state.forget()
            return {"changed": True, "removed": gone}
        changed = bool(gone) or seen["phase"] != CONFIRMED
        return {"changed": changed, "removed": gone, **self._state.write(phase=CONFIRMED)}

    # --- units

    def _boots(self, unit: str) -> bool:
        _code, out, _err = self._run(["systemctl", "is-enabled", unit])
        return out.strip() == "enabled"

    def _running(self) -> bool:
        states = (self._run(["systemctl", "is-active", unit])[1] for unit in self._work["units"])
        return any(state.strip() in RUNNING for state in states)

    def _stop(self) -> None:
        for unit in reversed(self._work["units"]):
            self._must(["systemctl", "stop", unit])
        for unit in self._work["units"]:
            _code, out, _err = self._run(["systemctl", "is-active", unit])
            if out.strip() in RUNNING:
                raise Failed(f"{unit}: is {out.strip()} after its stop.")

    def _start(self) -> None:
        for unit in self._work["units"]:
            self._must(["systemctl", "start", unit])

    def _must(self, argv: Sequence[str]) -> None:
        code, out, err = self._run(argv)
        if code != 0:
            said = " ".join((err or out).split())[-400:]
            raise Failed(f"{' '.join(argv)} failed: {said}")


def _edited(work: Mapping[str, Any]) -> dict[str, Any]:
    """The plan, as the edits of the configuration read it."""
    return {**work, "databases": [{**one, "copy": one["new"]} for one in work["databases"]]}


def _with_kept(told: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
    """A run that was cut off may have renamed the old data already."""
    for one in told["databases"]:
        kept = one["source"] + KEPT
        if not os.path.lexists(one["source"]) and os.path.isdir(kept):
            one["source"] = kept
    return told


def _put(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as handle:
            handle.write(text)
    except OSError:
        return


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as handle:
            return handle.read()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    """In one step, with the owner and the mode that it had."""
    found = os.stat(path)
    with open(path + COPYING, "w", encoding="utf-8") as handle:
        os.fchown(handle.fileno(), found.st_uid, found.st_gid)
        os.fchmod(handle.fileno(), found.st_mode & 0o7777)
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(path + COPYING, path)
