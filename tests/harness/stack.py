"""A whole Lockstep of one's own: private database, service, nginx with the project's include.

Tests that kill servers or need another configuration start one of these; so do the proofs and the
benches. Everything stands in one directory and dies with the process that started it.
"""

import copy
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import yaml

from harness.database import Database, execute
from harness.processes import Child, children_of, free_port, wait_until

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET = "a-secret-of-the-tests-that-is-long-enough"
ANONYMOUS_SECRET = "another-secret-of-the-tests-long-enough"

NGINX_CONF = """\
daemon off;
master_process on;
worker_processes {workers};
{user_line}
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {directory}/nginx-body;
  proxy_temp_path {directory}/nginx-proxy;
  fastcgi_temp_path {directory}/nginx-fastcgi;
  uwsgi_temp_path {directory}/nginx-uwsgi;
  scgi_temp_path {directory}/nginx-scgi;
{http_lines}
  server {{
    listen 127.0.0.1:{port};
    server_name localhost;
    keepalive_requests 1000000;
{server_lines}
  }}
}}
"""


def build_directory():
    """Where the programs were built: LOCKSTEP_BUILD, or the source tree itself."""
    return os.environ.get("LOCKSTEP_BUILD", REPOSITORY)


def merge(base, overrides):
    """`overrides` laid over `base`: mappings merge, everything else replaces; None removes."""
    merged = copy.deepcopy(base)
    for key, value in overrides.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


class SyncWorker:
    """lockstep-sync with a configuration of its own, as on a host of its own: a session apart, so that all of
    it can be frozen and killed at once."""

    def __init__(self, stack, name="sync", overrides=None):
        self.stack = stack
        self.name = name
        self.config_path = os.path.join(stack.directory, f"{name}.yaml")
        own = {"sync": {"pid": os.path.join(stack.directory, f"{name}.pid"), "processes": 1, "threads": 2}}
        self.config = merge(merge(stack.config, own), overrides or {})
        self.child = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(self.config_path, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.config, file, sort_keys=False)
        self.child = Child(self.name, ["setsid", self.stack.program("lockstep-sync"), "--config", self.config_path],
                           os.path.join(self.stack.directory, f"{self.name}.log"))

    def stop(self):
        if self.child is not None:
            self.signal_all(signal.SIGCONT)
            self.child.stop(signal.SIGTERM)

    @property
    def pid(self):
        return self.child.pid

    def worker_pids(self):
        return children_of(self.pid)

    def signal_all(self, number):
        """To the supervisor and what it started."""
        for pid in [self.pid, *self.worker_pids()]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def log(self):
        with open(os.path.join(self.stack.directory, f"{self.name}.log"), encoding="utf-8", errors="replace") as log:
            return log.read()


