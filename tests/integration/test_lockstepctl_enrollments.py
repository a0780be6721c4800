"""lockstepctl enrollments export and import: lists of enrollments as administrators move them."""

import csv
import io
import os
import re
import subprocess
import time

import pytest

from harness import truth
from harness.courses import assert_enrolled, assert_not_enrolled, create_course, enrollment, requests
from harness.database import execute, query_one
from harness.stack import build_directory


@pytest.fixture
def course(db):
    return create_course(db)


@pytest.fixture
def bring(service, tmp_path):
    """bring(content, option…): (exit code, figures of the report, standard error)."""
    number = iter(range(1000))

    def bring(content, *options, path=None):
        path = path or tmp_path / f"list-{next(number)}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        bring.path, bring.rejected = path, path.with_name(path.name + ".rejected.csv")
        outcome = service.control("enrollments", "import", str(path), *options, check=False)
        bring.report = outcome.stdout
        figures = {name: int(count.replace(",", "")) for name, count in re.findall(r"^  (.+?) +([\d,]+)$", outcome.stdout,
                                                                                re.MULTILINE)}
        bring.size = tuple(figures.pop(name, None) for name in ("lines", "courses", "enrollments in them before"))
        return outcome.returncode, figures, outcome.stderr

    return bring


def lines(*rows, header="userId,courseId"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def exported(service, *options):
    return list(csv.DictReader(io.StringIO(service.control("enrollments", "export", *options).stdout)))


def revisions(learners):
    return [learner.row()["revision"] for learner in learners]


# Importing


def test_whom_the_list_names_is_enrolled_in_both_tables(bring, new_learner, course, db):
    learners = [new_learner() for _ in range(3)]
    assert bring(lines(*((learner.id, course) for learner in learners))) == (0, {"enrolled": 3}, "")
    for learner in learners:
        assert_enrolled(db, learner.id, course, source="admin")
        entry = truth.ledger_of(db, learner.id)[-1]
        assert (entry["actor"], entry["kind"]) == ("lockstepctl", "enrollment-list")
        assert entry["changes"][0]["what"] == "enrolled"


def test_the_same_list_again_changes_nothing(bring, new_learner, course):
    learners = [new_learner() for _ in range(3)]
    content = lines(*((learner.id, course) for learner in learners))
    bring(content)
    before = revisions(learners)
    assert bring(content) == (0, {"as they should be": 3}, "")
    assert revisions(learners) == before


def test_a_dry_run_says_exactly_what_would_happen(bring, new_learner, course, admin, db):
    new, again, whole, legacy, asking, leaving, missing = (new_learner() for _ in range(7))
    for learner in (again, whole, leaving, missing):
        admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    admin.api.send("DELETE", "/api/enrollment", json_body={"userId": again.id, "courseId": course})
    execute(db, "INSERT INTO enrollments (user_id, course_id) VALUES (%s, %s)", (legacy.id, course))
    asking.api.post("/api/student/requests", {"courseId": course})
    content = lines((new.id, course, ""), (again.id, course, "active"), (whole.id, course, ""), (legacy.id, course, ""),
                    (asking.id, course, "enrolled"), (leaving.id, course, "cancelled"), (new.id, course, ""),
                    header="userId,courseId,status")
    options = ("--remove-missing", "--max-removals", "2")
    everybody = (new, again, whole, legacy, asking, leaving, missing)
    before = [learner.checksum() for learner in everybody]
    code, would, said = bring(content, "--dry-run", *options)
    assert (code, said) == (0, "") and "Nothing was changed" in bring.report
    assert bring.size == (7, 1, 4)
    assert would == {"would enrol": 2, "would enrol again": 1, "would put right": 1, "would unenrol": 1,
                     "would unenrol as missing": 1, "as they should be": 1, "said already": 1}
    assert [learner.checksum() for learner in everybody] == before
    code, did, said = bring(content, *options)
    assert (code, said) == (0, "")
    assert did == {"enrolled": 2, "enrolled again": 1, "put right": 1, "unenrolled": 1, "unenrolled as missing": 1,
                   "as they should be": 1, "said already": 1}
    for learner in (new, again, whole, legacy, asking):
        assert_enrolled(db, learner.id, course)
    for learner in (leaving, missing):
        assert_not_enrolled(db, learner.id, course)
    assert requests(db, asking.id) == []
    assert bring(content, *options) == (0, {"as they should be": 6, "said already": 1}, "")


@pytest.mark.parametrize("form", [
    "userId,courseId\n{id},{course}\n", "courseId;userId\r\n{course};{id}\r\n", "\ufeffUser ID\tCourse_ID\n{id}\t{course}",
    "sep=;\r\nUSERID;note;courseid\r\n\"{id}\";\"a;b\nc\";{course}\r\n", "username,courseId\n{name},{course}\n",
    "username,courseId\n\"{name}\",\"{course}\"\n", "subject,courseId\nauth0|{id},{course}\n",
    "userId,username,courseId\n,{name},{course}\n", "userId,courseId\nuser_{id},{course}\n\n\n"])
def test_forms_of_lists(bring, new_learner, course, db, form):
    learner = new_learner(username=f"Jürgen {course}")
    execute(db, "UPDATE users SET subject = %s WHERE id = %s", (f"auth0|{learner.id}", learner.id))
    content = form.format(id=learner.id, course=course, name=f"Jürgen {course}")
    assert bring(content) == (0, {"enrolled": 1}, ""), bring.report
    assert_enrolled(db, learner.id, course)


def test_bad_lines_are_named_and_kept_aside_and_the_others_done(bring, new_learner, course, db):
    first, second, third = new_learner(), new_learner(), new_learner()
    content = (f"userId,courseId,status\n{first.id},{course},\n{2**62},{course},\nbob,{course},\n{first.id},{2**61},\n"
               f"{first.id},x,\n,{course},\n{first.id},{course},perhaps\n{first.id},{course},,,\n"
               f"{second.id},\"{course}\nhere\",\n{first.id},{course},cancelled\n{second.id},\"{course},\n").encode()
    content += b"\xff," + f"{course},\n{third.id},{course},\n".encode()
    code, did, said = bring(content)
    assert code == 1
    assert did == {"enrolled": 2, "cannot be taken": 11}
    name = str(bring.path)
    assert said.replace(name, "list").splitlines() == [
        "list:3: userId: there is no such learner", "list:4: userId: is no learner's id",
        "list:5: courseId: there is no such course", "list:6: courseId: is no course's id", "list:7: userId: says no learner",
        "list:8: status: is none of active, completed and cancelled", "list:9: has more cells than the header",
        "list:10-11: courseId: is no course's id", "list:12: status: an earlier line says otherwise",
        "list:13: opens a quote that is never closed", "list:14: cell 1 is not UTF-8"]
    kept = bring.rejected.read_bytes()
    assert kept.startswith(b"userId,courseId,status\r\n") and kept.count(b"\r\n") == 12
    for learner in (first, third):
        assert_enrolled(db, learner.id, course)
    assert_not_enrolled(db, second.id, course)
    # Put right and brought again:
    assert bring(f"userId,courseId,status\r\n{second.id},{course},\r\n") == (0, {"enrolled": 1}, "")


@pytest.mark.parametrize("content, said", [
    ("", "it has no header"), ("\n\n", "it has no header"), ("userId\n7\n", "no column courseId"),
    ("courseId\n7\n", "none of the columns"), ("userId,courseId,User ID\n1,2,3\n", "two columns userId"),
    ("userId,courseId\n".encode("utf-16"), "UTF-16"), (b"userId,course\xe4Id\n", "not UTF-8")])
def test_files_that_are_no_list(bring, content, said):
    code, did, told = bring(content)
    assert (code, did) == (1, {}) and said in told


def test_the_list_is_not_overwritten(bring, course, tmp_path):
    path = tmp_path / "list.csv"
    code, _, said = bring(f"userId,courseId\nbob,{course}\n", "--rejected", str(path), path=path)
    assert code == 1 and "is the list itself" in said
    assert b"bob" in path.read_bytes()


def test_no_file(service, tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path):
        outcome = service.control("enrollments", "import", str(path), check=False)
        assert outcome.returncode == 1 and str(path) in outcome.stderr


# Who stands in student_progress alone


def only_legacy(db, learner, course):
    execute(db, "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (%s, %s, 40)",
            (learner.id, course))
    return learner


def repair(admin, db, learner):
    reply = admin.api.post("/api/sync/auto-fix", {"userId": learner.id, "confirmOverLimit": True})
    assert reply.status == 200, reply


def test_a_line_cancels_whom_only_student_progress_has(bring, new_learner, admin, course, db):
    learner = only_legacy(db, new_learner(), course)
    content = lines((learner.id, course, "cancelled"), header="userId,courseId,status")
    assert bring(content, "--dry-run", "--max-removals", "1")[:2] == (0, {"would unenrol": 1})
    assert bring.size == (1, 1, 1)
    assert bring(content, "--max-removals", "1") == (0, {"unenrolled": 1}, "")
    assert enrollment(db, learner.id, course)["status"] == "cancelled"
    repair(admin, db, learner)
    assert_not_enrolled(db, learner.id, course)
    assert bring(content) == (0, {"as they should be": 1}, "")


def test_who_is_missing_is_unenrolled_from_student_progress_too(bring, new_learner, admin, course, db):
    named, missing = new_learner(), only_legacy(db, new_learner(), course)
    content = lines((named.id, course))
    assert bring(content, "--remove-missing", "--max-removals", "1") == \
        (0, {"enrolled": 1, "unenrolled as missing": 1}, "")
    repair(admin, db, missing)
    assert_not_enrolled(db, missing.id, course)
    assert_enrolled(db, named.id, course)


# What a list may remove


@pytest.fixture
def full(db, course, new_learner, admin):
    """A course of twenty."""
    learners = [new_learner() for _ in range(20)]
    for learner in learners:
        assert admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course}).status == 200
    return learners


