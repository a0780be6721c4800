"""A student's courses: the list, enrolling, asking for access, chapters, figures."""

import pytest

from harness import truth
from harness.courses import (assert_enrolled, assert_not_enrolled, chapters_of, create_course, decisions, enrollment,
                             requests, student_progress)
from harness.database import execute


def courses(learner, path="/api/student/courses"):
    reply = learner.api.get(path)
    assert reply.status == 200, reply
    return {course["id"]: course for course in reply.json()["courses"]}


@pytest.fixture
def default_course(db):
    course = create_course(db, title="For everybody", is_default_unlocked=1)
    yield course
    execute(db, "UPDATE courses SET status = 'archived' WHERE id = %s", (course,))


# The list

@pytest.mark.parametrize("status, seen", [
    ("published", True), ("Published", True), ("PUBLISHED", True), ("active", True), ("Active", True),
    ("draft", False), ("Draft", False), ("archived", False), ("publishedx", False), ("", False)])
def test_open_courses_in_any_letter_case(learner, db, status, seen):
    course = create_course(db, status=status)
    listed = courses(learner).get(course)
    assert (listed is not None) == seen
    if seen:
        assert listed == {**listed, "status": status.lower(), "isEnrolled": False, "hasPendingRequest": False,
                          "hasApprovedRequest": False, "progress": 0, "priceCents": 0, "currency": "usd"}


def test_pages_by_cursor(learner, db):
    made = [create_course(db) for _ in range(5)]
    after, found = made[0] - 1, []
    while after is not None:
        reply = learner.api.get(f"/api/student/courses?limit=2&after={after}")
        assert reply.status == 200
        page = reply.json()
        assert len(page["courses"]) <= 2
        found += [course["id"] for course in page["courses"]]
        after = page["nextAfter"]
    assert [course for course in found if course in made] == made
    assert found == sorted(set(found))
    for query in ("limit=0", "limit=-1", "limit=x", "after=-1"):
        assert learner.api.get(f"/api/student/courses?{query}").status == 400


def test_default_courses_are_granted_once_and_not_again_after_a_cancellation(learner, admin, db, default_course):
    assert courses(learner)[default_course]["isEnrolled"]
    assert_enrolled(db, learner.id, default_course, source="default")
    before = truth.user_row(db, learner.id)["revision"]
    assert courses(learner)[default_course]["isEnrolled"]
    assert truth.user_row(db, learner.id)["revision"] == before, "granted once"
    body = {"userId": learner.id, "courseId": default_course}
    assert admin.api.send("DELETE", "/api/enrollment", json_body=body).status == 200
    for path in ("courses", "enrolled-courses", "progress-details", "stats", "requests"):
        assert learner.api.get(f"/api/student/{path}").status == 200
    assert not courses(learner)[default_course]["isEnrolled"]
    assert_not_enrolled(db, learner.id, default_course)


def test_a_closed_default_course_is_not_granted(learner, db):
    course = create_course(db, status="draft", is_default_unlocked=1)
    courses(learner)
    assert enrollment(db, learner.id, course) is None


# Enrolling

def test_enrolling_in_a_public_course(learner, db):
    course = create_course(db, title="Open to all", is_public=1, chapters=2)
    reply = learner.api.post("/api/student/enroll", {"courseId": course})
    assert reply.status == 200, reply
    body = reply.json()
    assert (body["success"], body["status"], body["progress"], body["title"], body["totalChapters"]) == \
        (True, "active", 0, "Open to all", 2)
    assert_enrolled(db, learner.id, course, source="public")
    row = truth.user_row(db, learner.id)
    assert row["revision"] == body["revision"] == 1
    entry = truth.ledger_of(db, learner.id)[-1]
    assert entry["kind"] == "enroll" and entry["changes"][0]["what"] == "enrolled"
    again = learner.api.post("/api/student/enroll", {"courseId": course})
    assert (again.status, again.json()["revision"]) == (200, 1), "twice changes nothing"


def test_a_pending_request_is_deleted_and_not_updated_on_direct_enrollment(learner, db):
    course = create_course(db, is_public=1)
    assert learner.api.post("/api/student/requests", {"courseId": course}).status == 201
    assert learner.api.post("/api/student/enroll", {"courseId": course}).status == 200
    assert_enrolled(db, learner.id, course)
    assert decisions(db, learner.id) == [], "nobody decided anything"


