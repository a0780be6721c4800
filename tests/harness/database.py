"""A private MariaDB: durable commits, its own socket and directory, no network unless asked."""

import os
import shutil
import subprocess

import pymysql
import pymysql.cursors

from harness.processes import Child, NotReady, wait_until


class Database:
    """`user`: whom the server runs as when root starts it; another than root owns its directories then."""

    def __init__(self, directory, buffer_pool_mb=256, port=None, extra_arguments=(), user="root", log_mb=256):
        self.directory = directory
        self.user = user
        self.data = os.path.join(directory, "data")
        # Its own: a server that starts removes every temporary table that it finds in its directory
        # for them, also those that another server is about to use (which then crashes).
        self.temporary = os.path.join(directory, "tmp")
        self.socket = os.path.join(directory, "db.sock")
        self.port = port
        self.buffer_pool_mb = buffer_pool_mb
        self.log_mb = log_mb
        self.extra_arguments = list(extra_arguments)
        self.environment = None
        self.child = None

    def _as_user(self):
        """The server refuses to run as root unless it is told so; others must not name a user."""
        return [f"--user={self.user}"] if os.geteuid() == 0 else []

    def make_directories(self):
        for path in (self.directory, self.data, self.temporary):
            os.makedirs(path, exist_ok=True)
            if os.geteuid() == 0 and self.user != "root":
                shutil.chown(path, self.user)

    def create(self):
        """Initialises the data directory; root has no password and only the socket leads in."""
        self.make_directories()
        if os.path.isdir(os.path.join(self.data, "mysql")):
            return
        log_path = os.path.join(self.directory, "install.log")
        with open(log_path, "wb") as log:
            outcome = subprocess.run(
                ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
                 f"--tmpdir={self.temporary}", "--auth-root-authentication-method=normal",
                 "--skip-name-resolve", *self._as_user()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
        if outcome.returncode != 0:
            with open(log_path, encoding="utf-8", errors="replace") as log:
                raise NotReady("mariadb-install-db failed:\n" + log.read())

    def start(self, timeout_s=60):
        network = ["--skip-networking"]
        if self.port is not None:
            network = ["--bind-address=127.0.0.1", f"--port={self.port}"]
        arguments = [
            "/usr/sbin/mariadbd", "--no-defaults", *self._as_user(), f"--datadir={self.data}",
            f"--tmpdir={self.temporary}", f"--socket={self.socket}",
            f"--pid-file={self.directory}/db.pid", "--skip-name-resolve",
            f"--innodb-buffer-pool-size={self.buffer_pool_mb}M", f"--innodb-log-file-size={self.log_mb}M",
            "--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1", "--max-connections=400",
            "--character-set-server=utf8mb4", "--performance-schema=OFF",
        ]
        self.child = Child("mariadbd", arguments + network + self.extra_arguments,
                           os.path.join(self.directory, "db.log"), self.environment)
        wait_until(self.answers, "the database", timeout_s, child=self.child)

    def answers(self):
        try:
            self.connect(database=None).close()
            return True
        except pymysql.err.OperationalError:
            return False

    def connect(self, database="lockstep", **options):
        return connect(self.socket, database, **options)

    def kill(self):
        self.child.kill()

    def stop(self):
        if self.child is not None and self.child.is_running():
            self.child.stop()


def connect(socket, database="lockstep", user="root", password="", autocommit=True):
    """A connection of the tests' own; rows come as dictionaries, sessions run in UTC."""
    return pymysql.connect(
        unix_socket=socket, user=user, password=password, database=database, charset="utf8mb4",
        autocommit=autocommit, cursorclass=pymysql.cursors.DictCursor, connect_timeout=5,
        init_command="SET time_zone = '+00:00'")


def query(connection, sql, parameters=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall()


def query_one(connection, sql, parameters=()):
    rows = query(connection, sql, parameters)
    assert len(rows) <= 1, f"more than one row: {sql}"
    return rows[0] if rows else None


def execute(connection, sql, parameters=()):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.lastrowid
