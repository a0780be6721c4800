"""GET /api/progress-sync/summary: document 003's unified view, out of rows that are put in by SQL."""

import datetime

import pytest

from harness.database import execute

UTC = datetime.timezone.utc
PATH = "/api/progress-sync/summary"
LISTS = {"recentActivities": 20, "upcomingActivities": 20, "learningPaths": 50, "achievements": 50}


def view(learner):
    reply = learner.api.get(PATH)
    assert reply.status == 200, reply
    return reply.json()


def put(db, table, **columns):
    execute(db, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
            tuple(columns.values()))


def moment(days=0, minutes=0):
    now = datetime.datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return now + datetime.timedelta(days=days, minutes=minutes)


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_before_anything_was_done(learner):
    before = learner.checksum()
    assert view(learner) == {
        "userId": learner.id,
        "overallProgress": {"totalActivities": 0, "completedActivities": 0, "inProgressActivities": 0,
                            "percentageComplete": 0, "totalTimeSpent": 0, "currentStreak": 0},
        "skillProgress": {}, "learningPaths": [], "recentActivities": [], "upcomingActivities": [], "achievements": [],
        "milestones": [], "lastSyncTime": None, "dataConsistencyScore": 1}
    assert learner.checksum() == before, "reading writes nothing"


def test_the_documents_unit_example(learner, db):
    """aggregates progress from all systems correctly"""
    put(db, "user_progress_summary", user_id=learner.id, total_activities=3, completed_activities=2,
        percentage_complete=66.66)
    progress = view(learner)
    assert progress["overallProgress"]["percentageComplete"] <= 100
    assert progress["skillProgress"] is not None
    assert progress["dataConsistencyScore"] > 0


def test_the_sums_are_those_of_the_summary_row(learner, db):
    put(db, "user_progress_summary", user_id=learner.id, total_activities=7, completed_activities=4,
        in_progress_activities=2, percentage_complete=57.14, total_time_spent=123.45, last_sync_time=moment(-1),
        data_consistency_score=0.975)
    put(db, "profiles", user_id=learner.id, current_streak=5, longest_streak=9, last_practice_date=moment(-1).date())
    found = view(learner)
    assert found["overallProgress"] == {"totalActivities": 7, "completedActivities": 4, "inProgressActivities": 2,
                                        "percentageComplete": 57.14, "totalTimeSpent": 123.45, "currentStreak": 5}
    assert found["lastSyncTime"] == iso(moment(-1))[:16] + found["lastSyncTime"][16:]
    assert found["dataConsistencyScore"] == 0.975


@pytest.mark.parametrize("days_ago, streak", ((0, 5), (1, 5), (2, 0)))
def test_the_streak_is_that_of_today(learner, db, days_ago, streak):
    put(db, "profiles", user_id=learner.id, current_streak=5, longest_streak=5,
        last_practice_date=moment(-days_ago).date())
    assert view(learner)["overallProgress"]["currentStreak"] == streak


def test_skills_and_paths(learner, db):
    put(db, "skills", user_id=learner.id, skill_id='c "pointers"', category="programming", level="advanced",
        confidence=0.9, assessed_at=datetime.datetime(2026, 1, 15, 10))
    put(db, "skills", user_id=learner.id, skill_id="algebra")
    put(db, "learning_paths", user_id=learner.id, id="p1", title="From C to C", updated_at="2026-01-02")
    put(db, "path_progress", user_id=learner.id, path_id="p1", completed_steps=1, total_steps=3, percentage=33.33,
        current_step_id="s2")
    put(db, "learning_paths", user_id=learner.id, id="p2", title="Bare", status="completed", updated_at="2026-01-03")
    found = view(learner)
    assert found["skillProgress"] == {
        'c "pointers"': {"category": "programming", "level": "advanced", "confidence": 0.9,
                         "assessedAt": "2026-01-15T10:00:00.000Z"},
        "algebra": {"category": "", "level": "", "confidence": 0, "assessedAt": None}}
    assert found["learningPaths"] == [
        {"pathId": "p2", "title": "Bare", "status": "completed", "completedSteps": 0, "totalSteps": 0,
         "percentageComplete": 0, "currentStepId": None, "completedAt": None},
        {"pathId": "p1", "title": "From C to C", "status": "active", "completedSteps": 1, "totalSteps": 3,
         "percentageComplete": 33.33, "currentStepId": "s2", "completedAt": None}]


