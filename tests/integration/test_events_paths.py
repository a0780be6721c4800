"""Learning paths: GET, POST, PATCH and DELETE of /api/learning-paths, their steps, and what completing is."""

import pytest

from harness.database import query_one

from systems import event_types, events, foreign, is_seen, iso, make_path, ok, pages, paths, refused

STEPS = [{"stepId": "s1", "title": "Watch", "activityType": "video", "activityId": "v1", "skills": ["loops"]},
         {"stepId": "s2", "title": "Practise"}, {"stepId": "s3", "title": "Show"}]


def change(learner, body, path="p1"):
    return ok(learner.api.patch(f"/api/learning-paths/{path}", body))


def change_step(learner, step, body, path="p1"):
    return ok(learner.api.patch(f"/api/learning-paths/{path}/steps/{step}", body))


def far(path):
    progress = path["progress"]
    return progress["completedSteps"], progress["totalSteps"], progress["percentage"], progress["currentStepId"]


def test_a_path_is_made_and_listed(learner, db):
    made = ok(learner.api.post("/api/learning-paths", {"id": "p1", "title": "To the top", "steps": STEPS}), 201)
    path = made["path"]
    assert (path["id"], path["title"], path["status"], path["completed"]) == ("p1", "To the top", "active", False)
    assert path["steps"][0] == {"stepId": "s1", "stepIndex": 0, "title": "Watch", "activityType": "video",
                                "activityId": "v1", "skills": ["loops"], "status": "pending", "completed": False,
                                "completedAt": None}
    assert [step["stepId"] for step in path["steps"]] == ["s1", "s2", "s3"] and far(path) == (0, 3, 0, "s1")
    assert paths(learner) == [path] and made["revision"] == 1 and events(db, learner) == []
    bare = make_path(learner, {}, {"title": "b"})
    assert [step["stepId"] for step in bare["steps"]] == ["step-1", "step-2"]
    assert far(make_path(learner)) == (0, 0, 0, None)


@pytest.mark.parametrize("body,status,field", [
    ({"steps": []}, 400, "title"), ({"title": "x", "steps": [{"stepId": "a b"}]}, 400, "steps[0].stepId"),
    ({"title": "x", "steps": [{"activityType": "film", "activityId": "v"}]}, 400, "steps[0].activityType"),
    ({"title": "x", "steps": [{"skills": ["a", "a"]}]}, 400, "steps[0].skills"),
    ({"title": "x", "steps": [{}] * 501}, 400, "steps"),
    ({"title": "x", "steps": [{"activityType": "video"}]}, 422, "steps"),
    ({"title": "x", "steps": [{"activityId": "v"}]}, 422, "steps"),
    ({"title": "x", "steps": [{"stepId": "a"}, {"stepId": "a"}]}, 422, "steps")])
def test_what_cannot_be_is_refused(learner, body, status, field):
    refused(learner.api.post("/api/learning-paths", body), status, field)
    assert paths(learner) == []


def test_steps_are_changed_as_a_list_and_keep_how_far_they_are(learner):
    make_path(learner, *STEPS, id="p1")
    change_step(learner, "s2", {"status": "completed"})
    path = change(learner, {"steps": [{"stepId": "s2", "title": "First"}, {"stepId": "s4"}, {"stepId": "s1"}]})["path"]
    assert [(step["stepId"], step["stepIndex"], step["title"], step["status"]) for step in path["steps"]] == [
        ("s2", 0, "First", "completed"), ("s4", 1, "", "pending"), ("s1", 2, "", "pending")]
    assert far(path) == (1, 3, 33.33, "s4") and path["steps"][2]["activityId"] is None
    assert paths(learner) == [path]
    again = change(learner, {"title": "To the top"})
    assert again["path"]["steps"] == path["steps"] and again["revision"] == 3
    assert far(change(learner, {"steps": [{"stepId": "s2"}]})["path"]) == (1, 1, 100, None)


