"""POST /api/progress/reset: a learner starts over, and an administrator can undo it, byte for byte."""

import json

import pytest

from harness import truth
from harness.database import execute, query, query_one
from test_events_intake import event, send
from test_practice import attempts_of, sessions_of, start, statistics_of
from test_rules_shipped import breaches_of
from test_sessions import record
from test_stitches import update
from test_streaks import answer_on, at_noon, days_ago

TABLES = {"attempts": "id", "attempts_archive": "id", "practice_sessions": "id", "daily_totals": "day, module",
          "practice_days": "day, activity", "profiles": "user_id"}


def everything(db, user_id):
    """Every row of the learner, column by column, but for what tells when it was written last."""
    rows = {table: query(db, f"SELECT * FROM {table} WHERE user_id = %s ORDER BY {order}", (user_id,))
            for table, order in TABLES.items()}
    rows["users"] = query(db, "SELECT * FROM users WHERE id = %s", (user_id,))
    for row in [*rows["users"], *rows["profiles"]]:
        row.pop("updated_at")
        row.pop("revision", None)
    return rows


def reset(learner, **options):
    reply = learner.api.post("/api/progress/reset", **options)
    assert reply.status == 200, reply
    return reply.json()


def run_of(db, learner):
    return query_one(db, "SELECT * FROM repair_runs WHERE from_user = %s AND to_user = %s AND kind = 'repair'"
                     " ORDER BY id DESC LIMIT 1", (learner.id, learner.id))


def rollback(admin, run_id):
    reply = admin.api.post(f"/api/admin/repairs/{run_id}/rollback")
    assert reply.status == 200, reply
    return reply.json()


@pytest.fixture
def practised(learner, db):
    """A learner with something in every table, and keys in the document that nobody here knows."""
    session = start(learner)
    for count, module, correct, tokens in [(9, "math", True, 5), (8, "art", True, 4), (7, "art", False, 0),
                                           (3, "it's \"ünicode\" \\", True, 1), (1, "art", True, 2)]:
        assert learner.answer(module, correct, tokens, answeredAt=at_noon(count), userAnswer="3 \u00bd\n",
                              practiceSessionId=session["id"], answerId=f"a{count}").status == 200
    assert record(learner, completedAt=at_noon(3), totalPoints=7, blinkSpeed=1.5).status == 200
    update(learner, isCompleted=True)
    document = truth.document_of(db, learner.id)
    document["theme"] = {"dark": True}
    document["global_stats"]["badge"] = 1.50
    execute(db, "UPDATE users SET hidden_grade_asset = %s WHERE id = %s",
            (json.dumps(document, indent=1), learner.id))
    execute(db, "INSERT INTO attempts_archive SELECT * FROM attempts WHERE user_id = %s AND practised_on = %s",
            (learner.id, days_ago(9)))
    execute(db, "DELETE FROM attempts WHERE user_id = %s AND practised_on = %s", (learner.id, days_ago(9)))
    execute(db, "INSERT INTO practice_days (user_id, day, activity, count) VALUES (%s, %s, 'session', 2)",
            (learner.id, days_ago(2)))
    execute(db, "UPDATE profiles SET total_points = 77, current_streak = 3 WHERE user_id = %s", (learner.id,))
    assert breaches_of(db, learner.id) == {}
    return learner


def test_a_reset_takes_everything(practised, db):
    learner = practised
    reply = reset(learner)
    assert reply == {"success": True, "message": "Progress was reset.", "deleted": {"attempts": 5, "sessions": 1}}
    for table in TABLES:
        rows = query(db, f"SELECT * FROM {table} WHERE user_id = %s", (learner.id,))
        assert len(rows) == (1 if table == "profiles" else 0), table
    profile = query_one(db, "SELECT * FROM profiles WHERE user_id = %s", (learner.id,))
    assert (profile["current_streak"], profile["longest_streak"], profile["last_practice_date"]) == (0, 0, None)
    assert profile["total_points"] == 77, "points are of sessions, which a reset leaves alone"
    learner.agrees(0, 0, 0)
    document = truth.document_of(db, learner.id)
    assert document["modules"] == {} and document["theme"] == {"dark": True}
    assert document["global_stats"]["badge"] == 1.5
    value = learner.progress()
    assert [entry["category"] for entry in value["progress"]] == ["overall"]
    assert value["streak"]["longest"] == 0 and value["streak"]["practiceDates"] == []
    assert statistics_of(learner)["totals"]["questionsAnswered"] == 0
    assert attempts_of(learner)["attempts"] == [] and sessions_of(learner)["sessions"] == []
    assert breaches_of(db, learner.id) == {}


