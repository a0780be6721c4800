"""Conflicts as the learner meets them: what waits, what each resolution would make of it, and deciding."""

import concurrent.futures
import datetime
import json

import pytest

from harness.database import execute, query, query_one

from conflict_cases import entry, said, skill, todo, video
from conflict_runner import body_of, play

CONFLICTS = "/api/progress-sync/conflicts"
COUNT = 0
DAYS_OF_HABIT = 20


@pytest.fixture()
def learner(new_learner):
    return new_learner()


def situation(learner, db, *events):
    """Sends them; the reply to the last, the rows of all, and the ids' prefix."""
    global COUNT
    COUNT += 1
    prefix = f"w{COUNT}"
    reply, rows = play(learner, db, {"name": prefix, "events": list(events)}, prefix)
    return reply, rows, prefix


def disputed(learner, db):
    """Completed by the player with 40 minutes, failed by the journey with 10: it waits."""
    return situation(learner, db, video("10:00:00", timeSpent=40, percentageWatched=100, youtubeId="abc"),
                     said("skill_assessed", "ai_journey", "10:30:00", "failed", timeSpent=10))


def listed(learner, **query_fields):
    parameters = "&".join(f"{name}={value}" for name, value in query_fields.items())
    reply = learner.api.get(f"{CONFLICTS}?{parameters}")
    assert reply.status == 200, (reply, reply.body)
    return reply.json()["conflicts"]


def resolve(learner, conflict_id, how, status=200, headers=None, **body):
    reply = learner.api.post(f"{CONFLICTS}/{conflict_id}/resolve", {"resolutionType": how, **body}, headers=headers)
    assert reply.status == status, (reply, reply.body)
    return reply.json()


def outcomes(db, learner, prefix):
    return [row["outcome"] for row in query(
        db, "SELECT outcome FROM progress_events WHERE user_id = %s AND id LIKE %s ORDER BY revision",
        (learner.id, f"{prefix}-%"))]


def activity(db, learner, prefix):
    return query_one(db, "SELECT status, time_spent FROM activities WHERE user_id = %s AND activity_id = %s",
                     (learner.id, f"{prefix}-v"))


def test_what_waits_is_listed(learner, db):
    reply, _, prefix = disputed(learner, db)
    assert reply["status"] == "conflict"
    (conflict,) = listed(learner)
    assert conflict["conflictType"] == "completion_status_conflict" and conflict["status"] == "unresolved"
    assert conflict["requiresUserInput"] is True and conflict["impact"] == "high"
    assert conflict["activityId"] == f"{prefix}-v" and "resolution" not in conflict
    assert [(event["id"], event["outcome"]) for event in conflict["conflictingEvents"]] == [
        (f"{prefix}-0", "applied"), (f"{prefix}-1", "conflict")]
    assert conflict["conflictingEvents"][0]["eventData"]["timeSpent"] == 40
    assert conflict["suggestedResolution"]["resolutionType"] == "manual_review"
    told = reply["conflicts"][0]
    assert told["id"] == conflict["id"] and told["suggestedResolution"] == conflict["suggestedResolution"]
    assert [event["outcome"] for event in told["conflictingEvents"]] == ["applied", "conflict"]


def test_the_list_can_be_narrowed(learner, db):
    situation(learner, db, entry("10:00:00", "failed"), todo("11:00:00", "skipped"))
    situation(learner, db, skill("10:00:00", newLevel="b1"),
              said("skill_assessed", "chat_system", "10:10:00", newLevel="b2"))
    situation(learner, db, video("10:00:00"), video("10:00:10"))
    kinds = lambda conflicts: [conflict["conflictType"] for conflict in conflicts]
    assert kinds(listed(learner)) == ["data_inconsistency", "completion_status_conflict"]
    assert kinds(listed(learner, status="resolved")) == ["duplicate_event"]
    assert kinds(listed(learner, status="all")) == ["duplicate_event", "data_inconsistency", "completion_status_conflict"]
    assert kinds(listed(learner, impact="high")) == ["data_inconsistency"]
    assert kinds(listed(learner, impact="low")) == ["completion_status_conflict"]
    assert kinds(listed(learner, conflictType="data_inconsistency")) == ["data_inconsistency"]
    assert listed(learner, status="resolved", conflictType="timestamp_mismatch") == []
    assert learner.api.get(f"{CONFLICTS}?status=some").status == 400
    first = learner.api.get(f"{CONFLICTS}?status=all&limit=2").json()
    second = learner.api.get(f"{CONFLICTS}?status=all&limit=2&after={first['nextAfter']}").json()
    assert kinds(first["conflicts"] + second["conflicts"]) == kinds(listed(learner, status="all"))
    assert second["nextAfter"] is None


