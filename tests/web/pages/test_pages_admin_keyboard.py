"""The administrator's console without a mouse: everything is reached, dialogs keep the focus and give it back."""

import pytest

from harness import truth
from harness.courses import assert_enrolled, create_course
from harness.database import execute, query_one
from harness.jobs import insert

from integration.drift import TOTALS, drifted, job_of

LATER = "2099-01-01 00:00:00"


@pytest.fixture
def console(visit, admin):
    return lambda place, **options: visit(f"admin.html#/{place}", admin.token, **options)


def told(tab, text):
    tab.css(".toasts").having(text).wait(60)


def focused(tab):
    return tab.keys("Shift")[0]  # presses nothing that does anything


def dialog_keeps_and_returns_the_focus(tab, opener, stops):
    """From the button that opens it: the focus goes round in it, Escape closes it and leads back."""
    tab.keys("Enter")
    tab.role("dialog").wait()
    seen = tab.keys(*["Tab"] * (2 * stops + 4))
    inside = [one for one in seen if one is not None]
    assert all(one["inDialog"] and one["isSeen"] for one in inside), inside
    assert len({one["name"] for one in inside}) >= stops, inside
    tab.keys("Escape")
    tab.role("dialog").wait_gone()
    assert focused(tab)["name"] == opener


def test_a_repair_by_the_keyboard_alone(console, new_learner, admin, db):
    learner = drifted(new_learner)
    planted = truth.document_of(db, learner.id)
    tab = console(f"rules/{TOTALS}")
    tab.role("link", "Plan a repair").wait()
    assert tab.keys("Tab")[0]["name"] == "To the content"
    tab.keys("Enter")
    tab.tab_to("Plan a repair")
    tab.keys("Enter")
    tab.button("Make the plan").wait()
    tab.tab_to("One learner")
    tab.keys("Space")
    tab.tab_to("Learner’s number")
    tab.keys(*str(learner.id))
    tab.tab_to("Make the plan")
    tab.keys("Enter")
    tab.button("Apply this plan").wait()
    tab.tab_to("Apply this plan")
    dialog_keeps_and_returns_the_focus(tab, "Apply this plan", 3)
    tab.keys("Enter")
    tab.tab_to("Change 1 row")
    tab.keys("Enter")
    told(tab, "The plan was applied.")
    assert truth.add_up(truth.modules_of(db, learner.id).values()) == truth.triple(9, 2, 1)
    tab.button("Roll back").wait()
    tab.tab_to("Roll back", most=12)
    dialog_keeps_and_returns_the_focus(tab, "Roll back", 3)
    tab.keys("Enter")
    tab.tab_to("Roll back 1 row")
    tab.keys("Enter")
    told(tab, "was rolled back.")
    assert truth.document_of(db, learner.id) == planted
    tab.button("Let its rows be repaired again").wait()
    tab.tab_to("Let its rows be repaired again", most=12)
    tab.keys("Enter")
    tab.tab_to("End the pause")
    tab.keys("Enter")
    told(tab, "may be repaired again.")


def test_requests_are_decided_by_the_keyboard_alone(console, db):
    course = create_course(db, title="Keys", is_public=False)
    students = [truth.create_learner(db, display_name=f"Types {at}") for at in range(3)]
    for student in students:
        execute(db, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (student, course))
    tab = console("requests")
    tab.button("Deny Types 1, Keys").wait()
    tab.tab_to("Deny Types 1, Keys")
    dialog_keeps_and_returns_the_focus(tab, "Deny Types 1, Keys", 4)
    tab.keys("Enter")
    tab.tab_to("Reason")
    tab.keys(*"No.")
    tab.tab_to("Deny")
    tab.keys("Enter")
    told(tab, "1 request denied.")
    tab.card("Waiting to be decided").having("2 requests").wait()
    tab.tab_to("Choose all that are shown")
    tab.keys("Space")
    tab.tab_to("Approve chosen", most=3)
    dialog_keeps_and_returns_the_focus(tab, "Approve chosen", 4)
    tab.keys("Enter")
    tab.tab_to("Approve")
    tab.keys("Enter")
    told(tab, "2 requests approved.")
    for student in (students[0], students[2]):
        assert_enrolled(db, student, course)


