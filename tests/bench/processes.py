"""Starting processes on a core of their own, reading what they used, ending them by their id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PY_SPY = ("py-spy", "record", "--gil", "-r", "250", "-f", "raw", "-d", "600")
TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """One core for the server, one for the load; the same one where there is no other."""
    there = sorted(os.sched_getaffinity(0))
    return there[0], there[-1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Process:
    """A running process. ``url`` is where it listens."""

    pid: int
    url: str

    def cpu_seconds(self) -> float:
        """User and system time so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def peak_mb(self) -> float:
        """The most memory it ever held."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0


@contextmanager
def running(
    module: str, *arguments: str, core: int, folder: Path, answers: str, **environment: str
) -> Iterator[Process]:
    """``python -m module --port …`` on one core, until the block ends.

    ``answers``: the path that says it is up. Nothing of our own environment leaks into it.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = folder / f"{module}.log"
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, "--port", str(port)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
            stdout=out,
            stderr=out,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    try:
        _wait_until_up(child, url + answers, log)
        yield Process(child.pid, url)
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def profiled(server: Process, into: Path | None, core: int) -> Iterator[None]:
    """Sample the server with py-spy, if that is asked for: where its time goes (see layers.py)."""
    if into is None:
        yield
        return
    sampler = subprocess.Popen(
        [*PY_SPY, "-o", str(into), "-p", str(server.pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        yield
    finally:
        sampler.send_signal(signal.SIGINT)
        sampler.wait(30)


def _wait_until_up(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + 40
    while time.monotonic() < end:
        if child.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"did not start: {url}\n{log.read_text()[-3000:]}")
