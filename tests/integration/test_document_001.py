"""Section 7 of document 001, a test for each line of its checklist, by its own words; and what its section 5
found, where no line of the checklist asks for it. On a Lockstep of its own, with a worker that lives."""

import hashlib
import hmac
import threading
import time

import pytest

from conftest import service_of
from harness.courses import (assert_enrolled, chapters_of, create_course, decisions, enrollment, requests,
                             student_progress)
from harness.database import execute, query_one
from harness.payments import WEBHOOK, Purchase
from harness.processes import wait_until
from harness.stack import Stack, SyncWorker

from drift import await_job

SECRET = "whsec_of_the_checklist_0001"


@pytest.fixture(scope="module")
def service():
    with Stack({"payments": {"secrets": [SECRET]}, "analytics": {"refresh_after_s": 1}}, buffer_pool_mb=64) as stack:
        with SyncWorker(stack):
            yield service_of(stack)


def enrol(admin, learner, course):
    reply = admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    assert reply.status == 200, reply


def ask(learner, course):
    return learner.api.post("/api/student/requests", {"courseId": course})


def listed(learner, path):
    """{course id: what the list says of it}"""
    reply = learner.api.get(path)
    assert reply.status == 200, reply
    return {entry.get("id", entry.get("courseId")): entry for entry in reply.json()["courses"]}


def fixed(admin, learner):
    reply = admin.api.post("/api/sync/auto-fix", {"userId": learner.id, "confirmOverLimit": True})
    assert reply.status == 200, reply
    return {count["rule"]: count["changed"] for count in reply.json()["run"]["counts"] if count["changed"]}


# Section 7: the checklist


def test_admin_direct_enrollment_creates_entries_in_both_tables(learner, admin, db):
    course = create_course(db)
    enrol(admin, learner, course)
    assert_enrolled(db, learner.id, course, source="admin")


def test_payment_webhook_creates_entries_in_both_tables(learner, db, public):
    course = create_course(db, price_cents=4900)
    _, body = Purchase(learner.id, course).completed()
    now = int(time.time())
    signature = hmac.new(SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    reply = public.send("POST", WEBHOOK, body=body,
                        headers={"Stripe-Signature": f"t={now},v1={signature}", "Content-Type": "application/json"})
    assert reply.status == 200, reply
    assert_enrolled(db, learner.id, course, source="payment")


@pytest.mark.parametrize("status", ["published", "Published", "PUBLISHED", "active", "Active", "aCtIvE"])
def test_case_insensitive_status_filtering_works(learner, admin, db, status):
    course = create_course(db, chapters=1, status=status)
    enrol(admin, learner, course)
    for path in ("/api/student/courses", "/api/student/enrolled-courses", "/api/student/progress-details"):
        assert course in listed(learner, path), path
    assert learner.api.get("/api/student/stats").json()["enrolledCourses"] == 1
    assert learner.api.get("/api/sync/connection").json()["enrolledCourses"] == 1
    page = admin.api.get(f"/api/students?limit=1&after={learner.id - 1}").json()["students"]
    assert [(row["id"], row["enrolledCourses"]) for row in page] == [(learner.id, 1)]


def test_admin_analytics_auto_refreshes(learner, admin, db):
    """Somebody looks, and looks again; nobody asks for anything to be counted."""
    def looked():
        reply = admin.api.get("/api/admin/analytics")
        return reply.json() if reply.status == 200 and reply.json()["version"] > 0 else None

    wait_until(looked, "the first figures")
    course = create_course(db)
    before = looked()
    enrol(admin, learner, course)
    enrolled = query_one(db, "SELECT COUNT(*) AS n FROM enrollments WHERE status = 'active'")["n"]

    def moved():
        reply = admin.api.get(f"/api/admin/analytics?since={before['version']}")
        assert reply.status in (200, 304), reply
        return reply.status == 200 and reply.json()["figures"]["enrollments"]["active"] == enrolled

    wait_until(moved, "the enrollment in the figures")
    after = looked()
    assert after["asOf"] > before["asOf"] and after["version"] > before["version"]
    assert admin.api.get(f"/api/admin/analytics?since={after['version']}").status == 304


@pytest.mark.parametrize("who", ["student", "admin"])
def test_pending_requests_deleted_not_updated_on_direct_enrollment(learner, admin, db, who):
    course = create_course(db, is_public=True)
    assert ask(learner, course).status == 201
    if who == "student":
        assert learner.api.post("/api/student/enroll", {"courseId": course}).status == 200
    else:
        enrol(admin, learner, course)
    assert requests(db, learner.id) == [] and decisions(db, learner.id) == []
    assert_enrolled(db, learner.id, course)


def test_race_conditions_prevented_in_request_creation(service, learner, db):
    course = create_course(db)
    statuses, barrier = [], threading.Barrier(16)

    def work():
        api = service.client(learner.token)
        barrier.wait()
        for _ in range(4):
            statuses.append(api.post("/api/student/requests", {"courseId": course}).status)
        api.close()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(201), statuses.count(409)) == (1, 63), sorted(set(statuses))
    with pytest.raises(Exception, match="one_pending_request"):
        execute(db, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (learner.id, course))


