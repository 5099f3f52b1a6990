# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.demo``: from nothing to a report, with a true exit status."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lab import Lab, LabSpec
from lab.demo import scenes
from lab.demo.events import Measured, Played, measure, timeline
from lab.demo.measure import ClientProcess, Served
from lab.demo.playbook import CHECKOUT, PlayResult, run_playbook
from lab.demo.target import Target
from lab.demo.verdict import came_back, failures
from lab.errors import LabError
from lab.observer import Interval, start
from lab.progress import Progress, to_stderr
from lab.report import render


def parser() -> argparse.ArgumentParser:
    """The options of the demonstration."""
    made = argparse.ArgumentParser(
        prog="python -m lab.demo",
        description="Raise two hosts, build the cluster with site.yml twice, move the service,"
        " cut the power of the active node, wait until all is healed, and write"
        " build/demo/report.json and report.html.",
        epilog="Exit status: 0 all went well; 1 something was lost, two nodes were active, the"
        " second run changed something or the service did not return; 2 it could not be played.",
    )
    made.add_argument("--name", default="demo", help="name of the lab (demo)")
    made.add_argument("--suite", choices=("bookworm", "trixie"), help="Debian release of the nodes")
    made.add_argument("--keep", action="store_true", help="leave the lab running afterwards")
    made.add_argument(
        "--reuse", action="store_true", help="play on the lab as it stands, if it is up"
    )
    made.add_argument("--json", action="store_true", help="print the report as JSON on stdout")
    made.add_argument("--out", type=Path, default=CHECKOUT / "build" / "demo", help="directory")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Play the demonstration."""
    options = parser().parse_args(argv)
    progress = to_stderr()
    options.out.mkdir(parents=True, exist_ok=True)
    lab = Lab(options.name)
    try:
        with raised(lab, options, progress):
            try:
                problems = play(lab, options.out, options.json, progress)
            except LabError as error:
                print(f"\nThe demonstration could not be finished: {error}", file=sys.stderr)
                print_journals(lab)
                return 2
            if problems:
                print_journals(lab)
    except LabError as error:
        print(f"\nThe lab: {error}", file=sys.stderr)
        return 2
    return 1 if problems else 0


@contextlib.contextmanager
def raised(lab: Lab, options: argparse.Namespace, progress: Progress) -> Iterator[None]:
    """Two bare hosts, taken down at the end unless they are kept."""
    if not options.reuse:
        lab.down()
    progress("raising two hosts")
    spec = LabSpec(suite=options.suite) if options.suite else None
    try:
        lab.up(spec=spec, progress=progress)
        lab.wait_ready(timeout=300)
        yield
    finally:
        if options.keep or options.reuse:
            progress(f"the lab stays: python -m lab --name {lab.name} ssh node1")
        else:
            lab.down()


def play(lab: Lab, out: Path, as_json: bool, progress: Progress) -> list[str]:
    """Everything from bare hosts to the report; returns the problems."""
    target = Target.load(lab)
    first, second = provision(lab, target, out, progress)
    nodes = target.nodes
    client = ClientProcess(lab, out / "client.jsonl", target.client_options(), target.password)
    try:
        with start(lab, nodes, target.watch) as observer:
            stage = scenes.Stage(lab, nodes, target.service, client, observer, progress)
            progress("the client waits for steady service")
            if not client.wait_steady(scenes.STEADY_S, timeout=120.0):
                raise LabError("the service is not served after site.yml")
            scenes.wait_healed(stage)
            moved = scenes.switchover(stage)
            scenes.wait_healed(stage)
            cut = scenes.power_off(stage)
            if cut.active_before:
                scenes.heal(stage, cut.active_before)
            client.wait_steady(scenes.STEADY_S, timeout=60.0)
            observer.wait_answering()
            progress("the client reads the table back")
            account = client.finish()
            both = observer.both_active()
            history = scenes.histories(stage, nodes)
    finally:
        client.kill()
    played = [moved, cut]
    lost = account.get("lost") if account.get("verified") else None
    measured = measure(played, client.served, lost, history)
    report = report_of(first, second, measured)
    problems = failures(
        report, both, [came_back(list(event.gaps.values())) for event in measured], account
    )
    write(out, report, measured, client.served, account, both, problems, history)
    if as_json:
        print(json.dumps(report, indent=2))
    summary(report, account, problems, out)
    return problems


def provision(
    lab: Lab, target: Target, out: Path, progress: Progress
) -> tuple[PlayResult, PlayResult]:
    """Run site.yml twice: the second run must find nothing to do."""
    results = []
    for number, text in ((1, "building the cluster: site.yml"), (2, "site.yml once more")):
        progress(text)
        result = run_playbook(
            CHECKOUT / "playbooks" / "site.yml",
            target.inventories(lab),
            CHECKOUT / "build",
            out / f"site-{number}.log",
            progress,
            environment=target.environment(lab),
        )
        progress(f"  {result.seconds:.0f} s, changed={result.changed}")
        results.append(result)
    return results[0], results[1]


def report_of(
    first: PlayResult, second: PlayResult, measured: Sequence[Measured]
) -> dict[str, Any]:
    """The content of report.json."""
    return {
        "provision": {
            "first_run_s": first.seconds,
            "second_run_s": second.seconds,
            "second_run_changed": second.changed,
        },
        "events": [event.as_report() for event in measured],
    }


def write(
    out: Path,
    report: dict[str, Any],
    measured: Sequence[Measured],
    served: Served,
    account: dict[str, Any],
    both: Sequence[Interval],
    problems: Sequence[str],
    history: Sequence[dict[str, Any]],
) -> None:
    """Write report.json, its picture's data and report.html."""
    pictures = [timeline(event, served) for event in measured]
    details = {
        "account": account,
        "both_active": [[interval.begin, interval.end] for interval in both],
        "problems": list(problems),
        "timelines": pictures,
    }
    for name, content in (("report.json", report), ("details.json", details)):
        (out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    page = render(report, pictures, account, list(problems), history)
    (out / "report.html").write_text(page, encoding="utf-8")


def summary(
    report: dict[str, Any], account: dict[str, Any], problems: Sequence[str], out: Path
) -> None:
    """The summary, for people."""
    lines = [""]
    for event in report["events"]:
        down = event["downtime_s"]
        lines.append(
            f"{event['name']:<11} {event['active_before']} -> {event['active_after']}"
            f"   without service: PostgreSQL {down['postgresql']:.1f} s,"
            f" HTTP {down['http']:.1f} s   lost: {event['lost']}"
        )
        phases = [f"{k} {v:.2f} s" for k, v in event["phases_s"].items() if v is not None]
        lines.append(f"{'':<11} {' · '.join(phases)}")
    lines.append(
        f"{account.get('acknowledged', 0)} rows acknowledged, {account.get('unknown', 0)} left"
        f" open by a broken connection ({account.get('unknown_kept', 0)} of them are there)"
    )
    lines += [f"FAILED: {problem}" for problem in problems] or ["All went well."]
    lines.append(f"Report: {out / 'report.html'}")
    print("\n".join(lines), file=sys.stderr, flush=True)


def print_journals(lab: Lab) -> None:
    """The journals of both nodes, to find the reason."""
    for node, text in lab.journals().items():
        print(f"\n===== journal of {node} =====\n{text}", file=sys.stderr)


__all__ = ["Played", "main"]
