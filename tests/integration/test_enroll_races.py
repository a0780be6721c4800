"""Many at once: the constraints and the learner's lock leave one row, whatever the way."""

from harness.courses import assert_enrolled, chapters_of, create_course, enrollment, requests
from harness.database import execute, query_one
from harness.races import all_at_once, caller

TIMES = 200


def test_the_same_request_two_hundred_times(service, learner, db):
    course = create_course(db)
    calls = [caller(service, learner.token, "POST", "/api/student/requests", {"courseId": course})] * TIMES
    statuses = all_at_once(calls, clients=TIMES)
    assert (statuses.count(201), statuses.count(409)) == (1, TIMES - 1), sorted(set(statuses))
    assert len(requests(db, learner.id, course)) == 1


def test_a_request_around_lockstep_cannot_double_it(service, learner, db):
    """The unique key has the last word, also for who writes the table directly."""
    course = create_course(db)
    outcomes = []

    def by_sql():
        connection = service.connect()
        try:
            execute(connection, "INSERT INTO access_requests (student_id, course_id) VALUES (%s, %s)", (learner.id, course))
            outcomes.append("sql")
            return 201
        except Exception as error:  # the driver's class for a duplicate key
            assert "1062" in str(error), error
            return 409
        finally:
            connection.close()

    calls = [caller(service, learner.token, "POST", "/api/student/requests", {"courseId": course}), by_sql] * 20
    statuses = all_at_once(calls)
    assert (statuses.count(201), statuses.count(409)) == (1, len(calls) - 1), sorted(set(statuses))
    assert len(requests(db, learner.id, course)) == 1


def test_enrolments_through_every_way(service, learner, admin, db):
    """Administrator, public course, approval and default course, at once: one enrollment in each table."""
    course = create_course(db, is_public=1, chapters=2)
    ask = learner.api.post("/api/student/requests", {"courseId": course}).json()["requestId"]
    execute(db, "UPDATE courses SET is_default_unlocked = 1 WHERE id = %s", (course,))
    ways = [
        caller(service, admin.token, "POST", "/api/enrollment", {"userId": learner.id, "courseId": course}),
        caller(service, learner.token, "POST", "/api/student/enroll", {"courseId": course}),
        caller(service, admin.token, "PATCH", f"/api/admin/requests/{ask}", {"action": "approve"}),
        caller(service, learner.token, "GET", "/api/student/courses", ...),
        caller(service, admin.token, "POST", "/api/admin/requests/bulk", {"action": "approve", "requestIds": [ask]}),
    ]
    try:
        statuses = all_at_once(ways * (TIMES // len(ways)))
    finally:
        execute(db, "UPDATE courses SET status = 'archived' WHERE id = %s", (course,))
    assert set(statuses) <= {200, 404, 409}, sorted(set(statuses))
    for way, name in ((0, "administrator"), (1, "public"), (3, "reading")):
        assert set(statuses[way::len(ways)]) == {200}, name
    assert_enrolled(db, learner.id, course)
    entered = query_one(db, "SELECT COUNT(*) AS n FROM ledger WHERE user_id = %s AND (changes LIKE '%%\"enrolled\"%%'"
                        " OR changes LIKE '%%\"enrollments\"%%')", (learner.id,))
    assert entered["n"] == 1, "enrolled once, and not twice"


def test_the_same_chapter_and_all_chapters_at_once(service, learner, admin, db):
    course = create_course(db, chapters=10)
    admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    calls = [caller(service, learner.token, "POST", "/api/student/chapters/complete", {"chapterId": chapter})
             for chapter in chapters_of(db, course)] * 4
    assert set(all_at_once(calls)) == {200}
    assert_enrolled(db, learner.id, course, progress=100)
    assert enrollment(db, learner.id, course)["status"] == "completed"
    rows = query_one(db, "SELECT COUNT(*) AS n FROM chapter_completions WHERE user_id = %s", (learner.id,))
    moved = query_one(db, "SELECT COUNT(*) AS n FROM ledger WHERE user_id = %s AND kind = 'chapter'", (learner.id,))
    assert (rows["n"], moved["n"]) == (10, 10)


def test_deciding_at_once_decides_once(service, learner, admin, db):
    course = create_course(db)
    ask = learner.api.post("/api/student/requests", {"courseId": course}).json()["requestId"]
    calls = [caller(service, admin.token, "PATCH", f"/api/admin/requests/{ask}", {"action": action})
             for action in ("approve", "deny") * 20]
    statuses = all_at_once(calls)
    assert (statuses.count(200), statuses.count(409)) == (1, 39), sorted(set(statuses))
    decision = query_one(db, "SELECT decision FROM access_decisions WHERE request_id = %s", (ask,))["decision"]
    assert (enrollment(db, learner.id, course) is not None) == (decision == "approved")
