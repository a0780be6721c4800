"""The jobs table through its endpoints, by lockstepctl, and as administrators get it wrong in SQL."""

import json
import re

import pymysql
import pytest

from harness import truth
from harness.database import execute, query, query_one
from harness.jobs import insert, look
from harness.processes import wait_until

from drift import await_job, drifted, is_repaired

pytestmark = pytest.mark.usefixtures("sync_worker")

LATER = "2099-01-01 00:00:00"
LATER_JSON = "2099-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def nothing_left(db):
    """Later jobs of a test do not stay for the next."""
    before = query_one(db, "SELECT COALESCE(MAX(id), 0) AS id FROM sync_jobs")["id"]
    yield
    execute(db, "UPDATE sync_jobs SET cancel_requested = 1 WHERE id > %s AND state IN ('ready', 'running')", (before,))
    wait_until(lambda: not query(db, "SELECT id FROM sync_jobs WHERE id > %s AND state IN ('ready', 'running')",
                                 (before,)), "the jobs of the test to end", 20)


@pytest.fixture
def control(service):
    def run(*arguments, code=0):
        outcome = service.control("jobs", *[str(argument) for argument in arguments], check=False)
        assert outcome.returncode == code, f"{arguments}: {outcome.returncode}\n{outcome.stdout}\n{outcome.stderr}"
        return outcome
    return run


def add(admin, status=201, **body):
    reply = admin.api.post("/api/admin/jobs", body)
    assert reply.status == status, reply
    return reply


def complaints(reply):
    return {item["field"]: item["message"] for item in reply.json()["errors"]}


# Over HTTP

def test_a_job_is_added_done_and_shown(admin, new_learner, db):
    learner = drifted(new_learner)
    reply = add(admin, kind="sync_user", params={"userId": learner.id}, priority=0)
    job_id = reply.json()["job"]["id"]
    assert reply.headers["Location"] == f"/api/admin/jobs/{job_id}"
    await_job(db, job_id)
    assert is_repaired(db, learner)
    shown = admin.api.get(f"/api/admin/jobs/{job_id}").json()
    job = shown["job"]
    assert job["state"] == "done" and job["kind"] == "sync_user" and job["params"] == {"userId": learner.id}
    assert job["report"]["learnersChanged"] == 1 and job["doneUnits"] == job["totalUnits"] == 1
    assert job["createdBy"] == f"user_{admin.id}" and job["priority"] == 0
    assert set(shown["ranges"].values()) == {0}


def test_a_job_over_everybody_shows_its_ranges(admin, db):
    job_id = insert(db, "validate")
    await_job(db, job_id)
    assert admin.api.get(f"/api/admin/jobs/{job_id}").json()["ranges"]["done"] >= 1
    ranges = admin.api.get(f"/api/admin/jobs?parentId={job_id}").json()["jobs"]
    assert ranges and all(row["parentId"] == job_id and row["state"] == "done" for row in ranges)
    assert ranges[-1]["rangeFrom"] == 0 and ranges[0]["rangeTo"] >= 2**62
    listed = admin.api.get("/api/admin/jobs?kind=validate&limit=200").json()["jobs"]
    assert job_id in [row["id"] for row in listed] and all("parentId" not in row for row in listed)


def test_the_kinds_and_what_they_take(admin, control):
    """Of the tables that the program runs by, and true of them: what is required, what is known, what is chosen from."""
    reply = admin.api.get("/api/admin/jobs/kinds")
    kinds = {kind["name"]: kind for kind in reply.json()["kinds"]}
    printed = control("kinds").stdout
    assert list(kinds) == re.findall(r"^(\w+)$", printed, re.MULTILINE) and len(kinds) > 15
    for name, kind in kinds.items():
        block = re.search(rf"^{name}\n((?:  .*\n)*)", printed, re.MULTILINE).group(1)
        assert block.splitlines()[0].strip() == kind["summary"]
        assert re.findall(r"^    (\w+) ", block, re.MULTILINE) == [param["name"] for param in kind["params"]]
        assert kind["unit"]
    assert {name for name, kind in kinds.items() if kind["isFinal"]} == {"prune", "delete_user", "delete_course", "delete_chapter"}
    assert kinds["sync_user"]["params"] == [{"name": "userId", "type": "learner", "isRequired": True,
                                             "summary": "The learner to bring into step."}]
    assert {param["name"]: param["type"] for param in kinds["auto_fix"]["params"]} == {
        "rules": "list", "userId": "learner", "confirmOverLimit": "boolean", "authority": "choice", "planId": "integer",
        "digest": "text"}
    authority = kinds["repair_plan"]["params"][-1]
    assert (authority["choices"], authority["default"]) == (["modules", "columns"], "modules")
    assert kinds["audit"]["params"] == []
    for name, kind in kinds.items():
        needed = {f"params.{param['name']}" for param in kind["params"] if param["isRequired"]}
        if needed:
            assert set(complaints(add(admin, 422, kind=name, runAt=LATER_JSON))) == needed


