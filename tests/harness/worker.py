"""Somebody who works on jobs."""

import contextlib
import os

import yaml

from harness.database import query_one
from harness.processes import Child, wait_until
from harness.stack import build_directory

ALIVE = "SELECT COUNT(*) AS n FROM sync_workers WHERE beat_at > UTC_TIMESTAMP(3) - INTERVAL 20 SECOND"


@contextlib.contextmanager
def sync_worker(connection, config_path, directory):
    """The service's own lockstep-sync where one is alive, or one that lives as long as this."""
    if query_one(connection, ALIVE)["n"] > 0:
        yield
        return
    with open(config_path, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    config["sync"] = {**config.get("sync", {}), "pid": os.path.join(directory, "lockstep-sync.pid")}
    own_path = os.path.join(directory, "lockstep-sync.yaml")
    with open(own_path, "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file)
    child = Child("lockstep-sync", [os.path.join(build_directory(), "lockstep-sync"), "--config", own_path],
                  os.path.join(directory, "lockstep-sync.log"))
    try:
        wait_until(lambda: query_one(connection, ALIVE)["n"] > 0, "a sync-worker", child=child)
        yield
    finally:
        child.stop()
