"""Practice through the learner's pages, on the worst of days: the database holds exactly what was done."""

import datetime
import os

import pytest
from practice import QUESTIONS, Practice

from harness import truth
from harness.database import query, query_one


@pytest.fixture
def lockstep(stack):
    """The server, to be killed; it is there again for the next test."""
    class Server:
        def kill(self):
            stack.service.kill()

        def start(self):
            if os.path.exists(stack.fcgi_socket):
                os.unlink(stack.fcgi_socket)
            stack.start_service()
            stack.wait_ready()

    yield Server()
    if not stack.service.is_running():
        Server().start()


def a_bad_day(start_browser, lockstep, token, done, disk_ms):
    """Practises as a guest: online; offline, with a clock that is an hour wrong; in two tabs; while the server is killed; over a
    reload and a killed browser; and signs in offline, amid a session. Answers the results of the sessions."""
    browser = start_browser()
    guest = browser.owner(disk_ms)
    one = Practice(guest, done)
    one.tab.button("Try it as a guest").click()
    one.start("Plus and minus")
    one.answer(2)
    one.drained()
    guest.offline()
    one.tab.evaluate("() => localStorage.setItem('shift-ms', 3600000)")
    one.answer(2)
    one.waits(2, "You are offline.")
    guest.offline(False)
    one.drained()
    two = Practice(guest, done)
    two.start("Times tables")
    two.answer(1)
    one.answer(1)
    two.answer(1)
    one.drained()
    two.drained()
    lockstep.kill()
    one.answer(1)
    two.answer(1)
    one.waits(2, "The server cannot be reached.")
    two.waits(2, "The server cannot be reached.")
    lockstep.start()
    one.drained()
    two.drained()
    lockstep.kill()
    one.answer(1)
    one.tab.reload()
    one.resumed_at(8)
    one.answer(1)
    two.answer(1)
    two.waits(3, "The server cannot be reached.")
    browser.kill()  # at once: what stands in the banner is on disk
    lockstep.start()
    guest = start_browser().owner(disk_ms)
    return the_day_after(guest, token, done)


def the_day_after(guest, token, done):
    again = Practice(guest, done)
    again.resumed_at(5)  # what was begun last comes first
    again.answer(6)
    again.drained()
    results = {"times-tables-1": again.result()}
    again.look_elsewhere()
    again.resumed_at(9)
    again.answer(2)
    again.drained()
    results["sums-1"] = again.result()
    again.tab.button("Something else").click()
    again.start("Times tables")
    again.answer(2)
    again.drained()
    guest.offline()
    again.answer(2)
    again.waits(2, "You are offline.")
    again.tab.button("Sign in").click()
    again.tab.label("Or sign in with a token").fill(token)
    again.tab.button("Sign in", exact=True).click()
    again.tab.until_shows("What you did as a guest is yours, and will be sent as such.")
    again.resumed_at(5)
    again.answer(1)
    guest.offline(False)
    again.drained()
    again.answer(1)
    again.tab.css(".player input").press("Escape")
    again.drained()
    results["times-tables-1 again"] = again.result()
    return results, again.tab


@pytest.mark.parametrize("disk_ms", [0, 150])
def test_a_learners_bad_day(own_browser, lockstep, stack, new_learner, db, disk_ms):
    learner = new_learner()
    done = []
    results, tab = a_bad_day(own_browser, lockstep, learner.token, done, disk_ms)
    rows = query(db, "SELECT exercise_id, user_answer, is_correct, created_at FROM attempts WHERE user_id = %s", (learner.id,))
    assert sorted((row["exercise_id"], row["user_answer"], bool(row["is_correct"])) for row in rows) == sorted(done)
    assert len(rows) == 26
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for row in rows:  # the wrong clock was put right
        assert now - datetime.timedelta(minutes=10) < row["created_at"] < now + datetime.timedelta(seconds=5), row
    sessions = query(db, "SELECT total_questions, correct_answers, total_points FROM session_results WHERE user_id = %s", (learner.id,))
    assert sorted((row["total_questions"], row["correct_answers"], row["total_points"]) for row in sessions) == sorted(results.values())
    assert sorted(row["total_questions"] for row in sessions) == [6, QUESTIONS, QUESTIONS]
    stitches = query(db, "SELECT stitch_id FROM user_stitch_progress WHERE user_id = %s", (learner.id,))
    assert sorted(row["stitch_id"] for row in stitches) == ["sums-1", "times-tables-1"]
    correct = sum(is_right for _, _, is_right in done)
    truth.assert_agrees(db, learner.id, truth.triple(correct, len(done), correct), claimed=True, answers_only=False)
    points = query_one(db, "SELECT total_points FROM profiles WHERE user_id = %s", (learner.id,))["total_points"]
    assert points == sum(session[2] for session in results.values())
    assert query_one(db, "SELECT COUNT(*) AS n FROM users WHERE merged_into = %s", (learner.id,))["n"] == 1
    tab.go("#/progress/questions")
    tab.until_shows(f"Why is this total {len(done)}?")
    tab.until_shows(f"All entries together make {len(done)}: the total is right.")