def test_pages_and_filters(admin, db):
    ids = [insert(db, "sync_user", {"userId": 1}, run_at=LATER) for _ in range(5)]
    path = "/api/admin/jobs?kind=sync_user&state=ready&limit=2"
    seen, after = [], ""
    while len(seen) < 5:
        page = admin.api.get(path + after).json()
        assert len(page["jobs"]) == 2 or page["nextAfter"] is None
        seen += [row["id"] for row in page["jobs"]]
        after = f"&after={page['nextAfter']}"
    assert seen[:5] == ids[::-1]
    assert not set(ids) & {row["id"] for row in admin.api.get("/api/admin/jobs?state=done&limit=200").json()["jobs"]}
    assert admin.api.get("/api/admin/jobs?kind=nothing").json() == {"jobs": [], "nextAfter": None}
    for query_string in ("state=lost", "limit=0", "limit=201", "parentId=x"):
        assert admin.api.get(f"/api/admin/jobs?{query_string}").status == 400, query_string


@pytest.mark.parametrize("body, field, sentence", [
    ({"kind": "sync_usr"}, "kind", '"sync_usr" is not known; did you mean "sync_user"?'),
    ({"kind": "sync_user"}, "params.userId", "is required"),
    ({"kind": "sync_user", "params": {"userId": "x"}}, "params.userId", "must be a whole number"),
    ({"kind": "sync_user", "params": {"userid": 7}}, "params.userid", "did you mean userId?"),
    ({"kind": "sync_user", "params": [7]}, "params", "must be a JSON object"),
    ({"kind": "prune", "params": {"x": 1}}, "params", "must be empty"),
    ({"kind": "prune", "repeatEveryS": 60, "repeatDailyAt": "03:15"}, "repeat_every_s", "exclude each other"),
    ({"kind": "prune", "repeatDailyAt": "25:00"}, "repeat_daily_at", "must be a time of day in UTC"),
])
def test_what_makes_no_sense_is_refused_by_field(admin, db, body, field, sentence):
    before = query_one(db, "SELECT COUNT(*) AS n FROM sync_jobs WHERE schedule_id IS NULL AND parent_id IS NULL")
    assert sentence in complaints(add(admin, 422, **body))[field]
    after = query_one(db, "SELECT COUNT(*) AS n FROM sync_jobs WHERE schedule_id IS NULL AND parent_id IS NULL")
    assert after == before


@pytest.mark.parametrize("body, field", [
    ({}, "kind"), ({"kind": "prune", "repeatEveryS": 0}, "repeatEveryS"), ({"kind": "prune", "priority": 12}, "priority"),
    ({"kind": "prune", "maxAttempts": 0}, "maxAttempts"), ({"kind": "prune", "runAt": "soon"}, "runAt"),
])
def test_what_the_body_cannot_be(admin, body, field):
    assert field in complaints(add(admin, 400, **body))


def test_one_dedupe_key_one_job(admin):
    order = {"kind": "sync_user", "params": {"userId": 1}, "runAt": LATER_JSON, "dedupeKey": "once only"}
    first = add(admin, **order).json()["job"]["id"]
    reply = add(admin, 409, **order)
    assert reply.json()["detail"] == 'Another job with the dedupe key "once only" is ready or running.'
    assert admin.api.post(f"/api/admin/jobs/{first}/cancel").status == 200


def test_cancel_and_retry(admin, new_learner, db):
    learner = drifted(new_learner)
    job_id = add(admin, kind="sync_user", params={"userId": learner.id}, runAt=LATER_JSON).json()["job"]["id"]
    path = f"/api/admin/jobs/{job_id}"
    assert admin.api.post(f"{path}/retry").status == 409, "it waits still"
    assert admin.api.post(f"{path}/cancel").json()["job"]["cancelRequested"] is True
    assert await_job(db, job_id, "cancelled")["error"] == "It was cancelled."
    reply = admin.api.post(f"{path}/retry")
    assert reply.status == 201 and reply.headers["Location"] != path, reply
    again = reply.json()["job"]["id"]
    await_job(db, again)
    assert is_repaired(db, learner), "a retry is for now, whenever the first was for"
    refused = admin.api.post(f"/api/admin/jobs/{again}/retry")
    assert refused.status == 409 and "is done: there is nothing to retry" in refused.json()["detail"]
    assert admin.api.post(f"/api/admin/jobs/{again}/cancel").json()["job"]["state"] == "done"


