"""The page that docs/frontend.md tells a new frontend developer to write, as it stands there."""

import os
import re

import pytest

from harness.stack import REPOSITORY

SHOWS = "([id, text]) => document.getElementById(id).textContent === text && Date.now()"


@pytest.fixture(scope="module")
def page():
    with open(os.path.join(REPOSITORY, "docs", "frontend.md"), encoding="utf-8") as file:
        text = re.search(r"```html\n(.*?)```", file.read(), re.DOTALL).group(1)
    assert text.count("\n") <= 20
    return text


@pytest.mark.parametrize("live", [True, False], ids=["live", "asking"])
def test_what_is_done_in_one_tab_shows_in_another(visit, learner, page, live):
    """Within a second, and where WebSockets are blocked, within the interval of polling."""
    shows = visit("/try/blank.html", live=live, serve={"/try/blank.html": "", "/try/page.html": page})
    shows.evaluate("(token) => localStorage.setItem('token', token)", learner.token)
    shows.call("goto", f"{shows.visitor.browser.url}/try/page.html")
    shows.until(SHOWS, ["state", "live" if live else "polling"], timeout_s=40)
    shows.until(SHOWS, ["tokens", "0"])
    acts = shows.visitor.open("/try/page.html")
    acts.until(SHOWS, ["tokens", "0"])
    acts.evaluate("() => addEventListener('click', () => { globalThis.clickedAt = Date.now(); }, { capture: true })")
    acts.css("#answer").click()
    took = shows.until(SHOWS, ["tokens", "1"]) - acts.evaluate("() => globalThis.clickedAt")
    assert took < (1000 * max(1, os.getloadavg()[0] / os.cpu_count()) if live else 16000)  # a machine may have more to do
    assert shows.css("#modules").read().split("\n") == ["Overall Progress: 1", "Mathematics: 1"]
