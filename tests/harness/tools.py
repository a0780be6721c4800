"""The C programs that the proofs and benches need, built where the service was built."""

import json
import os
import subprocess
import time

from harness.processes import Child
from harness.stack import build_directory


def tool(name):
    """Path of a test program such as "tests/load/load"; made when it is not there yet."""
    directory = build_directory()
    path = os.path.join(directory, name)
    subprocess.run(["make", "-s", "-C", directory, name], check=True, stdout=subprocess.DEVNULL)
    return path


def write_learners(path, mint, user_ids, lifetimes_s=None):
    """The load client's list: a line for each learner, id and token, which ends when `lifetimes_s` says."""
    with open(path, "w", encoding="ascii") as file:
        for user_id in user_ids:
            lifetime_s = (lifetimes_s or {}).get(user_id, 86400)
            file.write(f"{user_id} {mint.student(user_id, lifetime_s=lifetime_s)}\n")
    return path


def create_learners(connection, count, name="proof"):
    """New learners in one statement; their ids."""
    stamp = f"{name}-{time.time_ns()}"
    rows = ", ".join(f"('{stamp}-{at}')" for at in range(count))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO users (username) VALUES {rows}")
        cursor.execute("SELECT id FROM users WHERE username LIKE %s ORDER BY id", (stamp + "-%",))
        return [row["id"] for row in cursor.fetchall()]


class Load:
    """The load client, running beside whatever the proof does meanwhile."""

    def __init__(self, mode, port, directory, **options):
        self.log_path = os.path.join(directory, f"load-{time.time_ns()}.log")
        arguments = [tool("tests/load/load"), mode, "--port", str(port)]
        if mode in ("answers", "sessions"):
            arguments += ["--log", self.log_path]
        for name, value in options.items():
            arguments += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        self.output_path = self.log_path + ".out"
        self.child = Child("load", arguments, self.output_path)

    def is_running(self):
        return self.child.is_running()

    def finish(self, timeout_s=600):
        """Waits for the end; the figures that it printed."""
        status = self.child.process.wait(timeout_s)
        with open(self.output_path, encoding="utf-8") as file:
            text = file.read()
        assert status == 0, f"load ended with {status}: {text}"
        return json.loads(text.splitlines()[-1])


def load(mode, port, directory, **options):
    return Load(mode, port, directory, **options).finish()
