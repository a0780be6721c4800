"""The administrator's students: sought by name, e-mail address and number; enrolled by lists, which go out again."""

from harness.courses import assert_enrolled, assert_not_enrolled, create_course
from harness.database import execute, query_one

KEEP_SAVED = """() => {
  const real = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    globalThis.saved = blob;
    return real(blob);
  };
}"""
SAVED = "async () => (await globalThis.saved?.text()) ?? ''"


def choose(tab, path, text):
    path.write_text(text, encoding="utf-8")
    tab.call("setInputFiles", "#roster-file", str(path))


def figure(tab, label):
    return tab.css(".figures > div").having(label).css("dd").nth(0).read()


def test_students_are_sought_among_all_of_them(visit, new_learner, admin):
    """Also who stands on no page that is shown."""
    learners = [new_learner() for _ in range(60)]
    sought = new_learner(display_name="Quentin Quill", username="quill@example.org")
    tab = visit("/lockstep/admin#/students", admin.token)
    field = tab.label("Beginning of a name")
    students = tab.card("Students")
    students.button("Show more").wait()
    assert "Quentin Quill" not in students.read()
    for text in ("quentin", "QUILL@ex", str(sought.id)):
        field.fill(text)
        students.role("link", "Quentin Quill").wait()
        assert students.css("tbody tr").count() == 1
        field.fill("")
        students.button("Show more").wait()
    field.fill("Nobody of that name")
    students.text("begins so").wait()
    field.fill(learners[0].id)
    field.press("Enter")
    tab.until("(id) => location.hash === `#/students/${id}`", learners[0].id)


def test_a_list_is_seen_before_it_is_done(visit, new_learner, admin, db, tmp_path):
    """Many parts, bad lines among them, which are told by their numbers in the file and kept to be put right."""
    course = create_course(db, title="Weaving")
    gone = new_learner()
    ids = [new_learner().id for _ in range(20)]
    courses = [create_course(db) for _ in range(60)]
    admin.api.post("/api/enrollment", {"userId": gone.id, "courseId": course})
    rows = [f"{one},{other}," for other in courses for one in ids]  # 1,200 lines
    rows[700] = f'"{ids[0]}\n",{courses[35]},'  # over two lines, and no id
    rows += [f"{gone.id},{course},cancelled", f"nobody,{course},active", ""]
    tab = visit("/lockstep/admin#/students/enrollments", admin.token)
    tab.evaluate(KEEP_SAVED)
    choose(tab, tmp_path / "list.csv", "userId,courseId,status\n" + "\n".join(rows))
    tab.text("This would happen.").wait(60)
    assert (figure(tab, "Enrol"), figure(tab, "Unenrol"), figure(tab, "Cannot be taken")) == ("1,199", "1", "2")
    bad = tab.card("Import").css("tbody tr").texts()
    assert bad[0].startswith("702–703") and bad[1].startswith("1204") and "is no learner" in bad[1], bad
    assert query_one(db, "SELECT COUNT(*) AS n FROM enrollments WHERE user_id = %s", (ids[0],))["n"] == 0
    tab.button("Save what cannot be taken").click()
    tab.until("() => globalThis.saved")
    assert tab.evaluate(SAVED).split("\r\n") == ["userId,courseId,status", f'"{ids[0]}\n",{courses[35]},', f"nobody,{course},active", ""]
    tab.button("Do it: 1,200 changes").click()
    tab.role("dialog").button("Do it").click()
    tab.text("This was done.").wait(60)
    assert (figure(tab, "Enrolled"), figure(tab, "Unenrolled"), figure(tab, "Cannot be taken")) == ("1,199", "1", "2")
    assert_enrolled(db, ids[19], courses[59])
    assert_not_enrolled(db, gone.id, course)
    choose(tab, tmp_path / "list.csv", "userId,courseId\n" + f"{ids[0]},{courses[0]}\n")
    tab.button("Nothing to do").wait()
    choose(tab, tmp_path / "list.csv", "name,course\n1,2\n")
    tab.text("The header has no column courseId.").wait()


def test_a_list_goes_out_and_comes_back(visit, new_learner, admin, db, tmp_path):
    course = create_course(db, title="Dyeing")
    learners = [new_learner(display_name="Ada"), new_learner(username="+49 30@example.org")]
    for learner in learners:
        admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": course})
    tab = visit("/lockstep/admin#/students/enrollments", admin.token)
    tab.evaluate(KEEP_SAVED)
    tab.label("Course", exact=True).choose(str(course))
    tab.button("Export").click()
    tab.until_shows("2 enrollments saved.")
    text = tab.evaluate(SAVED)
    assert text.startswith("userId,username,subject,courseId,") and text.count("\r\n") == 3 and "'+49 30@example.org" in text
    execute(db, "UPDATE enrollments SET status = 'cancelled' WHERE user_id = %s", (learners[0].id,))
    execute(db, "DELETE FROM student_progress WHERE student_id = %s", (learners[0].id,))
    choose(tab, tmp_path / "back.csv", text)
    tab.text("This would happen.").wait()
    assert (figure(tab, "Enrol"), figure(tab, "So already")) == ("1", "1")