def test_what_was_done_last_comes_first(learner, db):
    for at in range(3):
        put(db, "activities", user_id=learner.id, activity_type="video", activity_id=f"v{at}",
            status=("completed", "in_progress", "skipped")[at], time_spent=at + 0.5,
            first_at=datetime.datetime(2026, 1, 1), last_at=datetime.datetime(2026, 1, 2 + at),
            completed_at=None if at else datetime.datetime(2026, 1, 2))
    assert view(learner)["recentActivities"] == [
        {"activityType": "video", "activityId": f"v{at}", "status": ("completed", "in_progress", "skipped")[at],
         "timeSpent": at + 0.5, "lastActivityAt": f"2026-01-0{2 + at}T00:00:00.000Z",
         "completedAt": None if at else "2026-01-02T00:00:00.000Z"} for at in (2, 1, 0)]


def test_what_is_to_come_is_in_order_of_its_date(learner, db):
    """Todos that are open, overdue ones among them; entries from today on, and those that somebody began; what has
    no date comes last."""
    put(db, "todos", user_id=learner.id, id="someday", title="Someday")
    put(db, "todos", user_id=learner.id, id="late", title="Late", due_at=moment(-9))
    put(db, "todos", user_id=learner.id, id="begun", title="Begun", status="in_progress", due_at=moment(3))
    put(db, "todos", user_id=learner.id, id="done", status="completed", due_at=moment(1))
    put(db, "todos", user_id=learner.id, id="dropped", status="cancelled", due_at=moment(1))
    put(db, "schedule_entries", user_id=learner.id, id="next", title="Next", starts_at=moment(2), ends_at=moment(2, 30),
        video_id="v1")
    put(db, "schedule_entries", user_id=learner.id, id="missed", starts_at=moment(-2))
    put(db, "schedule_entries", user_id=learner.id, id="under way", status="in_progress", starts_at=moment(-1))
    put(db, "schedule_entries", user_id=learner.id, id="over", status="completed", starts_at=moment(1))
    found = view(learner)["upcomingActivities"]
    assert [(entry["activityType"], entry["activityId"]) for entry in found] == [
        ("todo", "late"), ("schedule", "under way"), ("schedule", "next"), ("todo", "begun"), ("todo", "someday")]
    assert found[2]["title"] == "Next" and found[2]["videoId"] == "v1" and found[2]["status"] == "planned"
    assert (datetime.datetime.fromisoformat(found[2]["endsAt"][:-1])
            - datetime.datetime.fromisoformat(found[2]["scheduledAt"][:-1])) == datetime.timedelta(minutes=30)
    assert found[4]["scheduledAt"] is None and "endsAt" not in found[4]


