"""The master and its workers: what dies is replaced, what is told to end finishes first, and nothing
that changes costs a request."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest

import fcgi_client as fcgi
from harness.processes import Child, free_port, wait_until

SYSTEM, IN_USE, CONFIG, USAGE = 71, 75, 78, 64


class Load:
    """Clients that ask without pause, each on a kept connection that it opens again only when it was
    closed between two requests; what was sent and not answered is a failure."""

    def __init__(self, service, clients=6, uri="/healthz"):
        self.service = service
        self.uri = uri
        self.failures = []
        self.answered = 0
        self.refused = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self):
        connection = None
        while not self._stop.is_set():
            if connection is None:
                try:
                    connection = self.service.connect(timeout_s=15)
                except OSError:
                    self.refused += 1
                    time.sleep(0.01)
                    continue
            try:
                reply = connection.ask(self.uri)
                if reply.status == 200:
                    self.answered += 1
                else:
                    self.failures.append(repr(reply))
            except (fcgi.Gone, OSError, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def in_background(function):
    """Starts it; calling the result waits, and gives what it returned or raised."""
    outcome = []

    def run():
        try:
            outcome.append(function())
        except Exception as error:  # handed to whoever waits
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def join():
        thread.join()
        return outcome[0]

    return join


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None


def is_gone(pid):
    return state_of(pid) in (None, "Z")


# What it looks like


def test_processes_have_names(service):
    with open(f"/proc/{service.child.pid}/cmdline", "rb") as file:
        assert file.read().rstrip(b"\0").startswith(b"lockstep-fcgi: master (")
    assert sorted(service.workers()) == [1, 2]
    for pid in [service.child.pid] + service.pids():
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            assert file.read() == "lockstep-fcgi\n"


def test_workers_hold_no_more_descriptors_than_they_need(service):
    """Nothing of the master's leaks into a worker: not its signals, its pid file, the other workers'
    sockets. A worker that is started later has exactly as many as one that was first."""
    counts = {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in service.pids()}
    assert len(set(counts.values())) == 1, counts
    for pid in service.pids():
        targets = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        assert service.config["paths"]["pid"] not in targets


def test_the_socket_has_its_mode(make_service):
    service = make_service(listen={"mode": "0621"})
    assert stat.S_IMODE(os.stat(service.socket).st_mode) == 0o621


# Workers that die


def test_a_worker_that_dies_is_replaced_at_once(make_service):
    service = make_service()
    time.sleep(1.1)  # past its first second: not one that dies young
    victim = service.workers()[1][0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: service.workers().get(1, [victim]) != [victim] and len(service.pids()) == 2,
               "a replacement", timeout_s=5)
    assert "restart_in_ms=0" in service.log()
    assert service.is_well()


def test_the_others_serve_while_one_is_dead(make_service):
    service = make_service()
    with Load(service, clients=3) as load:
        time.sleep(0.3)
        with service.connect() as connection:
            for _ in range(3):
                os.kill(service.pids()[0], signal.SIGKILL)
                time.sleep(0.3)
                try:
                    connection.ask()
                except fcgi.Gone:
                    connection.close()
                    break
    assert load.answered > 100
    # One request in hand on each kept connection of a process that dies is lost, no more.
    assert len(load.failures) <= 9, load.failures


def test_workers_that_keep_dying_wait_longer_each_time(make_service):
    service = make_service(workers={"processes": 1})
    rules = service.config["rules"]["directory"]
    # What it needs is taken away behind its back: the configuration in force names a directory of ours.
    own = os.path.join(service.directory, "rules")
    os.mkdir(own)
    for name in os.listdir(rules):
        os.symlink(os.path.join(rules, name), os.path.join(own, name))
    service.reload({"rules": {"directory": own}})
    os.rename(own, own + ".away")
    time.sleep(1.1)
    os.kill(service.pids()[0], signal.SIGKILL)
    service.wait_for("restart_in_ms=400", timeout_s=10)
    log = service.log()
    delays = [int(line.split("restart_in_ms=")[1]) for line in log.splitlines() if "restart_in_ms=" in line]
    assert delays[:4] == [0, 100, 200, 400], delays
    os.rename(own + ".away", own)
    wait_until(lambda: service.pids() and service.ask(timeout_s=1).status == 200, "it to recover", timeout_s=10)


def test_term_to_a_worker_replaces_it(make_service):
    service = make_service()
    before = service.pids()
    with Load(service) as load:
        time.sleep(0.2)
        os.kill(before[0], signal.SIGTERM)
        wait_until(lambda: is_gone(before[0]), "the worker to end")
        time.sleep(0.2)
    assert not load.failures and not load.refused and load.answered > 100
    assert len(service.pids()) == 2 and before[1] in service.pids()


# Reloads


def test_reloads_cost_no_request(make_service):
    service = make_service()
    with Load(service) as load:
        for at in range(6):
            before = service.pids()
            service.reload({"http": {"slow_ms": 100 + at}})
            wait_until(lambda: not set(before) & set(service.pids()), "the old workers to end")
            time.sleep(0.2)
    assert not load.failures and not load.refused, (load.failures[:3], load.refused)
    assert load.answered > 500
    assert "worker_killed" not in service.log() and "worker_died" not in service.log()


def test_many_reloads_at_once(make_service):
    service = make_service()
    with Load(service) as load:
        for _ in range(40):
            service.signal(signal.SIGHUP)
            time.sleep(0.02)
        time.sleep(0.5)
    assert not load.failures and not load.refused, (load.failures[:3], load.refused)
    wait_until(lambda: len(service.pids()) == 2, "two workers")
    assert service.is_well()


def test_a_reload_waits_for_nobody(make_service):
    """A request that takes long goes on in its old worker, while others are served by new ones."""
    service = make_service(workers={"drain_timeout_ms": 20000})
    before = service.pids()
    slow = in_background(lambda: service.ask("/healthz?sleep=6000", timeout_s=20))
    time.sleep(0.2)
    began = time.monotonic()
    service.reload()
    assert time.monotonic() - began < 5
    assert service.is_well()
    assert slow().status == 200
    wait_until(lambda: not set(before) & set(service.pids()), "the old workers to end", timeout_s=10)


def test_kept_connections_outlive_their_worker(make_service):
    service = make_service()
    connections = [service.connect() for _ in range(20)]
    for connection in connections:
        assert connection.ask().status == 200
    before = service.pids()
    service.reload()
    wait_until(lambda: not set(before) & set(service.pids()), "the old workers to end")
    for connection in connections:
        assert connection.ask().status == 200, "the connection itself moved on"
        connection.close()


def test_a_half_request_outlives_nothing_but_its_time(make_service):
    service = make_service(workers={"read_timeout_ms": 3000})
    with service.connect() as connection:
        whole = fcgi.request()
        connection.send(whole[:30])
        time.sleep(0.1)
        before = service.pids()
        service.reload()
        connection.send(whole[30:])
        assert connection.reply().status == 200, "its old worker waited for the rest"
        wait_until(lambda: not set(before) & set(service.pids()), "the old workers to end")
        assert connection.ask().status == 200, "and handed the connection over"


@pytest.mark.parametrize("change, why", [
    ("workers: {processes: [", ""),
    ("", "auth.keys"),
    ({"no": {"such": "key"}}, "no"),
    ({"workers": {"processes": 0}}, "workers.processes"),
    ({"workers": {"processes": 65}, "database": {"connections": 100}}, "workers.processes"),
    ({"rules": {"directory": "/nowhere"}}, "/nowhere"),
    ({"events": {"achievements": "/nowhere"}}, "/nowhere"),
    ({"auth": {"keys": [{"algorithm": "RS256", "public_key_file": "/nowhere.pem"}]}}, "nowhere.pem"),
], ids=["not YAML", "empty", "unknown key", "out of bounds", "too many", "no rules", "no achievements", "no key file"])
def test_a_bad_configuration_changes_nothing(make_service, change, why):
    service = make_service()
    good = service.config
    wait_until(lambda: len(service.pids()) == good["workers"]["processes"], "all workers to be there")
    before = service.pids()
    if isinstance(change, str):
        with open(service.config_path, "w", encoding="utf-8") as file:
            file.write(change)
    else:
        service.write(change)
    service.signal(signal.SIGHUP)
    service.wait_for("event=reload_refused")
    line = next(line for line in service.log().splitlines() if "event=reload_refused" in line)
    assert why in line and "nothing changes" in line, line
    time.sleep(0.3)
    assert service.pids() == before and service.is_well()
    service.config = good
    service.reload()
    assert service.pids() != before, "a good one is taken afterwards"


def test_a_configuration_that_hangs_is_given_up(make_service):
    """A key file that is a pipe nobody writes to: the check waits, the service does not."""
    service = make_service()
    pipe = os.path.join(service.directory, "pipe")
    os.mkfifo(pipe)
    service.write({"auth": {"keys": [{"algorithm": "HS256", "secret_file": pipe}]}})
    service.signal(signal.SIGHUP)
    service.wait_for("event=reload ")
    time.sleep(0.3)
    assert service.is_well()


def test_more_and_fewer_workers(make_service):
    service = make_service()
    with Load(service) as load:
        for count in (4, 1, 3, 2):
            service.reload({"workers": {"processes": count}})
            wait_until(lambda: sorted(service.workers()) == list(range(1, count + 1))
                       and len(service.pids()) == count, f"{count} workers")
    assert not load.failures and not load.refused, (load.failures[:3], load.refused)


def test_a_reload_says_what_takes_a_restart(make_service):
    service = make_service()
    service.reload({"listen": {"socket": os.path.join(service.directory, "another.sock")}})
    assert "listen.socket changed; that takes a restart" in service.log()
    assert service.is_well()
    assert not os.path.exists(os.path.join(service.directory, "another.sock"))


# The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_requests_in_hand_are_finished(make_service, number):
    service = make_service()
    slow = in_background(lambda: service.ask("/healthz?sleep=1000"))
    idle = service.connect()
    assert idle.ask().status == 200
    time.sleep(0.2)
    began = time.monotonic()
    service.signal(number)
    assert slow().status == 200
    service.child.process.wait(15)
    assert service.child.process.returncode == 0
    assert 0.5 < time.monotonic() - began < 10
    assert idle.is_closed(5)
    for left in (service.socket, service.config["paths"]["pid"]):
        assert not os.path.exists(left), left
    assert "event=stopped" in service.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_the_end_under_load(make_service, number):
    """What was sent may be refused or closed without an answer, but a reply that begins is whole."""
    service = make_service()
    with Load(service) as load:
        time.sleep(0.5)
        service.signal(number)
        service.child.process.wait(20)
        time.sleep(0.1)
    assert service.child.process.returncode == 0
    assert load.answered > 100 and load.refused > 0
    assert all("Gone" in failure for failure in load.failures), load.failures
    assert "worker_killed" not in service.log()


def test_quit_serves_what_still_comes(make_service):
    service = make_service()
    with service.connect() as connection:
        assert connection.ask().status == 200
        service.signal(signal.SIGQUIT)
        time.sleep(0.3)
        assert connection.ask().status == 200, "a kept connection is good for a while"
        service.child.process.wait(15)
        assert connection.is_closed(5)


def test_what_does_not_end_is_killed(make_service):
    service = make_service(workers={"drain_timeout_ms": 500})
    slow = in_background(lambda: service.ask("/healthz?sleep=20000"))
    time.sleep(0.2)
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    service.child.process.wait(15)
    assert 0.4 < time.monotonic() - began < 8
    assert service.child.process.returncode == 0
    assert "drain_timeout_ms" in service.log()
    assert isinstance(slow(), fcgi.Gone)


def test_the_second_term_means_now(make_service):
    service = make_service()
    slow = in_background(lambda: service.ask("/healthz?sleep=20000"))
    time.sleep(0.2)
    service.signal(signal.SIGTERM)
    time.sleep(0.3)
    assert service.child.is_running()
    began = time.monotonic()
    service.signal(signal.SIGTERM)
    service.child.process.wait(10)
    assert time.monotonic() - began < 5
    assert isinstance(slow(), fcgi.Gone)


# Recycling and late requests


def test_workers_are_recycled_and_nobody_notices(make_service):
    service = make_service(workers={"max_requests": 300})
    first = service.pids()
    with Load(service) as load:
        wait_until(lambda: load.answered > 3000 or load.failures, "3000 answers", timeout_s=180)
    assert not load.failures and not load.refused, (load.failures[:3], load.refused)
    wait_until(lambda: len(service.pids()) == 2, "two workers")
    assert not set(first) & set(service.pids())
    assert "worker_died" not in service.log() and "worker_killed" not in service.log()


def test_a_request_that_takes_too_long_costs_its_worker(make_service):
    service = make_service(workers={"processes": 1, "threads": 4, "request_timeout_ms": 600},
                           database={"transaction_timeout_ms": 500})
    kept = service.connect()
    assert kept.ask().status == 200
    before = service.pids()
    late = in_background(lambda: service.ask("/healthz?sleep=20000", HTTP_X_REQUEST_ID="the-late-one"))
    time.sleep(0.4)
    mercy = in_background(lambda: service.ask("/healthz?sleep=500"))
    began = time.monotonic()
    assert isinstance(late(), fcgi.Gone)
    assert 0.1 < time.monotonic() - began < 12
    assert mercy().status == 200, "others in the process get a moment"
    line = next(line for line in service.log().splitlines() if "event=request_timeout" in line)
    assert "the-late-one" in line and 'route="GET /healthz"' in line, line
    assert service.is_well() and service.pids() != before
    assert kept.ask().status == 200, "its idle connections went to another before"
    kept.close()


# Starting


def test_a_stale_socket_is_replaced(make_service):
    service = make_service(start=False)
    left = socket.socket(socket.AF_UNIX)
    left.bind(service.socket)
    left.close()
    service.start()
    assert service.is_well()


def test_another_master_is_refused(make_service):
    service = make_service()
    second = make_service(start=False, listen={"socket": service.socket})
    child = second.launch()
    assert child.process.wait(20) == IN_USE
    assert f"is served by process {service.child.pid}" in child.log_tail()
    assert service.is_well()


def test_a_second_master_of_the_same_pid_file_is_refused(make_service):
    service = make_service()
    second = make_service(start=False, paths={"pid": service.config["paths"]["pid"]})
    child = second.launch()
    assert child.process.wait(20) == IN_USE
    assert f"Another master (process {service.child.pid})" in child.log_tail()
    assert not os.path.exists(second.socket)


def test_a_file_that_is_no_socket_is_left_alone(make_service):
    service = make_service(start=False)
    with open(service.socket, "w", encoding="ascii") as file:
        file.write("precious")
    child = service.launch()
    assert child.process.wait(20) == IN_USE
    with open(service.socket, encoding="ascii") as file:
        assert file.read() == "precious"


@pytest.mark.parametrize("tcp", [False, True], ids=["Unix", "TCP"])
def test_a_master_that_was_killed(make_service, tcp):
    """Its workers finish what they have in hand and end; the next master starts at once."""
    listen = {"socket": f"127.0.0.1:{free_port()}"} if tcp else {}
    service = make_service(listen=listen)
    orphans = service.pids()
    slow = in_background(lambda: service.ask("/healthz?sleep=6000", timeout_s=20))
    time.sleep(0.3)
    service.child.kill()
    began = time.monotonic()
    service.start()
    assert time.monotonic() - began < 5, "the orphans' request is still in hand"
    assert service.is_well()
    assert slow().status == 200
    wait_until(lambda: all(is_gone(pid) for pid in orphans), "the orphans to end", timeout_s=10)
    assert service.is_well()


def test_an_orphan_does_not_stay_for_ever(make_service):
    service = make_service(workers={"drain_timeout_ms": 500})
    orphans = service.pids()
    slow = in_background(lambda: service.ask("/healthz?sleep=20000"))
    time.sleep(0.2)
    service.child.kill()
    wait_until(lambda: all(is_gone(pid) for pid in orphans), "the orphans to end", timeout_s=10)
    assert isinstance(slow(), fcgi.Gone)


def test_tcp(make_service):
    service = make_service(listen={"socket": f"127.0.0.1:{free_port()}"})
    assert service.is_well()
    with Load(service) as load:
        service.reload()
        time.sleep(0.2)
    assert not load.failures and not load.refused and load.answered > 50


@pytest.mark.parametrize("overrides, code", [
    ({"listen": {"socket": "/nowhere/at/all.sock"}}, SYSTEM),
    ({"listen": {"socket": "no-port"}}, CONFIG),
    ({"listen": {"socket": "fd:systemd"}}, CONFIG),
    ({"listen": {"group": "no-such-group"}}, CONFIG),
    ({"listen": {"mode": "rw"}}, CONFIG),
    ({"rules": {"directory": "/nowhere"}}, CONFIG),
    ({"events": {"achievements": "/nowhere"}}, CONFIG),
    ({"no": {"such": "key"}}, CONFIG),
])
def test_a_start_that_fails_says_why(make_service, overrides, code):
    service = make_service(start=False, **overrides)
    child = service.launch()
    assert child.process.wait(20) == code, child.log_tail()
    assert "level=error" in child.log_tail()
    assert not os.path.exists(service.config["paths"]["pid"])


def run(service, *arguments):
    return subprocess.run([service.program, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line(make_service):
    service = make_service(start=False)
    service.write()
    assert run(service, "--check", "--config", service.config_path).returncode == 0
    service.write({"workers": {"threads": 100000}})
    outcome = run(service, "--check", "--config", service.config_path)
    assert outcome.returncode == CONFIG and "workers.threads" in outcome.stderr
    assert run(service, "--version").stdout.startswith("lockstep-fcgi ")
    assert "HUP" in run(service, "--help").stdout
    assert run(service, "--nonsense").returncode == USAGE
    outcome = run(service, "what")
    assert outcome.returncode == USAGE and '"what"' in outcome.stderr


# Logs


def test_logs_are_reopened(make_service):
    service = make_service(start=False)
    path = os.path.join(service.directory, "service.log")
    service.config["log"]["file"] = path
    service.child = service.launch()
    wait_until(lambda: os.path.exists(path) and "event=ready" in open(path, encoding="utf-8").read(), "ready")
    os.rename(path, path + ".1")
    service.signal(signal.SIGUSR1)
    wait_until(lambda: os.path.exists(path), "a new log")
    wait_until(lambda: service.ask("/no/such/thing").status == 404 and "/no/such/thing" in
               open(path, encoding="utf-8").read(), "a worker's line in the new log", timeout_s=15)
    with open(path + ".1", encoding="utf-8") as file:
        before = file.read()
    time.sleep(0.2)
    for _ in range(8):
        service.ask("/no/such/thing")
    with open(path + ".1", encoding="utf-8") as file:
        assert file.read() == before, "somebody still writes to the old one"


def test_no_secret_can_be_seen(make_service):
    service = make_service()
    secret = service.config["auth"]["keys"][0]["secret"]
    for pid in [service.child.pid] + service.pids():
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                assert secret.encode() not in file.read()
    with open(service.config["paths"]["scoreboard"], "rb") as file:
        assert secret.encode() not in file.read()
    assert secret not in service.log()


# The service manager


class Manager:
    """What systemd is to a service: a socket to notify, and one to hand over."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(20)
        self.words = []

    def hear(self, wanted):
        while not any(word.startswith(wanted) for word in self.words):
            self.words += self.socket.recv(4096).decode().split("\n")
        return next(word for word in self.words if word.startswith(wanted))

    def forget(self):
        self.words = []


