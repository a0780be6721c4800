"""POST /api/answer: one answer moves every total, once, in one transaction."""

import datetime
import threading
import uuid

import pytest

from harness import truth
from harness.database import execute, query, query_one


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def test_first_answer_moves_every_place(learner, db):
    reply = learner.answer("math", correct=True, tokens=4, exerciseId="ex-1", userAnswer="42")
    assert reply.status == 200, reply
    value = reply.json()
    assert value["success"] is True
    assert value["isCorrect"] is True
    assert value["tokensEarned"] == 4
    assert (value["tokens"], value["questionsAnswered"], value["correctAnswers"]) == (4, 1, 1)
    assert value["revision"] == 1
    assert value["streak"]["current"] == 1 and value["streak"]["longest"] == 1
    learner.agrees(4, 1, 1)
    assert truth.modules_of(db, learner.id) == {"math": truth.triple(4, 1, 1)}
    assert truth.practice_days_of(db, learner.id) == {today(): 1}
    attempt = query_one(db, "SELECT * FROM attempts WHERE user_id = %s", (learner.id,))
    assert (attempt["exercise_id"], attempt["module"], attempt["user_answer"]) == ("ex-1", "math", "42")
    assert (attempt["is_correct"], attempt["tokens"], attempt["revision"]) == (1, 4, 1)
    assert str(attempt["practised_on"]) == today()
    profile = query_one(db, "SELECT * FROM profiles WHERE user_id = %s", (learner.id,))
    assert (profile["current_streak"], profile["longest_streak"]) == (1, 1)
    assert str(profile["last_practice_date"]) == today()
    entry, = truth.ledger_of(db, learner.id)
    assert (entry["revision"], entry["kind"], entry["actor"]) == (1, "answer", f"user_{learner.id}")


def test_many_answers_add_up_by_module(learner, db):
    sent = [("math", True, 5), ("spanish", True, 3), ("math", False, 0), ("reading", True, 10),
            ("math", True, 1), ("spanish", False, 0)]
    for module, correct, tokens in sent:
        assert learner.answer(module, correct, tokens).status == 200
    learner.agrees(19, 6, 4)
    assert truth.modules_of(db, learner.id) == {
        "math": truth.triple(6, 3, 2), "spanish": truth.triple(3, 2, 1), "reading": truth.triple(10, 1, 1)}
    days = query(db, "SELECT module, questions, correct, tokens FROM daily_totals WHERE user_id = %s"
                 " ORDER BY module", (learner.id,))
    assert [tuple(day.values()) for day in days] == [
        ("math", 3, 2, 6), ("reading", 1, 1, 10), ("spanish", 2, 1, 3)]


def test_progress_says_the_same(learner):
    for module, correct, tokens in [("math", True, 7), ("math", False, 0), ("math", True, 8), ("art", True, 10)]:
        learner.answer(module, correct, tokens)
    value = learner.progress()
    overall = value["progress"][0]
    assert (overall["category"], overall["label"]) == ("overall", "Overall Progress")
    assert (overall["score"], overall["questionsAnswered"], overall["correctAnswers"]) == (25, 4, 3)
    assert overall["accuracy"] == 75 and overall["completion"] == 2.5
    stats = value["globalStats"]
    assert (stats["totalTokens"], stats["totalQuestions"], stats["totalCorrect"]) == (25, 4, 3)
    assert stats["accuracy"] == 75 and stats["synced"] is True
    by_module = {entry["category"]: entry for entry in value["progress"][1:]}
    assert set(by_module) == {"math", "art"}
    math = by_module["math"]
    assert (math["score"], math["questionsAnswered"], math["correctAnswers"]) == (15, 3, 2)
    assert math["accuracy"] == 66.67
    assert math["moduleData"]["tokens_earned"] == 15
    assert math["moduleData"]["total_questions_answered"] == 3
    assert math["moduleData"]["correct_answers"] == 2
    assert by_module["art"]["label"] == "Art", "an unknown module's key is humanised"
    assert value["streak"]["current"] == 1 and value["streak"]["practicedToday"] is True
    assert value["streak"]["practiceDates"] == [today()]


def test_completion_is_capped_and_modules_have_goals(learner, db, service):
    key = f"goal-{uuid.uuid4().hex[:8]}"
    execute(db, "INSERT INTO modules (module_key, label, goal_tokens) VALUES (%s, 'With a goal', 8)", (key,))
    execute(db, "UPDATE shared_version SET version = version + 1")
    learner.answer(key, True, 6)
    entry = learner.progress()["progress"][1]
    assert (entry["label"], entry["completion"]) == ("With a goal", 75)
    learner.answer(key, True, 6)
    assert learner.progress()["progress"][1]["completion"] == 100
    goal = service.config.get("progress", {}).get("goal_tokens", 1000)
    assert learner.progress()["progress"][0]["completion"] == round(12 / goal * 100, 2)


