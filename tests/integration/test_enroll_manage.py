"""Courses and chapters, as administrators keep them."""

import json

import pytest

from harness import truth
from harness.courses import assert_enrolled, chapters_of, create_course, decisions, enrollment, requests, student_progress
from harness.database import execute, query_one

from drift import await_job


def created(admin, **fields):
    reply = admin.api.post("/api/admin/courses", {"title": "Made", **fields})
    assert reply.status == 201, reply
    return reply.json()


def test_a_new_course_is_a_draft(admin, learner, db):
    course = created(admin)
    assert course == {**course, "title": "Made", "description": None, "status": "draft", "isDefaultUnlocked": False,
                      "isPublic": False, "priceCents": 0, "currency": "usd", "enrolledStudents": 0, "chapters": 0}
    assert admin.api.get(f"/api/admin/courses/{course['id']}").json() == course
    listed = learner.api.get(f"/api/student/courses?after={course['id'] - 1}").json()["courses"]
    assert course["id"] not in [entry["id"] for entry in listed]


def test_what_is_sent_is_stored_and_the_status_in_lower_case(admin, learner, db):
    course = created(admin, description="Über alles", status="PubLished", isPublic=True, priceCents=1999, currency="EUR")
    row = query_one(db, "SELECT * FROM courses WHERE id = %s", (course["id"],))
    assert (row["status"], row["is_open"], row["currency"], row["price_cents"], row["description"]) == \
        ("published", 1, "eur", 1999, "Über alles")
    listed = learner.api.get(f"/api/student/courses?after={course['id'] - 1}&limit=1").json()["courses"]
    assert [entry["id"] for entry in listed] == [course["id"]]


def test_changing_and_what_is_not_sent_stays(admin, db):
    course = created(admin, description="Old", priceCents=5)
    path = f"/api/admin/courses/{course['id']}"
    reply = admin.api.patch(path, {"status": "Active"})
    assert (reply.status, reply.json()) == (200, {**course, "status": "active"})
    assert admin.api.patch(path, {"description": None, "title": "New"}).json() == \
        {**course, "status": "active", "description": None, "title": "New"}
    version = query_one(db, "SELECT version FROM shared_version")["version"]
    assert admin.api.patch(path, {"title": "New"}).status == 200
    assert query_one(db, "SELECT version FROM shared_version")["version"] == version, "nothing changed"
    assert admin.api.patch(f"/api/admin/courses/{2**60}", {"title": "New"}).status == 404


def test_a_change_reaches_every_students_list(admin, learner, db):
    course = created(admin, status="published")
    tag = learner.api.get("/api/student/courses").etag
    assert learner.api.get("/api/student/courses", headers={"If-None-Match": tag}).status == 304
    admin.api.patch(f"/api/admin/courses/{course['id']}", {"status": "archived"})
    reply = learner.api.get("/api/student/courses", headers={"If-None-Match": tag})
    assert reply.status == 200
    assert course["id"] not in [entry["id"] for entry in reply.json()["courses"]]


@pytest.mark.parametrize("fields", [
    {"title": ""}, {"title": None}, {"title": "x" * 191}, {"title": 7}, {"status": "open"}, {"status": ""},
    {"priceCents": -1}, {"priceCents": "5"}, {"currency": "dollars"}, {"currency": "u$d"}, {"isPublic": "yes"}])
def test_refused_values(admin, db, fields):
    before = query_one(db, "SELECT COUNT(*) AS n FROM courses")["n"]
    assert admin.api.post("/api/admin/courses", {"title": "Good", **fields}).status in (400, 422)
    assert query_one(db, "SELECT COUNT(*) AS n FROM courses")["n"] == before


def test_courses_page_by_page_with_counts(admin, new_learner, db):
    made = [create_course(db, chapters=number) for number in range(4)]
    for state in ("active", "completed", "cancelled"):
        execute(db, "INSERT INTO enrollments (user_id, course_id, status) VALUES (%s, %s, %s)",
                (new_learner().id, made[1], state))
    after, found = made[0] - 1, {}
    while after is not None:
        page = admin.api.get(f"/api/admin/courses?limit=3&after={after}").json()
        found.update({course["id"]: (course["chapters"], course["enrolledStudents"]) for course in page["courses"]})
        after = page["nextAfter"]
    assert [found[course] for course in made] == [(0, 0), (1, 2), (2, 0), (3, 0)]


