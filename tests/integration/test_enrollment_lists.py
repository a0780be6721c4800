"""Enrollments as lists over HTTP: POST /api/admin/enrollments/import, GET …/export."""

import csv
import io

import pytest

from harness import truth
from harness.courses import assert_enrolled, assert_not_enrolled, create_course, enrollment
from harness.database import execute, query_one

IMPORT = "/api/admin/enrollments/import"


@pytest.fixture
def course(db):
    return create_course(db)


def lines(*rows, header="userId,courseId,status"):
    return "\r\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\r\n"


def bring(admin, text, key=None, **fields):
    reply = admin.api.post(IMPORT, {"csv": text, **fields}, headers={"Idempotency-Key": key} if key else None)
    assert reply.status == 200, reply
    return reply.json()


def exported(admin, **query):
    text, after = "", None
    while True:
        part = admin.api.get("/api/admin/enrollments/export?" + "&".join(
            f"{name}={value}" for name, value in {**query, **({} if after is None else {"after": after})}.items())).json()
        text += part["csv"]
        after = part["nextAfter"]
        if after is None:
            return list(csv.DictReader(io.StringIO(text)))


def test_a_list_enrols_and_unenrols_and_changes_nothing_twice(new_learner, admin, course, db):
    ada, bo, cy = new_learner(), new_learner(username="cy@example.org"), new_learner()
    bring(admin, lines((cy.id, course, "")))
    text = lines((ada.id, course, "active"), (bo.id, course, "completed"), (cy.id, course, "cancelled"), (ada.id, course, ""))
    before = [learner.checksum() for learner in (ada, bo, cy)]
    would = bring(admin, text, dryRun=True)
    assert [learner.checksum() for learner in (ada, bo, cy)] == before
    done = bring(admin, text, maxRemovals=1)
    expected = {"lines": 4, "enrolled": 2, "enrolledAgain": 0, "mended": 0, "unenrolled": 1, "unchanged": 0, "repeated": 1,
                "bad": [], "success": True}
    assert would == {**expected, "written": False} and done == {**expected, "written": True}
    assert_enrolled(db, ada.id, course)
    assert_enrolled(db, bo.id, course)
    assert_not_enrolled(db, cy.id, course)
    assert truth.ledger_of(db, ada.id)[-1]["actor"] == f"user_{admin.id}"
    revisions = [learner.row()["revision"] for learner in (ada, bo, cy)]
    again = bring(admin, text)
    assert (again["unchanged"], again["repeated"], again["enrolled"], again["unenrolled"]) == (3, 1, 0, 0)
    assert [learner.row()["revision"] for learner in (ada, bo, cy)] == revisions


def test_bad_lines_are_named_and_harm_no_other(new_learner, admin, course, db):
    ada = new_learner()
    text = lines((ada.id, course, ""), ("x", course, ""), (ada.id, 2**40, ""), (2**40, course, ""), (ada.id, course, "maybe"),
                 (ada.id, course, "cancelled")) + f'"{ada.id}",{course},"active\r\n'
    came = bring(admin, text, lineOffset=500)
    assert [(bad["line"], bad["column"]) for bad in came["bad"]][:5] == \
        [(503, "userId"), (504, "courseId"), (505, "userId"), (506, "status"), (507, "status")]
    assert came["bad"][0]["text"] == f"x,{course}," and came["bad"][0]["why"] == "is no learner's id"
    assert came["bad"][4]["why"] == "an earlier line says otherwise" and came["bad"][5]["line"] == 508
    assert (came["success"], came["enrolled"], len(came["bad"]), came["lines"]) == (False, 1, 6, 7)
    assert_enrolled(db, ada.id, course)


def test_more_removals_than_were_allowed_change_nothing(new_learner, admin, course, db):
    learners = [new_learner() for _ in range(3)]
    bring(admin, lines(*((learner.id, course, "") for learner in learners)))
    text = lines(*((learner.id, course, "cancelled") for learner in learners))
    assert bring(admin, text, dryRun=True)["unenrolled"] == 3
    for fields in ({}, {"maxRemovals": 2}):
        assert admin.api.post(IMPORT, {"csv": text, **fields}).status == 422
    for learner in learners:
        assert_enrolled(db, learner.id, course)
    assert bring(admin, text, maxRemovals=3)["unenrolled"] == 3