def standing(db, course):
    return query_one(db, "SELECT COUNT(*) AS n FROM enrollments WHERE course_id = %s AND status <> 'cancelled'",
                     (course,))["n"]


def test_an_empty_list_unenrols_nobody(bring, full, course, db):
    for content in ("userId,courseId\n", f"userId,courseId\n,{course}\n", ""):
        for options in (("--remove-missing",), ("--remove-missing", "--max-removals", "100%")):
            code, did, said = bring(content, *options)
            assert code == 1 and said
            assert standing(db, course) == 20
    assert bring("userId,courseId\n") == (0, {}, "")


def test_more_than_the_limit_changes_nothing_at_all(bring, full, course, new_learner, db):
    newcomer = new_learner()
    short = lines((newcomer.id, course), *((learner.id, course) for learner in full[:17]))
    before = revisions(full)
    for limit in ((), ("--max-removals", "2"), ("--max-removals", "14%"), ("--max-removals", "0")):
        code, would, said = bring(short, "--remove-missing", *limit)
        assert code == 1 and "would remove 3 of 20 enrollments" in said and "--max-removals" in said and would["would unenrol as missing"] == 3
    assert standing(db, course) == 20 and revisions(full) == before
    assert_not_enrolled(db, newcomer.id, course)
    assert bring(short, "--remove-missing", "--max-removals", "15%") == \
        (0, {"enrolled": 1, "unenrolled as missing": 3, "as they should be": 17}, "")
    assert standing(db, course) == 18