def test_systemd_is_told(make_service):
    service = make_service(start=False)
    manager = Manager(service.directory)
    service.start(environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
    manager.hear("READY=1")
    assert manager.hear("MAINPID=") == f"MAINPID={service.child.pid}"
    assert "serving" in manager.hear("STATUS=")
    manager.forget()
    began = time.monotonic()
    for _ in range(3):
        manager.hear("WATCHDOG=1")
        manager.forget()
    assert time.monotonic() - began < 5.0
    service.signal(signal.SIGHUP)
    manager.hear("RELOADING=1")
    assert int(manager.hear("MONOTONIC_USEC=").split("=")[1]) <= time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
    manager.hear("READY=1")
    manager.forget()
    with open(service.config_path, "a", encoding="ascii") as file:
        file.write("nonsense: 1\n")
    service.signal(signal.SIGHUP)
    manager.hear("READY=1")
    assert "refused" in " ".join(word for word in manager.words if word.startswith("STATUS="))
    service.signal(signal.SIGTERM)
    manager.hear("STOPPING=1")
    for pid in [service.child.pid]:
        service.child.process.wait(5)
        assert is_gone(pid)


def test_children_do_not_speak_for_the_master(make_service):
    service = make_service(start=False)
    manager = Manager(service.directory)
    service.start(environment={"NOTIFY_SOCKET": manager.path})
    for pid in service.pids():
        targets = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
        master = [os.readlink(f"/proc/{service.child.pid}/fd/{number}")
                  for number in os.listdir(f"/proc/{service.child.pid}/fd")]
        shared = [name for name in targets if name.startswith("socket:") and name in master]
        assert len(shared) <= 3, "the listener and the pair for handing over, nothing else"


# Becomes the program, with the descriptor where systemd would have laid it.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="lockstep")
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_socket_handed_over(make_service):
    service = make_service(start=False, listen={"socket": "fd:systemd"})
    service.address = os.path.join(service.directory, "handed-over.sock")
    handed = socket.socket(socket.AF_UNIX)
    handed.bind(service.address)
    handed.listen(16)
    manager = Manager(service.directory)

    def start():
        service.write()
        path = os.path.join(service.directory, "log")
        child = Child.__new__(Child)
        child.name, child.arguments, child.log_path = "lockstep-fcgi", [], path
        child._log = open(path, "ab")
        child._started_at = child._log.tell()
        child.process = subprocess.Popen(
            [sys.executable, "-c", HAND_OVER, str(handed.fileno()), service.program, "--config", service.config_path],
            stdin=subprocess.DEVNULL, stdout=child._log, stderr=child._log, pass_fds=[handed.fileno()],
            env={**os.environ, "NOTIFY_SOCKET": manager.path})
        service.child = child
        manager.hear("READY=1")
        manager.forget()

    start()
    assert service.ask().status == 200
    assert "on fd:systemd" in service.log()
    service.child.stop()
    # While nobody serves, requests wait in the socket, which is systemd's.
    waiting = in_background(lambda: service.ask(timeout_s=10))
    time.sleep(0.3)
    assert os.path.exists(service.address)
    start()
    assert waiting().status == 200
    service.child.kill()
    time.sleep(0.5)
    start()
    assert service.ask().status == 200
    service.child.stop()
    handed.close()
