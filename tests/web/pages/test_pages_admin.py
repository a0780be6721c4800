"""The administrator's console, used from a beginning to its end in one tab: nothing that is shown needs a reload."""

import pytest

from harness import payments, truth
from harness.courses import assert_enrolled, create_course, decisions, requests
from harness.database import execute, query_one
from harness.jobs import insert, look
from harness.processes import wait_until

from integration.drift import STATS, TOTALS, drifted, is_repaired, job_of

CROWD = 30000  # learners: a job over all of them is divided
LATER = "2099-01-01 00:00:00"


@pytest.fixture
def console(visit, admin):
    """console(place): the console at that place. It must not be loaded anew by anything that is done in it."""
    tabs = []

    def open_console(place, **options):
        tabs.append(visit(f"admin.html#/{place}", admin.token, **options))
        tabs[-1].evaluate("() => { globalThis.isFirstLoad = true; }")
        return tabs[-1]
    yield open_console
    for tab in tabs:
        assert tab.evaluate("() => globalThis.isFirstLoad === true")


def told(tab, text, timeout_s=60):
    """Until the console says so, in a line that goes by itself."""
    tab.css(".toasts").having(text).wait(timeout_s)


def number_in_the_address(tab, place):
    """#/jobs/7 → 7."""
    return int(tab.until("(place) => new RegExp(`^#/${place}/(\\\\d+)$`).exec(location.hash)?.[1]", place, 60))


def row_of(tab, card, text):
    return tab.card(card).css("tbody tr").having(str(text))


# Drift

def test_planted_drift_is_found_planned_looked_at_repaired_and_put_back(console, new_learner, db):
    learner = drifted(new_learner)
    planted = truth.document_of(db, learner.id)
    tab = console("rules")
    tab.button("Look at everybody now").click()
    told(tab, "The pass has ended")
    tab.go("#/health")
    tab.card("Rules in breach").role("link", STATS, exact=True).wait()
    tab.card("Rules in breach").role("link", TOTALS, exact=True).click()
    row_of(tab, "Rows in breach", f"id {learner.id}").having('"global_stats"').wait()

    tab.role("link", "Plan a repair").click()
    tab.button("Make the plan").click()
    plan = number_in_the_address(tab, "repairs")
    change = row_of(tab, "Every change it would make", f"id {learner.id}").having("modules.unattributed").having('"tokens_earned":5')
    change.wait()
    assert change.css(".old").read().split() == ["before", "nothing"]
    assert truth.document_of(db, learner.id) == planted, "a plan changes nothing"

    tab.button("Apply this plan").click()
    tab.role("dialog").button("Change 1 row").click()
    told(tab, "The plan was applied.")
    tab.card(f"Repair {plan}").having("done").wait()
    row_of(tab, "Every change", f"id {learner.id}").having("done").wait()
    assert truth.add_up(truth.modules_of(db, learner.id).values()) == truth.triple(9, 2, 1)

    tab.button("Roll back").click()
    tab.role("dialog").button("Roll back 1 row").click()
    told(tab, f"Run {plan} was rolled back.")
    assert number_in_the_address(tab, "repairs") > plan
    assert truth.document_of(db, learner.id) == planted
    tab.button("Let its rows be repaired again").click()
    tab.role("dialog").button("End the pause").click()
    told(tab, "1 paused row may be repaired again.")
    tab.role("link", "All runs").click()
    row_of(tab, "Runs so far", f"Repair {plan}").having("rolled back").wait()


@pytest.fixture
def many_drifted(db):
    """More than the half of all learners."""
    count = 2 * query_one(db, "SELECT COUNT(*) AS n FROM users")["n"] + 200
    document = '{"modules": {"math": {"progress": {"tokens_earned": 4, "total_questions_answered": 2, "correct_answers": 1}}}}'
    execute(db, "INSERT INTO users (username, tokens, questions_answered, correct_answers, hidden_grade_asset)"
            f" SELECT CONCAT('many-', seq), 9, 2, 1, %s FROM seq_1_to_{count}", (document,))
    yield count
    execute(db, "DELETE FROM users WHERE username LIKE 'many-%%'", ())


def test_a_run_over_a_limit_stops_and_goes_on_only_when_its_changes_were_looked_at(console, many_drifted, db):
    job = insert(db, "auto_fix", {"rules": [TOTALS]})
    tab = console("repairs")
    tab.card("Runs so far").css("tbody tr").having("stopped by a limit").role("link").nth(0).click()
    run = number_in_the_address(tab, "repairs")
    tab.card(f"Repair {run}").having("its limit among").having(f"job {job}").wait()
    assert "Confirm" not in tab.card(f"Repair {run}").read(), "that is for who asks by the interface"
    tab.role("link", "Make a plan, and look at it").click()
    tab.button("Make the plan").click()
    plan = number_in_the_address(tab, "repairs")
    tab.card("Every change it would make").role("row").nth(50).wait()
    tab.button("Apply this plan").click()
    tab.role("dialog").button("Change ").click()
    tab.button("Apply over the limit").click()
    dialog = tab.role("dialog").having("its limit among")
    assert dialog.button("Change ").attribute("disabled") is not None
    dialog.label("I have looked at the changes.").click()
    dialog.button("Change ").click()
    told(tab, "The plan was applied.")
    tab.card(f"Repair {plan}").having("done").having("limits confirmed").wait()
    left = query_one(db, "SELECT COUNT(*) AS n FROM users WHERE username LIKE 'many-%%' AND hidden_grade_asset NOT LIKE '%%unattributed%%'", ())
    assert left["n"] == 0


