"""POST /api/anonymous/claim: what was done before signing in is the signed-in learner's."""

import time

import jwt
import pytest

from harness import truth
from harness.stack import Stack

CLAIM = "/api/anonymous/claim"


class Guest:
    """An anonymous learner, made by SQL as minting would: that is limited by address."""

    def __init__(self, service, connection, **columns):
        self.id = truth.create_learner(connection, is_anonymous=1, **columns)
        self.token = self.sign(service)
        self.api = service.client(self.token)

    def sign(self, service, lifetime_s=3600, secret=None, **claims):
        now = int(time.time())
        values = {"sub": f"user_{self.id}", "role": "anonymous", "iss": "lockstep", "iat": now,
                  "exp": now + lifetime_s, **claims}
        return jwt.encode(values, secret or service.mint.anonymous_secret, algorithm="HS256",
                          headers={"kid": "lockstep"})

    def answer(self, answer_id, tokens=1, module="math", **fields):
        return self.api.post("/api/answer", {"answerId": answer_id, "exerciseId": "e", "module": module,
                                             "isCorrect": True, "tokens": tokens, **fields})


@pytest.fixture
def guest(service, db):
    return Guest(service, db)


def agrees(connection, user_id, tokens, answers):
    truth.assert_agrees(connection, user_id, truth.triple(tokens, answers, answers), claimed=True)


def claim(learner, guest):
    return learner.api.post(CLAIM, {"anonymousToken": guest.token})


def test_it_is_merged_once(learner, guest, new_learner, db):
    assert learner.answer("math", tokens=5).status == 200
    assert guest.answer("a", 3).status == 200
    first = claim(learner, guest)
    assert first.status == 200, first
    assert first.json()["userId"] == learner.id and first.json()["anonymousUserId"] == guest.id
    agrees(db, learner.id, 8, 2)
    again = claim(learner, guest)
    assert (again.status, again.json()) == (200, first.json())
    refused = claim(new_learner(), guest)
    assert refused.status == 409, refused
    agrees(db, learner.id, 8, 2)


def test_a_token_minted_here(public, learner, service):
    minted = public.post("/api/anonymous").json()
    reply = learner.api.post(CLAIM, {"anonymousToken": minted["token"]})
    assert reply.status == 200 and reply.json()["anonymousUserId"] == minted["userId"], reply


def test_the_queue_counts_nothing_twice(learner, guest, db):
    """Sent before with the old token, and again with either afterwards; one was never sent before."""
    first = guest.answer("q1", 3)
    assert claim(learner, guest).status == 200
    body = {"answerId": "q1", "exerciseId": "e", "module": "math", "isCorrect": True, "tokens": 3}
    assert learner.api.post("/api/answer", body).json() == first.json()
    assert guest.api.post("/api/answer", body).json() == first.json()
    assert guest.answer("q2", 2).status == 200
    agrees(db, learner.id, 5, 2)


def test_the_old_token_reads_the_learner(learner, guest, db):
    learner.answer("math", tokens=5)
    guest.answer("a", 3)
    paths = ["/api/progress", "/api/profile", "/api/dashboard"]
    before = {path: guest.api.get(path) for path in paths}
    assert claim(learner, guest).status == 200
    for path in paths:
        mine = learner.api.get(path).json()
        # The tag of before is no answer to what is there now.
        theirs = guest.api.get(path, headers={"If-None-Match": before[path].headers["ETag"]})
        assert theirs.status == 200 and theirs.json() == mine, path
        again = guest.api.get(path, headers={"If-None-Match": theirs.headers["ETag"]})
        assert again.status == 304, path
    assert guest.api.get("/api/progress").json()["globalStats"]["totalTokens"] == 8


def test_cursors_of_before_are_told_to_resync(learner, guest):
    for at in range(4):
        learner.answer("math")
        guest.answer(f"a{at}")
    reply = claim(learner, guest)
    revision = reply.json()["revision"]
    for since in range(revision - 1):  # nobody ever was at the last of them
        seen = learner.api.get(f"/api/sync/connection?since={since}").json()
        assert seen["resync"] is True and seen["changes"] == [], since
    learner.answer("math")
    seen = learner.api.get(f"/api/sync/connection?since={revision}").json()
    assert seen["resync"] is False and [change["revision"] for change in seen["changes"]] == [revision + 1]


