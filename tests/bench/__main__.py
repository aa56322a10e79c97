"""python -m tests.bench [--contacts N] [--quick] [--write] [--only sms,telegram,offered]"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import report, runs, story
from tests.bench.load import BrokenError
from tests.bench.processes import cores

TARGETS = {"SMS": 0.25, "Telegram": 0.1}
LONGEST_P99 = 0.1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=64, help="conversations at any time")
    parser.add_argument("--services", type=int, default=20, help="local services, at most 20")
    parser.add_argument("--rate", type=float, default=50.0, help="messages/s of the open-loop run")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long it lasts")
    parser.add_argument("--quick", action="store_true", help="200 contacts, 8 seconds")
    parser.add_argument("--only", default="sms,telegram,offered", help="which runs")
    parser.add_argument("--profile", help="sample the server with py-spy into this file")
    parser.add_argument("--write", action="store_true", help="keep it in docs/performance.md")
    given = parser.parse_args()
    if given.quick:
        given.contacts, given.seconds = min(given.contacts, 200), min(given.seconds, 8.0)
    return given


async def measure(given: argparse.Namespace, plan: runs.Plan) -> list[runs.Result]:
    """The bare handler first and last, so that a machine that slows down is seen."""
    found = [await runs.bare(plan)]
    wanted = given.only.split(",")
    if "sms" in wanted:
        found.append(await runs.sms(plan))
    if "telegram" in wanted:
        found.append(await runs.over_telegram(plan))
    if "offered" in wanted:
        found.append(await runs.sms_offered(plan, rate=given.rate, seconds=given.seconds))
    found.append(await runs.bare(plan, "bare handler again"))
    return found


def said(results: list[runs.Result], given: argparse.Namespace) -> str:
    """The table, and whether the targets are met."""
    bare = [r.rate for r in results if r.name.startswith("bare")]
    measure = sum(bare) / len(bare)
    closed = [r for r in results if r.name in TARGETS]
    rows = [report.row(r, measure if r in closed else None) for r in results]
    lines = [
        f"{time.strftime('%Y-%m-%d')}. {report.machine()}. {given.contacts} contacts, "
        f"{given.at_once} at once, {given.services} services.",
        "",
        report.table(rows),
        "",
    ]
    cpu = sum(r.cpu_ms for r in results if r.name.startswith("bare")) / len(bare)
    for r in closed:
        ratio = r.rate / measure
        met = "met" if ratio >= TARGETS[r.name] else "MISSED"
        lines.append(
            f"- {r.name}: {ratio:.2f} of the bare handler's rate, target {TARGETS[r.name]}: {met} "
            f"({cpu / r.cpu_ms:.2f} by CPU time alone)."
        )
    if max(bare) > 1.25 * min(bare):
        lines.append("- The two bare runs differ: the machine was not quiet. Run it again.")
    for r in results:
        if "offered" in r.name:
            ordered = sorted(r.waits.replied)
            p99 = ordered[int(len(ordered) * 0.99)]
            met = "met" if p99 < LONGEST_P99 else "MISSED"
            lines.append(f"- {r.name}: reply p99 {1000 * p99:.0f} ms; under 100 ms: {met}.")
    return "\n".join(lines)


def _first(failed: BaseExceptionGroup[BrokenError]) -> BaseException:
    why = failed.exceptions[0]
    return _first(why) if isinstance(why, BaseExceptionGroup) else why


def main() -> None:
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that its processes end with it
    server_core, load_core = cores()
    os.sched_setaffinity(0, {load_core})
    with tempfile.TemporaryDirectory(prefix="kitline-bench-") as folder:
        plan = runs.Plan(
            given.contacts,
            given.at_once,
            story.areas(given.services),
            server_core,
            load_core,
            Path(folder),
            Path(given.profile).absolute() if given.profile else None,
        )
        try:
            results = asyncio.run(measure(given, plan))
        except* BrokenError as broken:
            raise SystemExit(f"broken: {_first(broken)}") from None
    text = said(results, given)
    print(text)
    if given.write:
        report.write(text)


if __name__ == "__main__":
    main()