class Stack:
    """`overrides` goes over the configuration; `database_socket` leads the service elsewhere than
    to the database itself (through a proxy); `database` is a running one to share, in which this
    stack keeps to the schema `name`."""

    def __init__(self, overrides=None, directory=None, buffer_pool_mb=256, build=None, database_socket=None,
                 source=REPOSITORY, keep=False, database=None, name="lockstep", nginx_workers=1):
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="lockstep-stack-")
        os.makedirs(self.directory, exist_ok=True)
        self.keep = keep
        self.source = source
        self.build = build or build_directory()
        self.owns_database = database is None
        self.database = database or Database(os.path.join(self.directory, "db"), buffer_pool_mb)
        self.name = name
        self.nginx_workers = nginx_workers
        self.database_socket = database_socket or self.database.socket
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config_path = os.path.join(self.directory, "lockstep.yaml")
        self.fcgi_socket = os.path.join(self.directory, "lockstep.sock")
        self.live_socket = os.path.join(self.directory, "live.sock")
        self.config = merge(self.default_config(), overrides or {})
        self.service = None
        self.live = None
        self.nginx = None

    def default_config(self):
        return {
            "listen": {"socket": self.fcgi_socket, "mode": "0660"},
            "workers": {"processes": 2, "threads": 8},
            "database": {
                "hosts": [self.database_socket], "user": "lockstep", "password": "tests", "name": self.name,
                "connections": 32,
            },
            "auth": {
                "subject": "id",
                "keys": [{"algorithm": "HS256", "secret": SECRET}],
                "anonymous_secret": ANONYMOUS_SECRET,
                "anonymous_per_minute": 6000,
            },
            "rules": {
                "directory": os.path.join(self.source, "sql", "rules"),
                "site_directory": os.path.join(self.directory, "rules.d"),
            },
            "events": {
                "achievements": os.path.join(self.source, "sql", "achievements"),
                "site_achievements": os.path.join(self.directory, "achievements.d"),
            },
            "live": {
                "socket": self.live_socket,
                "wake": os.path.join(self.directory, "wake.sock"),
                "pid": os.path.join(self.directory, "live.pid"),
            },
            "log": {"level": "info"},
            "paths": {
                "scoreboard": os.path.join(self.directory, "scoreboard"),
                "pid": os.path.join(self.directory, "lockstep.pid"),
                "migrations": os.path.join(self.source, "sql", "migrations"),
            },
        }

    # Starting and stopping

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.start_database()
        self.start_service()
        self.start_nginx()
        self.wait_ready()

    def start_database(self):
        if self.owns_database:
            self.database.create()
            self.database.start()
        connection = self.database.connect(database=None)
        execute(connection, f"CREATE DATABASE IF NOT EXISTS {self.name} CHARACTER SET utf8mb4")
        execute(connection, "CREATE USER IF NOT EXISTS lockstep@localhost IDENTIFIED BY 'tests'")
        execute(connection, f"GRANT ALL ON {self.name}.* TO lockstep@localhost")
        connection.close()
        served = self.config
        if self.database_socket != self.database.socket:  # what breaks connections is not for the schema
            self.config = merge(served, {"database": {"hosts": [self.database.socket]}})
        self.write_config()
        self.control("migrate", "up")
        self.config = served

    def write_config(self, overrides=None):
        if overrides is not None:
            self.config = merge(self.config, overrides)
        with open(self.config_path, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.config, file, sort_keys=False)

    def start_service(self):
        self.write_config()
        self.service = Child("lockstep-fcgi", [self.program("lockstep-fcgi"), "--config", self.config_path],
                             os.path.join(self.directory, "lockstep.log"))
        wait_until(lambda: os.path.exists(self.fcgi_socket), "the service's socket", child=self.service)

    def start_live(self):
        """lockstep-live, for those who ask for it."""
        self.live = Child("lockstep-live", [self.program("lockstep-live"), "--config", self.config_path],
                          os.path.join(self.directory, "live.log"))
        wait_until(self.live_answers, "lockstep-live", child=self.live)

    def live_answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(self.live_socket)
                return True
            except OSError:
                return False

    def nginx_lines(self):
        """What an operator writes: one include in the http block, one in the server block. The
        files are the project's own but for the path of the socket."""
        target = os.path.join(self.directory, "lockstep")
        shutil.copytree(os.path.join(self.source, "nginx"), target, dirs_exist_ok=True)
        path = os.path.join(target, "http.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert "/run/lockstep/lockstep.sock" in text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("/run/lockstep/lockstep.sock", self.fcgi_socket)
                       .replace("/run/lockstep/live.sock", self.live_socket))
        path_of_server = os.path.join(target, "lockstep.conf")
        with open(path_of_server, encoding="utf-8") as file:
            text = file.read()
        assert "/usr/share/lockstep/web/" in text
        with open(path_of_server, "w", encoding="utf-8") as file:
            file.write(text.replace("/usr/share/lockstep/web/libraries/", os.path.join(self.directory, "libraries") + "/")
                       .replace("/usr/share/lockstep/web/", os.path.join(self.source, "src", "web") + "/"))
        return f"  include {path};", "    include lockstep/lockstep.conf;"

    def start_nginx(self):
        http_lines, server_lines = self.nginx_lines()
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(NGINX_CONF.format(
                directory=self.directory, port=self.port, workers=self.nginx_workers, http_lines=http_lines, server_lines=server_lines,
                user_line="user root;" if os.geteuid() == 0 else ""))
        self.nginx = Child("nginx", ["/usr/sbin/nginx", "-p", self.directory, "-c", path],
                           os.path.join(self.directory, "nginx.log"))

    def wait_ready(self, path="/readyz", timeout_s=30):
        wait_until(lambda: self.status(path) == 200, f"GET {path}", timeout_s, child=self.service)

    def status(self, path):
        """The HTTP status of a GET, or None when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def stop(self):
        for child in (self.nginx, self.live, self.service):
            if child is not None and child.is_running():
                child.stop(signal.SIGTERM)
        if self.owns_database:
            self.database.stop()
        if self.own_directory and not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    # What tests do to it

    def program(self, name):
        return os.path.join(self.build, name)

    def control(self, *arguments, check=True):
        """Runs lockstepctl and returns what it printed."""
        outcome = subprocess.run(
            [self.program("lockstepctl"), "--config", self.config_path, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if check and outcome.returncode != 0:
            raise AssertionError(f"lockstepctl {' '.join(arguments)}: {outcome.returncode}\n{outcome.stderr}")
        return outcome

    def connect(self, **options):
        return self.database.connect(self.name, **options)

    def worker_pids(self):
        return children_of(self.service.pid)

    def reload(self):
        self.service.send_signal(signal.SIGHUP)

    def restart_service(self, overrides=None):
        if overrides is not None:
            self.config = merge(self.config, overrides)
        self.service.stop()
        self.start_service()
        self.wait_ready()

    def service_log(self):
        with open(os.path.join(self.directory, "lockstep.log"), encoding="utf-8", errors="replace") as log:
            return log.read()
