"""The job recompute_streaks: practice days and streaks counted anew, and nothing else touched."""

import pytest

from harness import truth
from harness.database import execute, query, query_one

from drift import await_job
from test_streaks import answer_on, days_ago


def recompute(db, params="NULL"):
    return await_job(db, execute(db, f"INSERT INTO sync_jobs (kind, params) VALUES ('recompute_streaks', {params})"))


def streak_of(db, user_id):
    row = query_one(db, "SELECT current_streak, longest_streak, last_practice_date FROM profiles WHERE user_id = %s",
                    (user_id,))
    return row and (row["current_streak"], row["longest_streak"], str(row["last_practice_date"]))


@pytest.fixture
def drifted(learner, db):
    """Four days in a row; then the middle ones are lost, the profile says anything, and a total is wrong."""
    for count in (4, 3, 2, 1):
        answer_on(learner, count)
    execute(db, "DELETE FROM practice_days WHERE user_id = %s AND day IN (%s, %s)",
            (learner.id, days_ago(3), days_ago(2)))
    execute(db, "UPDATE profiles SET current_streak = 0, longest_streak = 2, last_practice_date = NULL"
            " WHERE user_id = %s", (learner.id,))
    execute(db, "UPDATE users SET tokens = tokens + 5 WHERE id = %s", (learner.id,))
    return learner


def test_one_learner(drifted, db, sync_worker):
    job = recompute(db, f"""'{{"userId": {drifted.id}}}'""")
    assert job["state"] == "done", job
    assert streak_of(db, drifted.id) == (4, 4, days_ago(1))
    assert truth.practice_days_of(db, drifted.id) == {days_ago(count): 1 for count in (4, 3, 2, 1)}
    assert truth.columns_of(db, drifted.id)["tokens"] == 9, "totals are other rules' business"


def test_everybody(drifted, new_learner, db, sync_worker):
    sound = new_learner()
    answer_on(sound, 1)
    before = sound.checksum()
    job = recompute(db, """'{"confirmOverLimit": true}'""")
    assert job["state"] == "done" and job["total_units"] >= 2, job
    assert streak_of(db, drifted.id) == (4, 4, days_ago(1))
    assert sound.checksum() == before
    rows = query(db, "SELECT DISTINCT rule FROM repair_rows WHERE run_id = %s ORDER BY rule", (job["subject_id"],))
    assert [row["rule"] for row in rows] == ["longest_streak_covers_practice_days", "practice_days_cover_attempts",
                                             "streak_matches_practice_days"]


def test_it_is_a_repair_that_can_be_undone(drifted, admin, db, sync_worker):
    before = drifted.checksum()
    job = recompute(db, f"""'{{"userId": {drifted.id}}}'""")
    assert drifted.checksum() != before
    reply = admin.api.post(f"/api/admin/repairs/{job['subject_id']}/rollback")
    assert reply.status == 200, reply
    assert streak_of(db, drifted.id) == (0, 2, "None")
    admin.api.post(f"/api/admin/repairs/{job['subject_id']}/resume")


def test_its_parameters_are_held_to_their_form(db, sync_worker):
    job_id = execute(db, "INSERT INTO sync_jobs (kind, params) VALUES ('recompute_streaks', '{\"rules\": []}')")
    assert "rules" in await_job(db, job_id, state="failed")["error"]
