"""Every situation that was labelled from docs/conflicts.md by reading, played against the running system."""

from harness.database import execute

from conflict_cases import LABELLED
from conflict_runner import complaints_about, play

SITUATIONS = 80


def test_every_label_holds(new_learner, db):
    learners = {}
    wrong = []
    for number, case in enumerate(LABELLED):
        zone = case.get("zone", "UTC")
        if zone not in learners:
            learners[zone] = new_learner()
            execute(db, "UPDATE users SET time_zone = %s WHERE id = %s", (zone, learners[zone].id))
        reply, rows = play(learners[zone], db, case, f"c{number}")
        wrong += complaints_about(case, reply, rows)
    assert not wrong, "\n".join(wrong)
    assert len(LABELLED) == SITUATIONS
