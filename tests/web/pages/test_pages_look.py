"""How every view looks: narrow and wide, light and dark, with much to show, with nothing, while it loads and when it fails.
Pictures of all of them are kept for people to look at: in the state directory of ./test under web-pictures, or where pytest
keeps what its tests write. What needs no eyes is judged here: axe, what is cut off or reaches out of the window, errors, and
what is asked of other origins."""

import json
import os
import re

import pytest

from harness import truth
from harness.stack import REPOSITORY
from integration.conftest import Learner

from populated import populate

PHONE, DESK = 360, 1400
LOOKS = [(width, scheme) for width in (PHONE, DESK) for scheme in ("light", "dark")]
SERIOUS = ("serious", "critical")
SETTLED_S = 40
EXPECTED = "/api/sync/health"  # says with its status, 503, that something is out of step; browsers write that down

LEARNER = ("dashboard", "courses", "courses/{course}", "progress", "progress/tokens", "today", "practice", "conflicts", "achievements")
ADMIN = ("health", "rules", "rules/user_totals_match_modules", "repairs", "repairs/plan", "repairs/{plan}", "audit", "audit/{student}",
         "requests", "students", "students/{student}", "students/enrollments", "courses", "courses/{course}", "payments",
         "payments/events", "jobs", "jobs/schedule", "jobs/{job}", "rejects")
VIEWS = {"learner": LEARNER, "admin": ADMIN}

# Whether a view has come to rest: nothing is on its way, and nothing moves.
AT_REST = """(hash) => location.hash === hash && document.querySelector('main h1') !== null && document.querySelector('.skeleton') === null
  && document.querySelector('main').children.length > 1
  && document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""

# What of the page reaches out of the window, and what people should press but can neither see nor scroll to.
OUT_OF_REACH = """() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  const name = (node) => `${node.tagName.toLowerCase()} ${node.textContent.trim().slice(0, 30) || node.ariaLabel || node.type}`;
  for (const node of document.querySelectorAll('main :is(a, button, input, select, textarea, summary)')) {
    const { left, right, width, height } = node.getBoundingClientRect();
    if (node.closest('dialog:not([open]), details:not([open]) > :not(summary), .option, .hidden')) continue;
    if (width < 1 || height < 1) { found.push(`no room for ${name(node)}`); continue; }
    for (let box = node.parentElement; box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === 'visible') continue;
      const around = box.getBoundingClientRect();
      if (left < around.left - 1 - box.scrollLeft || right > around.right + 1 + box.scrollWidth - box.clientWidth - box.scrollLeft) found.push(`cut off: ${name(node)}`);
    }
  }
  for (const table of document.querySelectorAll('.table'))
    if (table.scrollWidth > table.clientWidth + 1) found.push(`scrolls sideways: ${table.ariaLabel ?? 'a table'} (${table.scrollWidth} in ${table.clientWidth} px)`);
  return found;
}"""

AXE = """async () => {
  const { violations } = await axe.run({ rules: { 'target-size': { enabled: true } } });
  return violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.slice(0, 3).map((node) => node.target.join(' ')) }));
}"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    directory = os.path.join(os.environ.get("LOCKSTEP_STATE") or str(tmp_path_factory.mktemp("look")), "web-pictures")
    os.makedirs(directory, exist_ok=True)
    return directory


@pytest.fixture(scope="module")
def there(service):
    """What there is to look at; made once. new_learner and db of one test do not last so long."""
    connection = service.connect()
    made = []

    def new_learner(role="student", **columns):
        made.append(Learner(service, connection, truth.create_learner(connection, role=role, **columns), role))
        return made[-1]

    yield populate(connection, new_learner)
    for learner in made:
        learner.api.close()
    connection.close()


def complaints_about(tab, service):
    """What is wrong with what a tab shows, in sentences."""
    journal = tab.journal()
    axe = [f"axe: {found['impact']} {found['id']} at {', '.join(found['where'])}"
           for found in tab.evaluate(AXE) if found["impact"] in SERIOUS]
    own = (service.url + "/", service.url.replace("http", "ws", 1) + "/", "data:", "blob:")
    elsewhere = [f"asks elsewhere: {address}" for address in journal["asked"] if not address.startswith(own)]
    errors = [f"console: {error}" for error in journal["errors"] if not error.endswith(EXPECTED)]
    return tab.evaluate(OUT_OF_REACH) + axe + elsewhere + errors


def look_at(tab, place, picture):
    tab.go(f"#/{place}")
    tab.until(AT_REST, f"#/{place}", SETTLED_S)
    tab.screenshot(picture)


@pytest.mark.parametrize("width,scheme", LOOKS)
@pytest.mark.parametrize("page", list(VIEWS))
def test_every_view(visit, service, there, pictures, page, width, scheme):
    parts = {"course": there["course"], "plan": there["plan"], "job": there["job"], "student": there["learner"].id}
    tab = visit(f"{page}.html", there[page].token, width=width, scheme=scheme, reducedMotion="reduce")
    tab.css("main h1").wait()
    tab.inject("axe-core/axe.min.js")
    wrong = {}
    for view in VIEWS[page]:
        name = re.sub(r"\W+", "-", view).strip("-")
        look_at(tab, view.format(**parts), os.path.join(pictures, f"{page}-{name}-{width}-{scheme}.png"))
        complaints = complaints_about(tab, service)
        if complaints:
            wrong[view] = complaints
    assert wrong == {}, json.dumps(wrong, indent=1)


SELF_SUFFICIENT = ("practice", "students/enrollments")  # of use also before, and without, what they read


@pytest.mark.parametrize("page", list(VIEWS))
@pytest.mark.parametrize("state,width,scheme", [("loading", DESK, "light"), ("failed", PHONE, "dark")])
def test_every_view_says_so_while_it_loads_and_when_it_fails(visit, service, there, pictures, page, state, width, scheme):
    parts = {"course": there["course"], "plan": there["plan"], "job": there["job"], "student": there["learner"].id}
    tab = visit(f"{page}.html#/{VIEWS[page][-1]}", there[page].token, width=width, scheme=scheme, reducedMotion="reduce")
    tab.css("main h1").wait()
    tab.inject("axe-core/axe.min.js")
    problem = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "detail": "Something broke.", "requestId": "r-1"}
    tab.visitor.reply("**/api/**", None if state == "loading" else 500, problem)
    wanted = ".skeleton" if state == "loading" else ".failure"
    wrong = {}
    for view in VIEWS[page]:
        tab.go(f"#/{view.format(**parts)}")
        if view not in SELF_SUFFICIENT:
            tab.css(f"main {wanted}").nth(0).wait()
        name = re.sub(r"\W+", "-", view).strip("-")
        tab.screenshot(os.path.join(pictures, f"{page}-{name}-{state}-{width}-{scheme}.png"))
        complaints = [one for one in complaints_about(tab, service) if not one.startswith("console: Failed to load resource")]
        if complaints:
            wrong[view] = complaints
    assert wrong == {}, json.dumps(wrong, indent=1)


def test_no_view_is_left_out():
    for page, views in VIEWS.items():
        with open(os.path.join(REPOSITORY, "src", "web", "pages", f"{page}.js"), encoding="utf-8") as file:
            assert set(re.findall(r"path: '(\w+)'", file.read())) == {view.split("/")[0] for view in views}
