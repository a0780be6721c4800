"""Merged, deleted and unknown learners."""

import time

import pytest

from harness import truth
from harness.database import execute


def merge(db, source, target):
    execute(db, "UPDATE users SET merged_into = %s WHERE id = %s", (target.id, source.id))


def test_a_merged_learners_token_acts_for_the_other(new_learner, db):
    source, target = new_learner(), new_learner()
    target.answer("math", True, 5)
    merge(db, source, target)
    before = source.checksum()
    assert source.answer("math", True, 3).status == 200
    assert source.progress()["globalStats"]["totalTokens"] == 8
    assert source.api.patch("/api/profile", {"displayName": "One"}).status == 200
    assert source.checksum() == before, "the merged row rests"
    target.agrees(8, 2, 2)
    assert truth.user_row(db, target.id)["display_name"] == "One"


def test_merges_are_followed_to_the_end(new_learner, db):
    chain = [new_learner() for _ in range(4)]
    for source, target in zip(chain, chain[1:]):
        merge(db, source, target)
    assert chain[0].answer("math", True, 2).status == 200
    chain[-1].agrees(2, 1, 1)


def test_a_circle_of_merges_ends(new_learner, db):
    one, other = new_learner(), new_learner()
    merge(db, one, other)
    merge(db, other, one)
    began = time.monotonic()
    assert one.answer().status == 401
    assert one.api.patch("/api/profile", {"displayName": "x"}).status == 401
    assert one.api.get("/api/progress").status == 401
    assert time.monotonic() - began < 2, "going round"


def test_a_tag_from_before_the_merge_does_not_match(new_learner, db):
    source, target = new_learner(), new_learner()
    target.answer("math", True, 5)
    tag = source.api.get("/api/progress").etag
    merge(db, source, target)
    reply = source.api.get("/api/progress", headers={"If-None-Match": tag})
    assert reply.status == 200 and reply.json()["globalStats"]["totalTokens"] == 5


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/api/progress", ...), ("GET", "/api/progress/history", ...), ("GET", "/api/profile", ...),
    ("PATCH", "/api/profile", {"displayName": "x"}),
    ("POST", "/api/answer", {"exerciseId": "e", "module": "m", "isCorrect": True}),
])
def test_deleted_and_unknown_learners_are_nobody(new_learner, service, db, method, path, body):
    learner = new_learner()
    learner.answer()
    tag = learner.api.get("/api/progress").etag
    execute(db, "UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = %s", (learner.id,))
    before = learner.checksum()
    assert learner.api.send(method, path, json_body=body, headers={"If-None-Match": tag}).status == 401
    assert learner.checksum() == before
    unknown = service.client(service.mint.student(2**62))
    assert unknown.send(method, path, json_body=body).status == 401
    assert not truth.ledger_of(db, 2**62)


def test_merged_into_a_deleted_learner(new_learner, db):
    source, target = new_learner(), new_learner()
    merge(db, source, target)
    execute(db, "UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = %s", (target.id,))
    assert source.answer().status == 401
    assert source.api.get("/api/progress").status == 401
