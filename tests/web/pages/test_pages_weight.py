"""What a page weighs, as nginx sends it, and how soon it shows something to who was never there before."""

import os
import re

import pytest

from harness.processes import wait_until
from harness.stack import REPOSITORY

WEB = os.path.join(REPOSITORY, "src", "web")

WEIGHT_BYTES = 150000  # of a page's own code, all views of it
LIBRARIES = "/lockstep/libraries/"
FIRST_CONTENT_MS = 1000
TRIES = 3  # a machine may have more to do

# The page itself and the files of it that were loaded: those of the first view, and of all others, which follow it.
FILES = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter(({ name }) => new URL(name).pathname.startsWith('/lockstep/'))
  .map(({ name, encodedBodySize, decodedBodySize }) => ({ path: new URL(name).pathname, sent: encodedBodySize, whole: decodedBodySize }))"""

FIRST_CONTENT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def files_of(tab):
    """Once no more come."""
    counts = []

    def settled():
        counts.append(len(tab.evaluate(FILES)))
        return len(counts) > 5 and len(set(counts[-5:])) == 1

    wait_until(settled, "all files of the page", interval_s=0.2)
    return tab.evaluate(FILES)


@pytest.mark.parametrize("page", ["learner", "admin"])
def test_a_page_is_light(visit, learner, admin, page):
    tab = visit(f"{page}.html", {"learner": learner, "admin": admin}[page].token)
    tab.css("main .card").nth(0).wait()
    files = files_of(tab)
    assert {f"/lockstep/pages/{page}.js", f"/lockstep/pages/{page}.html", "/lockstep/pages/lockstep.css", "/lockstep/client/index.js"} <= {file["path"] for file in files}
    plain = [file["path"] for file in files if file["whole"] > 1000 and file["sent"] >= file["whole"]]
    assert plain == [], "these are not compressed"
    own = [file for file in files if not file["path"].startswith(LIBRARIES)]
    assert len(own) < len(files) and sum(file["sent"] for file in own) < WEIGHT_BYTES, sorted((file["sent"], file["path"]) for file in files)


@pytest.mark.parametrize("page", ["learner", "admin"])
def test_a_page_shows_something_at_once(visit, learner, admin, page):
    took = []
    for _ in range(TRIES):
        tab = visit(f"{page}.html", {"learner": learner, "admin": admin}[page].token)
        tab.css("main h1").wait()
        took.append(wait_until(lambda shown=tab: shown.evaluate(FIRST_CONTENT), "the first paint"))
        if took[-1] < FIRST_CONTENT_MS:
            return
    assert min(took) < FIRST_CONTENT_MS * max(1, os.getloadavg()[0] / os.cpu_count()), took


def imported_by(first):
    """All modules that one needs before it runs, but for itself."""
    found, todo = set(), [first]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        if path.startswith("libraries/"):
            continue
        with open(os.path.join(WEB, path), encoding="utf-8") as file:
            names = re.findall(r"^(?:import|export)\b[^;]*?from '(\.[^']+)'", file.read(), re.MULTILINE)
        todo += [os.path.normpath(os.path.join(os.path.dirname(path), name)) for name in names]
    return found - {first}


@pytest.mark.parametrize("page", ["learner", "admin"])
def test_a_page_fetches_its_modules_at_once(page):
    """Or else every module would be asked for only when the one that imports it is there."""
    with open(os.path.join(WEB, "pages", f"{page}.html"), encoding="utf-8") as file:
        named = re.findall(r'<link rel="modulepreload" href="/lockstep/([^"]+)">', file.read())
    assert sorted(named) == sorted(imported_by(f"pages/{page}.js"))
