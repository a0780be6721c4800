"""The figures of an administrator's dashboard: counted by a job, read by key, refreshing themselves."""

import time

import pytest

from harness import jobs
from harness.courses import chapters_of, create_course
from harness.database import execute, query_one

PATH = "/api/admin/analytics"
pytestmark = pytest.mark.usefixtures("sync_worker")


def refreshed(admin, db):
    """Counted anew, by a job that the endpoint enqueues."""
    reply = admin.api.get(f"{PATH}?refresh=1")
    assert reply.status == 202, reply
    assert reply.headers["Location"] == f"/api/admin/jobs/{reply.json()['jobId']}"
    row, _ = jobs.watch(db, reply.json()["jobId"])
    assert row["state"] == "done", row
    reply = admin.api.get(PATH)
    assert reply.status == 200, reply
    return reply.json()


def count(db, sql, *parameters):
    return query_one(db, f"SELECT ({sql}) AS n", parameters)["n"]


def test_the_figures(admin, new_learner, db):
    course = create_course(db, chapters=2)
    first, second, third = (new_learner() for _ in range(3))
    for learner in (first, second, third):
        assert admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course}).status == 200
    admin.api.send("DELETE", "/api/enrollment", json_body={"userId": third.id, "courseId": course})
    for chapter in chapters_of(db, course):
        assert first.api.post("/api/student/chapters/complete", {"chapterId": chapter}).status == 200
    first.answer("math", True, 3)
    other = create_course(db)
    assert third.api.post("/api/student/requests", {"courseId": other}).status == 201

    reply = refreshed(admin, db)
    figures = reply["figures"]
    live = "deleted_at IS NULL AND merged_into IS NULL"
    assert figures["students"]["total"] == count(
        db, f"SELECT COUNT(*) FROM users WHERE role = 'student' AND NOT is_anonymous AND {live}")
    assert figures["students"]["activeToday"] >= 1
    assert figures["practice"]["totalTokens"] == count(db, f"SELECT SUM(tokens) FROM users WHERE {live}")
    enrollments = figures["enrollments"]
    for status in ("active", "completed", "cancelled"):
        assert enrollments[status] == count(db, "SELECT COUNT(*) FROM enrollments WHERE status = %s", status)
        assert sum(entry[status] for entry in enrollments["bySource"]) == enrollments[status]
    assert enrollments["total"] == enrollments["active"] + enrollments["completed"]
    assert len(enrollments["perDay"]) == 30
    assert enrollments["perDay"][-1]["count"] >= 3, "today's are the last"
    assert figures["requests"]["pending"] == count(db, "SELECT COUNT(*) FROM access_requests WHERE status = 'pending'")
    assert figures["courses"]["total"] == count(db, "SELECT COUNT(*) FROM courses")
    assert sum(entry["count"] for entry in figures["courses"]["byStatus"]) == figures["courses"]["total"]
    assert reply["asOf"].startswith(time.strftime("%Y-", time.gmtime()))

    courses, after = {}, 0
    while after is not None:
        page = admin.api.get(f"{PATH}?limit=200&after={after}").json()
        courses.update({entry["courseId"]: entry for entry in page["courses"]})
        after = page["nextAfter"]
    own = courses[course]
    assert (own["active"], own["completed"], own["cancelled"], own["averageProgress"]) == (1, 1, 1, 50)
    assert courses[other]["pendingRequests"] == 1


def test_304_until_something_moves(admin, learner, db):
    course = create_course(db)
    before = refreshed(admin, db)
    first = admin.api.get(PATH)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert admin.api.get(PATH, headers={"If-None-Match": first.etag}).status == 304
    version = before["version"]
    assert admin.api.get(f"{PATH}?since={version}").status == 304
    assert admin.api.get(f"{PATH}?since={version - 1}").status == 200
    same = refreshed(admin, db)
    assert same["version"] == version, "counted again, nothing moved"
    assert same["asOf"] >= before["asOf"]
    assert admin.api.get(f"{PATH}?since={version}").status == 304
    admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    after = refreshed(admin, db)
    assert after["version"] == version + 1
    assert after["figures"]["enrollments"]["active"] == before["figures"]["enrollments"]["active"] + 1
    assert admin.api.get(f"{PATH}?since={version}").status == 200
    assert admin.api.get(PATH, headers={"If-None-Match": first.etag}).status == 200


def test_looking_has_old_figures_counted_anew(admin, db):
    refreshed(admin, db)
    execute(db, "UPDATE analytics SET as_of = as_of - INTERVAL 1 HOUR")
    last = query_one(db, "SELECT COALESCE(MAX(id), 0) AS n FROM sync_jobs")["n"]
    replies = [admin.api.get(PATH) for _ in range(3)]  # the first of them asks; it may be done before the last
    assert all(reply.status == 200 and "jobId" not in reply.json() for reply in replies)
    asked = query_one(db, "SELECT MIN(id) AS id, COUNT(*) AS n FROM sync_jobs WHERE kind = 'refresh_analytics' AND id > %s",
                      (last,))
    assert asked["n"] == 1, "one count, however many look"
    row, _ = jobs.watch(db, asked["id"])
    assert row["state"] == "done" and row["created_by"] == f"user_{admin.id}"
    assert admin.api.get(PATH).json()["asOf"] > replies[0].json()["asOf"]
    again = query_one(db, "SELECT COUNT(*) AS n FROM sync_jobs WHERE kind = 'refresh_analytics' AND id > %s", (asked["id"],))
    assert again["n"] == 0, "fresh figures are left alone"


def test_it_is_counted_on_schedule_too(db):
    row = query_one(db, "SELECT kind, repeat_every_s, state FROM sync_jobs WHERE dedupe_key = 'schedule:refresh_analytics'")
    assert row == {"kind": "refresh_analytics", "repeat_every_s": 900, "state": "ready"}


def test_before_the_first_count(admin, db):
    refreshed(admin, db)
    execute(db, "UPDATE analytics SET version = 0, as_of = NULL, figures = NULL, digest = NULL")
    reply = admin.api.get(f"{PATH}?since=0")
    assert reply.status == 200
    assert (reply.json()["version"], reply.json()["asOf"]) == (0, None)
    assert reply.json()["figures"]["students"]["total"] == 0
    assert reply.json()["figures"]["requests"]["oldestPendingAt"] is None
    refreshed(admin, db)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "after=x", "since=-1", "refresh=maybe"])
def test_refused_queries(admin, query):
    assert admin.api.get(f"{PATH}?{query}").status == 400