@pytest.mark.parametrize("columns, status", [
    ({"is_public": 1, "price_cents": 100}, 403), ({"is_public": 0}, 403),
    ({"is_public": 1, "status": "draft"}, 404), ({"is_public": 1, "status": "archived"}, 404)])
def test_courses_that_nobody_enrols_in_by_themselves(learner, db, columns, status):
    course = create_course(db, **columns)
    before = learner.checksum()
    assert learner.api.post("/api/student/enroll", {"courseId": course}).status == status
    assert enrollment(db, learner.id, course) is None and learner.checksum() == before


@pytest.mark.parametrize("path, field", [("/api/student/enroll", "courseId"), ("/api/student/requests", "courseId"),
                                         ("/api/student/chapters/complete", "chapterId")])
def test_bad_bodies(learner, path, field):
    for body in ({}, {field: None}, {field: "1"}, {field: 0}, {field: -1}, {field: 1.5}, {field: 2**63}, {field: []}, [], 7):
        reply = learner.api.post(path, body)
        assert reply.status == 400, (body, reply)
    assert learner.api.post(path, {field: 2**62}).status == 404


# Asking for access

def test_asking_once(learner, db):
    course = create_course(db, title="By request")
    reply = learner.api.post("/api/student/requests", {"courseId": course, "reason": "I want to learn. 学"})
    assert reply.status == 201, reply
    body = reply.json()
    assert (body["status"], body["courseId"], body["title"], body["reason"]) == \
        ("pending", course, "By request", "I want to learn. 学")
    listed = courses(learner)[course]
    assert (listed["isEnrolled"], listed["hasPendingRequest"], listed["hasApprovedRequest"]) == (False, True, False)
    assert learner.api.post("/api/student/requests", {"courseId": course}).status == 409
    own = learner.api.get("/api/student/requests").json()["requests"]
    assert [(entry["id"], entry["courseId"], entry["status"]) for entry in own] == \
        [(body["requestId"], course, "pending")]
    assert learner.api.get("/api/student/stats").json()["pendingRequests"] == 1


def test_asking_when_enrolled_or_closed(learner, admin, db):
    course = create_course(db)
    assert admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course}).status == 200
    assert learner.api.post("/api/student/requests", {"courseId": course}).status == 409
    closed = create_course(db, status="draft")
    assert learner.api.post("/api/student/requests", {"courseId": closed}).status == 404
    assert learner.api.post("/api/student/requests", {"courseId": closed, "reason": "x" * 2001}).status == 400
    assert requests(db, learner.id) == []


