"""Administrators: enrolling others, deciding about requests, reading students."""

import urllib.parse

import pytest

from harness import truth
from harness.courses import (assert_enrolled, assert_not_enrolled, create_course, decisions, enrollment, requests,
                             student_progress)
from harness.database import execute, query, query_one


def pair(learner, course):
    return {"userId": learner.id, "courseId": course}


def unenrol(admin, learner, course, **options):
    return admin.api.send("DELETE", "/api/enrollment", json_body=pair(learner, course), **options)


def ask(learner, course, **fields):
    reply = learner.api.post("/api/student/requests", {"courseId": course, **fields})
    assert reply.status == 201, reply
    return reply.json()["requestId"]


def decide(admin, request_id, action, **fields):
    return admin.api.patch(f"/api/admin/requests/{request_id}", {"action": action, **fields})


# Enrolling

def test_enrolling_creates_entries_in_both_tables(learner, admin, db):
    course = create_course(db)
    reply = admin.api.post("/api/enrollment", pair(learner, course))
    assert reply.status == 200, reply
    assert (reply.json()["userId"], reply.json()["courseId"], reply.json()["status"]) == (learner.id, course, "active")
    assert_enrolled(db, learner.id, course, source="admin")
    assert enrollment(db, learner.id, course)["actor"] == f"user_{admin.id}"
    assert truth.ledger_of(db, learner.id)[-1]["actor"] == f"user_{admin.id}"
    again = admin.api.post("/api/enrollment", pair(learner, course))
    assert (again.status, again.json()["revision"]) == (200, reply.json()["revision"])


def test_enrolling_mends_what_stood_in_one_table(new_learner, admin, db):
    course = create_course(db)
    only_new, only_old = new_learner(), new_learner()
    execute(db, "INSERT INTO enrollments (user_id, course_id, progress) VALUES (%s, %s, 12.5)", (only_new.id, course))
    execute(db, "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (%s, %s, 30)",
            (only_old.id, course))
    for learner, progress in ((only_new, 12.5), (only_old, 30)):
        assert admin.api.post("/api/enrollment", pair(learner, course)).status == 200
        assert_enrolled(db, learner.id, course, progress=progress)


def test_enrolling_deletes_the_pending_request(learner, admin, db):
    course = create_course(db)
    ask(learner, course)
    assert admin.api.post("/api/enrollment", pair(learner, course)).status == 200
    assert_enrolled(db, learner.id, course)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_does_not_exist(learner, admin, db, method):
    course = create_course(db)
    for body in ({"userId": learner.id, "courseId": 2**60}, {"userId": 2**60, "courseId": course}):
        assert admin.api.send(method, "/api/enrollment", json_body=body).status == 404
    for body in ({}, {"userId": learner.id}, {"courseId": course}, {"userId": "one", "courseId": course}, []):
        assert admin.api.send(method, "/api/enrollment", json_body=body).status == 400
    assert enrollment(db, learner.id, course) is None


def test_deleted_learners_are_not_enrolled(new_learner, admin, db):
    learner = new_learner()
    execute(db, "UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = %s", (learner.id,))
    assert admin.api.post("/api/enrollment", pair(learner, create_course(db))).status == 404


def test_unenrolling_and_back(learner, admin, db):
    course = create_course(db, chapters=2)
    assert unenrol(admin, learner, course).status == 404, "never was enrolled"
    admin.api.post("/api/enrollment", pair(learner, course))
    execute(db, "UPDATE enrollments SET progress = 50 WHERE user_id = %s", (learner.id,))
    reply = unenrol(admin, learner, course)
    assert (reply.status, reply.json()["status"]) == (200, "cancelled")
    assert_not_enrolled(db, learner.id, course)
    assert enrollment(db, learner.id, course)["status"] == "cancelled", "the row stays"
    again = unenrol(admin, learner, course)
    assert (again.status, again.json()["revision"]) == (200, reply.json()["revision"])
    assert admin.api.post("/api/enrollment", pair(learner, course)).json()["progress"] == 50
    assert_enrolled(db, learner.id, course, progress=50)


def test_unenrolling_who_is_only_in_the_legacy_table(learner, admin, db):
    course = create_course(db)
    execute(db, "INSERT INTO student_progress (student_id, course_id) VALUES (%s, %s)", (learner.id, course))
    assert unenrol(admin, learner, course).status == 200
    assert_not_enrolled(db, learner.id, course)
    assert enrollment(db, learner.id, course)["status"] == "cancelled", "the decision is known"


