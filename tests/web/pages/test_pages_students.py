"""The administrator's students: sought by name, e-mail address and number."""


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