def test_jobs_are_ordered_and_cancelled_by_the_keyboard_alone(console, learner, db):
    tab = console("jobs")
    job = insert(db, "sync_user", {"userId": learner.id}, run_at=LATER)
    tab.button(f"Cancel job {job}").wait()
    tab.tab_to(f"Cancel job {job}")
    dialog_keeps_and_returns_the_focus(tab, f"Cancel job {job}", 3)
    tab.keys("Enter")
    tab.tab_to("Cancel the job")
    tab.keys("Enter")
    told(tab, f"Job {job} will end.")
    tab.button(f"Try again: job {job}").wait()
    assert job_of(db, job)["state"] == "cancelled"
    tab.tab_to("New job")
    dialog_keeps_and_returns_the_focus(tab, "New job", 6)
    tab.keys("Enter")
    tab.tab_to("What")
    tab.keys(*"refresh_p")
    tab.tab_to("Enqueue")
    tab.keys("Enter")
    tab.css("h2").having("refresh_percentiles").wait()
    assert focused(tab) is not None, "the focus is not lost with the page that it was on"
    tab.tab_to("← All jobs", most=3)


# Numbers what can be used on the page in its order, but for what stands under a closed summary; how much there is.
NUMBERED = """() => [...document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary, [tabindex='0'])")]
  .filter((one) => !one.disabled && one.checkVisibility())
  .map((one, at) => { one.dataset.stop = at; }).length"""


@pytest.fixture(scope="module")
def places(service):
    """Every view of the console, with something to show in each."""
    db = service.connect()
    course = create_course(db, chapters=2, title="Every view")
    student = truth.create_learner(db, display_name="Every view")
    execute(db, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (student, course))
    execute(db, "INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at) VALUES (%s, '{}', UNHEX(SHA2('k', 256)), 'r', UTC_TIMESTAMP())", (student,))
    execute(db, "INSERT INTO webhook_events (event_id, type, payload, created_at, received_at, outcome)"
            " VALUES ('evt_keys', 'x', '{}', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'unreadable')")
    job = insert(db, "sync_user", {"userId": student}, run_at=LATER)
    yield ["health", "rules", f"rules/{TOTALS}", "repairs", "repairs/plan", "audit", "requests", "students", f"students/{student}",
           "students/enrollments", "courses", f"courses/{course}", "payments", "payments/events", "jobs", "jobs/schedule", f"jobs/{job}",
           "rejects"]
    execute(db, "UPDATE sync_jobs SET cancel_requested = 1 WHERE id = %s", (job,))
    execute(db, "DELETE FROM access_requests WHERE student_id = %s", (student,))
    execute(db, "DELETE FROM sync_rejects WHERE user_id = %s", (student,))
    execute(db, "DELETE FROM webhook_events WHERE event_id = 'evt_keys'")
    db.close()


def stops(tab):
    """How much can be used on the page, and what Tab came by. What came to the page meanwhile has no number: then all is
    numbered again."""
    for _ in range(3):
        tab.evaluate("() => document.querySelector('main').focus()")
        count = tab.evaluate(NUMBERED)
        seen = [one for one in tab.keys(*["Tab"] * count) if one is not None]
        if all("stop" in one for one in seen):
            break
    return count, seen


def test_all_that_can_be_used_is_reached_in_its_order(console, places):
    """In every view: Tab comes by each link, button and field of it, in the order in which they stand."""
    tab = console("health")
    for place in places:
        tab.go(f"#/{place}")
        tab.until("() => document.querySelector('main h2') && !document.querySelector('main .skeleton')")
        count, seen = stops(tab)
        assert [one.get("stop") for one in seen] == [str(at) for at in range(count)], (place, seen)
        assert count > 0 and all(one["name"] and one["isSeen"] for one in seen), (place, seen)


def test_another_thing_begins_at_its_top(console):
    tab = console("rules", height=200)
    tab.card("Rules").role("link", TOTALS, exact=True).wait()
    tab.evaluate("() => scrollTo(0, 300)")
    tab.evaluate("() => [...document.querySelectorAll('main tbody a')].at(-1).click()")
    tab.role("link", "All rules").wait()
    assert tab.evaluate("() => scrollY") == 0
