"""What is done in one tab shows in the others: live within a second, and where no WebSocket gets through, within the interval
at which the server wants to be asked."""

import datetime

import pytest

from harness.database import query

LIVE_MS = 1000
ROOM_MS = 1000  # for reading what has changed, where it was asked for
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


def interval_of(learner):
    return learner.api.get("/api/sync/connection").json()["pollIntervalMs"]


@pytest.mark.parametrize("live", [True, False], ids=["live", "asking"])
def test_a_video_ticks_what_belongs_to_it_in_the_other_tabs(visit, learner, db, live):
    titles = [plan(learner, number) for number in (1, 2)]
    how = "live" if live else "polling"
    within_ms = LIVE_MS if live else interval_of(learner) + ROOM_MS
    today = visit("learner.html#/today", learner.token, live=live).connected(how)
    today.card("Calendar").having(titles[0]).wait()
    achievements = today.visitor.open("learner.html#/achievements").connected(how)
    achievements.until_shows("Nothing earned yet.")
    acts = today.visitor.open("learner.html#/today").connected(how)
    began = watch_to_the_end(acts, titles[0])
    told = {
        "todo": today.until(TICKED, ["To do", "Watch 1"]) - began,
        "entry": today.until(TICKED, ["Calendar", titles[0]]) - began,
        "toast": today.until(SHOWN, f"★ Earned: {FIRST_STEP}.") - began,
        "achievement": achievements.until(EARNED, FIRST_STEP) - began,
    }
    assert max(told.values()) < within_ms, told
    # And the other way round: the tab that has the connection acts, and the one that hears of it from there follows.
    began = watch_to_the_end(today, titles[1])
    took = acts.until(TICKED, ["Calendar", titles[1]]) - began
    assert took < within_ms
    rows = query(db, "SELECT status FROM todos WHERE user_id = %s UNION ALL SELECT status FROM schedule_entries WHERE user_id = %s",
                 (learner.id, learner.id))
    assert [row["status"] for row in rows] == ["completed"] * 4
    print(how, told, took)


def test_what_happens_on_another_device_shows_within_a_second(visit, learner):
    """The other way than between tabs: nothing but the live channel connects the two."""
    title = plan(learner, 1)
    here = visit("learner.html#/today", learner.token).connected()
    here.card("Calendar").having(title).wait()
    there = visit("learner.html#/today", learner.token).connected()
    began = watch_to_the_end(there, title)
    told = [here.until(TICKED, ["To do", "Watch 1"]) - began, here.until(SHOWN, f"★ Earned: {FIRST_STEP}.") - began]
    assert max(told) < LIVE_MS, told
