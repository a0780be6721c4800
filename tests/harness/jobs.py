"""The jobs table as an administrator uses it: rows are inserted and looked at, by SQL."""

import json
import time

from harness.client import Client
from harness.database import execute, query_one
from harness.processes import NotReady
from harness.tokens import Mint

ADMIN = 10**9  # nobody's number
FINISHED = ("done", "failed", "dead", "cancelled")


def insert(connection, kind, params=None, **columns):
    """INSERT INTO sync_jobs …; its id."""
    values = {"kind": kind, **columns}
    if params is not None:
        values["params"] = params if isinstance(params, str) else json.dumps(params)
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    return execute(connection, f"INSERT INTO sync_jobs ({names}) VALUES ({marks})", tuple(values.values()))


def look(connection, job_id):
    row = query_one(connection, "SELECT * FROM sync_jobs WHERE id = %s", (job_id,))
    if row["report"] is not None:
        row["report"] = json.loads(row["report"])
    return row


def watch(connection, job_id, timeout_s=120, interval_s=0.01, meanwhile=None):
    """Until it is finished; (the row, what was seen of its progress on the way). `meanwhile` is called with each
    look at it."""
    deadline = time.monotonic() + timeout_s
    seen = []
    while True:
        row = query_one(connection, "SELECT state, done_units, total_units, done_expected_at FROM sync_jobs"
                        " WHERE id = %s", (job_id,))
        if not seen or seen[-1] != row:
            seen.append(row)
        if row["state"] in FINISHED:
            return look(connection, job_id), seen
        if time.monotonic() > deadline:
            raise NotReady(f"job {job_id} is not finished within {timeout_s} s: {row}")
        if meanwhile is not None:
            meanwhile(row)
        time.sleep(interval_s)


def resume(stack, run_id):
    """Ends the pauses that a rollback left on its rows, as an administrator does; how many there were."""
    mint = Mint(stack.config)
    reply = Client(stack.url, mint.sign(mint.claims(ADMIN, "admin"))).post(f"/api/admin/repairs/{run_id}/resume")
    assert reply.status == 200, reply
    return reply.json()["ended"]


def run(connection, kind, params=None, timeout_s=120):
    """Inserts one and waits until it is done."""
    row, _ = watch(connection, insert(connection, kind, params), timeout_s)
    assert row["state"] == "done", f"{kind}: {row['state']}: {row['error']}"
    return row
