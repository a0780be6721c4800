"""lockstep-sync and its workers: what dies is replaced, what is told to end does, and without a database it
waits for one."""

import os
import signal
import subprocess
import time

import pytest
import yaml

from conftest import Service
from harness.processes import Child, children_of, wait_until
from harness.stack import build_directory

IN_USE, CONFIG = 75, 78


class Sync(Service):
    """The same configuration without a database; another program."""

    @property
    def program(self):
        return os.path.join(build_directory(), "lockstep-sync")

    def start(self):
        self.write({"sync": {"pid": os.path.join(self.directory, "sync.pid"), "processes": 2}})
        self.child = Child("lockstep-sync", [self.program, "--config", self.config_path],
                           os.path.join(self.directory, "sync.log"))
        wait_until(lambda: len(self.workers()) == 2, "two workers", child=self.child)

    def workers(self):
        return children_of(self.child.pid)

    def log_text(self):
        with open(os.path.join(self.directory, "sync.log"), encoding="utf-8") as log:
            return log.read()


@pytest.fixture
def sync(tmp_path):
    with Sync(tmp_path) as service:
        yield service


def test_it_waits_for_a_database_and_says_so_once_a_process(sync):
    wait_until(lambda: sync.log_text().count("event=database") == 2, "both to say so")
    time.sleep(1)
    assert sync.log_text().count("event=database") == 2
    assert len(sync.workers()) == 2


def test_a_worker_that_is_killed_is_replaced_within_a_second(sync):
    for _ in range(3):
        time.sleep(1.1)
        victim = sync.workers()[0]
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: victim not in sync.workers() and len(sync.workers()) == 2, "a new worker", timeout_s=5)
        assert time.monotonic() - began < 1
    assert "was ended by signal 9" in sync.log_text()


def test_it_ends_when_told_to(sync):
    began = time.monotonic()
    assert sync.child.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 5
    assert not os.path.exists(os.path.join(sync.directory, "sync.pid"))
    assert "every worker is gone" in sync.log_text()


def test_a_reload_replaces_the_workers_and_a_bad_one_does_not(sync):
    before = set(sync.workers())
    sync.write({"sync": {"processes": 1}})
    sync.child.send_signal(signal.SIGHUP)
    wait_until(lambda: len(sync.workers()) == 1 and not before & set(sync.workers()), "one new worker", timeout_s=15)
    kept = sync.workers()
    sync.write({"sync": {"processes": 0}})
    sync.child.send_signal(signal.SIGHUP)
    wait_until(lambda: "sync.processes" in sync.log_text(), "the complaint")
    assert sync.workers() == kept


def test_workers_end_with_their_master(sync):
    workers = sync.workers()
    sync.child.kill()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "the workers to end", timeout_s=15)


def test_one_alone_has_the_pid_file(sync):
    outcome = subprocess.run([sync.program, "--config", sync.config_path], stderr=subprocess.PIPE, text=True,
                             check=False, timeout=20)
    assert outcome.returncode == IN_USE
    assert str(sync.child.pid) in outcome.stderr


def test_a_bad_configuration_is_refused(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump({"sync": {"threads": 0, "lease": 3}}), encoding="utf-8")
    program = os.path.join(build_directory(), "lockstep-sync")
    outcome = subprocess.run([program, "--check", "--config", str(path)], stderr=subprocess.PIPE, text=True,
                             check=False, timeout=20)
    assert outcome.returncode == CONFIG
    assert "sync.threads" in outcome.stderr and "sync.lease" in outcome.stderr
