"""GET /api/progress/history: the ledger, newest first; why is this total what it is?"""

from harness import truth
from harness.database import execute


def entries_of(learner, query=""):
    reply = learner.api.get(f"/api/progress/history{query}")
    assert reply.status == 200, reply
    return reply.json()["entries"]


def moved(entry, total):
    return sum(change["by"] for change in entry["changes"] if change["what"] == total)


def adds_up(learner, total, expected):
    """The entries that `?total=` lists add up to the total, and the reply says so itself."""
    reply = learner.api.get(f"/api/progress/history?total={total}")
    value = reply.json()
    assert sum(moved(entry, total) for entry in value["entries"]) == expected, reply
    assert value["total"] == {"name": total, "value": expected, "sum": expected}, reply


def test_newest_first_with_what_moved_and_why(learner):
    learner.answer("math", True, 4, exerciseId="ex-a")
    learner.answer("art", False, 0, exerciseId="ex-b")
    learner.api.patch("/api/profile", {"displayName": "Ada"})
    entries = entries_of(learner)
    assert [entry["revision"] for entry in entries] == [3, 2, 1]
    assert [entry["kind"] for entry in entries] == ["profile", "answer", "answer"]
    assert "ex-a" in str(entries[2]) and "ex-b" in str(entries[1])


def test_entries_add_up_to_the_totals(learner):
    sent = [("math", True, 4), ("art", False, 0), ("math", True, 9), ("art", True, 2)]
    for module, correct, tokens in sent:
        learner.answer(module, correct, tokens)
    for total, expected in (("tokens", 15), ("questions", 4), ("correct", 3)):
        adds_up(learner, total, expected)


def test_totals_from_before_lockstep_have_an_opening_entry(new_learner, db):
    """`?total=` adds up to the total also where most of it predates the ledger."""
    document = {"modules": {"math": {"progress": {"tokens_earned": 50, "total_questions_answered": 20,
                                                  "correct_answers": 10}}},
                "global_stats": {"total_tokens_earned": 50, "total_questions_answered": 20,
                                 "total_correct_answers": 10}}
    learner = new_learner(document=document, tokens=50, questions=20, correct=10)
    learner.answer("math", True, 5)
    assert truth.columns_of(db, learner.id) == truth.triple(55, 21, 11)
    for total, expected in (("tokens", 55), ("questions", 21), ("correct", 11)):
        adds_up(learner, total, expected)


def test_repairs_are_in_the_history(new_learner, db):
    learner = new_learner(tokens=30, questions=6, correct=3)
    learner.progress()
    learner.answer("math", True, 5)
    adds_up(learner, "tokens", 35)
    execute(db, "UPDATE users SET hidden_grade_asset = JSON_SET(hidden_grade_asset,"
            " '$.modules.math.progress.tokens_earned', 12) WHERE id = %s", (learner.id,))
    learner.progress()
    adds_up(learner, "tokens", 42)
    assert "user_totals_match_modules" in str(entries_of(learner)[0])


def test_what_was_changed_around_lockstep_is_adopted(learner, db):
    """Columns that somebody raised by hand: the repair that keeps them is their entry."""
    learner.answer("math", True, 5)
    execute(db, "UPDATE users SET tokens = tokens + 7 WHERE id = %s", (learner.id,))
    learner.progress()
    adds_up(learner, "tokens", 12)


def test_another_learners_history_stays_hidden(new_learner):
    one, other = new_learner(), new_learner()
    other.answer("secret-module", True, 5, exerciseId="secret-exercise")
    one.answer()
    for query in ("", f"?userId={other.id}", f"?user_id={other.id}", "?total=tokens"):
        reply = one.api.get(f"/api/progress/history{query}")
        assert b"secret" not in reply.body


def test_limit_and_paging(learner):
    for _ in range(5):
        learner.answer()
    reply = learner.api.get("/api/progress/history?limit=2")
    assert reply.status == 200, reply
    first = reply.json()
    assert [entry["revision"] for entry in first["entries"]] == [5, 4]
    second = learner.api.get(f"/api/progress/history?limit=2&after={first['nextAfter']}").json()
    assert [entry["revision"] for entry in second["entries"]] == [3, 2]
    last = learner.api.get(f"/api/progress/history?limit=2&after={second['nextAfter']}").json()
    assert [entry["revision"] for entry in last["entries"]] == [1] and last["nextAfter"] is None


def test_a_bad_query_is_refused(learner):
    for query in ("?limit=0", "?limit=-1", "?limit=x", "?limit=99999999999999999999", "?total=nonsense"):
        assert learner.api.get(f"/api/progress/history{query}").status in (400, 422), query