def test_lines_that_cancel_count_too(bring, full, course, db):
    content = lines(*((learner.id, course, "cancelled") for learner in full), header="userId,courseId,status")
    code, would, said = bring(content)
    assert code == 1 and would == {"would unenrol": 20} and "it may remove 2" in said
    assert standing(db, course) == 20
    assert bring(content, "--max-removals", "20") == (0, {"unenrolled": 20}, "")
    assert standing(db, course) == 0
    assert all(enrollment(db, learner.id, course)["status"] == "cancelled" for learner in full)


def test_a_bad_line_makes_nobody_missing(bring, full, course, db):
    content = lines(*((learner.id, course) for learner in full[:19]), ("typo", course))
    code, _, said = bring(content, "--remove-missing")
    assert code == 1 and "Put them right first" in said
    assert standing(db, course) == 20


def test_without_the_option_nobody_is_missing(bring, full, course, db):
    assert bring(lines((full[0].id, course))) == (0, {"as they should be": 1}, "")
    assert standing(db, course) == 20


@pytest.mark.parametrize("limit", ["ten", "-1", "101%", "", "5 %", "1e9"])
def test_limits_that_make_no_sense(bring, course, limit):
    assert bring("userId,courseId\n", "--max-removals", limit)[0] in (1, 2)


# Exporting, and back