def test_others_see_nothing_of_it(learner, new_learner, db):
    reply, _, _ = disputed(learner, db)
    other = new_learner()
    conflict_id = reply["conflicts"][0]["id"]
    assert listed(other, status="all") == []
    assert other.api.get(f"{CONFLICTS}/{conflict_id}/preview").status == 404
    resolve(other, conflict_id, "use_latest", status=404)
    assert learner.api.get(f"{CONFLICTS}/x/preview").status == 404


def test_a_preview_shows_all_four_and_changes_nothing(learner, db):
    reply, _, prefix = disputed(learner, db)
    preview = learner.api.get(f"{CONFLICTS}/{reply['conflicts'][0]['id']}/preview").json()
    options = {option["resolution"]["resolutionType"]: option for option in preview["resolutions"]}
    told = {how: (option["resolution"]["winner"][-1], option["resolution"]["resolvedData"]["completionStatus"],
                  option["resolution"]["resolvedData"]["timeSpent"], option["takesBackCompletion"])
            for how, option in options.items()}
    assert told == {"use_latest": ("1", "failed", 10, True), "use_most_complete": ("0", "completed", 40, False),
                    "merge_data": ("0", "completed", 40, False), "manual_review": ("0", "completed", 40, False)}
    assert [how for how, option in options.items() if option["isSuggested"]] == ["manual_review"]
    assert "youtubeId" not in options["use_latest"]["resolution"]["resolvedData"].get("videoProgress", {})
    assert outcomes(db, learner, prefix) == ["applied", "conflict"]


def test_meanwhile_what_counted_goes_on_counting(learner, db):
    _, _, prefix = disputed(learner, db)
    assert activity(db, learner, prefix)["status"] == "completed"


def test_the_latest_is_chosen_and_completion_taken_back(learner, db):
    reply, _, prefix = disputed(learner, db)
    settled = resolve(learner, reply["conflicts"][0]["id"], "use_latest")
    assert settled["success"] is True and settled["conflict"]["status"] == "resolved"
    assert settled["conflict"]["resolvedBy"] == f"user_{learner.id}"
    assert outcomes(db, learner, prefix) == ["superseded", "applied"]
    now = activity(db, learner, prefix)
    assert (now["status"], float(now["time_spent"])) == ("in_progress", 10)
    assert query_one(db, "SELECT completed_activities FROM user_progress_summary WHERE user_id = %s",
                     (learner.id,))["completed_activities"] == 0
    assert listed(learner) == []


def test_the_most_complete_is_chosen(learner, db):
    reply, _, prefix = disputed(learner, db)
    resolve(learner, reply["conflicts"][0]["id"], "use_most_complete")
    assert outcomes(db, learner, prefix) == ["applied", "superseded"]
    assert activity(db, learner, prefix)["status"] == "completed"


def test_merging_takes_the_most_of_all(learner, db):
    reply, _, prefix = situation(
        learner, db,
        skill("10:00:00", newLevel="b1", userRating=4, timeSpent=20, notes="first"),
        said("skill_assessed", "chat_system", "10:20:00", newLevel="b2", userRating=5, timeSpent=22, percentageWatched=80))
    settled = resolve(learner, reply["conflicts"][0]["id"], "merge_data")
    data = settled["conflict"]["resolution"]["resolvedData"]
    assert settled["conflict"]["resolution"]["winner"] == f"{prefix}-1"
    assert data["timeSpent"] == 22 and data["videoProgress"]["percentageWatched"] == 80
    assert data["todoProgress"]["userRating"] == 5 and data["todoProgress"]["notes"] == "first"
    assert data["skillProgress"]["newLevel"] == "b2"