def test_what_is_made_with_a_key_is_made_once(admin, db):
    def make(path, body, key):
        return admin.api.post(f"/api/admin/{path}", body, headers={"Idempotency-Key": key})

    first = make("courses", {"title": "Once"}, "course-1")
    again = make("courses", {"title": "Once"}, "course-1")
    assert (again.status, again.json()) == (first.status, first.json()) and first.status == 201, again
    assert make("courses", {"title": "Other"}, "course-1").status == 422
    course = first.json()["id"]
    assert query_one(db, "SELECT COUNT(*) AS n FROM courses WHERE title = 'Once'")["n"] == 1
    entry = last_entry(db, admin)
    assert (entry["kind"], entry["changes"][0]["what"], entry["changes"][0]["key"]) == \
        ("course-created", "courseCreated", str(course))
    body = {"courseId": course, "title": "One"}
    chapter = make("chapters", body, "chapter-1")
    assert (make("chapters", body, "chapter-1").json(), chapter.status) == (chapter.json(), 201)
    assert make("chapters", {**body, "title": "Two"}, "chapter-1").status == 422
    assert make("chapters", body, "course-1").status == 422
    assert chapters_of(db, course) == [chapter.json()["id"]]
    assert last_entry(db, admin)["changes"][0]["what"] == "chapterCreated"
    assert make("chapters", body, "no spaces").status == 400
    made = [created(admin)["id"] for _ in range(2)]
    assert made[0] != made[1], "without a key each call counts"


def test_chapters(admin, learner, db):
    course = created(admin, status="published")["id"]
    first = admin.api.post("/api/admin/chapters", {"courseId": course, "title": "One"})
    assert first.status == 201 and first.json() == {"id": first.json()["id"], "courseId": course, "title": "One", "position": 0}
    second = admin.api.post("/api/admin/chapters", {"courseId": course, "title": "Two"}).json()
    assert second["position"] == 1
    path = f"/api/admin/chapters/{second['id']}"
    assert admin.api.patch(path, {"title": "Zwei", "position": 0}).json() == {**second, "title": "Zwei", "position": 0}
    assert admin.api.patch(path, {"position": 7}).json()["title"] == "Zwei"
    listed = admin.api.get(f"/api/admin/chapters?courseId={course}").json()["chapters"]
    assert [(entry["title"], entry["position"]) for entry in listed] == [("One", 0), ("Zwei", 7)]
    assert admin.api.get("/api/admin/chapters").status == 400
    assert admin.api.get(f"/api/admin/chapters?courseId={2**60}").status == 404
    assert admin.api.post("/api/admin/chapters", {"courseId": 2**60, "title": "x"}).status == 404
    assert admin.api.post("/api/admin/chapters", {"courseId": course}).status == 400
    assert admin.api.patch(f"/api/admin/chapters/{2**60}", {"title": "x"}).status == 404
    assert admin.api.send("DELETE", f"/api/admin/chapters/{2**60}").status == 404
    assert len(chapters_of(db, course)) == 2


@pytest.mark.parametrize("what, kind, name", [("courses", "delete_course", "courseId"),
                                              ("chapters", "delete_chapter", "chapterId")])
def test_deleting_is_a_job(admin, db, what, kind, name):
    course = create_course(db, chapters=1)
    subject = course if what == "courses" else chapters_of(db, course)[0]
    path = f"/api/admin/{what}/{subject}"
    reply = admin.api.send("DELETE", path)
    assert reply.status == 202, reply
    job = reply.json()["jobId"]
    assert reply.headers["Location"] == f"/api/admin/jobs/{job}"
    row = query_one(db, "SELECT kind, params, created_by FROM sync_jobs WHERE id = %s", (job,))
    assert (row["kind"], row["created_by"]) == (kind, f"user_{admin.id}")
    assert f'"{name}": {subject}' in row["params"].replace('":', '": ').replace(":  ", ": ")
    assert admin.api.send("DELETE", path).json()["jobId"] == job, "one job, however often it is asked for"
    for bad in (2**60, "x", 0):
        assert admin.api.send("DELETE", f"/api/admin/{what}/{bad}").status == 404
    execute(db, "UPDATE sync_jobs SET state = 'cancelled' WHERE id = %s", (job,))


# Deleting, by a lockstep-sync that lives


@pytest.fixture
def peopled(new_learner, admin, db):
    """A course with everything that learners may have of it: (course, its chapters, the learners by name)."""
    course = create_course(db, chapters=2)
    chapters = chapters_of(db, course)
    people = {name: new_learner() for name in ("enrolled", "cancelled", "asking", "refused", "stranger")}
    for name in ("enrolled", "cancelled"):
        assert admin.api.post("/api/enrollment", {"userId": people[name].id, "courseId": course}).status == 200
    admin.api.send("DELETE", "/api/enrollment", json_body={"userId": people["cancelled"].id, "courseId": course})
    for name in ("asking", "refused"):
        assert people[name].api.post("/api/student/requests", {"courseId": course}).status == 201
    wish, = requests(db, people["refused"].id)
    assert admin.api.patch(f"/api/admin/requests/{wish['id']}", {"action": "deny"}).status == 200
    assert people["enrolled"].api.post("/api/student/chapters/complete", {"chapterId": chapters[0]}).status == 200
    return course, chapters, people