def test_a_range_is_not_retried(admin, db):
    parent = insert(db, "validate")
    await_job(db, parent)
    child = query_one(db, "SELECT id FROM sync_jobs WHERE parent_id = %s LIMIT 1", (parent,))["id"]
    reply = admin.api.post(f"/api/admin/jobs/{child}/retry")
    assert reply.status == 422 and f"retry job {parent}" in reply.json()["detail"], reply


@pytest.mark.parametrize("job_id", ["999999999", "0", "x", "99999999999999999999999"])
def test_no_such_job(admin, job_id):
    assert admin.api.get(f"/api/admin/jobs/{job_id}").status == 404
    for act in ("cancel", "retry"):
        assert admin.api.post(f"/api/admin/jobs/{job_id}/{act}").status == 404


def test_only_for_administrators(learner, public, db):
    job_id = insert(db, "sync_user", {"userId": 1}, run_at=LATER)
    for client, status in ((learner.api, 403), (public, 401)):
        assert client.get("/api/admin/jobs").status == status
        assert client.get(f"/api/admin/jobs/{job_id}").status == status
        assert client.post("/api/admin/jobs", {"kind": "prune"}).status == status
        assert client.post(f"/api/admin/jobs/{job_id}/cancel").status == status
        assert client.post(f"/api/admin/jobs/{job_id}/retry").status == status
    assert look(db, job_id)["cancel_requested"] == 0


# At a terminal

def test_lockstepctl_adds_watches_shows(control, new_learner, db):
    learner = drifted(new_learner)
    job_id = int(control("add", "sync_user", "--params", json.dumps({"userId": learner.id})).stdout)
    shown = control("watch", job_id).stdout
    assert re.search(r"^state +done$", shown, re.MULTILINE) and is_repaired(db, learner)
    shown = control("show", job_id).stdout
    assert re.search(rf'^params +{{"userId": {learner.id}}}$', shown, re.MULTILINE)
    assert re.search(r"^by +lockstepctl$", shown, re.MULTILINE) and re.search(r"^done +1 of 1$", shown, re.MULTILINE)
    listed = control("list", "--kind", "sync_user", "--limit", 1).stdout
    assert re.search(rf"^ *{job_id:,} +sync_user +done ", listed, re.MULTILINE), listed


def test_lockstepctl_cancels_and_retries(control, db):
    job_id = int(control("add", "sync_user", "--params", '{"userId": 999999999}', "--run-at", LATER_JSON).stdout)
    assert "nothing to retry" in control("retry", job_id, code=1).stderr
    control("cancel", job_id)
    await_job(db, job_id, "cancelled")
    again = int(control("retry", job_id).stdout)
    shown = control("watch", again, code=1)
    assert re.search(r"^state +failed$", shown.stdout, re.MULTILINE), "there is no such learner"
    assert re.search(rf"^ *{again:,} ", control("list", "--state", "failed").stdout, re.MULTILINE)


def test_lockstepctl_tells_mistakes_at_once(control):
    assert 'did you mean "sync_user"?' in control("add", "sync_usr", code=1).stderr
    assert "params.userId is required" in control("add", "sync_user", code=1).stderr
    assert "repeat-every" in control("add", "prune", "--repeat-every", 0, code=2).stderr
    for command in ("show", "watch", "cancel", "retry"):
        assert "There is no job 999999999." in control(command, 999999999, code=1).stderr


# Mistakes in SQL

@pytest.mark.parametrize("row, sentence", [
    ({"kind": "sync_usr"}, 'kind "sync_usr" is not known; did you mean "sync_user"?'),
    ({"kind": "lunch"}, 'kind "lunch" is not known; lockstepctl jobs kinds lists what is.'),
    ({"kind": "sync_user", "params": "userId=7"},
     "params must be a JSON object: Not valid JSON: a value is expected, at line 1, column 1."),
    ({"kind": "sync_user", "params": '{"userId": "x"}'},
     "params.userId must be a whole number from 1 to 9223372036854775807."),
    ({"kind": "sync_user", "params": '{"userid": 7}'},
     "params.userid is not a known key; did you mean userId?; params.userId is required."),
    ({"kind": "prune", "repeat_every_s": 0}, "repeat_every_s must be at least 1 s, but is 0."),
    ({"kind": "prune", "repeat_every_s": 60, "repeat_daily_at": "03:15"},
     "repeat_every_s and repeat_daily_at exclude each other: give one of them."),
    ({"kind": "prune", "priority": 12}, "priority must be from 0 (first) to 9 (last), but is 12."),
    ({"kind": "prune", "max_attempts": 0}, "max_attempts must be at least 1."),
])
@pytest.mark.parametrize("when", [None, LATER])
def test_a_row_that_makes_no_sense_fails_at_once(db, row, sentence, when):
    """Also one for later: it is told today."""
    job_id = insert(db, **row, **({} if when is None else {"run_at": when}))
    job = await_job(db, job_id, "failed", 5)
    assert job["error"] == sentence and job["finished_at"] is not None
    assert query(db, "SELECT id FROM sync_jobs WHERE schedule_id = %s", (job_id,)) == ()