def test_a_repeat_does_not_do_again_what_was_undone_since(new_learner, admin, course, db):
    """A reply that was lost: the same request comes again, after somebody unenrolled the learner."""
    ada, bo = new_learner(), new_learner()
    text = lines((ada.id, course, ""))
    assert bring(admin, text, key=f"list-{ada.id}")["enrolled"] == 1
    assert admin.api.send("DELETE", "/api/enrollment", json_body={"userId": ada.id, "courseId": course}).status == 200
    again = bring(admin, text, key=f"list-{ada.id}")
    assert (again["enrolled"] + again["enrolledAgain"], again["unchanged"], again["bad"]) == (0, 1, [])
    assert_not_enrolled(db, ada.id, course)
    other = bring(admin, lines((bo.id, course, ""), (ada.id, course, "")), key=f"list-{ada.id}")
    assert other["enrolled"] == 1 and [bad["line"] for bad in other["bad"]] == [3], "the key belongs to another list"
    assert bring(admin, text, key=f"list-{ada.id}-2")["enrolledAgain"] == 1


def test_many_lines_and_what_is_no_list(new_learner, admin, course, db):
    learners = [new_learner() for _ in range(30)]
    courses = [create_course(db) for _ in range(20)]
    text = lines(*((learner.id, one, "") for one in courses for learner in learners))
    assert bring(admin, text, key="many")["enrolled"] == 600
    assert bring(admin, text)["unchanged"] == 600
    assert enrollment(db, learners[29].id, courses[19])["status"] == "active"
    for bad, status in (("userId,courseId\n" + "1,1\n" * 1001, 400), ("", 400), ("a,b\n1,2\n", 422), ("userId\n1\n", 422),
                        ("userId,courseId\n" + "1" * (512 * 1024), 400)):
        assert admin.api.post(IMPORT, {"csv": bad}).status == status, bad[:40]


def test_what_is_exported_comes_back(new_learner, admin, course, db):
    ada, bo = new_learner(username="=cmd()"), new_learner()
    bring(admin, lines((ada.id, course, ""), (bo.id, course, "")))
    bring(admin, lines((bo.id, course, "cancelled")), maxRemovals=1)
    rows = exported(admin, courseId=course)
    assert [(row["userId"], row["courseId"], row["status"], row["username"]) for row in rows] == \
        [(str(ada.id), str(course), "active", "'=cmd()"), (str(bo.id), str(course), "cancelled", "")]
    everything = exported(admin)
    assert len(everything) == query_one(db, "SELECT COUNT(*) AS n FROM enrollments")["n"]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    assert bring(admin, out.getvalue(), dryRun=True)["unchanged"] == 2


def test_a_long_list_comes_in_parts(new_learner, admin, course, db):
    """Each part ends with a learner, and none is missing or twice where they meet."""
    ids = [new_learner().id for _ in range(2)]
    first, second = (create_course(db) for _ in range(2))
    execute(db, "SET foreign_key_checks = 0")
    base = 10**12
    for part in range(0, 12000, 2000):
        values = ", ".join(f"({base + at // 2}, {first if at % 2 == 0 else second})" for at in range(part, part + 2000))
        execute(db, f"INSERT INTO enrollments (user_id, course_id) VALUES {values}")
    execute(db, "INSERT INTO users (id, role) SELECT DISTINCT user_id, 'student' FROM enrollments WHERE user_id >= %s", (base,))
    execute(db, "SET foreign_key_checks = 1")
    try:
        part = admin.api.get(f"/api/admin/enrollments/export?after={max(ids)}").json()
        assert part["nextAfter"] is not None and not part["csv"].startswith("userId,username")
        rows = [row for row in exported(admin, courseId=second) if int(row["userId"]) >= base]
        assert [int(row["userId"]) for row in rows] == list(range(base, base + 6000))
    finally:
        execute(db, "DELETE FROM enrollments WHERE user_id >= %s", (base,))
        execute(db, "DELETE FROM users WHERE id >= %s", (base,))
        execute(db, "ALTER TABLE users AUTO_INCREMENT = 1")
