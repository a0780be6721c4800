"""Same id, same content: the first reply. Same id, other content: 422. Whatever happened between."""

import threading
import uuid

import pytest

from harness import truth


def body(**fields):
    return {"exerciseId": "e-1", "module": "math", "isCorrect": True, "tokens": 2, **fields}


def test_same_id_same_content_gives_the_first_reply(learner):
    sent = body(answerId="a-1")
    first = learner.api.post("/api/answer", sent)
    assert first.status == 200, first
    learner.answer(tokens=5)
    before = learner.checksum()
    again = learner.api.post("/api/answer", sent)
    assert (again.status, again.body) == (200, first.body)
    assert again.json()["tokens"] == 2, "the reply of then, not the totals of now"
    assert learner.checksum() == before
    learner.agrees(7, 2, 2)


def test_white_space_key_order_and_unknown_fields_do_not_make_other_content(learner):
    first = learner.api.post("/api/answer", body(answerId="a-1"))
    text = b'{ "tokens": 2,\n "isCorrect":true, "answerId":"a-1","future":{"x":1},\t"module":"math","exerciseId":"e-1" }'
    again = learner.api.send("POST", "/api/answer", body=text, headers={"Content-Type": "application/json"})
    assert (again.status, again.body) == (200, first.body)
    learner.agrees(2, 1, 1)


@pytest.mark.parametrize("change", [{"tokens": 3}, {"module": "art"}, {"isCorrect": False}, {"exerciseId": "e-2"},
                                    {"userAnswer": "x"}, {"practicedOn": "2001-01-01"}])
def test_same_id_other_content_is_refused(learner, change):
    learner.api.post("/api/answer", body(answerId="a-1"))
    before = learner.checksum()
    reply = learner.api.post("/api/answer", body(answerId="a-1", **change))
    assert reply.status == 422, reply
    assert learner.checksum() == before
    learner.agrees(2, 1, 1)


def test_ids_are_each_learners_own(new_learner):
    one, other = new_learner(), new_learner()
    assert one.api.post("/api/answer", body(answerId="shared", tokens=2)).status == 200
    reply = other.api.post("/api/answer", body(answerId="shared", tokens=9))
    assert reply.status == 200 and reply.json()["tokens"] == 9
    one.agrees(2, 1, 1)
    other.agrees(9, 1, 1)


def test_ids_compare_exactly(learner):
    for answer_id in ("abc", "ABC", "abc ", " abc", "abç"):
        assert learner.api.post("/api/answer", body(answerId=answer_id)).status in (200, 400)
    assert learner.api.post("/api/answer", body(answerId="abc")).json()["questionsAnswered"] == 1
    assert learner.api.post("/api/answer", body(answerId="ABC")).json()["questionsAnswered"] == 2


def test_without_an_id_a_repeat_counts_again(learner):
    for count in (1, 2, 3):
        assert learner.api.post("/api/answer", body()).json()["questionsAnswered"] == count
    learner.agrees(6, 3, 3)


def test_idempotency_key_header(learner):
    headers = {"Idempotency-Key": f"key-{uuid.uuid4().hex}"}
    first = learner.api.post("/api/answer", body(), headers=headers)
    again = learner.api.post("/api/answer", body(), headers=headers)
    assert first.status == 200 and (again.status, again.body) == (200, first.body)
    assert learner.api.post("/api/answer", body(tokens=7), headers=headers).status == 422
    learner.agrees(2, 1, 1)


@pytest.mark.parametrize("answer_id", ["", "x" * 500, "tab\there", "new\nline", 7, {"a": 1}, ["a"], True],
                         ids=lambda value: repr(value)[:20])
def test_odd_ids_are_refused(learner, answer_id):
    before = learner.checksum()
    reply = learner.api.post("/api/answer", body(answerId=answer_id))
    assert reply.status == 400, reply
    assert learner.checksum() == before


def test_sixteen_at_once_with_one_id_count_once(learner, service):
    for round_number in range(6):
        replies = []
        barrier = threading.Barrier(16)
        sent = body(answerId=f"race-{round_number}")

        def run(sent=sent, barrier=barrier, replies=replies):
            api = service.client(learner.token)
            barrier.wait()
            replies.append(api.post("/api/answer", sent))
            api.close()

        threads = [threading.Thread(target=run) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {reply.status for reply in replies} == {200}, replies
        assert len({reply.body for reply in replies}) == 1, "one operation, one reply"
    learner.agrees(12, 6, 6)


def test_two_contents_race_for_one_id(learner, service):
    """Exactly one of two contents wins; the other is told 422; the totals are the winner's."""
    for round_number in range(10):
        replies = {}
        barrier = threading.Barrier(2)

        def run(tokens, round_number=round_number, barrier=barrier, replies=replies):
            api = service.client(learner.token)
            barrier.wait()
            replies[tokens] = api.post("/api/answer", body(answerId=f"duel-{round_number}", tokens=tokens))
            api.close()

        threads = [threading.Thread(target=run, args=(tokens,)) for tokens in (1, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(reply.status for reply in replies.values()) == [200, 422], replies
    learner.agrees()


def test_stored_reply_survives_later_drift(learner, db):
    """The ledger has the reply: what happens to the row afterwards does not change it."""
    from harness.database import execute

    first = learner.api.post("/api/answer", body(answerId="kept"))
    execute(db, "UPDATE users SET tokens = 999 WHERE id = %s", (learner.id,))
    again = learner.api.post("/api/answer", body(answerId="kept"))
    assert again.body == first.body
    assert len([e for e in truth.ledger_of(db, learner.id) if e["op_id"] == "answer:kept"]) == 1
