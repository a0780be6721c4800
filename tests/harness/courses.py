"""Courses made by SQL, and what the tables say of who is enrolled in them."""

from harness.database import execute, query, query_one


def create_course(db, chapters=0, **columns):
    """A published course; returns its id."""
    values = {"title": "A course", "status": "published", **columns}
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    course_id = execute(db, f"INSERT INTO courses ({names}) VALUES ({marks})", tuple(values.values()))
    for position in range(chapters):
        execute(db, "INSERT INTO chapters (course_id, position, title) VALUES (%s, %s, %s)",
                (course_id, position, f"Chapter {position}"))
    return course_id


def chapters_of(db, course_id):
    return [row["id"] for row in query(db, "SELECT id FROM chapters WHERE course_id = %s ORDER BY position", (course_id,))]


def enrollment(db, user_id, course_id):
    return query_one(db, "SELECT status, progress, source, actor FROM enrollments WHERE user_id = %s AND course_id = %s",
                     (user_id, course_id))


def student_progress(db, user_id, course_id):
    return query_one(db, "SELECT total_progress, completed_chapters FROM student_progress"
                     " WHERE student_id = %s AND course_id = %s", (user_id, course_id))


def requests(db, user_id, course_id=None):
    return list(query(db, "SELECT id, course_id, status FROM access_requests WHERE student_id = %s"
                 " AND (%s IS NULL OR course_id = %s) ORDER BY id", (user_id, course_id, course_id)))


def decisions(db, user_id):
    return list(query(db, "SELECT request_id, course_id, decision, decided_by, note FROM access_decisions"
                 " WHERE student_id = %s ORDER BY request_id", (user_id,)))


def assert_enrolled(db, user_id, course_id, progress=0, source=None):
    """One row in each table, one progress, no pending request."""
    row = enrollment(db, user_id, course_id)
    legacy = student_progress(db, user_id, course_id)
    assert row is not None and row["status"] in ("active", "completed"), row
    assert legacy is not None, "no row in student_progress"
    assert float(row["progress"]) == float(legacy["total_progress"]) == progress, (row, legacy)
    assert requests(db, user_id, course_id) == []
    if source is not None:
        assert row["source"] == source, row


def assert_not_enrolled(db, user_id, course_id):
    row = enrollment(db, user_id, course_id)
    assert row is None or row["status"] == "cancelled", row
    assert student_progress(db, user_id, course_id) is None