def test_an_administrators_key_is_not_the_students(learner, admin, db):
    headers = {"Idempotency-Key": "same"}
    one, two = create_course(db, is_public=1), create_course(db)
    assert learner.api.post("/api/student/enroll", {"courseId": one}, headers=headers).status == 200
    first = admin.api.post("/api/enrollment", pair(learner, two), headers=headers)
    assert first.status == 200
    assert admin.api.post("/api/enrollment", pair(learner, two), headers=headers).body == first.body
    assert admin.api.post("/api/enrollment", pair(learner, one), headers=headers).status == 422


# Requests

def test_approving_enrols_and_moves_the_request(learner, admin, db):
    course = create_course(db, title="Wanted")
    request_id = ask(learner, course, reason="please")
    reply = decide(admin, request_id, "approve", reason="welcome")
    assert reply.status == 200, reply
    assert (reply.json()["status"], reply.json()["studentId"], reply.json()["courseId"]) == \
        ("approved", learner.id, course)
    assert_enrolled(db, learner.id, course, source="request")
    assert decisions(db, learner.id) == [{"request_id": request_id, "course_id": course, "decision": "approved",
                                          "decided_by": f"user_{admin.id}", "note": "welcome"}]
    for action in ("approve", "deny"):
        late = decide(admin, request_id, action)
        assert late.status == 409 and "approved" in late.json()["message"]
    own = learner.api.get("/api/student/requests").json()["requests"]
    assert [(entry["status"], entry["note"]) for entry in own] == [("approved", "welcome")]


def test_denying_is_known_and_asking_again_is_allowed(learner, admin, db):
    course = create_course(db)
    request_id = ask(learner, course)
    assert decide(admin, request_id, "deny", reason="full").json()["status"] == "rejected"
    assert enrollment(db, learner.id, course) is None and requests(db, learner.id) == []
    late = decide(admin, request_id, "approve")
    assert late.status == 409 and "rejected" in late.json()["message"]
    own = learner.api.get("/api/student/requests").json()["requests"]
    assert [(entry["status"], entry["note"]) for entry in own] == [("rejected", "full")]
    assert ask(learner, course) > request_id
    assert learner.api.send("DELETE", f"/api/student/requests/{request_id}").status == 409


def test_decisions_that_make_no_sense(learner, admin, db):
    request_id = ask(learner, create_course(db))
    for body in ({}, {"action": "maybe"}, {"action": "Approve"}, {"action": None}, {"action": 1}, []):
        assert admin.api.patch(f"/api/admin/requests/{request_id}", body).status == 400
    for bad in (2**60, "x", 0):
        assert decide(admin, bad, "approve").status == 404
    assert len(requests(db, learner.id)) == 1


def test_many_at_once_and_each_by_itself(new_learner, admin, db):
    course = create_course(db)
    learners = [new_learner() for _ in range(3)]
    ids = [ask(learner, course) for learner in learners]
    decide(admin, ids[1], "deny")
    second = ask(learners[0], create_course(db))
    reply = admin.api.post("/api/admin/requests/bulk", {"action": "approve", "requestIds": [*ids, 2**60, second]})
    assert reply.status == 200, reply
    body = reply.json()
    assert [(entry["id"], entry["success"], entry["status"]) for entry in body["results"]] == [
        (ids[0], True, 200), (ids[1], False, 409), (ids[2], True, 200), (2**60, False, 404), (second, True, 200)]
    assert (body["success"], body["processed"], body["failed"]) == (False, 3, 2)
    assert_enrolled(db, learners[0].id, course)
    assert enrollment(db, learners[1].id, course) is None
    for bad in ({"action": "approve"}, {"action": "approve", "requestIds": []}, {"requestIds": [1]},
                {"action": "approve", "requestIds": ["1"]}, {"action": "approve", "requestIds": [1] * 201}):
        assert admin.api.post("/api/admin/requests/bulk", bad).status == 400


def test_many_at_once_with_a_key(learner, admin, db):
    """Two requests of one student are two operations, each of which is told again."""
    courses = [create_course(db) for _ in range(2)]
    body = {"action": "approve", "requestIds": [ask(learner, course) for course in courses]}
    key = {"Idempotency-Key": "k" * 64}
    first = admin.api.post("/api/admin/requests/bulk", body, headers=key)
    assert [(entry["success"], entry["status"]) for entry in first.json()["results"]] == [(True, 200)] * 2, first
    for course in courses:
        assert_enrolled(db, learner.id, course)
    revision = learner.row()["revision"]
    again = admin.api.post("/api/admin/requests/bulk", body, headers=key)
    assert (again.status, again.json()) == (200, first.json())
    assert learner.row()["revision"] == revision
    other = admin.api.post("/api/admin/requests/bulk", {**body, "action": "deny"}, headers=key)
    assert {entry["status"] for entry in other.json()["results"]} == {422}, "the key is for something else"