def test_one_key_one_request(learner, db):
    course = create_course(db)
    headers = {"Idempotency-Key": "ask-1"}
    first = learner.api.post("/api/student/requests", {"courseId": course}, headers=headers)
    again = learner.api.post("/api/student/requests", {"courseId": course}, headers=headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    other = learner.api.post("/api/student/requests", {"courseId": create_course(db)}, headers=headers)
    assert other.status == 422
    assert len(requests(db, learner.id)) == 1


def test_withdrawing_ones_own(new_learner, db):
    learner, other = new_learner(), new_learner()
    course = create_course(db)
    request_id = learner.api.post("/api/student/requests", {"courseId": course}).json()["requestId"]
    path = f"/api/student/requests/{request_id}"
    assert other.api.send("DELETE", path).status == 404
    assert len(requests(db, learner.id)) == 1
    reply = learner.api.send("DELETE", path)
    assert (reply.status, reply.json()["status"]) == (200, "withdrawn")
    assert learner.api.send("DELETE", path).status == 404
    assert requests(db, learner.id) == []
    assert learner.api.post("/api/student/requests", {"courseId": course}).status == 201, "and asking anew"
    for bad in ("0", "x", "-1", "99999999999999999999"):
        assert learner.api.send("DELETE", f"/api/student/requests/{bad}").status == 404


def test_approvals_made_around_lockstep_become_enrollments_on_the_way(learner, db):
    """An older application only changes the request's status."""
    course = create_course(db)
    execute(db, "INSERT INTO access_requests (student_id, course_id, status) VALUES (%s, %s, 'approved')",
            (learner.id, course))
    listed = courses(learner, "/api/student/enrolled-courses")
    assert listed[course]["progress"] == 0 and listed[course]["source"] == "request"
    assert_enrolled(db, learner.id, course, source="request")
    assert [(entry["course_id"], entry["decision"]) for entry in decisions(db, learner.id)] == [(course, "approved")]
    assert courses(learner)[course]["hasApprovedRequest"]


def test_the_last_decision_is_shown(learner, admin, db):
    course = create_course(db)
    for action, approved in (("approve", True), ("deny", False)):
        ask = learner.api.post("/api/student/requests", {"courseId": course}).json()["requestId"]
        assert admin.api.send("PATCH", f"/api/admin/requests/{ask}", json_body={"action": action}).status == 200
        if approved:
            pair = {"userId": learner.id, "courseId": course}
            assert admin.api.send("DELETE", "/api/enrollment", json_body=pair).status == 200
        listed = courses(learner)[course]
        assert (listed["isEnrolled"], listed["hasApprovedRequest"]) == (False, approved)


def test_an_approval_does_not_undo_a_later_cancellation(learner, db):
    course = create_course(db)
    execute(db, "INSERT INTO enrollments (user_id, course_id, status) VALUES (%s, %s, 'cancelled')", (learner.id, course))
    execute(db, "INSERT INTO access_requests (student_id, course_id, status) VALUES (%s, %s, 'approved')",
            (learner.id, course))
    assert not courses(learner)[course]["isEnrolled"]
    assert_not_enrolled(db, learner.id, course)


def test_a_pending_request_of_an_enrolled_course_is_cleared(learner, db):
    course = create_course(db)
    execute(db, "INSERT INTO enrollments (user_id, course_id, progress) VALUES (%s, %s, 40)", (learner.id, course))
    execute(db, "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (%s, %s, 40)",
            (learner.id, course))
    execute(db, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (learner.id, course))
    listed = courses(learner)[course]
    assert (listed["isEnrolled"], listed["hasPendingRequest"], listed["progress"]) == (True, False, 40)
    assert_enrolled(db, learner.id, course, progress=40)


def test_every_endpoint_treats_pending_requests_alike(learner, db):
    course = create_course(db, chapters=1)
    assert learner.api.post("/api/student/requests", {"courseId": course}).status == 201
    assert courses(learner)[course]["hasPendingRequest"]
    assert course not in courses(learner, "/api/student/enrolled-courses")
    assert course not in courses(learner, "/api/student/progress-details")
    stats = learner.api.get("/api/student/stats").json()
    assert (stats["enrolledCourses"], stats["pendingRequests"]) == (0, 1)


# Chapters

def test_chapters_move_both_progress_values(learner, admin, db):
    course = create_course(db, chapters=3)
    chapters = chapters_of(db, course)
    admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    for number, expected in ((0, 33.33), (1, 66.66), (2, 100)):
        reply = learner.api.post("/api/student/chapters/complete", {"chapterId": chapters[number]})
        assert reply.status == 200, reply
        assert (reply.json()["progress"], reply.json()["completedChapters"]) == (expected, number + 1)
        assert_enrolled(db, learner.id, course, progress=expected)
        assert student_progress(db, learner.id, course)["completed_chapters"] == number + 1
    assert reply.json()["status"] == "completed"
    assert enrollment(db, learner.id, course)["status"] == "completed"
    revision = truth.user_row(db, learner.id)["revision"]
    again = learner.api.post("/api/student/chapters/complete", {"chapterId": chapters[0]})
    assert (again.status, again.json()["progress"], again.json()["revision"]) == (200, 100, revision)
    details = courses(learner, "/api/student/progress-details")[course]
    assert [(chapter["id"], chapter["isComplete"]) for chapter in details["chapters"]] == [(c, True) for c in chapters]
    assert all(chapter["completedAt"] for chapter in details["chapters"])
    stats = learner.api.get("/api/student/stats").json()
    assert (stats["enrolledCourses"], stats["completedCourses"], stats["inProgressCourses"], stats["averageProgress"]) \
        == (1, 1, 0, 100)


def test_progress_never_falls(learner, db):
    """A figure from before, or a chapter that came later, is never a reason to lower it."""
    course = create_course(db, chapters=4)
    execute(db, "INSERT INTO enrollments (user_id, course_id, progress) VALUES (%s, %s, 80)", (learner.id, course))
    execute(db, "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (%s, %s, 90)",
            (learner.id, course))
    first, second = chapters_of(db, course)[:2]
    reply = learner.api.post("/api/student/chapters/complete", {"chapterId": first})
    assert reply.json()["progress"] == 90, "the higher of both stays"
    assert_enrolled(db, learner.id, course, progress=90)
    execute(db, "INSERT INTO chapters (course_id, position, title) VALUES (%s, 9, 'New')", (course,))
    assert learner.api.post("/api/student/chapters/complete", {"chapterId": second}).json()["progress"] == 90


def test_chapters_of_courses_that_are_not_ones_own(learner, db):
    course = create_course(db, chapters=1, is_public=1)
    chapter = chapters_of(db, course)[0]
    before = learner.checksum()
    assert learner.api.post("/api/student/chapters/complete", {"chapterId": chapter}).status == 403
    assert learner.checksum() == before
    execute(db, "INSERT INTO enrollments (user_id, course_id, status) VALUES (%s, %s, 'cancelled')", (learner.id, course))
    assert learner.api.post("/api/student/chapters/complete", {"chapterId": chapter}).status == 403


def test_stats_of_somebody_new(learner):
    assert learner.api.get("/api/student/stats").json() == {
        "enrolledCourses": 0, "completedCourses": 0, "inProgressCourses": 0, "averageProgress": 0,
        "pendingRequests": 0, "totalTokens": 0, "currentStreak": 0}


def test_stats_count_open_courses_of_any_letter_case(learner, db):
    for status, progress in (("Published", 50), ("active", 0), ("draft", 30)):
        course = create_course(db, status=status)
        execute(db, "INSERT INTO enrollments (user_id, course_id, progress) VALUES (%s, %s, %s)",
                (learner.id, course, progress))
    stats = learner.api.get("/api/student/stats").json()
    assert (stats["enrolledCourses"], stats["inProgressCourses"], stats["averageProgress"]) == (2, 1, 25)


# Freshness

def test_reads_are_fresh(learner, admin, db):
    course = create_course(db)
    paths = [f"/api/student/{name}" for name in ("courses", "enrolled-courses", "progress-details", "stats", "requests")]
    tags = {path: learner.api.get(path).etag for path in paths}
    for path in paths:
        assert learner.api.get(path, headers={"If-None-Match": tags[path]}).status == 304
    admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    for path in paths:
        assert learner.api.get(path, headers={"If-None-Match": tags[path]}).status == 200


# Polling

def test_connection_tells_what_moved(learner, admin, db):
    first = learner.api.get("/api/sync/connection")
    assert first.status == 200
    value = first.json()
    assert value == {**value, "revision": 0, "enrolledCourses": 0, "pendingRequests": 0, "pollIntervalMs": 15000,
                     "changes": [], "resync": False}
    assert learner.api.get("/api/sync/connection", headers={"If-None-Match": first.etag}).status == 304
    enrolled, asked = create_course(db), create_course(db, status="ACTIVE")
    admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": enrolled})
    learner.api.post("/api/student/requests", {"courseId": asked})
    value = learner.api.get("/api/sync/connection?since=0", headers={"If-None-Match": first.etag}).json()
    assert (value["revision"], value["enrolledCourses"], value["pendingRequests"], value["resync"]) == (2, 1, 1, False)
    assert [(entry["revision"], entry["kind"]) for entry in value["changes"]] == [(1, "enroll"), (2, "access-request")]
    value = learner.api.get("/api/sync/connection?since=2").json()
    assert (value["changes"], value["resync"]) == ([], False)


def test_connection_asks_for_a_resync_where_the_way_cannot_be_told(learner, admin, db):
    for _ in range(3):
        admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": create_course(db)})
    assert learner.api.get("/api/sync/connection?since=99").json()["resync"], "from another world"
    execute(db, "DELETE FROM ledger WHERE user_id = %s AND revision = 2", (learner.id,))
    value = learner.api.get("/api/sync/connection?since=1").json()
    assert (value["resync"], value["changes"]) == (True, []), "folded away"
    assert not learner.api.get("/api/sync/connection?since=2").json()["resync"]
    execute(db, "UPDATE ledger SET kind = 'folded' WHERE user_id = %s AND revision = 3", (learner.id,))
    assert learner.api.get("/api/sync/connection?since=2").json()["resync"], "one entry that stands for several"
    for bad in ("x", "-1", "1.5"):
        assert learner.api.get(f"/api/sync/connection?since={bad}").status == 400
