"""The learner's pages without a network: they open, practice goes on, and the next release takes its place as a whole."""

import copy
import os
import shutil
import time

import pytest

from harness.database import execute, query, query_one
from harness.processes import Child, free_port, wait_until
from harness.stack import NGINX_CONF, REPOSITORY

KEPT_PATHS = """async () => {
  for (const name of await caches.keys()) {
    const set = await caches.open(name);
    if (await set.match('/lockstep/whole')) return (await set.keys()).map((request) => new URL(request.url).pathname).sort();
  }
  return null;
}"""
KEPT_TEXT = "async (path) => (await (await caches.match(path))?.text()) ?? null"
QUESTIONS = 10


def wait_kept(tab):
    wait_until(lambda: tab.evaluate(KEPT_PATHS), "the files of the pages are kept", timeout_s=40)
    return tab.evaluate(KEPT_PATHS)


def answer(tab, first, last):
    for at in range(first, last + 1):
        tab.text(f"Question {at} of {QUESTIONS}").wait()
        tab.css(".player input").fill(7)
        tab.css(".player input").press("Enter")


class Site:
    """The stack's nginx once more, over files of its own that a release may change; stopped, it is a network that is away."""

    def __init__(self, stack, directory):
        self.directory = str(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        for part in ("client", "pages"):
            shutil.copytree(os.path.join(REPOSITORY, "src", "web", part), os.path.join(self.directory, "web", part))
        shutil.copytree(os.path.join(stack.directory, "lockstep"), os.path.join(self.directory, "lockstep"))
        server = os.path.join(self.directory, "lockstep", "lockstep.conf")
        with open(server, encoding="utf-8") as file:
            text = file.read()
        with open(server, "w", encoding="utf-8") as file:
            file.write(text.replace(os.path.join(REPOSITORY, "src", "web"), os.path.join(self.directory, "web")))
        with open(os.path.join(self.directory, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(NGINX_CONF.format(
                directory=self.directory, port=self.port, workers=1, user_line="user root;" if os.geteuid() == 0 else "",
                http_lines=f"  include {self.directory}/lockstep/http.conf;", server_lines="    include lockstep/lockstep.conf;"))
        self.nginx = None

    def start(self):
        self.nginx = Child("nginx", ["/usr/sbin/nginx", "-p", self.directory, "-c", f"{self.directory}/nginx.conf"],
                           f"{self.directory}/nginx.log")
        wait_until(self.nginx.is_running, "nginx runs")

    def stop(self):
        if self.nginx is not None:
            self.nginx.stop()
        self.nginx = None

    def change(self, path, old, new):
        path = os.path.join(self.directory, "web", path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert old in text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))


@pytest.fixture
def site(stack, tmp_path):
    made = Site(stack, tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def visit_site(site, browser):
    """A visitor of the site; what their pages complain of is theirs to know."""
    there = copy.copy(browser)
    there.url = site.url
    visitors = []

    def open_tab(path, token):
        visitors.append(there.visitor(token))
        return visitors[-1].open(path)

    yield open_tab
    for visitor in visitors:
        visitor.close()


def test_practice_goes_on_over_reloads_while_the_network_is_away(visit, learner, db):
    tab = visit("/lockstep/learner#/practice", learner.token).connected()
    wait_kept(tab)
    tab.visitor.offline()
    tab.reload()
    tab.connected("offline")
    tab.button("Start", exact=True).click()
    answer(tab, 1, 4)
    tab.reload()
    answer(tab, 5, QUESTIONS)
    tab.text("What was saved", exact=True).wait()
    tab.css('[data-pending="12"]').wait()
    tab.reload()
    tab.css('[data-pending="12"]').wait()
    assert query_one(db, "SELECT COUNT(*) AS n FROM attempts WHERE user_id = %s", (learner.id,))["n"] == 0
    for view in ("dashboard", "courses", "progress", "today", "conflicts", "achievements"):
        tab.go(f"#/{view}")
        tab.css("main h1").having(view.capitalize()).wait()
    tab.visitor.offline(False)
    tab.css("[data-pending]").wait_gone(40)
    assert len(query(db, "SELECT id FROM attempts WHERE user_id = %s", (learner.id,))) == QUESTIONS
    assert len(query(db, "SELECT id FROM session_results WHERE user_id = %s", (learner.id,))) == 1
    assert len(query(db, "SELECT user_id FROM user_stitch_progress WHERE user_id = %s", (learner.id,))) == 1


@pytest.fixture
def modules(db):
    """Two that the site has, by names of its own."""
    execute(db, "INSERT INTO modules (module_key, label, position) VALUES ('mathematics', 'Numbers', 1), ('geography', 'Places and maps', 2)")
    yield
    execute(db, "DELETE FROM modules WHERE module_key IN ('mathematics', 'geography')")


@pytest.mark.usefixtures("modules")
def test_what_was_chosen_last_counts_also_offline(visit, learner, db):
    tab = visit("/lockstep/learner#/practice", learner.token).connected()
    tab.label("Counts for").choose("geography")
    assert tab.css("option").texts()[-2:] == ["Numbers", "Places and maps"]
    tab.button("Start", exact=True).click()
    answer(tab, 1, 1)
    tab.button("End here").click()
    tab.until_shows("All of it is saved.")
    wait_kept(tab)
    tab.visitor.offline()
    tab.reload()
    tab.button("Start", exact=True).click()
    answer(tab, 1, 1)
    tab.css('[data-pending="1"]').wait()
    tab.visitor.offline(False)
    tab.css("[data-pending]").wait_gone(40)
    rows = query(db, "SELECT module FROM attempts WHERE user_id = %s", (learner.id,))
    assert [row["module"] for row in rows] == ["geography", "geography"]


def test_what_is_kept_is_the_same_for_everybody(visit, new_learner):
    """Files, and nothing of what the interface answered: with the next learner it is still that."""
    first, second = new_learner(display_name="Ada"), new_learner(display_name="Bo")
    tab = visit("/lockstep/learner", first.token).connected()
    files = wait_kept(tab)
    assert "/lockstep/learner" in files and "/lockstep/libraries/uplot.js" in files and "/lockstep/pages/learner/practice.js" in files
    assert all(path.startswith(("/lockstep/pages/", "/lockstep/client/", "/lockstep/libraries/")) for path in files
               if path not in ("/lockstep/learner", "/lockstep/whole")), files
    tab.css("header").having("Ada").wait()
    tab.call("goto", f"{tab.visitor.browser.url}/lockstep/learner#token={second.token}")
    tab.css("header").having("Bo").wait()
    assert wait_kept(tab) == files
    tab.visitor.offline()
    tab.reload()
    tab.connected("offline")
    assert "Ada" not in tab.css("body").read()


def test_the_next_release_takes_its_place(visit_site, site, learner):
    tab = visit_site("/lockstep/learner#/practice", learner.token).connected()
    wait_kept(tab)
    site.change("pages/learner.js", "label: 'Practice'", "label: 'Exercise'")
    tab.reload()
    tab.css("nav").having("Exercise").wait()  # at once, not with the visit after this one
    wait_until(lambda: "Exercise" in tab.evaluate(KEPT_TEXT, "/lockstep/pages/learner.js"), "the new release is kept", timeout_s=40)
    site.stop()
    tab.reload()
    tab.css("nav").having("Exercise").wait()
    tab.button("Start", exact=True).wait()
    site.start()
    tab.connected()


def test_half_a_release_is_not_kept(visit_site, site, learner):
    tab = visit_site("/lockstep/learner#/practice", learner.token).connected()
    files = wait_kept(tab)
    site.change("pages/learner.js", "label: 'Practice'", "label: 'Exercise'")
    os.unlink(os.path.join(site.directory, "web", "pages", "icon.svg"))
    tab.reload()
    tab.css("nav").having("Exercise").wait()
    time.sleep(3)  # that nothing happens cannot be waited for
    site.stop()
    tab.reload()
    tab.button("Start", exact=True).wait()
    assert "Exercise" not in tab.css("nav").read()
    assert tab.evaluate(KEPT_PATHS) == files


def test_a_page_opens_from_a_browser_that_was_killed(site, driver, browser, learner, tmp_path):
    """Without a network, and nothing of the page in memory."""
    from harness.browser import Browser
    profile = tmp_path / "profile"
    first = Browser(driver, site.url, profile)
    tab = first.owner().open(f"/lockstep/learner#token={learner.token}").connected()
    wait_kept(tab)
    first.kill()
    site.stop()
    again = Browser(driver, site.url, profile)
    tab = again.owner().open(f"/lockstep/learner#token={learner.token}")
    tab.go("#/practice")
    tab.button("Start", exact=True).click()
    answer(tab, 1, 1)
    tab.css('[data-pending="1"]').wait()
    again.kill()