def test_what_is_exported_comes_back_as_it_was(bring, service, full, course, db):
    execute(db, "UPDATE enrollments SET status = 'completed', progress = 100 WHERE user_id = %s", (full[0].id,))
    execute(db, "UPDATE student_progress SET total_progress = 100 WHERE student_id = %s", (full[0].id,))
    rows = exported(service, "--course", str(course))
    assert [int(row["userId"]) for row in rows] == sorted(learner.id for learner in full)
    assert set(rows[0]) == {"userId", "username", "subject", "courseId", "courseTitle", "status", "progress", "source",
                            "enrolledAt", "completedAt"}
    by_id = {int(row["userId"]): row for row in rows}
    assert (by_id[full[0].id]["status"], by_id[full[0].id]["progress"]) == ("completed", "100.00")
    content = service.control("enrollments", "export", "--course", str(course), "--bom").stdout
    assert content.startswith("\ufeffuserId,")
    before = revisions(full)
    assert bring(content) == (0, {"as they should be": 20}, "")
    assert revisions(full) == before
    execute(db, "DELETE FROM enrollments WHERE course_id = %s", (course,))
    execute(db, "DELETE FROM student_progress WHERE course_id = %s", (course,))
    assert bring(content) == (0, {"enrolled": 20}, "")
    assert standing(db, course) == 20


def test_exports_of_one_learner(service, new_learner, admin, course, db):
    learner, other = new_learner(), create_course(db)
    for chosen in (course, other):
        admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": chosen})
    admin.api.send("DELETE", "/api/enrollment", json_body={"userId": learner.id, "courseId": other})
    rows = exported(service, "--user", str(learner.id))
    assert [(int(row["courseId"]), row["status"]) for row in rows] == sorted([(course, "active"), (other, "cancelled")])
    assert len(exported(service, "--user", str(learner.id), "--course", str(course))) == 1


@pytest.mark.parametrize("name", ["=1+1", "+49 30", "-x", "@me", "plain", "com,ma", 'quo"te', "'quoted", "new\nline"])
def test_names_are_safe_in_a_spreadsheet_and_come_back(bring, service, new_learner, admin, course, db, name):
    learner = new_learner(username=f"{name} {course}")
    admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    row, = exported(service, "--course", str(course))
    assert row["username"] == ("'" if name[0] in "=+-@" else "") + f"{name} {course}"
    admin.api.send("DELETE", "/api/enrollment", json_body={"userId": learner.id, "courseId": course})
    out = io.StringIO()
    csv.writer(out).writerows([["username", "courseId"], [row["username"], course]])
    assert bring(out.getvalue()) == (0, {"enrolled again": 1}, "")


# Size, and being broken off


def peak_kib(pid):
    """The most memory that a process had. (What wait4 tells includes the parent's, from before the exec.)"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def test_a_list_of_many_batches_broken_off_goes_on(service, bring, course, db, tmp_path):
    """Killed in the middle, it is brought again; memory does not grow with the list."""
    first = query_one(db, "SELECT MAX(id) AS id FROM users")["id"] + 1
    execute(db, f"INSERT INTO users (id) SELECT seq FROM seq_{first}_to_{first + 2999}")
    content = lines(*((learner, course) for learner in range(first, first + 3000)))
    path = tmp_path / "many.csv"
    path.write_text(content)
    program = os.path.join(build_directory(), "lockstepctl")
    child = subprocess.Popen([program, "--config", service.config_path, "enrollments", "import", str(path)],
                             stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while standing(db, course) < 200 and time.monotonic() < deadline:
        time.sleep(0.002)
    most = peak_kib(child.pid)
    child.kill()
    child.wait()
    assert most < 64 * 1024
    done = standing(db, course)
    assert 200 <= done < 3000
    code, figures, said = bring(content, path=path)
    assert (code, said) == (0, "")
    assert figures == {"enrolled": 3000 - figures["as they should be"], "as they should be": figures["as they should be"]}
    assert done <= figures["as they should be"] <= done + 200, "what a dying COMMIT did counts too"
    assert standing(db, course) == 3000
    twice = query_one(db, "SELECT COUNT(*) AS n FROM ledger WHERE user_id >= %s GROUP BY user_id HAVING n > 1", (first,))
    assert twice is None, "nobody is enrolled twice"