def test_the_audit_is_made_shown_and_exported(console, new_learner, admin):
    learner = drifted(new_learner)
    tab = console("audit")
    tab.button("Audit everybody now").click()
    told(tab, "The audit is made")
    row_of(tab, "Who differs", f"Learner {learner.id}").having("+6").having("9 against 3").wait()
    file = tab.button("Export as CSV").click_for_a_file()
    told(tab, "The audit was exported.")
    shown = admin.api.get("/api/admin/audit?limit=200", headers={"Accept": "text/csv"})
    assert file["name"] == f"audit-{shown.headers['X-Pass-Id']}.csv"
    assert file["text"].encode() == shown.body and f"\n{learner.id}," in file["text"]


def test_a_rule_is_paused_and_all_repairs_are_switched_off_and_on(console, admin):
    def use(name):
        return {rule["name"]: rule["state"] for rule in admin.api.get("/api/admin/rules").json()["rules"]}[name]

    tab = console(f"rules/{TOTALS}")
    tab.button("Pause", exact=True).click()
    tab.role("dialog").having("It still finds").button("Pause", exact=True).click()
    told(tab, f"{TOTALS} is paused.")
    tab.card(TOTALS).having(f"by user_{admin.id}").wait()
    assert (use(TOTALS), use(STATS)) == ("paused", "active")
    tab.button("Resume", exact=True).click()
    told(tab, f"{TOTALS} repairs again.")
    tab.button("Pause", exact=True).wait()
    tab.role("link", "All rules").click()
    tab.role("switch", "On").click()
    tab.role("dialog").button("Leave it").click()
    tab.role("switch", "On").click()
    tab.role("dialog").button("Switch off").click()
    told(tab, "Repairs are off.")
    tab.role("switch", "Off").wait()
    assert use(STATS) == "paused"
    tab.role("switch", "Off").click()
    told(tab, "Repairs are on again.")
    tab.role("switch", "On").wait()
    assert use(TOTALS) == use(STATS) == "active"


# Requests

def test_one_request_is_denied_and_twenty_are_approved_at_once(console, db):
    course = create_course(db, title="Bookkeeping", is_public=False)
    tab = console("requests")
    tab.until_shows("Nobody waits.")
    students = [truth.create_learner(db, display_name=f"Asks {at:02}") for at in range(21)]
    for student in students:
        execute(db, "INSERT INTO access_requests (student_id, course_id, reason) VALUES (%s, %s, 'I want to learn it.')", (student, course))
    waiting = tab.card("Waiting to be decided")
    waiting.having("21 requests").wait()
    tab.button("Deny Asks 07, Bookkeeping").click()
    tab.role("dialog").label("Reason").fill("There is no room.")
    tab.role("dialog").button("Deny", exact=True).click()
    told(tab, "1 request denied.")
    waiting.having("20 requests").wait()
    tab.label("Choose all that are shown").click()
    tab.button("Approve chosen").click()
    tab.role("dialog").having("Approve 20 requests?").button("Approve", exact=True).click()
    told(tab, "20 requests approved.")
    tab.until_shows("Nobody waits.")
    for at, student in enumerate(students):
        if at == 7:
            assert [(one["decision"], one["note"]) for one in decisions(db, student)] == [("rejected", "There is no room.")]
            assert requests(db, student) == []
        else:
            assert_enrolled(db, student, course)


# Jobs

@pytest.fixture
def crowd(db):
    execute(db, f"INSERT INTO users (username) SELECT CONCAT('crowd-', seq) FROM seq_1_to_{CROWD}")
    yield CROWD
    execute(db, "DELETE FROM users WHERE username LIKE 'crowd-%%'", ())


WATCH_THE_BAR = """() => {
  globalThis.bar = [];
  setInterval(() => {
    const bar = /^#\\/jobs\\/\\d+$/.test(location.hash) && document.querySelector('main [role=progressbar][aria-valuenow]');
    if (bar && bar.ariaValueNow !== String(globalThis.bar.at(-1))) globalThis.bar.push(Number(bar.ariaValueNow));
  }, 20);
}"""


@pytest.fixture
def busy(crowd, service):
    """Somebody else's transaction."""
    connection = service.connect()
    connection.begin()
    yield connection
    connection.close()


