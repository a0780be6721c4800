"""POST /api/anonymous: a learner and a token with Lockstep's own key."""

import jwt

from harness import truth


def mint_one(public):
    reply = public.post("/api/anonymous")
    assert reply.status in (200, 201), reply
    return reply.json()


def test_it_works_like_any_learner(public, service, db):
    value = mint_one(public)
    claims = jwt.decode(value["token"], service.mint.anonymous_secret, algorithms=["HS256"],
                        options={"verify_aud": False})
    assert claims["exp"] and claims["sub"]
    user_id = int(claims["sub"].rsplit("_", 1)[-1])
    row = truth.user_row(db, user_id)
    assert (row["is_anonymous"], row["role"], row["revision"]) == (1, "student", 0)
    api = service.client(value["token"])
    reply = api.post("/api/answer", {"exerciseId": "e", "module": "math", "isCorrect": True, "tokens": 3})
    assert reply.status == 200, reply
    truth.assert_agrees(db, user_id, truth.triple(3, 1, 1))
    assert api.get("/api/progress").json()["globalStats"]["totalTokens"] == 3
    assert api.patch("/api/profile", {"displayName": "Guest"}).status == 200


def test_each_is_another_learner(public):
    tokens = {mint_one(public)["token"] for _ in range(5)}
    assert len(tokens) == 5


def test_what_needs_a_student_is_closed(public, service):
    api = service.client(mint_one(public)["token"])
    assert api.get("/api/progress/history").status == 403
    assert api.get("/api/admin/audit").status == 403
    assert api.post("/api/admin/sync-user-data", {"userId": 1}).status == 403


def test_a_role_in_an_anonymous_token_counts_nothing(public, service, mint):
    """Lockstep's own key mints anonymous learners; whoever got hold of it gets no more than that."""
    value = mint_one(public)
    claims = jwt.decode(value["token"], options={"verify_signature": False})
    header = jwt.get_unverified_header(value["token"])
    for role in ("admin", "service", "student"):
        forged = jwt.encode({**claims, "role": role}, mint.anonymous_secret, algorithm="HS256",
                            headers={name: header[name] for name in header if name not in ("alg", "typ")})
        assert service.client(forged).get("/api/admin/audit").status in (401, 403)
        assert service.client(forged).get("/api/progress/history").status in (401, 403)


def test_the_sites_key_mints_no_anonymous_issuer(public, service, mint):
    """A token that says it is Lockstep's own must be signed with Lockstep's own key."""
    value = mint_one(public)
    claims = jwt.decode(value["token"], options={"verify_signature": False})
    header = jwt.get_unverified_header(value["token"])
    forged = jwt.encode(claims, mint.secret, algorithm="HS256",
                        headers={name: header[name] for name in header if name not in ("alg", "typ")})
    assert service.client(forged).get("/api/progress").status == 401
