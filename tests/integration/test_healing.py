"""Reading heals: whatever SQL or an older application left behind, the reply is consistent and the
repair is written once, through the ledger. Expectations follow DATA.md's two rules by hand."""

import json
import threading

import pytest

from harness import truth
from harness.database import execute
from harness.truth import triple


def module(tokens, questions, correct, **more):
    return {"progress": {"tokens_earned": tokens, "total_questions_answered": questions,
                         "correct_answers": correct, **more}}


def stats(tokens, questions, correct, **more):
    return {"total_tokens_earned": tokens, "total_questions_answered": questions,
            "total_correct_answers": correct, **more}


def read_and_check(learner, db, expected=None):
    """GET /api/progress: one truth inside the reply, and the row says the same."""
    value = learner.progress()
    overall, modules = value["progress"][0], value["progress"][1:]
    said = triple(overall["score"], overall["questionsAnswered"], overall["correctAnswers"])
    numbers = value["globalStats"]
    assert said == triple(numbers["totalTokens"], numbers["totalQuestions"], numbers["totalCorrect"])
    parts = [triple(entry["score"], entry["questionsAnswered"], entry["correctAnswers"]) for entry in modules]
    assert truth.add_up(parts) == said, f"the modules of the reply do not add up: {value}"
    assert truth.columns_of(db, learner.id) == said
    assert truth.global_stats_of(db, learner.id) == said
    if expected is not None:
        assert said == expected
    return value


def healed_once(learner, db, entries=1):
    """The repair is one ledger entry by the rule, and a second read writes nothing."""
    found = [entry for entry in truth.ledger_of(db, learner.id) if entry["kind"] != "opening"]
    assert 1 <= len(found) <= entries, found
    assert all(entry["kind"] == "repair" for entry in found)
    before = learner.checksum()
    learner.progress()
    assert learner.checksum() == before, "a healed learner is written again"


def test_a_sound_learner_is_not_written(new_learner, db):
    document = {"modules": {"math": module(5, 3, 2)}, "global_stats": stats(5, 3, 2)}
    learner = new_learner(document=document, tokens=5, questions=3, correct=2)
    before = learner.checksum()
    for path in ("/api/progress", "/api/profile", "/api/progress/history"):
        assert learner.api.get(path).status == 200
    assert learner.checksum() == before
    assert truth.user_row(db, learner.id)["revision"] == 0


def test_a_new_learner_is_not_written(learner):
    before = learner.checksum()
    value = learner.progress()
    assert value["globalStats"]["totalTokens"] == 0 and value["globalStats"]["accuracy"] == 0
    assert [entry["category"] for entry in value["progress"]] == ["overall"]
    assert learner.checksum() == before


def test_columns_below_the_modules_rise(new_learner, db):
    document = {"modules": {"math": module(20, 10, 5), "art": module(4, 3, 2)}, "global_stats": stats(24, 13, 7)}
    learner = new_learner(document=document, tokens=1, questions=1, correct=1)
    read_and_check(learner, db, triple(24, 13, 7))
    assert "unattributed" not in truth.modules_of(db, learner.id)
    healed_once(learner, db)


def test_surplus_goes_to_unattributed(new_learner, db):
    document = {"modules": {"math": module(20, 10, 5)}, "global_stats": stats(20, 10, 5)}
    learner = new_learner(document=document, tokens=50, questions=12, correct=6)
    read_and_check(learner, db, triple(50, 12, 6))
    assert truth.modules_of(db, learner.id) == {"math": triple(20, 10, 5), "unattributed": triple(30, 2, 1)}
    healed_once(learner, db, 2)


def test_surplus_adds_to_what_unattributed_has(new_learner, db):
    document = {"modules": {"math": module(4, 2, 1), "unattributed": module(5, 1, 1)},
                "global_stats": stats(9, 3, 2)}
    learner = new_learner(document=document, tokens=12, questions=3, correct=2)
    read_and_check(learner, db, triple(12, 3, 2))
    assert truth.modules_of(db, learner.id) == {"math": triple(4, 2, 1), "unattributed": triple(8, 1, 1)}


def test_one_total_above_and_another_below(new_learner, db):
    document = {"modules": {"math": module(4, 9, 3)}, "global_stats": stats(4, 9, 3)}
    learner = new_learner(document=document, tokens=10, questions=2, correct=3)
    read_and_check(learner, db, triple(10, 9, 3))
    assert truth.modules_of(db, learner.id) == {"math": triple(4, 9, 3), "unattributed": triple(6, 0, 0)}