def test_the_learners_own_word_counts(learner, db):
    reply, _, prefix = disputed(learner, db)
    conflict_id = reply["conflicts"][0]["id"]
    assert resolve(learner, conflict_id, "manual_review", status=422)["errors"][0]["field"] == "userData"
    wrong = resolve(learner, conflict_id, "manual_review", status=422, userData={"videoProgress": {
        "videoId": f"{prefix}-v", "percentageWatched": 250}})
    assert wrong["errors"][0]["field"] == "userData.videoProgress.percentageWatched"
    resolve(learner, conflict_id, "manual_review", status=422, userData={"activityId": "another"})
    resolve(learner, conflict_id, "manual_review", status=400, userData={"timeSpent": "much"})
    resolve(learner, conflict_id, "manual_review", status=400, userData=[1])
    settled = resolve(learner, conflict_id, "manual_review", userData={"completionStatus": "in_progress", "timeSpent": 25})
    data = settled["conflict"]["resolution"]["resolvedData"]
    assert data["completionStatus"] == "in_progress" and data["timeSpent"] == 25
    assert data["videoProgress"]["percentageWatched"] == 100
    now = activity(db, learner, prefix)
    assert (now["status"], float(now["time_spent"])) == ("in_progress", 25)


@pytest.mark.parametrize("moved", [{"days": 1}, {"days": -91}])
def test_the_learners_own_moment_is_held_to_what_an_events_is(learner, db, moved):
    """Or a decision would make days of practice that no event may."""
    reply, _, prefix = disputed(learner, db)
    conflict_id = reply["conflicts"][0]["id"]
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**moved)
    wrong = resolve(learner, conflict_id, "manual_review", status=422,
                    userData={"completedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ")})
    assert wrong["errors"][0]["field"] == "userData.completedAt"
    assert outcomes(db, learner, prefix) == ["applied", "conflict"]


def test_a_conflict_is_decided_once(learner, db):
    reply, _, _ = disputed(learner, db)
    conflict_id = reply["conflicts"][0]["id"]
    key = {"Idempotency-Key": f"decide-{conflict_id}"}
    first = resolve(learner, conflict_id, "use_latest", headers=key)
    assert resolve(learner, conflict_id, "use_latest", headers=key) == first
    resolve(learner, conflict_id, "merge_data", headers=key, status=422)
    refused = resolve(learner, conflict_id, "use_latest", status=409)
    assert f"user_{learner.id}" in refused["detail"]
    assert learner.api.get(f"{CONFLICTS}/{conflict_id}/preview").status == 409
    resolve(learner, conflict_id + 1000000, "use_latest", status=404)
    resolve(learner, conflict_id, "use_whatever", status=400)


def test_what_joins_is_decided_with_it(learner, db):
    reply, _, prefix = situation(
        learner, db, video("10:00:00", timeSpent=40), said("skill_assessed", "ai_journey", "10:30:00", "failed"),
        todo("11:00:00"), video("11:05:00", "in_progress"))
    (conflict,) = listed(learner)
    assert [event["id"][-1] for event in conflict["conflictingEvents"]] == ["0", "1", "2"]
    settled = resolve(learner, conflict["id"], "use_latest")
    assert settled["conflict"]["resolution"]["winner"] == f"{prefix}-2"
    assert settled["conflict"]["resolution"]["resolvedData"]["timeSpent"] == 40
    assert outcomes(db, learner, prefix) == ["superseded", "superseded", "applied", "applied"]
    assert activity(db, learner, prefix)["status"] == "completed"


def test_what_was_decided_can_be_disputed_again(learner, db):
    reply, _, prefix = disputed(learner, db)
    resolve(learner, reply["conflicts"][0]["id"], "use_latest")
    again = learner.api.post("/api/progress-sync/events",
                             body_of(todo("11:00:00"), f"{prefix}-2", ("video", f"{prefix}-v"))).json()
    assert again["status"] == "conflict" and again["conflicts"][0]["id"] != reply["conflicts"][0]["id"]
    assert [event["id"] for event in again["conflicts"][0]["conflictingEvents"]] == [f"{prefix}-1", f"{prefix}-2"]


def test_the_learner_is_told_once(learner, db):
    reply, _, _ = situation(learner, db, video("10:00:00"), said("skill_assessed", "ai_journey", "10:30:00", "failed"),
                            todo("11:00:00"))
    told = query(db, "SELECT kind, data FROM notifications WHERE user_id = %s AND kind = 'conflict_detected'",
                 (learner.id,))
    assert [json.loads(row["data"])["id"] for row in told] == [reply["conflicts"][0]["id"]]


