"""GET /api/modules: what there is to practise."""

from harness.database import execute


def test_modules_in_the_order_of_the_site(learner, db):
    execute(db, "INSERT INTO modules (module_key, label, goal_tokens, position) VALUES ('last-of-all', 'Last', 70, 9002), "
                "('first-of-all', 'Čísla', 500, -9), ('between-a', 'A', 1, 9001), ('between-b', 'B', 1, 9001)")
    try:
        modules = learner.api.get("/api/modules").json()["modules"]
        assert modules[0] == {"module": "first-of-all", "label": "Čísla", "goalTokens": 500}
        assert [one["module"] for one in modules[-3:]] == ["between-a", "between-b", "last-of-all"]
        execute(db, "DELETE FROM modules WHERE module_key = 'last-of-all'")
        execute(db, "UPDATE shared_version SET version = version + 1")
        assert learner.api.get("/api/modules").json()["modules"][-1]["module"] == "between-b"
    finally:
        execute(db, "DELETE FROM modules WHERE module_key IN ('last-of-all', 'first-of-all', 'between-a', 'between-b')")
        execute(db, "UPDATE shared_version SET version = version + 1")


def test_unchanged_costs_no_body(learner, db):
    first = learner.api.get("/api/modules")
    assert learner.api.get("/api/modules", headers={"If-None-Match": first.headers["etag"]}).status == 304
    execute(db, "UPDATE shared_version SET version = version + 1")
    assert learner.api.get("/api/modules", headers={"If-None-Match": first.headers["etag"]}).status == 200


def test_guests_may_ask(service):
    client = service.client()
    token = client.post("/api/anonymous").json()["token"]
    assert service.client(token).get("/api/modules").status == 200
    assert client.get("/api/modules").status == 401