@pytest.mark.parametrize("document", [
    None, "null", "{}", "[]", "7", '"text"', "true", '{"modules": null}', '{"modules": []}', '{"modules": "x"}',
    '{"modules": {}}', '{"modules": 7}', '{"global_stats": {}}', '[{"modules": {}}]',
])
def test_an_absent_or_broken_document_becomes_one_module(new_learner, db, document):
    learner = new_learner(document=document, tokens=30, questions=6, correct=3)
    read_and_check(learner, db, triple(30, 6, 3))
    assert truth.modules_of(db, learner.id) == {"unattributed": triple(30, 6, 3)}
    healed_once(learner, db, 2)


@pytest.mark.parametrize("broken", [
    '{"math": {"progress": {"tokens_earned": "12", "total_questions_answered": "4", "correct_answers": "2"}}}',
    '{"math": {"progress": {"tokens_earned": "many"}}}',
    '{"math": {"progress": {"tokens_earned": -5, "total_questions_answered": -1, "correct_answers": -1}}}',
    '{"math": {"progress": {"tokens_earned": 2.75, "total_questions_answered": 1.5, "correct_answers": 0.1}}}',
    '{"math": {"progress": {"tokens_earned": null, "total_questions_answered": null, "correct_answers": null}}}',
    '{"math": {"progress": {"tokens_earned": [1], "total_questions_answered": {"a": 1}, "correct_answers": true}}}',
    '{"math": {"progress": {"tokens_earned": 1e300, "total_questions_answered": 1e25, "correct_answers": 2}}}',
    '{"math": {"progress": {"tokens_earned": 99999999999999999999, "total_questions_answered": 1}}}',
    '{"math": {"progress": []}}', '{"math": {"progress": 7}}', '{"math": {}}', '{"math": []}', '{"math": null}',
    '{"math": "x"}', '{"": {"progress": {"tokens_earned": 1}}}',
    '{"a\\"b": {"progress": {"tokens_earned": 1}}, "c.d": {"progress": {"tokens_earned": 2}}}',
    '{"math": {"progress": {"tokens_earned": 3}}, "math ": {"progress": {"tokens_earned": 4}}}',
])
def test_broken_modules_never_lower_a_total(new_learner, db, broken):
    learner = new_learner(document=f'{{"modules": {broken}}}', tokens=30, questions=6, correct=3)
    read_and_check(learner, db)
    after = truth.columns_of(db, learner.id)
    assert after["tokens"] >= 30 and after["questions"] >= 6 and after["correct"] >= 3
    healed_once(learner, db, 2)


@pytest.mark.parametrize("broken", [
    None, "null", "[]", "7", '"x"', "{}", '{"total_tokens_earned": "5"}', '{"total_tokens_earned": 4}',
    '{"total_tokens_earned": 5, "total_questions_answered": 3, "total_correct_answers": -2}',
    '{"total_tokens_earned": [5], "total_questions_answered": {}, "total_correct_answers": null}',
])
def test_global_stats_are_set_from_the_columns(new_learner, db, broken):
    document = {"modules": {"math": module(5, 3, 2)}, "keep": [1]}
    if broken is not None:
        document["global_stats"] = json.loads(broken)
    learner = new_learner(document=document, tokens=5, questions=3, correct=2)
    read_and_check(learner, db, triple(5, 3, 2))
    after = truth.document_of(db, learner.id)
    assert after["modules"] == document["modules"] and after["keep"] == [1]
    for name, value in (("total_tokens_earned", 5), ("total_questions_answered", 3), ("total_correct_answers", 2)):
        assert after["global_stats"][name] == value and type(after["global_stats"][name]) is int
    healed_once(learner, db)


def test_keys_that_lockstep_does_not_know_stay(new_learner, db):
    document = {"modules": {"math": {**module(20, 10, 5, level="gold"), "extra": {"deep": [1, None, "ü"]}}},
                "global_stats": stats(1, 1, 1, rank="A"), "settings": {"theme": "dark"}, "n": 12.5,
                "big": 18446744073709551615, "small": -9223372036854775808}
    learner = new_learner(document=document, tokens=50, questions=12, correct=6)
    read_and_check(learner, db, triple(50, 12, 6))
    after = truth.document_of(db, learner.id)
    for key in ("settings", "n", "big", "small"):
        assert after[key] == document[key]
    assert after["modules"]["math"] == document["modules"]["math"]
    assert after["global_stats"]["rank"] == "A"