def pending_of(admin, learner):
    after, found = 0, []
    while after is not None:
        reply = admin.api.get(f"/api/requests?limit=200&after={after}")
        assert reply.status == 200, reply
        found += [entry for entry in reply.json()["requests"] if entry["studentId"] == learner.id]
        after = reply.json()["nextAfter"]
    return found


def test_pending_requests_with_student_and_course(new_learner, admin, db):
    learner = new_learner(display_name="Ada", username=None)
    course = create_course(db, title="Engines")
    request_id = ask(learner, course, reason="curious")
    entry, = pending_of(admin, learner)
    assert entry == {**entry, "id": request_id, "displayName": "Ada", "courseId": course, "courseTitle": "Engines",
                     "reason": "curious"}
    decide(admin, request_id, "deny")
    assert pending_of(admin, learner) == []


def test_pending_requests_of_the_enrolled_are_cleared_and_not_shown(learner, admin, db):
    course = create_course(db)
    ask(learner, course)
    execute(db, "INSERT INTO enrollments (user_id, course_id) VALUES (%s, %s)", (learner.id, course))
    execute(db, "INSERT INTO student_progress (student_id, course_id) VALUES (%s, %s)", (learner.id, course))
    assert pending_of(admin, learner) == []
    assert_enrolled(db, learner.id, course)


def test_requests_of_what_is_gone_are_cleared_and_not_shown(learner, new_learner, admin, db):
    """The rule orphan_requests, of students and of courses."""
    gone_course, gone_student = create_course(db), new_learner()
    ask(learner, gone_course)
    ask(gone_student, create_course(db))
    execute(db, "SET foreign_key_checks = 0")
    execute(db, "DELETE FROM courses WHERE id = %s", (gone_course,))
    execute(db, "DELETE FROM users WHERE id = %s", (gone_student.id,))
    execute(db, "SET foreign_key_checks = 1")
    assert pending_of(admin, learner) == pending_of(admin, gone_student) == []
    assert requests(db, learner.id) == requests(db, gone_student.id) == []
    kept = query(db, "SELECT rule FROM quarantine WHERE user_id IN (%s, %s)", (learner.id, gone_student.id))
    assert [row["rule"] for row in kept] == ["orphan_requests"] * 2


# Students

def test_students_with_counts(new_learner, admin, db):
    learner = new_learner(display_name="Counted")
    for status, progress, state in (("published", 100, "completed"), ("Active", 50, "active"),
                                    ("draft", 10, "active"), ("published", 70, "cancelled")):
        execute(db, "INSERT INTO enrollments (user_id, course_id, progress, status) VALUES (%s, %s, %s, %s)",
                (learner.id, create_course(db, status=status), progress, state))
    ask(learner, create_course(db))
    page = admin.api.get(f"/api/students?after={learner.id - 1}&limit=1").json()
    student, = page["students"]
    assert student == {**student, "id": learner.id, "displayName": "Counted", "enrolledCourses": 2,
                       "completedCourses": 1, "averageProgress": 75, "pendingRequests": 1}


def test_students_page_by_page(new_learner, admin, db):
    made = [new_learner() for _ in range(5)]
    gone, guest = new_learner(), new_learner(is_anonymous=1)
    execute(db, "UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = %s", (gone.id,))
    after, found = made[0].id - 1, []
    while after is not None:
        page = admin.api.get(f"/api/students?limit=2&after={after}").json()
        found += [student["id"] for student in page["students"]]
        after = page["nextAfter"]
    assert found == sorted(set(found))
    assert {learner.id for learner in made} <= set(found)
    assert {gone.id, guest.id, admin.id}.isdisjoint(found)
    for query in ("limit=0", "limit=201", "limit=x"):
        assert admin.api.get(f"/api/students?{query}").status == 400


def sought(admin, text, limit=50):
    """Ids of who is found, in order, over all pages; nobody twice."""
    after, found = None, []
    while True:
        query_text = urllib.parse.urlencode({"search": text, "limit": limit, **({} if after is None else {"after": after})})
        page = admin.api.get(f"/api/students?{query_text}").json()
        assert len(page["students"]) <= limit
        found += [student["id"] for student in page["students"]]
        after = page["nextAfter"]
        if after is None:
            assert len(found) == len(set(found))
            return found


