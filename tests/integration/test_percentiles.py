"""A percentile is the share of learners strictly below, in percent, as of the refresh."""

import pytest

from harness.database import query_one


@pytest.fixture
def population(new_learner, service):
    """Twelve learners whose ranks are known among themselves."""
    learners = []
    for at in range(12):
        learner = new_learner()
        for _ in range(3):
            learner.answer("math", correct=at % 4 != 0, tokens=at if at % 4 else 0)
        learners.append(learner)
    service.control("percentiles", "refresh")
    return learners


def share_below(db, expression, learner):
    """Counted by the tests' own SQL, learner by learner."""
    row = query_one(db, f"SELECT 100 * SUM({expression} < (SELECT {expression} FROM users WHERE id = %s))"
                    " / COUNT(*) AS share FROM users WHERE questions_answered > 0 AND deleted_at IS NULL"
                    " AND merged_into IS NULL", (learner.id,))
    return float(row["share"])


def test_they_are_what_counting_gives(population, db):
    for learner in population:
        stats = learner.progress()["globalStats"]
        assert stats["percentilesAsOf"]
        assert abs(stats["tokenPercentile"] - share_below(db, "tokens", learner)) <= 0.1
        accuracy = share_below(db, "correct_answers / questions_answered", learner)
        assert abs(stats["accuracyPercentile"] - accuracy) <= 0.1


def test_a_refresh_moves_the_tag(learner, service):
    reply = learner.api.get("/api/progress")
    learner.answer()
    service.control("percentiles", "refresh")
    tag = learner.api.get("/api/progress").etag
    service.control("percentiles", "refresh")
    again = learner.api.get("/api/progress", headers={"If-None-Match": tag})
    assert again.status in (200, 304)
    assert reply.etag != tag


def test_more_tokens_never_mean_a_lower_percentile(population):
    values = sorted((learner.progress()["globalStats"] for learner in population),
                    key=lambda stats: stats["totalTokens"])
    percentiles = [stats["tokenPercentile"] for stats in values]
    assert percentiles == sorted(percentiles)
    assert all(0 <= percentile < 100 for percentile in percentiles)


def test_equal_learners_have_equal_percentiles(population):
    same = [learner.progress()["globalStats"]["tokenPercentile"] for learner in population[0:12:4]]
    assert len(set(same)) == 1