def test_sessions_and_stitches_stay(practised):
    def read():
        dashboard = practised.api.get("/api/dashboard").json()["dashboard"]
        stitches = practised.api.get("/api/progress/stitches").json()["stitches"]
        return dashboard["progress"], dashboard["recentSessions"], stitches
    before = read()
    assert (before[0]["totalStitchesCompleted"], len(before[1]), len(before[2])) == (1, 1, 1)
    reset(practised)
    assert read() == before


def test_events_stay(practised, admin, db):
    """With what they prove and brought along. Their days are no practice any more, until the next one comes."""
    def figures():
        return practised.api.get("/api/progress-sync/summary").json()["overallProgress"]

    def rows():
        return [query(db, f"SELECT * FROM {table} WHERE user_id = %s ORDER BY 1, 2", (practised.id,))
                for table in ("progress_events", "activities", "activity_days", "propagations", "video_progress",
                              "achievements", "milestones")]

    sent = event("watched", timeSpent=12, videoProgress={"videoId": "watched", "percentageWatched": 100})
    first = send(practised, sent)
    before, stored = figures(), rows()
    assert before["completedActivities"] == 1 and before["currentStreak"] > 0
    reset(practised)
    assert figures() == {**before, "currentStreak": 0} and rows() == stored
    assert breaches_of(db, practised.id) == {}
    assert send(practised, sent) == first and figures()["currentStreak"] == 0
    send(practised, event("more", timeSpent=3))
    assert figures() == {**before, "totalActivities": 2, "completedActivities": 2, "totalTimeSpent": 15,
                         "currentStreak": 1}
    rollback(admin, run_of(db, practised)["id"])
    assert admin.api.post("/api/sync/auto-fix", {"userId": practised.id}).status == 200
    assert breaches_of(db, practised.id) == {} and rows()[0] != stored[0] and figures()["totalActivities"] == 2


def test_the_history_tells_of_it_and_adds_up(practised):
    reset(practised)
    entry = practised.api.get("/api/progress/history?limit=1").json()["entries"][0]
    assert (entry["kind"], entry["actor"]) == ("reset", f"user_{practised.id}")
    assert {change["what"]: change.get("by") for change in entry["changes"]} == {
        "reset": None, "tokens": -12, "questions": -5, "correct": -4, "attempts": -5, "practiceSessions": -1}
    for total in ("tokens", "questions", "correct"):
        told = practised.api.get(f"/api/progress/history?total={total}").json()["total"]
        assert (told["value"], told["sum"]) == (0, 0)


def test_undone_byte_for_byte(practised, admin, db):
    before = everything(db, practised.id)
    reset(practised)
    run = run_of(db, practised)
    assert (run["state"], run["rules"], run["actor"]) == ("done", '["reset"]', f"user_{practised.id}")
    rollback(admin, run["id"])
    assert everything(db, practised.id) == before
    assert breaches_of(db, practised.id) == {}
    for total, value in (("tokens", 12), ("questions", 5), ("correct", 4)):
        told = practised.api.get(f"/api/progress/history?total={total}").json()["total"]
        assert (told["value"], told["sum"]) == (value, value)
    assert not query(db, "SELECT * FROM rule_pauses WHERE user_id = %s", (practised.id,))
    again = admin.api.post(f"/api/admin/repairs/{run['id']}/rollback")
    assert again.status == 409, again


def test_undone_from_the_command_line(practised, service, db):
    before = everything(db, practised.id)
    reset(practised)
    service.control("rollback", str(run_of(db, practised)["id"]))
    assert everything(db, practised.id) == before


def test_reset_undo_reset_undo(practised, admin, db):
    before = everything(db, practised.id)
    for _ in range(2):
        assert reset(practised)["deleted"] == {"attempts": 5, "sessions": 1}
        rollback(admin, run_of(db, practised)["id"])
        assert everything(db, practised.id) == before


def test_undone_after_new_answers(practised, admin, db):
    """What moved since stays as it is and is listed; what did not comes back."""
    reset(practised)
    assert practised.answer("art", True, 9, answeredAt=at_noon(1)).status == 200
    run_id = run_of(db, practised)["id"]
    rollback(admin, run_id)
    undoing = query_one(db, "SELECT id FROM repair_runs WHERE rolls_back = %s", (run_id,))["id"]
    moved = query(db, "SELECT DISTINCT table_name, row_key, changed_by FROM repair_rows WHERE run_id = %s"
                  " AND state = 'moved' ORDER BY table_name", (undoing,))
    assert [row["table_name"] for row in moved] == ["daily_totals", "practice_days", "profiles", "users"]
    assert all(": answer by user_" in row["changed_by"] for row in moved), moved
    assert truth.columns_of(db, practised.id) == truth.triple(9, 1, 1)
    assert len(attempts_of(practised)["attempts"]) == 6
    fixed = admin.api.post("/api/sync/auto-fix", {"userId": practised.id})
    assert fixed.status == 200, fixed
    assert truth.daily_totals_of(db, practised.id) == truth.triple(21, 6, 5), "each attempt once"
    assert set(breaches_of(db, practised.id)) == {"totals_cover_attempts.sql"}, "the totals are for a person to say"
    shown = admin.api.get(f"/api/admin/repairs/{undoing}").json()
    assert "changed_by" in json.dumps(shown) or "changedBy" in json.dumps(shown)