def test_students_are_sought_by_name_and_address(new_learner, admin, db):
    mark = f"Zq{new_learner().id}"
    zoe = new_learner(display_name=f"{mark} Zoe", username=f"{mark.lower()}.zoe@example.org")
    ada = new_learner(display_name=f"{mark} Ada")
    twin = new_learner(display_name=f"{mark} Ada")
    mail = new_learner(display_name="Somebody else", username=f"{mark.lower()}@example.org")
    last = new_learner(username=f"{mark}@example.org")
    gone, guest = new_learner(display_name=f"{mark} Gone"), new_learner(display_name=f"{mark} Guest", is_anonymous=1)
    execute(db, "UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = %s", (gone.id,))
    expected = [ada.id, twin.id, zoe.id, last.id, mail.id]
    for limit in (1, 2, 3, 50):
        assert sought(admin, mark, limit) == expected, limit
    assert sought(admin, mark.lower()) == [ada.id, twin.id, zoe.id, mail.id]
    assert sought(admin, f"{mark} a") == [ada.id, twin.id]
    assert sought(admin, f"{mark.lower()}@EXAMPLE") == [mail.id]
    assert sought(admin, f"{mark} Nobody") == [] == sought(admin, f"%{mark}") == sought(admin, f"{mark[:-1]}_ ")
    assert {gone.id, guest.id, admin.id}.isdisjoint(sought(admin, mark))


def test_students_are_sought_by_id(new_learner, admin, db):
    """7 finds 7, 70 to 79, 700 to 799 …, and then who is called so."""
    learners = [new_learner() for _ in range(12)]
    prefix = str(learners[0].id)[:-1] or "1"
    named = new_learner(display_name=f"{prefix} is my number")
    students = [row["id"] for row in query(db, "SELECT id FROM users WHERE role = 'student' AND is_anonymous = 0 AND deleted_at IS NULL "
                                               "AND merged_into IS NULL ORDER BY id")]
    by_id = [one for one in students if str(one).startswith(prefix)]
    expected = by_id + ([] if named.id in by_id else [named.id])
    for limit in (3, 200):
        assert sought(admin, prefix, limit) == expected
    assert sought(admin, str(learners[3].id))[0] == learners[3].id
    assert sought(admin, "9" * 19) == sought(admin, "9" * 30) == sought(admin, "0") == []
    assert sought(admin, "", 200) == students
    for bad in ("search=" + "x" * 191, "search=%ff"):
        assert admin.api.get(f"/api/students?{bad}").status == 400


def test_one_student_has_progress_and_never_null(learner, admin, db):
    course = create_course(db, title="Begun")
    admin.api.post("/api/enrollment", pair(learner, course))
    student = admin.api.get(f"/api/students/{learner.id}").json()
    entry, = student["enrollments"]
    assert entry == {**entry, "courseId": course, "title": "Begun", "isEnrolled": True, "progress": 0,
                     "status": "active", "source": "admin"}
    for bad in (2**60, "x", 0):
        assert admin.api.get(f"/api/students/{bad}").status == 404
        assert admin.api.get(f"/api/students/{bad}/state").status == 404


def test_the_whole_state_of_a_student(learner, admin, db):
    enrolled, pending, denied, legacy = (create_course(db) for _ in range(4))
    admin.api.post("/api/enrollment", pair(learner, enrolled))
    ask(learner, pending)
    decide(admin, ask(learner, denied), "deny")
    execute(db, "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (%s, %s, 20)",
            (learner.id, legacy))
    state = {entry["courseId"]: entry for entry in admin.api.get(f"/api/students/{learner.id}/state").json()["courses"]}
    keys = ("isEnrolled", "hasStudentProgress", "hasPendingRequest", "hasApprovedRequest", "hasRejectedRequest")
    assert {course: tuple(entry[key] for key in keys) for course, entry in state.items()} == {
        enrolled: (True, True, False, False, False), pending: (False, False, True, False, False),
        denied: (False, False, False, False, True), legacy: (False, True, False, False, False)}
    assert state[legacy]["studentProgress"] == 20 and state[legacy]["status"] is None
    assert student_progress(db, learner.id, legacy) is not None, "reading writes nothing"


def test_replies_leave_no_row_behind_when_the_course_goes(learner, admin, db):
    """Cascade: a course that is deleted by SQL takes everything along that points at it."""
    course = create_course(db, chapters=2)
    ask(learner, course)
    admin.api.post("/api/enrollment", pair(learner, course))
    execute(db, "DELETE FROM courses WHERE id = %s", (course,))
    for table in ("enrollments", "student_progress", "access_requests", "access_decisions", "chapters"):
        assert query_one(db, f"SELECT COUNT(*) AS n FROM {table} WHERE course_id = %s", (course,))["n"] == 0
    assert learner.api.get("/api/student/courses").status == 200
