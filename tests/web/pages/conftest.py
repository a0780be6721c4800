"""The pages as nginx serves them, in one Chromium, against one whole Lockstep: service, live channel, sync-worker."""

import os
import subprocess

import pytest

from harness.browser import Browser, Driver
from harness.stack import REPOSITORY, Stack, SyncWorker
from integration.conftest import admin, service_of  # noqa: F401


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    """What the pages are rendered with; kept by ./test from run to run."""
    directory = os.path.join(os.environ.get("LOCKSTEP_STATE") or tmp_path_factory.mktemp("libraries"), "libraries")
    subprocess.run([os.path.join(REPOSITORY, "tools", "web-libraries.sh"), directory], check=True)
    return directory


@pytest.fixture(scope="session")
def stack(libraries):
    with Stack() as running:
        os.symlink(libraries, os.path.join(running.directory, "libraries"))
        running.start_live()
        with SyncWorker(running):
            yield running


@pytest.fixture(scope="session")
def service(stack):
    """What new_learner, learner, admin and db of the other tests go by."""
    return service_of(stack)


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    home = tmp_path_factory.mktemp("chromium")
    running = Driver(os.path.join(os.environ.get("LOCKSTEP_STATE") or str(home), "web-browser"), str(home))
    yield running
    running.close()


@pytest.fixture(scope="session")
def browser(driver, stack, tmp_path_factory):
    running = Browser(driver, stack.url, tmp_path_factory.mktemp("profile"))
    yield running
    running.kill()


@pytest.fixture
def visit(browser):
    """visit(path, token, …): a tab of a new visitor, see Browser.visitor; `tab.visitor.open(path)` is another tab of theirs.
    No page may have thrown anything, nor tried what its Content-Security-Policy forbids."""
    visitors = []

    def open_tab(path, token=None, **options):
        visitors.append(browser.visitor(token, **options))
        return visitors[-1].open(path)

    yield open_tab
    for visitor in visitors:
        visitor.close()
    assert browser.driver.complaints() == []


@pytest.fixture
def own_browser(driver, stack, tmp_path):
    """start(): a Chromium over a profile that outlives it."""
    running = []

    def start():
        running.append(Browser(driver, stack.url, tmp_path / "profile"))
        return running[-1]

    yield start
    running[-1].kill()
    assert driver.complaints() == []
