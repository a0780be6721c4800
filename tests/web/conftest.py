"""The browser client's tools, and the service as the other tests from outside see it."""

import os
import subprocess
import tempfile

import pytest

from harness.stack import REPOSITORY, Stack
from integration.conftest import _service_of_environment, db, learner, new_learner, service_of  # noqa: F401


@pytest.fixture(scope="session")
def service():
    """The service that ./test started, or one of its own, with the live channel."""
    if "LOCKSTEP_URL" in os.environ:
        yield _service_of_environment()
        return
    with Stack() as stack:
        stack.start_live()
        yield service_of(stack)


@pytest.fixture(scope="session")
def client_directory():
    """Where the client is installed with what its tests need; kept by ./test from run to run."""
    if "LOCKSTEP_STATE" in os.environ:
        yield os.path.join(os.environ["LOCKSTEP_STATE"], "web-client")
        return
    with tempfile.TemporaryDirectory(prefix="lockstep-web-") as directory:
        yield directory


@pytest.fixture(scope="session")
def client_command(client_directory):
    """client_command("test", …): its exit code, and what it said."""
    def command(*arguments, timeout_s=300, document=None):
        done = subprocess.run([os.path.join(REPOSITORY, "tests", "web", "client"), client_directory, *arguments],
                              input=document, stdin=subprocess.DEVNULL if document is None else None,
                              capture_output=True, check=False, timeout=timeout_s)
        return done.returncode, done.stdout.decode(), done.stderr.decode()
    return command
