"""What a site may set otherwise: surplus dropped, clients not trusted, other goals, few anonymous."""

from harness import truth
from harness.database import execute, query_one
from harness.truth import triple

from conflict_cases import todo, video
from conflict_runner import play

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


def test_conflicts_are_never_settled_unasked(other_learner, other_db):
    """101 percent there: not even a repeat is set aside, and what repeats something joins what waits."""
    reply, rows = play(other_learner, other_db, {"name": "all wait", "events": [
        video("10:00:00"), video("10:00:10"), todo("10:30:00")]}, "wait")
    assert [row["outcome"] for row in rows] == ["applied", "conflict", "conflict"]
    conflict = reply["conflicts"][0]
    assert conflict["requiresUserInput"] and conflict["conflictType"] == "timestamp_mismatch"
    assert [event["id"] for event in conflict["conflictingEvents"]] == ["wait-0", "wait-1", "wait-2"]


def test_other_windows_and_another_tolerance(other_learner, other_db):
    """Ten seconds, an hour and a half of the larger figure there."""
    for number, events in enumerate(([video("10:00:00"), video("10:00:10.001")], [video("10:00:00"), todo("11:00:00.001")],
                                     [video("10:00:00", timeSpent=10), todo("10:00:05", timeSpent=20)])):
        reply, _ = play(other_learner, other_db, {"name": "none", "events": events}, f"none{number}")
        assert reply["status"] == "applied" and reply["conflicts"] == [], events
    reply, _ = play(other_learner, other_db, {"name": "hour", "events": [video("10:00:00"), todo("11:00:00")]}, "hour")
    assert reply["conflicts"][0]["suggestedResolution"]["confidence"] == 0.95
