"""What a site may set otherwise: surplus dropped, clients not trusted, other goals, few anonymous."""

from harness import truth
from harness.database import execute, query_one
from harness.truth import triple

MATH = {"progress": {"tokens_earned": 4, "total_questions_answered": 2, "correct_answers": 1}}


def read(other, learner):
    reply = learner.api.get("/api/progress")
    assert reply.status == 200, reply
    return reply.json()


def test_surplus_is_dropped(other, new_other_learner, other_db):
    learner = new_other_learner(document={"modules": {"math": MATH}, "x": 1}, tokens=90, questions=9, correct=9)
    assert read(other, learner)["globalStats"]["totalTokens"] == 4
    assert truth.columns_of(other_db, learner.id) == truth.global_stats_of(other_db, learner.id) == triple(4, 2, 1)
    assert truth.modules_of(other_db, learner.id) == {"math": triple(4, 2, 1)}
    assert truth.document_of(other_db, learner.id)["x"] == 1
    before = learner.checksum()
    read(other, learner)
    assert learner.checksum() == before


def test_columns_rise_all_the_same(other, new_other_learner, other_db):
    learner = new_other_learner(document={"modules": {"math": MATH}}, tokens=1, questions=0, correct=0)
    assert read(other, learner)["globalStats"]["totalTokens"] == 4
    assert truth.columns_of(other_db, learner.id) == triple(4, 2, 1)


def test_without_modules_nothing_remains(other, new_other_learner, other_db):
    """Document 000 to the letter: the sums of no modules are nought."""
    for document in (None, "{}", '{"modules": {}}'):
        learner = new_other_learner(document=document, tokens=90, questions=9, correct=9)
        assert read(other, learner)["globalStats"]["totalTokens"] == 0, document
        assert truth.columns_of(other_db, learner.id) == triple(0, 0, 0)


def test_a_clients_word_is_not_taken(other, other_learner):
    before = other_learner.checksum()
    reply = other_learner.answer()
    assert reply.status == 422, reply
    assert other_learner.checksum() == before


def test_known_exercises_are_graded(other, other_learner, other_db):
    execute(other_db, "REPLACE INTO exercises (exercise_id, module, answer_key, tokens)"
            " VALUES ('capital', 'geography', 'Paris', 6)")
    for user_answer, correct, tokens in (("Paris", True, 6), ("Rome", False, 0)):
        reply = other_learner.api.post("/api/answer", {"exerciseId": "capital", "module": "geography",
                                                       "userAnswer": user_answer})
        assert reply.status == 200, reply
        assert (reply.json()["isCorrect"], reply.json()["tokensEarned"]) == (correct, tokens)
    other_learner.agrees(6, 2, 1)


def test_another_goal(other, other_learner, other_db):
    execute(other_db, "REPLACE INTO exercises (exercise_id, module, answer_key, tokens)"
            " VALUES ('fifty', 'geography', 'x', 50)")
    other_learner.api.post("/api/answer", {"exerciseId": "fifty", "module": "geography", "userAnswer": "x"})
    assert read(other, other_learner)["progress"][0]["completion"] == 10, "50 of the 500 configured there"


def test_anonymous_learners_are_limited(other, other_db):
    """Three a minute and address there."""
    api = other.client()
    replies = [api.post("/api/anonymous") for _ in range(12)]
    count = query_one(other_db, "SELECT COUNT(*) AS n FROM users WHERE is_anonymous")["n"]
    refused = [reply for reply in replies if reply.status == 429]
    assert len(refused) >= 6 and count <= 6, [reply.status for reply in replies]
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in refused)


def test_percentiles_before_the_first_refresh(other, new_other_learner):
    learner = new_other_learner()
    stats = read(other, learner)["globalStats"]
    assert stats["tokenPercentile"] in (0, None) and stats["percentilesAsOf"] is None
