"""A service without a database, nginx or anything else: what these tests are about happens before."""

import os
import re
import signal
import subprocess
import tempfile
import time

import pytest
import yaml

import fcgi_client as fcgi
from harness.processes import Child, children_of, wait_until
from harness.stack import REPOSITORY, build_directory, merge

SECRET = "a-secret-of-the-tests-that-is-long-enough"


class Service:
    def __init__(self, directory, slow=None, **overrides):
        self.directory = str(directory)
        self.slow = slow
        self.socket = os.path.join(self.directory, "lockstep.sock")
        self.config_path = os.path.join(self.directory, "lockstep.yaml")
        self.config = merge({
            "listen": {"socket": self.socket, "mode": "0600"},
            "workers": {"processes": 2, "threads": 2, "read_timeout_ms": 3000, "drain_timeout_ms": 10000},
            "database": {"hosts": [os.path.join(self.directory, "no-database.sock")], "connections": 8,
                         "wait_timeout_ms": 100},
            "auth": {"keys": [{"algorithm": "HS256", "secret": SECRET}]},
            "rules": {"directory": os.path.join(REPOSITORY, "sql", "rules"),
                      "site_directory": os.path.join(self.directory, "rules.d")},
            "events": {"achievements": os.path.join(REPOSITORY, "sql", "achievements"),
                       "site_achievements": os.path.join(self.directory, "achievements.d")},
            "paths": {"scoreboard": os.path.join(self.directory, "scoreboard"),
                      "pid": os.path.join(self.directory, "lockstep.pid")},
            "log": {"level": "info"},
        }, overrides)
        self.address = self.config["listen"]["socket"]
        if self.address.startswith("127.0.0.1:"):
            self.address = ("127.0.0.1", int(self.address.split(":")[1]))
        self.child = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.child is not None and self.child.is_running():
            self.child.stop()

    def write(self, overrides=None):
        self.config = merge(self.config, overrides or {})
        with open(self.config_path, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.config, file, sort_keys=False)

    @property
    def program(self):
        return os.path.join(build_directory(), "lockstep-fcgi")

    def launch(self, environment=None, arguments=None):
        """Starts a master, and does not wait for anything."""
        self.write()
        environment = {**os.environ, **(environment or {})}
        if self.slow is not None:
            environment["LD_PRELOAD"] = self.slow
        return Child("lockstep-fcgi", arguments or [self.program, "--config", self.config_path],
                     os.path.join(self.directory, "log"), environment)

    def start(self, **options):
        self.child = self.launch(**options)
        self.wait_for("event=ready")
        wait_until(lambda: len(self.workers()) == self.config["workers"]["processes"], "the names of all workers",
                   child=self.child)

    def log(self):
        return self.child.log_tail(100000)

    def wait_for(self, text, times=1, timeout_s=30):
        """Until the log of the running master says it so many times."""
        wait_until(lambda: self.log().count(text) >= times, text, timeout_s, child=self.child)

    def workers(self):
        """Their process numbers, by place; only those that serve, not those that drain or check."""
        pids = {}
        for pid in children_of(self.child.pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    title = file.read().replace(b"\0", b"").decode()
            except FileNotFoundError:
                continue
            found = re.match(r"lockstep-fcgi: worker (\d+)", title)
            if found:
                pids.setdefault(int(found[1]), []).append(pid)
        return pids

    def pids(self):
        return sorted(pid for place in self.workers().values() for pid in place)

    def signal(self, number):
        self.child.send_signal(number)

    def reload(self, overrides=None, times=None):
        """HUP, and wait until it took effect."""
        done = self.log().count("event=reloaded")
        self.write(overrides)
        self.signal(signal.SIGHUP)
        self.wait_for("event=reloaded", done + 1)

    def ask(self, uri="/healthz", **options):
        return fcgi.ask(self.address, uri, **options)

    def connect(self, **options):
        return fcgi.Connection(self.address, **options)

    def is_well(self):
        """Answers promptly, several times over, whichever process takes the request."""
        for _ in range(8):
            began = time.monotonic()
            assert self.ask(timeout_s=5).status == 200
            assert time.monotonic() - began < 2.5, "somebody holds a thread"
        return True


@pytest.fixture(scope="session")
def slow():
    """LD_PRELOAD library: ?sleep=N keeps a request in hand."""
    with tempfile.TemporaryDirectory() as directory:
        library = os.path.join(directory, "slow.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", library,
                        os.path.join(os.path.dirname(__file__), "slow.c"), "-ldl"], check=True)
        yield library


@pytest.fixture
def make_service(tmp_path, slow):
    """A service of the test's own, with the keys that it names; ended with the test."""
    started = []

    def make(start=True, **overrides):
        directory = tmp_path / f"service-{len(started)}"
        directory.mkdir()
        service = Service(directory, slow, **overrides)
        started.append(service)
        if start:
            service.start()
        return service

    yield make
    for service in started:
        service.__exit__()


@pytest.fixture(scope="module")
def service(tmp_path_factory, slow):
    """One for all tests of a file that do it no harm, and have to leave it as well as it was."""
    with Service(tmp_path_factory.mktemp("service"), slow) as running:
        pids = running.pids()
        yield running
        assert running.is_well()
        assert running.pids() == pids, "a worker died: " + running.log()
