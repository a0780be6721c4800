"""Child processes that die with the tests, and the small waits that starting servers needs."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One server process with its output in a log file; stopped by its own pid, never by name."""

    def __init__(self, name, arguments, log_path, environment=None, directory=None):
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = log_path
        self._log = open(log_path, "ab")
        self._started_at = self._log.tell()
        self.process = subprocess.Popen(
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory,
            preexec_fn=_die_with_parent,
        )

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def send_signal(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)
        self.process.wait()
        self._log.close()

    def stop(self, number=signal.SIGTERM, timeout_s=20):
        """Asks, waits, and kills what does not listen. Returns the exit status."""
        self.send_signal(number)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
        return self.process.returncode

    def log_tail(self, lines=40):
        with open(self.log_path, "rb") as log:
            log.seek(self._started_at)
            text = log.read().decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])


class NotReady(Exception):
    """A server did not come up; the message carries the end of its log."""


def wait_until(condition, what, timeout_s=30, interval_s=0.02, child=None):
    """Waits for `condition()` to return something true and returns it."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if child is not None and not child.is_running():
            raise NotReady(f"{child.name} ended with {child.process.returncode}:\n{child.log_tail()}")
        if time.monotonic() > deadline:
            tail = child.log_tail() if child is not None else ""
            raise NotReady(f"{what}: not within {timeout_s} s\n{tail}")
        time.sleep(interval_s)


def free_port():
    """A TCP port of the loopback that the kernel says is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid):
    """The direct children of a process, as the kernel lists them."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listing:
            return [int(word) for word in listing.read().split()]
    except FileNotFoundError:
        return []


def resident_kib(pid):
    """Memory of a process that is its own: private pages, clean or dirty."""
    total = 0
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                total += int(line.split()[1])
    return total