def test_drift_behind_lockstep_is_healed_on_the_next_read(learner, db):
    learner.answer("math", True, 5)
    learner.progress()
    for change, expected in (
            ("tokens = tokens + 100", triple(105, 1, 1)),
            ("tokens = 1, questions_answered = 0", triple(105, 1, 1)),
            ("hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.global_stats.total_tokens_earned', 3)",
             triple(105, 1, 1)),
            ("hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.modules.math.progress.tokens_earned', 8)",
             triple(108, 1, 1)),
            ("hidden_grade_asset = NULL", triple(108, 1, 1))):
        execute(db, f"UPDATE users SET {change} WHERE id = %s", (learner.id,))
        read_and_check(learner, db, expected)


def test_an_answer_on_a_drifted_learner_ends_consistent(new_learner, db):
    """The write path does not wait for a read to heal."""
    learner = new_learner(document={"modules": {"math": module(4, 2, 1)}}, tokens=9, questions=2, correct=1)
    assert learner.answer("math", True, 5).status == 200
    read_and_check(learner, db, triple(14, 3, 2))


@pytest.mark.parametrize("document", [None, "null", "[]", "7", '{"modules": []}', '{"modules": {"math": 7}}',
                                      '{"modules": {"math": {"progress": []}}}',
                                      '{"modules": {"math": {"progress": {"tokens_earned": "x"}}}}',
                                      '{"global_stats": []}'])
def test_an_answer_on_a_broken_document(new_learner, db, document):
    learner = new_learner(document=document, tokens=9, questions=2, correct=1)
    assert learner.answer("math", True, 5).status == 200
    value = read_and_check(learner, db)
    assert value["globalStats"]["totalTokens"] == 14 and value["globalStats"]["totalQuestions"] == 3


def test_many_readers_heal_once(new_learner, service, db):
    learner = new_learner(document={"modules": {"math": module(4, 2, 1)}}, tokens=9, questions=2, correct=1)
    replies = []

    def run():
        api = service.client(learner.token)
        for _ in range(4):
            replies.append(api.get("/api/progress"))
        api.close()

    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status for reply in replies} == {200}, replies
    assert {reply.json()["globalStats"]["totalTokens"] for reply in replies} == {9}
    healed_once(learner, db, 2)


def test_repairs_name_their_rule(new_learner, db):
    learner = new_learner(tokens=9, questions=2, correct=1)
    learner.progress()
    actors = {entry["actor"] for entry in truth.ledger_of(db, learner.id)}
    text = json.dumps(truth.ledger_of(db, learner.id), default=str)
    assert "user_totals_match_modules" in text, (actors, text)


def test_drift_while_writers_and_readers_are_at_it(learner, service, db):
    """Another application raises a column by hand, again and again, beside writers and healing
    readers: every raise and every answer is there in the end, exactly once."""
    stop = threading.Event()
    answered, failures = [], []

    def write():
        api = service.client(learner.token)
        while not stop.is_set():
            reply = api.post("/api/answer", {"exerciseId": "e", "module": "math", "isCorrect": True, "tokens": 3})
            (answered if reply.status == 200 else failures).append(reply)
        api.close()

    def read():
        api = service.client(learner.token)
        while not stop.is_set():
            reply = api.get("/api/progress")
            if reply.status != 200:
                failures.append(reply)
        api.close()

    threads = [threading.Thread(target=target) for target in (write, write, write, read, read)]
    for thread in threads:
        thread.start()
    raises = 40
    for _ in range(raises):
        execute(db, "UPDATE users SET tokens = tokens + 100 WHERE id = %s", (learner.id,))
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    count = len(answered)
    read_and_check(learner, db, triple(3 * count + 100 * raises, count, count))
    assert truth.modules_of(db, learner.id) == {"math": triple(3 * count, count, count),
                                               "unattributed": triple(100 * raises, 0, 0)}
    total = learner.api.get("/api/progress/history?total=tokens").json()["total"]
    assert total["value"] == total["sum"] == 3 * count + 100 * raises