@pytest.mark.parametrize("zone", ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"))
def test_today_is_the_learners(new_learner, db, zone):
    """An entry that began a minute after the learner's midnight is still to come, one a minute before it is not."""
    import zoneinfo  # pylint: disable=import-outside-toplevel
    learner = new_learner(time_zone=zone)
    midnight = datetime.datetime.now(zoneinfo.ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    for name, minutes in (("before", -1), ("after", 1)):
        at = (midnight + datetime.timedelta(minutes=minutes)).astimezone(UTC).replace(tzinfo=None)
        put(db, "schedule_entries", user_id=learner.id, id=name, starts_at=at)
    assert [entry["activityId"] for entry in view(learner)["upcomingActivities"]] == ["after"]


def test_achievements_and_milestones(learner, db):
    for at in range(2):
        put(db, "achievements", user_id=learner.id, id=f"a{at}", achievement_type="streak", title=f"Title {at}",
            description="What for", is_public=at, earned_at=datetime.datetime(2026, 1, 1 + at), trigger_event_id=f"e{at}",
            metadata=f'{{"value":{at}}}')
        put(db, "milestones", user_id=learner.id, milestone_id=f"reached-{at}", title=f"M{at}", target=10, progress=10,
            reached_at=datetime.datetime(2026, 1, 1 + at))
    put(db, "milestones", user_id=learner.id, milestone_id="ahead", title="Ahead", target=100, progress=7)
    found = view(learner)
    assert found["achievements"] == [
        {"id": f"a{at}", "type": "streak", "title": f"Title {at}", "description": "What for", "isPublic": bool(at),
         "earnedAt": f"2026-01-0{1 + at}T00:00:00.000Z", "triggerEvent": f"e{at}", "metadata": {"value": at}} for at in (1, 0)]
    assert [(m["id"], m["progress"], m["target"], m["reachedAt"]) for m in found["milestones"]] == [
        ("reached-1", 10, 10, "2026-01-02T00:00:00.000Z"), ("reached-0", 10, 10, "2026-01-01T00:00:00.000Z"),
        ("ahead", 7, 100, None)]


def test_lists_are_bounded(learner, db):
    """However much there is: the latest, the soonest; and of skills and milestones so many."""
    count = 210
    numbers = f"FROM seq_1_to_{count}"
    user = learner.id
    for sql in (
            "activities (user_id, activity_type, activity_id, status, first_at, last_at) SELECT %s, 'video', seq,"
            " 'completed', '2026-01-01', '2026-01-01' + INTERVAL seq MINUTE",
            "todos (user_id, id, due_at) SELECT %s, seq, '2026-01-01' + INTERVAL seq MINUTE",
            "schedule_entries (user_id, id, starts_at) SELECT %s, seq, UTC_TIMESTAMP() + INTERVAL seq MINUTE",
            "skills (user_id, skill_id) SELECT %s, seq",
            "learning_paths (user_id, id) SELECT %s, seq",
            "achievements (user_id, id, achievement_type, title, earned_at) SELECT %s, seq, 'speed', '',"
            " '2026-01-01' + INTERVAL seq MINUTE",
            "milestones (user_id, milestone_id, title, reached_at) SELECT %s, seq, '', IF(seq %% 2, NULL,"
            " '2026-01-01' + INTERVAL seq MINUTE)"):
        execute(db, f"INSERT INTO {sql} {numbers}", (user,))
    found = view(learner)
    assert {name: len(found[name]) for name in LISTS} == LISTS
    assert len(found["skillProgress"]) == 200
    assert [m["reachedAt"] is None for m in found["milestones"]] == [False] * 30 + [True] * 20
    assert [entry["activityId"] for entry in found["recentActivities"]] == [str(count - at) for at in range(20)]
    assert [entry["activityId"] for entry in found["upcomingActivities"]] == [str(1 + at) for at in range(20)]
    assert found["achievements"][0]["id"] == found["milestones"][0]["id"] == str(count)


CHANGES = (
    "INSERT INTO todos (user_id, id) VALUES (%s, 'another')",
    "DELETE FROM todos WHERE user_id = %s",
    "UPDATE todos SET title = 'Otherwise', updated_at = updated_at + INTERVAL 1 SECOND WHERE user_id = %s",
    "UPDATE schedule_entries SET starts_at = starts_at + INTERVAL 1 DAY, updated_at = updated_at + INTERVAL 1 SECOND"
    " WHERE user_id = %s",
    "DELETE FROM schedule_entries WHERE user_id = %s",
    "INSERT INTO skills (user_id, skill_id) VALUES (%s, 's')",
    "INSERT INTO learning_paths (user_id, id) VALUES (%s, 'q')",
    "INSERT INTO learning_path_steps (user_id, path_id, step_id) VALUES (%s, 'p', 's')",
    "INSERT INTO video_progress (user_id, video_id) VALUES (%s, 'v')",
    "INSERT INTO user_progress_summary (user_id, data_consistency_score) VALUES (%s, 0.5)",
    "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, 't', 'seen')",
)


@pytest.mark.parametrize("sql", CHANGES)
def test_what_other_applications_write_is_seen(learner, db, sql):
    """They know of no revision: 304 all the same only as long as nothing changed."""
    put(db, "todos", user_id=learner.id, id="t", title="Title")
    put(db, "schedule_entries", user_id=learner.id, id="e", starts_at=moment(1))
    put(db, "learning_paths", user_id=learner.id, id="p")
    tag = learner.api.get(PATH).etag
    assert learner.api.get(PATH, headers={"If-None-Match": tag}).status == 304
    execute(db, sql, (learner.id,))
    assert learner.api.get(PATH, headers={"If-None-Match": tag}).status == 200


def test_what_follows_from_a_late_commit_is_seen(learner, service, db):
    """Its time lies before that of a row that was seen already."""
    put(db, "todos", user_id=learner.id, id="t1", title="before")
    put(db, "todos", user_id=learner.id, id="t2")
    late = service.connect()
    late.autocommit(False)
    with late.cursor() as cursor:
        cursor.execute("UPDATE todos SET title = 'late' WHERE user_id = %s AND id = 't1'", (learner.id,))
    execute(db, "UPDATE todos SET title = 'early' WHERE user_id = %s AND id = 't2'", (learner.id,))
    tag = learner.api.get(PATH).etag
    late.commit()
    late.close()
    reply = learner.api.get(PATH, headers={"If-None-Match": tag})
    assert reply.status == 200
    assert sorted(item["title"] for item in reply.json()["upcomingActivities"]) == ["early", "late"]


def test_a_video_that_a_todo_is_given_completes_it(learner, db):
    """The rules look before the read; the tag does not keep them from it."""
    put(db, "todos", user_id=learner.id, id="t", title="Title")
    put(db, "video_progress", user_id=learner.id, video_id="seen", status="completed", percentage_watched=100)
    reply = learner.api.get(PATH)
    assert [item["activityId"] for item in reply.json()["upcomingActivities"]] == ["t"]
    put(db, "todo_videos", user_id=learner.id, todo_id="t", video_id="seen")
    reply = learner.api.get(PATH, headers={"If-None-Match": reply.etag})
    assert reply.status == 200 and reply.json()["upcomingActivities"] == []


def test_others_are_not_shown(new_learner, db):
    learner, other = new_learner(), new_learner()
    put(db, "todos", user_id=other.id, id="t")
    put(db, "skills", user_id=other.id, skill_id="s")
    put(db, "user_progress_summary", user_id=other.id, total_activities=9)
    found = view(learner)
    assert found["overallProgress"]["totalActivities"] == 0
    assert found["upcomingActivities"] == [] and found["skillProgress"] == {}


def test_the_score_is_that_of_the_last_look(learner, admin, db):
    """A repair of the learner looks; a broken rule that only reports stays a breach."""
    execute(db, "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, tokens, practised_on, created_at)"
            " VALUES (%s, 1, 'e', 'm', 1, 5, '2026-01-01', '2026-01-01')", (learner.id,))
    assert view(learner)["dataConsistencyScore"] == 1, "nobody has looked yet"
    tag = learner.api.get(PATH).etag
    assert admin.api.post("/api/admin/sync-user-data", {"userId": learner.id}).status == 200
    found = admin.api.get(f"/api/sync/validate?userId={learner.id}").json()
    broken = [rule for rule in found["rules"] if rule["breaches"]]
    assert [rule["name"] for rule in broken] == ["totals_cover_attempts"]
    reply = learner.api.get(PATH, headers={"If-None-Match": tag})
    assert reply.status == 200
    assert reply.json()["dataConsistencyScore"] == round(1 - 1 / len(found["rules"]), 3)
    execute(db, "DELETE FROM attempts WHERE user_id = %s", (learner.id,))
    assert admin.api.post("/api/sync/auto-fix", {"userId": learner.id}).status == 200
    assert view(learner)["dataConsistencyScore"] == 1