def test_one_step_is_changed(learner):
    make_path(learner, *STEPS, id="p1")
    reply = change_step(learner, "s1", {"title": "New", "skills": ["a", "b"], "activityType": None,
                                        "activityId": None})
    step = reply["step"]
    assert (step["title"], step["skills"], step["activityId"]) == ("New", ["a", "b"], None)
    assert reply["pathId"] == "p1" and reply["progress"] == paths(learner)[0]["progress"]
    assert step == paths(learner)[0]["steps"][0]
    assert change_step(learner, "s1", {})["revision"] == 2
    assert far(change_step(learner, "s1", {"status": "skipped"})) == (0, 3, 0, "s2")
    refused(learner.api.patch("/api/learning-paths/p1/steps/s1", {"activityType": "quiz"}), 422, "activityId")
    refused(learner.api.patch("/api/learning-paths/p1/steps/none", {"title": "x"}), 404)
    refused(learner.api.patch("/api/learning-paths/none/steps/s1", {"title": "x"}), 404)


def test_a_list_is_narrowed_and_goes_on(learner):
    names = [f"p{number}" for number in range(5)]
    for name in names:
        make_path(learner, *STEPS[:2], id=name)
    change(learner, {"status": "abandoned"}, "p3")
    assert [path["id"] for path in paths(learner)] == names
    assert all([step["stepId"] for step in path["steps"]] == ["s1", "s2"] for path in paths(learner))
    assert [path["id"] for path in paths(learner, status="abandoned")] == ["p3"]
    for limit, expected in ((1, 5), (2, 3), (5, 1)):
        assert pages(learner, "/api/learning-paths", "learningPaths", limit) == (names, expected)


def test_others_paths_are_not_there(new_learner):
    one, other = new_learner(), new_learner()
    make_path(one, *STEPS, id="mine")
    assert paths(other) == []
    refused(other.api.patch("/api/learning-paths/mine", {"title": "taken"}), 404)
    refused(other.api.patch("/api/learning-paths/mine/steps/s1", {"status": "completed"}), 404)
    refused(other.api.send("DELETE", "/api/learning-paths/mine"), 404)


def test_a_repeat_gets_the_first_reply(learner, db):
    body = {"id": "p1", "title": "Once", "steps": STEPS}
    first = ok(learner.api.post("/api/learning-paths", body), 201)
    change(learner, {"title": "Changed"})
    assert ok(learner.api.post("/api/learning-paths", body), 201) == first
    refused(learner.api.post("/api/learning-paths", {**body, "steps": STEPS[:2]}), 422)
    foreign(db, "INSERT INTO learning_paths (user_id, id, title) VALUES (%s, 'p2', 'Theirs')", learner.id)
    refused(learner.api.post("/api/learning-paths", {**body, "id": "p2"}), 422, "id")
    assert ok(learner.api.post("/api/learning-paths", {"id": "p2", "title": "Theirs"}), 201)["path"]["steps"] == []


def test_a_path_is_deleted_once(learner, db):
    make_path(learner, *STEPS, id="p1")
    ok(learner.api.send("DELETE", "/api/learning-paths/p1"))
    refused(learner.api.send("DELETE", "/api/learning-paths/p1"), 404)
    assert query_one(db, "SELECT COUNT(*) AS n FROM learning_path_steps WHERE user_id = %s", (learner.id,))["n"] == 0


def test_completing_a_step_is_an_event(learner, db):
    make_path(learner, *STEPS, id="p1")
    reply = change_step(learner, "s2", {"status": "completed", "completedAt": iso(hours=2), "difficultyRating": 3})
    assert reply["event"]["status"] == "applied" and far(reply) == (1, 3, 33.33, "s1")
    assert events(db, learner) == [{"event_type": "path_progress_updated", "source_system": "learning_path_generator",
                                    "activity_type": "practice", "activity_id": "p1/s2",
                                    "completion_status": "completed", "outcome": "applied"}]
    stored = query_one(db, "SELECT happened_at FROM progress_events WHERE user_id = %s", (learner.id,))
    assert stored["happened_at"].strftime("%Y-%m-%dT%H:%M:%S.000Z") == iso(hours=2)
    assert "event" not in change_step(learner, "s2", {"status": "completed"})
    change_step(learner, "s1", {"status": "completed"})
    assert events(db, learner)[1]["activity_type"] == "video" and events(db, learner)[1]["activity_id"] == "v1"