def test_known_exercise_is_graded_and_priced_by_the_server(learner, db):
    exercise = f"graded-{uuid.uuid4().hex[:8]}"
    execute(db, "INSERT INTO exercises (exercise_id, module, answer_key, tokens) VALUES (%s, 'logic', 'blue', 9)",
            (exercise,))
    right = learner.api.post("/api/answer", {"exerciseId": exercise, "module": "other", "userAnswer": "blue",
                                             "isCorrect": False, "tokens": 1})
    assert right.status == 200, right
    assert (right.json()["isCorrect"], right.json()["tokensEarned"]) == (True, 9)
    wrong = learner.api.post("/api/answer", {"exerciseId": exercise, "module": "logic", "userAnswer": "red",
                                             "isCorrect": True, "tokens": 9})
    assert wrong.status == 200, wrong
    assert (wrong.json()["isCorrect"], wrong.json()["tokensEarned"]) == (False, 0)
    learner.agrees(9, 2, 1)
    assert truth.modules_of(db, learner.id) == {"logic": truth.triple(9, 2, 1)}, "the exercise knows its module"


def test_tokens_beyond_the_limit_are_refused(learner, service):
    limit = service.config.get("answers", {}).get("max_tokens", 100)
    before = learner.checksum()
    reply = learner.answer(tokens=limit + 1)
    assert reply.status == 422, reply
    assert [error["field"] for error in reply.json()["errors"]] == ["tokens"]
    assert learner.answer(tokens=-1).status in (400, 422)
    assert learner.checksum() == before
    assert learner.answer(tokens=limit).status == 200


@pytest.mark.parametrize("missing", ["exerciseId", "module"])
def test_required_fields(learner, missing):
    body = {"exerciseId": "e", "module": "math", "isCorrect": True}
    del body[missing]
    before = learner.checksum()
    reply = learner.api.post("/api/answer", body)
    assert reply.status == 400, reply
    assert missing in [error["field"] for error in reply.json()["errors"]]
    body[missing] = None
    assert learner.api.post("/api/answer", body).status == 400
    assert learner.checksum() == before


def test_unknown_fields_and_identity_in_the_body_are_ignored(learner, new_learner, db):
    other = new_learner()
    before = other.checksum()
    reply = learner.answer(tokens=2, userId=other.id, user_id=other.id, role="admin", colour="green")
    assert reply.status == 200
    assert other.checksum() == before
    learner.agrees(2, 1, 1)


def test_unknown_keys_of_the_document_stay(new_learner, db):
    document = {"modules": {"math": {"progress": {"tokens_earned": 3, "total_questions_answered": 2,
                                                  "correct_answers": 1, "level": "gold"},
                                     "settings": {"sound": False}}},
                "preferences": {"theme": "dark", "list": [1, 2, {"a": None}], "tiny": 1e-7, "exact": 0.1,
                                "big": 18446744073709551615, "small": -9223372036854775808,
                                "text": "ü\u2028/\"\\ \U0001f600", "": {}},
                "global_stats": {"total_tokens_earned": 3, "total_questions_answered": 2,
                                 "total_correct_answers": 1, "badge": "x"}}
    learner = new_learner(document=document, tokens=3, questions=2, correct=1)
    assert learner.answer("math", True, 4).status == 200
    after = truth.document_of(db, learner.id)
    assert after["preferences"] == document["preferences"]
    assert after["global_stats"]["badge"] == "x"
    assert after["modules"]["math"]["settings"] == {"sound": False}
    assert after["modules"]["math"]["progress"]["level"] == "gold"
    assert truth.modules_of(db, learner.id) == {"math": truth.triple(7, 3, 2)}
    assert truth.columns_of(db, learner.id) == truth.global_stats_of(db, learner.id) == truth.triple(7, 3, 2)


@pytest.mark.parametrize("module", ["a.b", "with space", "ünïcödé", "quote'\"s", "back\\slash", "$.x", "名前", "[0]"])
def test_module_keys_of_any_shape(learner, db, module):
    assert learner.answer(module, True, 2).status == 200
    assert learner.answer(module, True, 3).status == 200
    learner.agrees(5, 2, 2)
    assert truth.modules_of(db, learner.id) == {module: truth.triple(5, 2, 2)}
    assert learner.progress()["progress"][1]["category"] == module


def test_concurrent_answers_of_one_learner_all_count(learner, service):
    """Sixteen callers, one learner: the row lock puts them in one order; every reply has its own
    revision, and its totals are those of exactly that revision."""
    replies, threads_count, each = [], 16, 8

    def run():
        api = service.client(learner.token)
        for _ in range(each):
            replies.append(api.post("/api/answer", {"exerciseId": "e", "module": "math", "isCorrect": True,
                                                    "tokens": 3}))
        api.close()

    threads = [threading.Thread(target=run) for _ in range(threads_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = threads_count * each
    assert [reply.status for reply in replies] == [200] * total
    values = sorted((reply.json() for reply in replies), key=lambda value: value["revision"])
    assert [value["revision"] for value in values] == list(range(1, total + 1))
    assert [value["questionsAnswered"] for value in values] == list(range(1, total + 1))
    assert [value["tokens"] for value in values] == [3 * n for n in range(1, total + 1)]
    learner.agrees(3 * total, total, total)


def test_practice_session_is_named(learner, db):
    session = execute(db, "INSERT INTO practice_sessions (user_id, started_at) VALUES (%s, UTC_TIMESTAMP(3))",
                      (learner.id,))
    assert learner.answer(practiceSessionId=session).status == 200
    attempt = query_one(db, "SELECT practice_session_id FROM attempts WHERE user_id = %s", (learner.id,))
    assert attempt["practice_session_id"] == session