def test_the_history_says_so(learner, db):
    reply, _, _ = disputed(learner, db)
    resolve(learner, reply["conflicts"][0]["id"], "use_latest")
    changes = [change for entry_ in learner.api.get("/api/progress/history").json()["entries"]
               for change in entry_["changes"]]
    told = [(change["what"], change["because"]) for change in changes if change["what"] in ("conflict", "resolution")]
    assert told == [("resolution", "use_latest"), ("conflict", "completion_status_conflict")]


def test_completed_holds_against_skipped_without_proof(learner, db):
    reply, _, prefix = situation(learner, db, todo("10:00:00"), entry("12:00:00", "skipped"))
    assert reply["status"] == "conflict" and reply["conflicts"][0]["resolution"]["winner"] == f"{prefix}-0"
    assert activity(db, learner, prefix)["status"] == "completed" and listed(learner) == []


def test_the_learner_may_say_that_it_was_skipped(learner, db):
    reply, _, prefix = situation(learner, db, todo("10:00:00"), said("skill_assessed", "ai_journey", "10:30:00", "failed"),
                                 entry("12:00:00", "skipped"))
    settled = resolve(learner, reply["conflicts"][0]["id"], "use_latest")
    assert settled["conflict"]["resolution"]["resolvedData"]["completionStatus"] == "skipped"
    assert activity(db, learner, prefix)["status"] == "skipped"


@pytest.mark.parametrize("told", ["as it happens", "one system after the other"])
def test_a_daily_habit_is_an_occasion_a_day(learner, db, told):
    """Two systems tell of it every day, half an hour apart: yesterday's evening is another occasion than today's."""
    about = ("video", "habit")
    days = range(-DAYS_OF_HABIT, 0)
    ticked = [body_of(todo(f"{day} 18:00:00"), f"t{day}", about) for day in days]
    booked = [body_of(entry(f"{day} 18:30:00"), f"c{day}", about) for day in days]
    told_so = ticked + booked if told == "one system after the other" else [
        body for both in zip(ticked, booked) for body in both]
    replies = {body["id"]: send(learner, body) for body in told_so}
    assert {reply.status for reply in replies.values()} == {200}
    results = {event_id: reply.json() for event_id, reply in replies.items()}
    assert {result["status"] for result in results.values()} == {"applied"}
    for day in days:
        (conflict,) = results[f"t{day}"]["conflicts"] + results[f"c{day}"]["conflicts"]
        assert (conflict["conflictType"], conflict["status"]) == ("timestamp_mismatch", "resolved")
        assert [event["id"] for event in conflict["conflictingEvents"]] == [f"t{day}", f"c{day}"]
        assert conflict["resolution"]["winner"] == f"c{day}"
    assert listed(learner) == [] and len(listed(learner, status="all", limit=100)) == DAYS_OF_HABIT
    counted = query(db, "SELECT id FROM progress_events WHERE user_id = %s AND outcome = 'applied'", (learner.id,))
    assert {row["id"] for row in counted} == {f"c{day}" for day in days}


def test_what_was_defeated_is_undone_elsewhere(learner, db):
    """The todo that the video completed is open again; one that somebody touched since stays as they left it."""
    for todo_id in ("t-kept", "t-touched"):
        execute(db, "INSERT INTO todos (user_id, id, title) VALUES (%s, %s, 'watch')", (learner.id, todo_id))
        execute(db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, %s, %s)",
                (learner.id, todo_id, f"w{COUNT + 1}-v"))
    reply, _, prefix = disputed(learner, db)
    states = lambda: {row["id"]: row["status"] for row in query(
        db, "SELECT id, status FROM todos WHERE user_id = %s", (learner.id,))}
    assert states() == {"t-kept": "completed", "t-touched": "completed"}
    execute(db, "UPDATE todos SET notes = 'mine', updated_at = updated_at + INTERVAL 1 SECOND"
                " WHERE user_id = %s AND id = 't-touched'", (learner.id,))
    resolve(learner, reply["conflicts"][0]["id"], "use_latest")
    assert states() == {"t-kept": "pending", "t-touched": "completed"}