def test_a_late_repeat_from_before_counts_nothing(practised, db):
    reset(practised)
    revision = practised.row()["revision"]
    reply = practised.answer("art", True, 2, answeredAt=at_noon(1), userAnswer="3 \u00bd\n", answerId="a1",
                             practiceSessionId=10**9)
    assert reply.status == 422, "the id is known, and its content was another"
    assert practised.row()["revision"] == revision
    practised.agrees(0, 0, 0)


def test_the_very_same_late_answer_gets_its_first_reply(learner):
    body = {"answerId": "late", "answeredAt": at_noon(2), "tokens": 3}
    first = learner.answer(**body)
    reset(learner)
    assert learner.answer(**body).body == first.body
    learner.agrees(0, 0, 0)


def test_an_answer_from_before_that_only_arrives_now_counts(learner, db):
    """Answered offline in a practice session that a reset on another device took away meanwhile."""
    session = start(learner)
    reset(learner)
    body = {"answerId": "offline", "answeredAt": at_noon(1), "practiceSessionId": session["id"]}
    first = learner.answer("art", True, 3, **body)
    assert first.status == 200, first
    assert learner.answer("art", True, 3, **body).body == first.body
    learner.agrees(3, 1, 1)
    assert [attempt["practiceSessionId"] for attempt in attempts_of(learner)["attempts"]] == [None]
    assert sessions_of(learner)["sessions"] == []
    assert breaches_of(db, learner.id) == {}


def test_a_repeated_request_resets_once(practised, db):
    key = {"Idempotency-Key": "start-over"}
    first = reset(practised, headers=key)
    assert practised.answer("art", True, 2).status == 200
    assert reset(practised, headers=key) == first
    practised.agrees(2, 1, 1)
    assert reset(practised)["deleted"] == {"attempts": 1, "sessions": 0}


def test_nothing_to_reset(learner, db):
    revision = learner.row()["revision"]
    assert reset(learner) == {"success": True, "message": "There was no progress to reset.",
                              "deleted": {"attempts": 0, "sessions": 0}}
    assert learner.row()["revision"] == revision
    assert run_of(db, learner) is None, "nothing is left behind, the run neither"


def test_totals_from_before_lockstep_go_too(new_learner, admin, db):
    learner = new_learner(document={"modules": {"m": {"progress": {"tokens_earned": "7"}, "x": 1}}}, tokens=7)
    before = everything(db, learner.id)
    reset(learner)
    assert truth.columns_of(db, learner.id) == truth.triple(0, 0, 0)
    assert breaches_of(db, learner.id) == {}
    assert learner.api.get("/api/progress/history?total=tokens").json()["total"] == {
        "name": "tokens", "value": 0, "sum": 0}
    rollback(admin, run_of(db, learner)["id"])
    assert everything(db, learner.id) == before


@pytest.mark.parametrize("document", [None, "[]", '"x"', "3", '{"modules": 3, "global_stats": []}', "{}"])
def test_documents_that_are_none(new_learner, admin, db, document):
    learner = new_learner(document=document, tokens=3, questions=2, correct=1)
    before = everything(db, learner.id)
    reset(learner)
    assert truth.columns_of(db, learner.id) == truth.triple(0, 0, 0)
    assert breaches_of(db, learner.id) == {}
    rollback(admin, run_of(db, learner)["id"])
    assert everything(db, learner.id) == before


def test_nobody_else_is_touched(practised, new_learner, db):
    other = new_learner()
    start(other)
    for count in (3, 2):
        answer_on(other, count)
    before = other.checksum()
    reset(practised)
    assert other.checksum() == before


def test_an_anonymous_learner_may_not(public):
    api = public.as_token(public.post("/api/anonymous").json()["token"])
    assert api.post("/api/progress/reset").status == 403


def test_the_switch_of_repairs_does_not_keep_a_learner(practised, db):
    execute(db, "INSERT INTO rule_pauses (rule) VALUES ('*')")
    try:
        assert reset(practised)["deleted"]["attempts"] == 5
    finally:
        execute(db, "DELETE FROM rule_pauses WHERE rule = '*'")