def test_auto_fix_runs_periodically(new_learner, db):
    """The schedule that the migrations insert; its time is brought forward, twice, and nobody calls anything."""
    schedule = query_one(db, "SELECT * FROM sync_jobs WHERE dedupe_key = 'schedule:auto_fix'")
    assert (schedule["kind"], schedule["state"], schedule["repeat_every_s"]) == ("auto_fix", "ready", 3600)
    for _ in range(2):
        learner, course = new_learner(), create_course(db)
        execute(db, "INSERT INTO enrollments (user_id, course_id) VALUES (%s, %s)", (learner.id, course))
        execute(db, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (learner.id, course))
        for _ in range(3):  # so that one broken row stays within the share that a rule may change
            new_learner()
        before = query_one(db, "SELECT MAX(id) AS id FROM sync_jobs")["id"]
        execute(db, "UPDATE sync_jobs SET run_at = UTC_TIMESTAMP(3) WHERE id = %s", (schedule["id"],))
        came = "SELECT state, error FROM sync_jobs WHERE schedule_id = %s AND id > %s AND parent_id IS NULL"
        wait_until(lambda: (query_one(db, came, (schedule["id"], before)) or {}).get("state") in ("done", "failed"),
                   "the tick's job to end")
        assert query_one(db, came, (schedule["id"], before))["state"] == "done", query_one(db, came, (schedule["id"], before))
        assert_enrolled(db, learner.id, course)
        due = query_one(db, "SELECT run_at > UTC_TIMESTAMP(3) + INTERVAL 50 MINUTE AS later FROM sync_jobs WHERE id = %s",
                        (schedule["id"],))
        assert due["later"] == 1, "and again in an hour"


def test_progress_syncs_between_tables(learner, admin, db):
    course = create_course(db, chapters=4)
    enrol(admin, learner, course)
    for number, chapter in enumerate(chapters_of(db, course), 1):
        reply = learner.api.post("/api/student/chapters/complete", {"chapterId": chapter})
        assert reply.status == 200, reply
        assert_enrolled(db, learner.id, course, progress=25 * number)
        assert student_progress(db, learner.id, course)["completed_chapters"] == number
    assert enrollment(db, learner.id, course)["status"] == "completed"


def test_all_endpoints_filter_pending_requests_consistently(learner, admin, db):
    """One course enrolled in, one asked for: whoever is asked says the same."""
    own, wanted = create_course(db, chapters=1), create_course(db, chapters=1)
    enrol(admin, learner, own)
    assert ask(learner, wanted).status == 201
    everything = listed(learner, "/api/student/courses")
    assert (everything[own]["isEnrolled"], everything[own]["hasPendingRequest"]) == (True, False)
    assert (everything[wanted]["isEnrolled"], everything[wanted]["hasPendingRequest"]) == (False, True)
    for path in ("/api/student/enrolled-courses", "/api/student/progress-details"):
        assert set(listed(learner, path)) == {own}, path
    stats = learner.api.get("/api/student/stats").json()
    assert (stats["enrolledCourses"], stats["pendingRequests"]) == (1, 1)
    connection = learner.api.get("/api/sync/connection").json()
    assert (connection["enrolledCourses"], connection["pendingRequests"]) == (1, 1)
    row, = admin.api.get(f"/api/students?limit=1&after={learner.id - 1}").json()["students"]
    assert (row["enrolledCourses"], row["pendingRequests"]) == (1, 1)
    one = admin.api.get(f"/api/students/{learner.id}").json()
    assert [(entry["courseId"], entry["progress"]) for entry in one["enrollments"]] == [(own, 0)]
    state = {entry["courseId"]: entry for entry in admin.api.get(f"/api/students/{learner.id}/state").json()["courses"]}
    assert (state[wanted]["isEnrolled"], state[wanted]["hasPendingRequest"]) == (False, True)
    pending = [entry for entry in admin.api.get("/api/requests?limit=200").json()["requests"]
               if entry["studentId"] == learner.id]
    assert [entry["courseId"] for entry in pending] == [wanted]