def test_a_time_in_the_past_is_now(db, new_learner):
    learner = drifted(new_learner)
    await_job(db, insert(db, "sync_user", {"userId": learner.id}, run_at="2001-01-01 00:00:00"))
    assert is_repaired(db, learner)


def test_two_rows_with_one_key(db, new_learner):
    learner = drifted(new_learner)
    first = insert(db, "sync_user", {"userId": learner.id}, dedupe_key="twice", run_at=LATER)
    with pytest.raises(pymysql.err.IntegrityError, match="one_active_job_per_dedupe_key"):
        insert(db, "sync_user", {"userId": learner.id}, dedupe_key="twice")
    execute(db, "UPDATE sync_jobs SET run_at = UTC_TIMESTAMP(3) WHERE id = %s", (first,))
    await_job(db, first)
    await_job(db, insert(db, "sync_user", {"userId": learner.id}, dedupe_key="twice"))


def cancel(db, job_id):
    execute(db, "UPDATE sync_jobs SET cancel_requested = 1 WHERE id = %s", (job_id,))


def test_cancelled_before(db, new_learner):
    learner = drifted(new_learner)
    before = learner.checksum()
    job_id = insert(db, "sync_user", {"userId": learner.id}, run_at=LATER)
    cancel(db, job_id)
    job = await_job(db, job_id, "cancelled", 5)
    assert job["error"] == "It was cancelled." and job["attempts"] == 0
    assert learner.checksum() == before


def test_cancelled_during(db, new_learner, service):
    """While a range waits for a learner whose row somebody holds."""
    learner = drifted(new_learner)
    other = service.connect()
    try:
        other.begin()
        query(other, "SELECT id FROM users WHERE id = %s FOR UPDATE", (learner.id,))
        job_id = insert(db, "sync_all_users", {"confirmOverLimit": True})
        wait_until(lambda: query(db, "SELECT id FROM sync_jobs WHERE parent_id = %s AND state = 'running'", (job_id,)),
                   "a range to run", 20)
        cancel(db, job_id)
        wait_until(lambda: not query(db, "SELECT id FROM sync_jobs WHERE parent_id = %s AND state IN ('ready', 'running')"
                                     " AND NOT cancel_requested", (job_id,)), "its ranges to be told", 10)
    finally:
        other.rollback()
        other.close()
    job = await_job(db, job_id, "cancelled")
    assert job["error"] == "It was cancelled."
    assert not query(db, "SELECT id FROM sync_jobs WHERE parent_id = %s AND state IN ('ready', 'running')", (job_id,))
    assert query_one(db, "SELECT state FROM repair_runs WHERE job_id = %s", (job_id,))["state"] == "cancelled"
    assert truth.columns_of(db, learner.id)["tokens"] == 9


def test_cancelled_after(db, new_learner):
    learner = drifted(new_learner)
    job_id = insert(db, "sync_user", {"userId": learner.id})
    done = await_job(db, job_id)
    cancel(db, job_id)
    await_job(db, insert(db, "sync_user", {"userId": learner.id}))
    assert {**look(db, job_id), "report": None} == {**done, "report": None, "cancel_requested": 1}
    assert is_repaired(db, learner)


def test_a_cancelled_schedule_brings_about_nothing_more(db):
    job_id = insert(db, "sample_drift", {"learners": 1}, repeat_every_s=3600)
    ticks = "SELECT id, state FROM sync_jobs WHERE schedule_id = %s"
    wait_until(lambda: query(db, ticks, (job_id,)), "its first tick", 10)
    cancel(db, job_id)
    await_job(db, job_id, "cancelled", 5)
    execute(db, "UPDATE sync_jobs SET run_at = UTC_TIMESTAMP(3) WHERE id = %s", (job_id,))
    await_job(db, insert(db, "sync_user", {"userId": 999999999}), "failed")
    assert len(query(db, ticks, (job_id,))) == 1
