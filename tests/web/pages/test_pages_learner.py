"""The learner's views: what they show, and that it follows what happens elsewhere while they are open."""

import datetime
import re

from harness.courses import assert_enrolled, create_course, requests
from harness.database import query_one


def test_the_dashboard_follows_what_is_done_elsewhere(visit, learner):
    tab = visit("learner.html", learner.token).connected()
    tab.until_shows("No session yet.")
    assert learner.api.post("/api/sessions/record", {"threadId": "sums", "stitchId": "sums-1", "totalPoints": 25, "totalQuestions": 10,
                                                     "correctAnswers": 9}).status == 200
    tab.card("Recent sessions").having("sums-1").having("25 points").wait()
    tab.until_shows("1 session")


def tell(learner, event_id, event_type, source, hour, status, **part):
    """What a system says of the video `v1` of yesterday."""
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    at = f"{yesterday:%Y-%m-%d}T{hour}:00:00.000Z"
    data = {"activityId": "v1", "activityType": "video", "completionStatus": status, **part}
    if event_type == "video_completed":
        data["videoProgress"] = {"videoId": "v1", "percentageWatched": 100, "completedAt": at}
    else:
        data["skillProgress"] = {"skillId": "v1", "newLevel": "b1"}
        data["completedAt"] = at
    return learner.api.post("/api/progress-sync/events", {"id": event_id, "eventType": event_type, "sourceSystem": source,
                                                          "timestamp": at, "eventData": data})


def test_a_conflict_comes_is_decided_and_goes(visit, learner, db):
    tab = visit("learner.html#/conflicts", learner.token).connected()
    tab.until_shows("Nothing waits for you.")
    assert tell(learner, "e1", "video_completed", "video_player", "10", "completed", timeSpent=40).status == 200
    assert tell(learner, "e2", "skill_assessed", "ai_journey", "11", "failed", timeSpent=10).status == 207
    tab.until_shows("Two systems disagree about what you did.")
    ways = tab.css(".way")
    ways.nth(3).wait()
    texts = ways.texts()
    assert [text.split("\n")[0] for text in texts] == ["The latest word", "What got furthest", "All put together", "Your own word"]
    assert "failed" in texts[0] and "10 min" in texts[0] and "It is no longer done then." in texts[0]
    assert all("completed" in text and "40 min" in text for text in texts[1:])
    ways.nth(1).button("This is right").click()
    tab.role("dialog").button("Decide", exact=True).click()
    tab.until_shows("Nothing waits for you.")
    tab.card("Decided").having("Decided: What got furthest").wait()
    row = query_one(db, "SELECT resolved_by, resolved_at FROM progress_conflicts WHERE user_id = %s", (learner.id,))
    assert row["resolved_at"] is not None and row["resolved_by"] != "settlement"
    assert query_one(db, "SELECT status FROM activities WHERE user_id = %s", (learner.id,))["status"] == "completed"


def test_why_a_total_is_what_it_is(visit, learner):
    for tokens in (20, 15, 6):
        assert learner.answer(tokens=tokens).status == 200
    tab = visit("learner.html#/progress", learner.token).connected()
    tab.role("link", "Why 41?").click()
    tab.until_shows("Why is this total 41?")
    tab.until_shows("All entries together make 41: the total is right.")
    assert [re.search(r"\+(\d+) then (\d+)", text).groups() for text in tab.css("main .list .moved").texts()] == \
        [("6", "41"), ("15", "35"), ("20", "20")]
    assert learner.answer(tokens=1).status == 200
    tab.until_shows("Why is this total 42?")


def test_a_request_is_approved_while_the_page_is_open(visit, learner, admin, db):
    course_id = create_course(db, chapters=2, title="The night sky", is_public=0)
    tab = visit("learner.html#/courses", learner.token).connected()
    tab.button("Ask for access: The night sky").click()
    tab.role("dialog").label("Why would you like to take it?").fill("I look up a lot.")
    tab.role("dialog").button("Ask for access", exact=True).click()
    tab.role("region", "More courses").button("Take it back: The night sky").wait()
    (request,) = requests(db, learner.id, course_id)
    assert admin.api.patch(f"/api/admin/requests/{request['id']}", {"action": "approve"}).status == 200
    tab.role("region", "Your courses").role("link", "The night sky").click()
    tab.until_shows("0 of 2 chapters")
    tab.button("Complete: Chapter 0").click()
    tab.until_shows("1 of 2 chapters")
    assert_enrolled(db, learner.id, course_id, progress=50)


def test_an_achievement_appears_and_its_notice_is_read(visit, learner):
    tab = visit("learner.html#/achievements", learner.token).connected()
    tab.until_shows("Nothing earned yet.")
    assert learner.api.post("/api/todos", {"title": "Tidy up", "status": "completed"}).status == 201
    tab.card("Earned").having("First step").wait()
    tab.role("link", "1 unread notice").wait()
    tab.card("News").button("Read").click()
    tab.until_shows("Nothing new.")
    tab.role("link", "unread notice").wait_gone()


def test_the_banner_counts_what_waits(visit, learner):
    tab = visit("learner.html#/practice", learner.token).connected()
    tab.button("Start", exact=True).click()
    tab.css(".player input").wait()
    tab.visitor.offline()
    tab.until_shows("You are offline.")
    for count, text in ((1, "1 thing waits"), (2, "2 things wait"), (3, "3 things wait")):
        tab.css(".player input").fill(1)
        tab.css(".player input").press("Enter")
        tab.css(f'.banner[data-pending="{count}"]').having(text).wait()
    tab.visitor.offline(False)
    tab.css(".banner").wait_gone(40)
    assert learner.progress()["globalStats"]["totalQuestions"] == 3
