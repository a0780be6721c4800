"""DELETE /api/admin/users/{id}: gone from every table, for good, and nobody else with it."""

import json

import pytest

from harness import truth
from harness.database import execute, query, query_one

from drift import await_job, drifted

pytestmark = pytest.mark.usefixtures("sync_worker")


def tables_of_learners(db):
    return [row["table_name"] for row in query(
        db, "SELECT DISTINCT c.table_name AS table_name FROM information_schema.columns AS c"
        " JOIN information_schema.tables AS t USING (table_schema, table_name)"
        " WHERE c.table_schema = DATABASE() AND c.column_name = 'user_id' AND t.table_type = 'BASE TABLE'")]


def rows_of(db, user_id):
    """{table: rows of the learner}, where there are any."""
    counts = {table: query_one(db, f"SELECT COUNT(*) AS n FROM {table} WHERE user_id = %s", (user_id,))["n"]
              for table in tables_of_learners(db)}
    return {table: count for table, count in counts.items() if count}


def lived(new_learner, admin, **columns):
    """Somebody who answered, was repaired, and has a name."""
    learner = drifted(new_learner, username=columns.pop("username", None), display_name="Ada Lovelace", **columns)
    for at in range(3):
        assert learner.answer("math", True, 2, answerId=f"a-{learner.id}-{at}").status == 200
    assert admin.api.post("/api/admin/sync-user-data", {"userId": learner.id}).status == 200
    assert learner.progress()
    return learner


def deleted(admin, db, user_id):
    reply = admin.api.send("DELETE", f"/api/admin/users/{user_id}")
    assert reply.status == 202, reply
    value = reply.json()
    assert value["success"] is True and reply.headers["Location"] == f"/api/admin/jobs/{value['jobId']}"
    return await_job(db, value["jobId"])


def test_nothing_is_left(new_learner, admin, db):
    learner, other = lived(new_learner, admin, username="to be deleted"), lived(new_learner, admin)
    before, untouched = rows_of(db, learner.id), other.checksum()
    assert {"ledger", "attempts", "profiles", "practice_days", "daily_totals"} <= set(before)
    job = deleted(admin, db, learner.id)
    assert rows_of(db, learner.id) == {"ledger": 1}
    entry, = query(db, "SELECT * FROM ledger WHERE user_id = %s", (learner.id,))
    assert entry["kind"] == "delete_user" and entry["actor"] == f"job_{job['id']}" and entry["reply"] is None
    report = json.loads(job["report"])
    assert report["userId"] == learner.id and report["learners"] == 1
    assert {row["table"]: row["rows"] for row in report["erased"]} == before
    row = learner.row()
    assert row["deleted_at"] is not None
    assert [row[name] for name in ("subject", "username", "display_name", "hidden_grade_asset", "tokens")] \
        == [None, None, None, None, 0]
    assert other.checksum() == untouched


def test_every_way_in_is_closed(new_learner, admin, db):
    learner = lived(new_learner, admin)
    revision = learner.row()["revision"]
    repeat = {"answerId": f"a-{learner.id}-0"}
    deleted(admin, db, learner.id)
    assert learner.answer("math", True, 2, **repeat).status == 401, "a repeat finds nothing either"
    assert learner.answer("math").status == 401
    for path in ("/api/progress", "/api/profile", "/api/progress/history"):
        assert learner.api.get(path).status == 401, path
    assert learner.api.patch("/api/profile", {"displayName": "Back"}).status == 401
    assert admin.api.get(f"/api/admin/audit?userId={learner.id}").status == 404
    assert admin.api.post("/api/admin/sync-user-data", {"userId": learner.id}).status == 404
    assert learner.row()["revision"] == revision + 1 and rows_of(db, learner.id) == {"ledger": 1}


def test_again_and_nobody(new_learner, admin, db):
    learner = lived(new_learner, admin)
    first = json.loads(deleted(admin, db, learner.id)["report"])
    assert json.loads(deleted(admin, db, learner.id)["report"]) == first, "it tells what was erased the first time"
    assert admin.api.send("DELETE", f"/api/admin/users/{2**62}").status == 404
    for odd in ("0", "x", "-1", "1.5"):
        assert admin.api.send("DELETE", f"/api/admin/users/{odd}").status == 404, odd


def test_who_was_merged_goes_too(new_learner, admin, db):
    learner, guest = lived(new_learner, admin), lived(new_learner, admin)
    execute(db, "UPDATE users SET merged_into = %s WHERE id = %s", (learner.id, guest.id))
    refused = admin.api.send("DELETE", f"/api/admin/users/{guest.id}")
    assert refused.status == 409 and str(learner.id) in refused.json()["detail"], refused
    assert json.loads(deleted(admin, db, learner.id)["report"])["learners"] == 2
    assert rows_of(db, guest.id) == {} and guest.row()["deleted_at"] is not None
    assert guest.api.get("/api/progress").status == 401


def test_by_an_inserted_row(new_learner, admin, db):
    learner = lived(new_learner, admin)
    job = await_job(db, execute(db, "INSERT INTO sync_jobs (kind, params) VALUES ('delete_user', %s)",
                                (json.dumps({"userId": learner.id}),)))
    assert json.loads(job["report"])["userId"] == learner.id
    failed = await_job(db, execute(db, "INSERT INTO sync_jobs (kind, params) VALUES ('delete_user',"
                                   " '{\"userId\": 4000000000000}')"), "failed")
    assert "no such learner" in failed["error"]
    failed = await_job(db, execute(db, "INSERT INTO sync_jobs (kind) VALUES ('delete_user')"), "failed")
    assert "userId" in failed["error"]


def test_many_rows(new_learner, admin, db):
    learner = lived(new_learner, admin)
    execute(db, "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, practised_on, created_at)"
            " SELECT %s, seq, 'e', 'm', 1, '2026-01-01', '2026-01-01' FROM seq_1_to_9000", (learner.id,))
    job = deleted(admin, db, learner.id)
    assert {"table": "attempts", "rows": 9003} in json.loads(job["report"])["erased"]
    assert rows_of(db, learner.id) == {"ledger": 1} and truth.attempts_of(db, learner.id) == truth.triple(0, 0, 0)