def test_the_history_adds_up(learner, guest):
    learner.answer("math", tokens=5)
    guest.answer("a", 3)
    claim(learner, guest)
    total = learner.api.get("/api/progress/history?total=tokens").json()["total"]
    assert (total["value"], total["sum"]) == (8, 8)
    kinds = [entry["kind"] for entry in learner.api.get("/api/progress/history").json()["entries"]]
    assert kinds == ["claim", "answer", "answer"]


def test_an_expired_token_will_do(learner, guest, service, db):
    guest.answer("a", 3)
    guest.token = guest.sign(service, lifetime_s=-40 * 86400)
    assert service.client(guest.token).get("/api/progress").status == 401
    assert claim(learner, guest).status == 200
    agrees(db, learner.id, 3, 1)


def test_what_is_no_anonymous_token(learner, guest, service, new_learner, db):
    other = new_learner()
    for token in ["x", "a.b.c", other.token, guest.sign(service, secret=service.mint.secret),
                  guest.sign(service, role="student"), guest.sign(service, iss="elsewhere"),
                  guest.sign(service, sub="nobody"), guest.token[:-3]]:
        reply = learner.api.post(CLAIM, {"anonymousToken": token})
        assert reply.status == 422, (token, reply)
        assert reply.json()["errors"][0]["field"] == "anonymousToken"
    for body in [{}, {"anonymousToken": 7}, {"anonymousToken": None}]:
        assert learner.api.post(CLAIM, body).status == 400
    # A token of Lockstep's own for somebody who is not anonymous, for nobody, and for oneself.
    guest.id = other.id
    assert learner.api.post(CLAIM, {"anonymousToken": guest.sign(service)}).status == 422
    guest.id = 2**40
    assert learner.api.post(CLAIM, {"anonymousToken": guest.sign(service)}).status == 404
    guest.id = learner.id
    assert learner.api.post(CLAIM, {"anonymousToken": guest.sign(service)}).status == 422
    assert truth.user_row(db, learner.id)["revision"] == 0


def test_only_who_is_signed_in_claims(guest, service, db):
    other = Guest(service, db)
    assert guest.api.post(CLAIM, {"anonymousToken": other.token}).status == 403
    assert service.client().post(CLAIM, {"anonymousToken": other.token}).status == 401


def test_the_learner_is_deleted_with_who_they_were(learner, guest, admin, sync_worker, service, db):
    guest.answer("a", 3)
    claim(learner, guest)
    assert admin.api.send("DELETE", f"/api/admin/users/{guest.id}").status == 409
    reply = admin.api.send("DELETE", f"/api/admin/users/{learner.id}")
    deadline = time.monotonic() + 30
    while admin.api.get(f"/api/admin/jobs/{reply.json()['jobId']}").json()["job"]["state"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert guest.api.get("/api/progress").status == 401
    assert guest.answer("b").status == 401
    assert learner.api.post(CLAIM, {"anonymousToken": guest.token}).status == 401


def test_where_the_provider_names_learners(tmp_path_factory):
    with Stack({"auth": {"subject": "provider"}, "workers": {"processes": 1, "threads": 4}},
               buffer_pool_mb=64) as stack:
        from conftest import service_of

        service = service_of(stack)
        connection = service.connect()
        guest = Guest(service, connection)
        guest.answer("a", 3)
        learner = service.client(service.mint.sign({**service.mint.claims(1), "sub": "idp|ada"}))
        reply = learner.post(CLAIM, {"anonymousToken": guest.token})
        assert reply.status == 200, reply
        assert truth.user_row(connection, reply.json()["userId"])["subject"] == "idp|ada"
        assert learner.get("/api/progress").json()["globalStats"]["totalTokens"] == 3
        assert guest.answer("b", 1).status == 200
        agrees(connection, reply.json()["userId"], 4, 2)
        # A provider's subject that looks like the anonymous learner is somebody else.
        twin = service.client(service.mint.sign({**service.mint.claims(1), "sub": f"user_{guest.id}"}))
        assert twin.post(CLAIM, {"anonymousToken": guest.token}).status == 409
        connection.close()
