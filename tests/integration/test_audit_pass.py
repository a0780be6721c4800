"""The audit of everybody as of the last pass, and everybody brought into step, by jobs."""

import csv
import io
import json

import pytest

from harness import truth
from harness.database import execute, query, query_one

from drift import await_job, drifted, is_repaired, sound

AUDIT = "/api/admin/audit"
EVERYBODY = "/api/admin/sync-user-data"


def refreshed(admin, db):
    """A new pass, done."""
    reply = admin.api.get(f"{AUDIT}?refresh=1")
    assert reply.status == 202, reply
    job_id = reply.json()["jobId"]
    assert reply.headers["Location"] == f"/api/admin/jobs/{job_id}"
    return await_job(db, job_id)


def pages(admin, limit, headers=None):
    """All entries of the last pass, page by page."""
    entries, query_text = [], f"?limit={limit}"
    while True:
        reply = admin.api.get(AUDIT + query_text)
        assert reply.status == 200, reply
        page = reply.json()
        entries += page["entries"]
        assert len(page["entries"]) <= limit
        if page["nextAfter"] is None:
            return entries
        query_text = f"?limit={limit}&after={page['nextAfter']}&pass={page['passId']}"


def expected_ids(db):
    """Whom SQL of the tests' own finds, in the order of the audit."""
    rows = query(db, "SELECT id, tokens, questions_answered, correct_answers FROM users WHERE deleted_at IS NULL"
                 " AND merged_into IS NULL")
    differ = []
    for row in rows:
        document = truth.document_of(db, row["id"])
        stats = document.get("global_stats") if isinstance(document, dict) else None
        stats = stats if isinstance(stats, dict) else {}
        told = [stats.get(name, 0) for name in ("total_tokens_earned", "total_questions_answered",
                                                "total_correct_answers")]
        if any(isinstance(value, bool) or not isinstance(value, int) for value in told):
            continue  # what a text or null is taken for is the server's affair
        columns = [row["tokens"], row["questions_answered"], row["correct_answers"]]
        if columns != told:
            differ.append((-abs(columns[0] - told[0]), row["id"]))
    return [user_id for _, user_id in sorted(differ)]


def test_before_there_is_one(other, other_db, new_other_learner):
    execute(other_db, "DELETE FROM passes WHERE kind = 'audit'")
    api = other.client(other.mint.admin(new_other_learner().id))
    reply = api.get(AUDIT)
    assert reply.status == 200, reply
    value = reply.json()
    assert value["entries"] == [] and value["asOf"] is None and value["nextAfter"] is None
    assert "refresh=1" in value["message"]
    assert api.get(f"{AUDIT}?pass=4711").status == 404


@pytest.mark.usefixtures("sync_worker")
def test_exactly_those_who_differ_largest_first(new_learner, admin, db):
    small, big, negative = (drifted(new_learner, username=f"audited {at}") for at in range(3))
    same = sound(new_learner)
    execute(db, "UPDATE users SET tokens = 2000000003 WHERE id = %s", (big.id,))
    execute(db, "UPDATE users SET tokens = 3, hidden_grade_asset = JSON_SET(hidden_grade_asset,"
            " '$.global_stats.total_tokens_earned', 1000000003) WHERE id = %s", (negative.id,))
    before = [learner.checksum() for learner in (small, big, negative, same)]
    job = refreshed(admin, db)
    ids = [entry["userId"] for entry in pages(admin, 2)]
    assert ids[:2] == [big.id, negative.id] and small.id in ids and same.id not in ids
    known = set(expected_ids(db))
    assert [user_id for user_id in ids if user_id in known] == expected_ids(db)
    assert ids == [entry["userId"] for entry in pages(admin, 200)]
    assert before == [learner.checksum() for learner in (small, big, negative, same)], "an audit only looks"
    value = admin.api.get(AUDIT).json()
    assert value["differ"] == len(ids) and value["learners"] == job["done_units"]
    assert json.loads(job["report"]) == {"passId": value["passId"], "learners": value["learners"],
                                         "differ": value["differ"]}


@pytest.mark.usefixtures("sync_worker")
def test_it_is_as_of_the_pass(new_learner, admin, db):
    refreshed(admin, db)
    first = admin.api.get(f"{AUDIT}?limit=1").json()
    learner = drifted(new_learner)
    assert learner.id not in [entry["userId"] for entry in pages(admin, 200)]
    assert admin.api.get(f"{AUDIT}?userId={learner.id}").json()["entries"], "one learner is looked at now"
    refreshed(admin, db)
    assert learner.id in [entry["userId"] for entry in pages(admin, 200)]
    assert admin.api.get(AUDIT).json()["asOf"] > first["asOf"]
    older = admin.api.get(f"{AUDIT}?pass={first['passId']}&limit=1")
    assert older.status == 200 and older.json()["entries"] == first["entries"], "one may go on in the last but one"
    refreshed(admin, db)
    assert query_one(db, "SELECT COUNT(DISTINCT pass_id) AS n FROM audit_results")["n"] <= 2