def deleted(admin, db, path):
    reply = admin.api.send("DELETE", path)
    assert reply.status == 202, reply
    job = await_job(db, reply.json()["jobId"])
    assert admin.api.get(f"/api/admin/jobs/{job['id']}").json()["job"]["state"] == "done"
    return job


def last_entry(db, learner):
    return truth.ledger_of(db, learner.id)[-1]


def test_a_deleted_course_leaves_nobody_anything(peopled, admin, db, sync_worker):
    course, chapters, people = peopled
    other = create_course(db, chapters=1)
    for learner in people.values():
        assert admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": other}).status == 200
    people["enrolled"].api.post("/api/student/chapters/complete", {"chapterId": chapters_of(db, other)[0]})
    before = {name: learner.row()["revision"] for name, learner in people.items()}
    stranger = people["stranger"].checksum()
    job = deleted(admin, db, f"/api/admin/courses/{course}")

    report = json.loads(job["report"])
    assert (report["id"], report["learners"]) == (course, 4)
    assert {entry["table"]: entry["rows"] for entry in report["erased"]} == {
        "chapter_completions": 1, "access_requests": 1, "access_decisions": 1, "student_progress": 1, "enrollments": 2}
    for table in ("enrollments", "student_progress", "access_requests", "access_decisions", "chapters"):
        assert query_one(db, f"SELECT COUNT(*) AS n FROM {table} WHERE course_id = %s", (course,))["n"] == 0, table
    assert query_one(db, "SELECT COUNT(*) AS n FROM chapter_completions WHERE chapter_id IN %s", (chapters,))["n"] == 0
    for name, learner in people.items():
        moved = name != "stranger"
        assert learner.row()["revision"] == before[name] + moved, name
        if moved:
            entry = last_entry(db, learner)
            assert entry["actor"] == f"job_{job['id']}"
            assert entry["changes"][0]["what"] == "courseDeleted"
            assert entry["changes"][0]["key"] == str(course)
        assert_enrolled(db, learner.id, other, progress=100 if name == "enrolled" else 0)
    assert people["stranger"].checksum() == stranger, "who had nothing of it"
    for path in ("/api/student/courses", "/api/student/enrolled-courses", "/api/student/progress-details"):
        listed = people["enrolled"].api.get(path).json()["courses"]
        assert course not in [entry.get("id", entry.get("courseId")) for entry in listed], path
    assert admin.api.get(f"/api/admin/courses/{course}").status == 404
    assert admin.api.send("DELETE", f"/api/admin/courses/{course}").status == 404


def test_a_client_that_polls_hears_of_a_deleted_course(peopled, admin, db, sync_worker):
    course, _, people = peopled
    learner = people["enrolled"]
    at = learner.api.get("/api/sync/connection").json()
    assert at["enrolledCourses"] == 1
    deleted(admin, db, f"/api/admin/courses/{course}")
    now = learner.api.get(f"/api/sync/connection?since={at['revision']}").json()
    assert (now["enrolledCourses"], now["resync"]) == (0, False)
    assert [change["kind"] for change in now["changes"]] == ["course-deleted"]


def test_a_deleted_chapter_lowers_nobodys_progress(peopled, admin, db, sync_worker):
    course, chapters, people = peopled
    learner = people["enrolled"]
    revision = learner.row()["revision"]
    job = deleted(admin, db, f"/api/admin/chapters/{chapters[0]}")
    heard = learner.api.get(f"/api/sync/connection?since={revision}").json()
    assert [change["kind"] for change in heard["changes"]] == ["chapter-deleted"]
    report = json.loads(job["report"])
    assert report == {"id": chapters[0], "learners": 1, "erased": [{"table": "chapter_completions", "rows": 1}]}
    assert chapters_of(db, course) == chapters[1:]
    assert float(enrollment(db, learner.id, course)["progress"]) == 50
    assert float(student_progress(db, learner.id, course)["total_progress"]) == 50
    assert learner.row()["revision"] == revision + 1
    assert last_entry(db, learner)["changes"][0]["what"] == "chapterDeleted"
    assert requests(db, people["asking"].id) and decisions(db, people["refused"].id), "the course's own stay"
    details = learner.api.get("/api/student/progress-details").json()["courses"][0]
    assert [chapter["id"] for chapter in details["chapters"]] == chapters[1:]