def test_a_winner_that_begins_to_count_brings_along_what_it_completes(learner, db):
    """A failed attempt counted first; the learner says that the video's word holds."""
    execute(db, "INSERT INTO todos (user_id, id, title) VALUES (%s, 't', 'watch')", (learner.id,))
    execute(db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, 't', %s)",
            (learner.id, f"w{COUNT + 1}-v"))
    reply, _, _ = situation(learner, db, said("skill_assessed", "ai_journey", "10:00:00", "failed"),
                            video("10:30:00", percentageWatched=100))
    assert query_one(db, "SELECT status FROM todos WHERE user_id = %s", (learner.id,))["status"] == "pending"
    settled = resolve(learner, reply["conflicts"][0]["id"], "use_most_complete")
    assert query_one(db, "SELECT status FROM todos WHERE user_id = %s", (learner.id,))["status"] == "completed"
    assert [earned["id"] for earned in settled["achievements"]] == ["first-step"]


def send(learner, *bodies):
    return learner.api.post("/api/progress-sync/events", {"events": list(bodies)} if len(bodies) > 1 else bodies[0])


def test_events_of_one_batch_see_those_before_them(learner, db):
    about = ("video", "in-a-batch")
    reply = send(learner, body_of(video("10:00:00", timeSpent=10), "b-0", about),
                 body_of(video("10:00:20", timeSpent=11), "b-1", about),
                 body_of(todo("10:30:00"), "b-2", about),
                 body_of(said("skill_assessed", "ai_journey", "11:00:00", "failed"), "b-3", about),
                 body_of(entry("10:45:00"), "b-4", about))
    assert reply.status == 207
    results = reply.json()["results"]
    assert [result["status"] for result in results] == ["applied", "duplicate", "applied", "conflict", "conflict"]
    assert [event["outcome"] for result in results[1:3] for event in result["conflicts"][0]["conflictingEvents"]] == [
        "applied", "duplicate", "superseded", "applied"]
    assert [[conflict["conflictType"] for conflict in result["conflicts"]] for result in results] == [
        [], ["duplicate_event"], ["timestamp_mismatch"], ["completion_status_conflict"], ["completion_status_conflict"]]
    rows = query(db, "SELECT id, outcome, time_spent FROM progress_events WHERE user_id = %s ORDER BY position",
                 (learner.id,))
    assert [(row["outcome"], float(row["time_spent"])) for row in rows] == [
        ("superseded", 11), ("duplicate", 11), ("applied", 11), ("conflict", 0), ("conflict", 0)]
    (conflict,) = listed(learner)
    assert [event["id"] for event in conflict["conflictingEvents"]] == ["b-2", "b-3", "b-4"]


def test_a_repeat_gets_the_reply_that_told_of_the_conflict(learner, db):
    about = ("video", "told")
    send(learner, body_of(video("10:00:00"), "r-0", about))
    body = body_of(todo("10:30:00"), "r-1", about)
    first = send(learner, body)
    assert first.json()["conflicts"][0]["resolution"]["winner"] == "r-1"
    assert send(learner, body).json() == first.json()
    assert len(listed(learner, status="all")) == 1


def test_a_conflict_takes_no_more_than_it_can_show(learner, db):
    """The hundred and first event is refused until the conflict is decided; its neighbours in a batch are not harmed."""
    about = ("video", "much-disputed")
    bodies = [body_of(video("10:00:00"), "m-0", about)] + [
        body_of(said("skill_assessed", "ai_journey", f"10:{number // 60:02d}:{number % 60:02d}", "failed",
                     newLevel=f"l{number}"), f"m-{number}", about) for number in range(1, 101)]
    results = send(learner, *bodies).json()["results"]
    assert {result["status"] for result in results[1:100]} == {"conflict"}
    assert results[100]["status"] == "rejected" and results[100]["errors"][0]["field"] == "eventData.activityId"
    alone = send(learner, bodies[100])
    assert alone.status == 422
    (conflict,) = listed(learner)
    assert len(conflict["conflictingEvents"]) == 100
    resolve(learner, conflict["id"], "use_most_complete")
    assert send(learner, bodies[100]).json()["status"] == "conflict"