def test_opening_a_step_again_is_no_event_and_stays(learner, db):
    make_path(learner, *STEPS, id="p1")
    change_step(learner, "s2", {"status": "completed"})
    reply = change_step(learner, "s2", {"status": "pending"})
    assert "event" not in reply and far(reply) == (0, 3, 0, "s1")
    assert far(paths(learner)[0]) == (0, 3, 0, "s1") and event_types(db, learner) == ["path_progress_updated"]


def test_a_path_is_completed_once_no_step_is_open(learner, db):
    make_path(learner, *STEPS[1:], id="p1")
    refused(learner.api.patch("/api/learning-paths/p1", {"status": "completed"}), 422, "status")
    change_step(learner, "s2", {"status": "skipped"})
    change_step(learner, "s3", {"status": "completed"})
    path = paths(learner)[0]
    if not path["completed"]:
        reply = change(learner, {"status": "completed"})
        assert reply["event"]["status"] == "applied" and reply["path"]["completed"] is True
        assert events(db, learner)[-1]["event_type"] == "milestone_reached"
        assert events(db, learner)[-1]["activity_id"] == "p1"


def test_what_another_application_writes_is_seen(learner, db):
    make_path(learner, *STEPS, id="p1")
    for sql in ("UPDATE learning_paths SET title = 'Theirs' WHERE user_id = %s",
                "UPDATE learning_path_steps SET title = 'Theirs' WHERE user_id = %s AND step_id = 's1'",
                "INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, skills)"
                " VALUES (%s, 'p1', 's9', 9, 'no list')",
                "UPDATE learning_path_steps SET title = 'x', updated_at = '2020-01-01' WHERE user_id = %s"
                " AND step_id = 's9'",
                "DELETE FROM learning_path_steps WHERE user_id = %s AND step_id = 's9'",
                "DELETE FROM learning_paths WHERE user_id = %s"):
        assert is_seen(learner, "/api/learning-paths", lambda sql=sql: foreign(db, sql, learner.id)), sql


def test_so_many_paths_and_steps_and_no_more(learner, db):
    many = [{"stepId": f"s{number}"} for number in range(500)]
    for number in range(20):
        make_path(learner, *many, id=f"p{number:03}")
    assert sum(len(path["steps"]) for path in paths(learner)) == 10000
    refused(learner.api.post("/api/learning-paths", {"title": "x", "steps": [{}]}), 422)
    refused(learner.api.patch("/api/learning-paths/p000", {"steps": [{}] * 501}), 400, "steps")
    for number in range(20, 200):
        foreign(db, "INSERT INTO learning_paths (user_id, id) VALUES (%s, %s)", learner.id, f"p{number:03}")
    refused(learner.api.post("/api/learning-paths", {"title": "x"}), 422)
    foreign(db, "INSERT INTO learning_paths (user_id, id) VALUES (%s, 'theirs')", learner.id)
    assert len(pages(learner, "/api/learning-paths", "learningPaths", 200)[0]) == 201


def test_what_another_application_leaves_as_skills(learner, db):
    make_path(learner, {"stepId": "s1", "skills": ["kept"]}, id="p1")
    for stored, shown in (('["a", "b"]', ["a", "b"]), ("no list", []), ('{"a": 1}', []), ("[1, 2]", []),
                          ("[]", []), (None, [])):
        foreign(db, "UPDATE learning_path_steps SET skills = %s WHERE user_id = %s", stored, learner.id)
        assert paths(learner)[0]["steps"][0]["skills"] == shown, stored
