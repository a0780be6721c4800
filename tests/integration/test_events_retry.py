"""Events whose processing fails: kept alone, tried again, given up, reprocessed."""

import contextlib
import time

from harness.database import execute, query, query_one

from test_events_intake import PATH, event, send, summary


@contextlib.contextmanager
def breaking(db, activity):
    """The database refuses to count this activity, as a defect or another application's trigger would."""
    execute(db, "DROP TRIGGER IF EXISTS break_activity")
    execute(db, "CREATE TRIGGER break_activity BEFORE INSERT ON activities FOR EACH ROW BEGIN"
                f" IF NEW.activity_id = '{activity}' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken';"
                " END IF; END")
    try:
        yield
    finally:
        execute(db, "DROP TRIGGER IF EXISTS break_activity")


def waiting(db, learner):
    return query(db, "SELECT id, outcome, processed, retry_count, retry_at IS NULL AS given_up, processing_errors"
                     " FROM progress_events WHERE user_id = %s AND processed = FALSE ORDER BY id", (learner.id,))


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.05)


def test_what_fails_is_kept_alone(new_learner, db):
    learner = new_learner()
    events = [event(f"r{at}") for at in range(7)]
    with breaking(db, "r3"):
        batch = send(learner, *events, status=207)
        assert [item["status"] for item in batch["results"]] == ["applied"] * 3 + ["pending"] + ["applied"] * 3
        kept = batch["results"][3]
        assert kept["errors"] and "45000" not in str(kept) and "broken" not in str(kept)
        single = send(learner, event("r3"), status=207)
        assert single["status"] == "pending" and single["revision"] > batch["revision"] - 1
        assert send(learner, events[3], status=207) == kept
    assert summary(db, learner)["total_activities"] == 6
    rows = waiting(db, learner)
    assert len(rows) == 2 and all("broken" in row["processing_errors"] for row in rows)
    view = learner.api.get(f"{PATH}/{kept['eventId']}").json()
    assert view["processed"] is False and view["outcome"] == "pending" and len(view["errors"]) == 1
    assert learner.api.get(PATH + "?processed=false").json()["events"][-1]["id"] == kept["eventId"]
    jobs = query(db, "SELECT kind, state FROM sync_jobs WHERE params LIKE %s", (f'%"userId":{learner.id}}}%',))
    assert {(job["kind"], job["state"]) for job in jobs} == {("process_events", "ready")} and len(jobs) <= 2


def test_it_is_tried_again_until_it_succeeds(new_learner, db, admin, sync_worker):
    learner = new_learner()
    sent = event("again", timeSpent=4)
    with breaking(db, "again"):
        send(learner, sent, status=207)
        tag = learner.api.get(f"{PATH}/{sent['id']}").headers["ETag"]
        assert admin.api.post(PATH + "/reprocess", {"eventIds": [sent["id"]]}).json() == {
            "success": True, "events": 1, "learners": 1, "jobs": 1}
        wait_until(lambda: waiting(db, learner)[0]["retry_count"] == 1)
        failed = learner.api.get(f"{PATH}/{sent['id']}", headers={"If-None-Match": tag})
        assert failed.status == 200 and failed.json()["retryCount"] == 1 and failed.json()["retryAt"]
    assert admin.api.post(PATH + "/reprocess", {"userId": learner.id, "strategy": "immediate"}).status == 200
    wait_until(lambda: not waiting(db, learner))
    view = learner.api.get(f"{PATH}/{sent['id']}").json()
    assert view["outcome"] == "applied" and view["processed"] and view["errors"] == []
    result = send(learner, sent)
    assert result["status"] == "applied" and result["revision"] == view["revision"]
    assert summary(db, learner)["total_activities"] == 1


def test_what_was_given_up_is_found_by_a_rule(new_learner, db, service, sync_worker):
    learner = new_learner()
    sent = event("given-up")
    with breaking(db, "given-up"):
        send(learner, sent, status=207)
    execute(db, "DELETE FROM sync_jobs WHERE params LIKE %s", (f'%"userId":{learner.id}}}%',))
    execute(db, "UPDATE progress_events SET retry_at = NULL, retry_count = 8,"
                " created_at = DATE_SUB(UTC_TIMESTAMP(3), INTERVAL 2 MINUTE) WHERE user_id = %s", (learner.id,))
    service.control("fix", "--rules", "event_is_processed", "--user", str(learner.id), "--apply")
    assert query_one(db, "SELECT retry_at FROM progress_events WHERE user_id = %s", (learner.id,))["retry_at"]
    execute(db, "INSERT INTO sync_jobs (kind, created_by) VALUES ('process_events', 'test')")
    wait_until(lambda: not waiting(db, learner))
    assert summary(db, learner)["total_activities"] == 1


def test_what_waits_is_not_undone_beforehand(new_learner, db, admin, sync_worker):
    """It has brought nothing along yet; an undoing that finds nothing would be forgotten when it is tried again."""
    learner = new_learner()
    execute(db, "INSERT INTO todos (user_id, id, title) VALUES (%s, 'todo1', 'Watch')", (learner.id,))
    execute(db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, 'todo1', 'later')", (learner.id,))
    sent = event("later", videoProgress={"videoId": "later", "percentageWatched": 100})
    with breaking(db, "later"):
        assert send(learner, sent, status=207)["status"] == "pending"
        revision = learner.row()["revision"]
        refused = learner.api.post(f"{PATH}/{sent['id']}/undo", None)
        assert refused.status == 409 and "waits to be processed" in refused.json()["detail"], refused
        assert learner.row()["revision"] == revision
    assert admin.api.post(PATH + "/reprocess", {"userId": learner.id, "strategy": "immediate"}).status == 200
    wait_until(lambda: not waiting(db, learner))
    undone = learner.api.post(f"{PATH}/{sent['id']}/undo", None)
    assert undone.status == 200 and "todos" in {row["table"] for row in undone.json()["restored"]}


def test_only_administrators_reprocess(new_learner):
    assert new_learner().api.post(PATH + "/reprocess", {}).status == 403


def test_an_order_for_none_is_none(admin):
    """What is not named at all is all that waits; an empty list names nothing."""
    refused = admin.api.post(PATH + "/reprocess", {"eventIds": []})
    assert (refused.status, refused.json()["errors"][0]["field"]) == (400, "eventIds")
    assert admin.api.get(PATH + "?limit=0").status == 400