@pytest.mark.parametrize("how", ["decided here", "around Lockstep"])
def test_approved_requests_auto_sync_enrollment(learner, admin, db, how):
    course = create_course(db)
    if how == "decided here":
        assert ask(learner, course).status == 201
        wish, = requests(db, learner.id)
        assert admin.api.patch(f"/api/admin/requests/{wish['id']}", {"action": "approve"}).status == 200
        assert [entry["decision"] for entry in decisions(db, learner.id)] == ["approved"]
    else:
        execute(db, "INSERT INTO access_requests (student_id, course_id, status) VALUES (%s, %s, 'approved')",
                (learner.id, course))
    entry = listed(learner, "/api/student/enrolled-courses")[course]
    assert entry["progress"] == 0
    assert_enrolled(db, learner.id, course, source="request")


# Section 5: what it found, beyond the checklist


def test_issue_6_automatic_cleanup_on_course_deletion(learner, admin, db):
    course = create_course(db, chapters=1)
    enrol(admin, learner, course)
    learner.api.post("/api/student/chapters/complete", {"chapterId": chapters_of(db, course)[0]})
    await_job(db, admin.api.send("DELETE", f"/api/admin/courses/{course}").json()["jobId"])
    assert admin.api.get(f"/api/admin/courses/{course}").status == 404
    assert enrollment(db, learner.id, course) is None and student_progress(db, learner.id, course) is None
    assert query_one(db, "SELECT COUNT(*) AS n FROM chapter_completions WHERE user_id = %s", (learner.id,))["n"] == 0


def test_issue_6_automatic_cleanup_on_user_deletion(learner, admin, db):
    course, other = create_course(db), create_course(db)
    enrol(admin, learner, course)
    assert ask(learner, other).status == 201
    await_job(db, admin.api.send("DELETE", f"/api/admin/users/{learner.id}").json()["jobId"])
    assert admin.api.get(f"/api/students/{learner.id}").status == 404
    assert enrollment(db, learner.id, course) is None and student_progress(db, learner.id, course) is None
    assert requests(db, learner.id) == []


def test_issue_7_validation_before_enrollment_sync(learner, admin, db):
    course, nobody, nowhere = create_course(db), 2**62, 2**61
    for pair in ({"userId": nobody, "courseId": course}, {"userId": learner.id, "courseId": nowhere}):
        assert admin.api.post("/api/enrollment", pair).status == 404
    assert ask(learner, course).status == 201
    wish, = requests(db, learner.id)
    execute(db, "DELETE FROM courses WHERE id = %s", (course,))
    assert admin.api.patch(f"/api/admin/requests/{wish['id']}", {"action": "approve"}).status == 404
    assert query_one(db, "SELECT COUNT(*) AS n FROM enrollments WHERE user_id = %s", (learner.id,))["n"] == 0


def test_issue_9_progress_that_diverged_is_brought_together(learner, admin, db):
    course = create_course(db, chapters=2)
    enrol(admin, learner, course)
    execute(db, "UPDATE student_progress SET total_progress = 70 WHERE student_id = %s", (learner.id,))
    assert fixed(admin, learner) == {"progress_values_agree": 1}
    assert_enrolled(db, learner.id, course, progress=70)
    assert fixed(admin, learner) == {}


def test_issue_10_cleanup_deletes_the_requests(learner, admin, db):
    course = create_course(db)
    enrol(admin, learner, course)
    execute(db, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (learner.id, course))
    assert fixed(admin, learner) == {"no_pending_request_when_enrolled": 1}
    assert requests(db, learner.id) == []
    assert_enrolled(db, learner.id, course)