def test_a_job_over_everybody_is_ordered_and_watched_to_its_end(console, crowd, busy, new_learner, db):
    """The last learner's row is locked until the bar has been seen to stand short of its end."""
    last = drifted(new_learner)
    query_one(busy, "SELECT id FROM users WHERE id = %s FOR UPDATE", (last.id,))
    tab = console("jobs")
    tab.button("New job").click()
    dialog = tab.role("dialog")
    dialog.label("What", exact=True).choose("sync_all_users")
    dialog.having("Brings everybody's totals into step").wait()
    tab.evaluate(WATCH_THE_BAR)
    dialog.button("Enqueue").click()
    job = number_in_the_address(tab, "jobs")
    tab.until("() => globalThis.bar.at(-1) === 99", timeout_s=60)
    busy.commit()
    shown = tab.card(f"sync_all_users {job}")
    shown.css(".badge").having("done").wait(120)
    bar = tab.evaluate("() => globalThis.bar")
    assert bar == sorted(bar) and bar[-2:] == [99, 100]
    row = look(db, job)
    assert row["state"] == "done" and row["total_units"] > crowd
    shown.having(f"{row['total_units']:,} of {row['total_units']:,}").wait()
    tab.card("Ranges").having("done").wait()
    assert is_repaired(db, last)


def test_a_job_that_waits_is_cancelled_and_done_after_all(console, learner, db):
    tab = console("jobs")
    job = insert(db, "sync_user", {"userId": learner.id}, run_at=LATER)
    tab.button(f"Cancel job {job}").click()
    tab.role("dialog").button("Cancel the job").click()
    told(tab, f"Job {job} will end.")
    row_of(tab, "Jobs", f"sync_user {job}").having("cancelled").wait()
    assert job_of(db, job)["state"] == "cancelled"
    tab.button(f"Try again: job {job}").click()
    again = number_in_the_address(tab, "jobs")
    tab.card(f"sync_user {again}").having("done").wait()
    assert job_of(db, again)["state"] == "done" and again > job


def test_a_job_that_failed_says_why_and_is_tried_again(console, db):
    nobody = query_one(db, "SELECT MAX(id) + 1000000 AS id FROM users")["id"]
    tab = console("jobs")
    tab.button("New job").click()
    dialog = tab.role("dialog")
    dialog.label("What", exact=True).choose("sync_user")
    dialog.label("Learner").fill("x")
    dialog.button("Enqueue").click()
    dialog.having("must be a whole number").wait()
    dialog.label("Learner").fill(nobody)
    dialog.button("Enqueue").click()
    job = number_in_the_address(tab, "jobs")
    tab.card(f"sync_user {job}").having("failed").wait()
    tab.css(".failure").having("What went wrong:").wait()
    execute(db, "INSERT INTO users (id) VALUES (%s)", (nobody,))
    tab.button("Try again").click()
    told(tab, f"Job {job} is tried again")
    wait_until(lambda: tab.evaluate("() => location.hash") != f"#/jobs/{job}", "the new job's place")
    again = number_in_the_address(tab, "jobs")
    tab.card(f"sync_user {again}").having("done").wait()


# Payments and devices

def test_an_event_of_the_provider_is_replayed_when_what_it_missed_is_there(console, learner, db):
    course = query_one(db, "SELECT COALESCE(MAX(id), 0) + 1000 AS id FROM courses")["id"]
    event_id, body = payments.Purchase(learner.id, course).completed()
    tab = console("payments/events")
    tab.until_shows("The provider has told of nothing yet.")
    execute(db, "INSERT INTO webhook_events (event_id, type, user_id, payload, created_at, received_at, outcome, error)"
            " VALUES (%s, 'checkout.session.completed', %s, %s, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'unknown_course', %s)",
            (event_id, learner.id, body.decode(), f"There is no course {course}."))
    row = row_of(tab, "Events", event_id)
    row.having("unknown course").having("waits").wait()
    tab.button(event_id).click()
    dialog = tab.role("dialog")
    dialog.button("Replay").click()
    dialog.css("dl").having("unknown course").wait()
    wait_until(lambda: query_one(db, "SELECT replays FROM webhook_events WHERE event_id = %s", (event_id,))["replays"] == 1, "the replay")
    execute(db, "INSERT INTO courses (id, title, status, price_cents, currency) VALUES (%s, 'Paid for', 'published', 4900, 'usd')", (course,))
    dialog.button("Replay").click()
    dialog.css("dl").having("applied").wait()
    dialog.button("Close").click()
    row.having("applied").wait()
    assert_enrolled(db, learner.id, course)


def test_a_reject_is_read_and_settled(console, learner, admin, db):
    tab = console("rejects")
    tab.until_shows("Nothing waits.")
    sent = {"threadId": "t", "stitchId": "s", "orderNumber": "three"}
    assert learner.api.post("/api/progress/bulk-sync", {"progressItems": [sent]}).status == 207
    entry = tab.card("Could not be taken").role("listitem").having(f"Learner {learner.id}")
    entry.having("orderNumber must be").wait()
    entry.text("What was sent").click()
    entry.having('"orderNumber": "three"').wait()
    entry.button("Settle reject").click()
    tab.role("dialog").button("Settle", exact=True).click()
    told(tab, "is settled.")
    tab.until_shows("Nothing waits.")
    tab.label("Show").choose("all")
    entry.having(f"settled by user_{admin.id}").wait()
    assert query_one(db, "SELECT resolved_by FROM sync_rejects WHERE user_id = %s", (learner.id,))["resolved_by"] == f"user_{admin.id}"
