"""Drift planted by hand, and what the engine says of it."""

from harness import truth
from harness.database import query, query_one
from harness.processes import wait_until

TOTALS = "user_totals_match_modules"
STATS = "global_stats_match_totals"


def module(tokens, questions, correct):
    return {"progress": {"tokens_earned": tokens, "total_questions_answered": questions,
                         "correct_answers": correct}}


def stats(tokens, questions, correct):
    return {"total_tokens_earned": tokens, "total_questions_answered": questions,
            "total_correct_answers": correct}


def sound(new_learner, **columns):
    document = {"modules": {"math": module(9, 2, 1)}, "global_stats": stats(9, 2, 1)}
    return new_learner(document=document, tokens=9, questions=2, correct=1, **columns)


def drifted(new_learner, **columns):
    """Five tokens more in the column than in the modules, and stale global_stats."""
    document = {"modules": {"math": module(4, 2, 1)}, "global_stats": stats(3, 2, 1)}
    return new_learner(document=document, tokens=9, questions=2, correct=1, **columns)


def is_repaired(db, learner):
    return (truth.columns_of(db, learner.id) == truth.global_stats_of(db, learner.id)
            == truth.add_up(truth.modules_of(db, learner.id).values()) == truth.triple(9, 2, 1))


def counts_of(run):
    return {count["rule"]: count for count in run["counts"]}


def job_of(db, job_id):
    return query_one(db, "SELECT * FROM sync_jobs WHERE id = %s", (job_id,))


def await_job(db, job_id, state="done", seconds=60):
    """The job at its end, which is the one expected."""
    wait_until(lambda: job_of(db, job_id)["state"] not in ("ready", "running"), f"job {job_id} to end", seconds)
    job = job_of(db, job_id)
    assert job["state"] == state, job
    return job


def pauses(db):
    return query(db, "SELECT rule, user_id, table_name, row_key, run_id FROM rule_pauses ORDER BY rule, user_id")
