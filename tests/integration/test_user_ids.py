"""A user's id is 7 or user_7 wherever it comes from outside, and anything else is answered clearly."""

import urllib.parse

import pytest

BAD = ["user_", " 7", "7 ", "-1", "+7", "7abc", "07", "0", "7.0", "1e3", "user_-1", "USER_7", "18446744073709551616",
       "user_18446744073709551616", "\u0667", ""]
QUERIES = ["/api/admin/audit", "/api/sync/validate", "/api/admin/payments", "/api/admin/rejects"]


@pytest.mark.parametrize("path", QUERIES)
def test_in_a_query(learner, admin, path):
    replies = [admin.api.get(f"{path}?userId={name}") for name in (learner.id, f"user_{learner.id}")]
    assert [reply.status for reply in replies] == [200, 200], replies
    for name in BAD:
        reply = admin.api.get(f"{path}?userId={urllib.parse.quote(name)}")
        assert reply.status == 400 and reply.json()["errors"][0]["field"] == "userId", (name, reply)


def test_in_a_body(learner, admin):
    for name in (learner.id, str(learner.id), f"user_{learner.id}"):
        assert admin.api.post("/api/admin/sync-user-data", {"userId": name}).status == 200
        assert admin.api.post("/api/sync/auto-fix", {"userId": name}).status == 200
    for name in [*BAD, -1, 0, 1.5, True, [], {}, 2**64]:
        for path in ("/api/admin/sync-user-data", "/api/sync/auto-fix"):
            reply = admin.api.post(path, {"userId": name})
            assert reply.status == 400 and reply.json()["errors"][0]["field"] == "userId", (name, reply)


@pytest.mark.parametrize("name", [name for name in BAD if name.isascii() and name.strip() == name and name])
def test_in_a_token(service, mint, learner, name):
    assert service.client(mint.student(learner.id, sub=f"user_{learner.id}")).get("/api/progress").status == 200
    assert service.client(mint.student(learner.id, sub=name)).get("/api/progress").status == 401


def test_as_an_option(service, learner):
    assert service.control("validate", "--user", f"user_{learner.id}").returncode == 0
    assert service.control("fix", "--user", str(learner.id)).returncode == 0
    for name in ("7abc", "-1", "18446744073709551616"):
        outcome = service.control("validate", "--user", name, check=False)
        assert outcome.returncode != 0 and "user" in outcome.stderr, outcome