def test_a_status_falls_only_where_nothing_else_holds_it(learner, db):
    """Failed, then skipped, would make the activity less than it is, unless another event says that it was begun."""
    about = ("video", "held")
    send(learner, body_of(video("08:00:00", "in_progress"), "h-0", about))
    send(learner, body_of(entry("10:00:00", "failed"), "h-1", about))
    reply = send(learner, body_of(todo("11:00:00", "skipped"), "h-2", about)).json()
    assert reply["status"] == "applied" and reply["conflicts"][0]["status"] == "resolved"
    assert query_one(db, "SELECT status FROM activities WHERE user_id = %s", (learner.id,))["status"] == "in_progress"


def test_what_a_merge_adds_is_awarded_at_once(learner, db):
    """Five hours of the player and twelve of the todo: the video's event carries twelve, and those are ten."""
    reply, _, prefix = situation(learner, db, video("10:00:00", timeSpent=300, percentageWatched=100),
                                 todo("10:20:00", timeSpent=720))
    assert reply["status"] == "conflict" and reply["conflicts"][0]["resolution"]["winner"] == f"{prefix}-0"
    assert "hours-10" in [reached["id"] for reached in reply["milestonesReached"]]


def test_of_several_decisions_at_once_one_holds(learner, service, db):
    reply, _, prefix = disputed(learner, db)
    path = f"{CONFLICTS}/{reply['conflicts'][0]['id']}/resolve"
    choices = ["use_latest", "use_most_complete", "merge_data", "use_latest"]
    with concurrent.futures.ThreadPoolExecutor(len(choices)) as pool:
        replies = list(pool.map(lambda how: service.client(learner.token).post(path, {"resolutionType": how}),
                                choices))
    assert sorted(answer.status for answer in replies) == [200, 409, 409, 409]
    (held,) = [answer.json()["conflict"] for answer in replies if answer.status == 200]
    assert outcomes(db, learner, prefix).count("applied") == 1
    assert listed(learner, status="resolved")[0]["resolution"] == held["resolution"]


def nulls(value):
    if isinstance(value, dict):
        return [name for name, inner in value.items() if inner is None or nulls(inner)]
    return [inner for inner in value if inner is None or nulls(inner)] if isinstance(value, list) else []


def test_what_nobody_said_is_not_there(learner, db):
    """No null stands for what is absent: neither in what came nor in what is made of it."""
    reply, _, prefix = disputed(learner, db)
    shown = listed(learner)[0]
    preview = learner.api.get(f"{CONFLICTS}/{shown['id']}/preview").json()["resolutions"]
    settled = resolve(learner, shown["id"], "use_latest")["conflict"]
    events = learner.api.get("/api/progress-sync/events").json()["events"]
    assert len(preview) == 4 and len(events) == 2 and any("resolvedData" in event for event in events)
    for said_data in [event["eventData"] for event in shown["conflictingEvents"]] + [
            option["resolution"]["resolvedData"] for option in preview] + [
            settled["resolution"]["resolvedData"], shown["suggestedResolution"]["resolvedData"]] + [
            event[name] for event in events for name in ("eventData", "resolvedData") if name in event]:
        assert said_data and nulls(said_data) == [], said_data


def test_what_was_resolved_long_ago_is_as_good_as_gone(learner, db):
    """By the learner's days, before the job prune takes it: no reply changes when that comes by."""
    disputed(learner, db)
    old = listed(learner)[0]["id"]
    resolve(learner, old, "use_latest")
    disputed(learner, db)
    path = "/api/progress-sync/events?limit=10"
    assert all(event["conflictsWith"] for event in learner.api.get(path).json()["events"])
    execute(db, "UPDATE progress_conflicts SET resolved_at = DATE_SUB(UTC_TIMESTAMP(3), INTERVAL 367 DAY),"
                " created_at = resolved_at WHERE id = %s", (old,))
    assert [len(listed(learner, status=status)) for status in ("all", "resolved", "unresolved")] == [1, 0, 1]
    before = learner.api.get(path).json()
    assert [len(event["conflictsWith"]) for event in before["events"]] == [1, 1, 0, 0]
    execute(db, "DELETE FROM progress_conflicts WHERE id = %s", (old,))
    assert learner.api.get(path).json() == before
    for event in before["events"]:
        assert learner.api.get(f"/api/progress-sync/events/{event['id']}").json() == event
        assert learner.api.get(f"/api/progress-sync/events/{event['id']}/propagations").status == 200