@pytest.mark.usefixtures("sync_worker")
def test_pages_as_csv(new_learner, admin, db):
    for at in range(3):
        drifted(new_learner, username=f'"{at}", a name')
    refreshed(admin, db)
    rows, path = [], f"{AUDIT}?limit=2"
    while path is not None:
        reply = admin.api.get(path, headers={"Accept": "text/csv"})
        assert reply.status == 200 and reply.content_type == "text/csv", reply
        rows += list(csv.DictReader(io.StringIO(reply.body.decode("utf-8"), newline="")))
        after = reply.headers.get("X-Next-After")
        path = None if after is None else f"{AUDIT}?limit=2&after={after}&pass={reply.headers['X-Pass-Id']}"
    assert [int(row["userId"]) for row in rows] == [entry["userId"] for entry in pages(admin, 200)]


def test_odd_pages(admin):
    for words in ("limit=0", "limit=201", "after=-1", "after=x", "pass=-1", "refresh=perhaps"):
        assert admin.api.get(f"{AUDIT}?{words}").status in (400, 422), words


def test_two_refreshes_are_one_job(other, other_db, new_other_learner):
    """Nobody works there: the job stands, and is found again."""
    execute(other_db, "DELETE FROM sync_jobs")
    api = other.client(other.mint.admin(new_other_learner().id))
    replies = [api.get(f"{AUDIT}?refresh=1") for _ in range(3)]
    assert {reply.status for reply in replies} == {202}
    assert len({reply.json()["jobId"] for reply in replies}) == 1
    job = query_one(other_db, "SELECT * FROM sync_jobs")
    assert job["kind"] == "audit" and job["state"] == "ready" and job["created_by"].startswith("user_")


@pytest.mark.usefixtures("sync_worker")
def test_lockstepctl_refreshes_and_shows(new_learner, service, db):
    learner = drifted(new_learner)
    execute(db, "UPDATE users SET tokens = 3000000003 WHERE id = %s", (learner.id,))
    outcome = service.control("audit", "--refresh", "--format", "json", "--limit", "1", check=False)
    assert outcome.returncode == 1, outcome.stderr
    report = json.loads(outcome.stdout)
    assert [row["userId"] for row in report["learners"]] == [learner.id]
    again = service.control("audit", "--format", "json", "--limit", "1", check=False)
    assert json.loads(again.stdout) == report, "as of the same pass"
    table = service.control("audit", "--limit", "1", check=False)
    assert table.returncode == 1 and f"As of {report['asOf'][:10]}" in table.stdout


# POST /api/admin/sync-user-data for everybody

@pytest.mark.parametrize("body", [..., {}, {"wait": False}, {"confirmOverLimit": True}])
def test_everybody_by_a_job(other, other_db, new_other_learner, body):
    execute(other_db, "DELETE FROM sync_jobs")
    admin = new_other_learner()
    reply = other.client(other.mint.admin(admin.id)).send("POST", EVERYBODY, json_body=body)
    assert reply.status == 202, reply
    value = reply.json()
    assert value["success"] is True and reply.headers["Location"] == f"/api/admin/jobs/{value['jobId']}"
    job = query_one(other_db, "SELECT * FROM sync_jobs")
    assert (job["id"], job["kind"], job["created_by"]) == (value["jobId"], "sync_all_users", f"user_{admin.id}")
    assert (json.loads(job["params"] or "{}") == {"confirmOverLimit": True}) == ("confirmOverLimit" in str(body))


@pytest.mark.usefixtures("sync_worker")
def test_everybody_waited_for(new_learner, admin, db):
    learner = drifted(new_learner)
    reply = admin.api.post(EVERYBODY, {"wait": True, "confirmOverLimit": True})
    assert reply.status == 200, reply
    value = reply.json()
    living = query_one(db, "SELECT COUNT(*) AS n FROM users WHERE deleted_at IS NULL AND merged_into IS NULL")["n"]
    assert value["syncedCount"] == living and value["message"] == f"Synchronized {living} users"
    assert is_repaired(db, learner)


def test_nobody_works(other, other_db, new_other_learner):
    """Whoever waits gets the 202 in the end, and others are served meanwhile."""
    execute(other_db, "DELETE FROM sync_jobs")
    api = other.client(other.mint.admin(new_other_learner().id))
    reply = api.post(EVERYBODY, {"wait": True})
    assert reply.status == 202 and "syncedCount" not in reply.json(), reply
    assert query_one(other_db, "SELECT kind FROM sync_jobs")["kind"] == "sync_all_users"


@pytest.mark.parametrize("body", [{"wait": "yes"}, {"wait": 1}, [], "x"])
def test_odd_bodies(admin, body):
    assert admin.api.post(EVERYBODY, body).status in (400, 422)
