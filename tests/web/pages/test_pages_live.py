"""What is done in one tab shows in the others: live within a second, and where no WebSocket gets through, within the interval
at which the server wants to be asked."""

import datetime
import os

from harness.database import query

LIVE_MS = 1000
ROOM_MS = 5000  # for reading what has changed, where it was asked for
TRIES = 3
CROWDED_MOST = 5
FIRST_STEP = "First step"  # sql/achievements/first-step.yaml
TICKED = "([card, title]) => " + """
  [...document.querySelectorAll('section.card')].some((one) => one.querySelector('h2')?.textContent === card
    && [...one.querySelectorAll('li.doable')].some((row) => row.innerText.includes(title) && row.querySelector('input').checked)) && Date.now()"""
SHOWN = "(text) => document.body.innerText.includes(text) && Date.now()"
EARNED = "(title) => [...document.querySelectorAll('.medal b')].some((one) => one.textContent === title) && Date.now()"


def plan(learner, number):
    """A todo and a calendar entry of today about one video."""
    video = f"video-{number}"
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert learner.api.post("/api/todos", {"title": f"Watch {number}", "videoIds": [video], "dueAt": now}).status == 201
    assert learner.api.post("/api/schedule", {"title": f"Evening {number}", "videoId": video, "startsAt": now}).status == 201
    return f"Evening {number}"


def watch_to_the_end(tab, title):
    """Answers the moment of the click."""
    tab.evaluate("() => addEventListener('click', () => { globalThis.clickedAt = Date.now(); }, { capture: true })")
    tab.button(f"To the end: {title}").click()
    return tab.evaluate("() => globalThis.clickedAt")


def live_ms():
    """A second, on a machine that has nothing else to do. Where more wants to run than there are processors, as much more, but
    always less than asking would take."""
    return LIVE_MS * min(CROWDED_MOST, max(1, os.getloadavg()[0] / os.cpu_count()))


def once_within_a_second(attempt):
    """The best of a few tries: what else the machine does comes in bursts."""
    told = []
    for _ in range(TRIES):
        told.append(attempt())
        if max(told[-1].values()) < live_ms():
            return
    raise AssertionError(told)


def interval_of(learner):
    return learner.api.get("/api/sync/connection").json()["pollIntervalMs"]


def a_video_in_three_tabs(visit, learner, how):
    """How long after the click what else shows it, in ms, in tabs of which the first has the connection."""
    titles = [plan(learner, number) for number in (1, 2)]
    today = visit("learner.html#/today", learner.token, live=how == "live").connected(how)
    today.card("Calendar").having(titles[0]).wait()
    achievements = today.visitor.open("learner.html#/achievements").connected(how)
    achievements.until_shows("Nothing earned yet.")
    acts = today.visitor.open("learner.html#/today").connected(how)
    began = watch_to_the_end(acts, titles[0])
    took = {
        "todo": today.until(TICKED, ["To do", "Watch 1"]) - began,
        "entry": today.until(TICKED, ["Calendar", titles[0]]) - began,
        "toast": today.until(SHOWN, f"★ Earned: {FIRST_STEP}.") - began,
        "achievement": achievements.until(EARNED, FIRST_STEP) - began,
    }
    # And the other way round: the tab that has the connection acts, and one that hears of it from there follows.
    began = watch_to_the_end(today, titles[1])
    return {**took, "other way": acts.until(TICKED, ["Calendar", titles[1]]) - began}


def assert_all_done(db, learner):
    rows = query(db, "SELECT status FROM todos WHERE user_id = %s UNION ALL SELECT status FROM schedule_entries WHERE user_id = %s",
                 (learner.id, learner.id))
    assert [row["status"] for row in rows] == ["completed"] * 4


def test_a_video_ticks_what_belongs_to_it_in_the_other_tabs(visit, new_learner, db):
    def attempt():
        learner = new_learner()
        took = a_video_in_three_tabs(visit, learner, "live")
        assert_all_done(db, learner)
        return took
    once_within_a_second(attempt)


def test_where_no_websocket_gets_through_it_is_asked_for(visit, learner, db):
    took = a_video_in_three_tabs(visit, learner, "polling")
    assert_all_done(db, learner)
    assert max(took.values()) < interval_of(learner) + ROOM_MS, took


def test_what_happens_on_another_device_shows_within_a_second(visit, new_learner):
    """Nothing but the live channel connects the two."""
    def attempt():
        learner = new_learner()
        title = plan(learner, 1)
        here = visit("learner.html#/today", learner.token).connected()
        here.card("Calendar").having(title).wait()
        there = visit("learner.html#/today", learner.token).connected()
        there.card("Videos").button(f"To the end: {title}").wait()
        began = watch_to_the_end(there, title)
        return {"todo": here.until(TICKED, ["To do", "Watch 1"]) - began, "toast": here.until(SHOWN, f"★ Earned: {FIRST_STEP}.") - began}
    once_within_a_second(attempt)
