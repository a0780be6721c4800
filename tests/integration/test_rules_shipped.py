"""Whatever the service itself writes breaks none of the rules that ship, of either authority."""

import datetime
import glob
import os
import re

from harness.database import query
from harness.stack import REPOSITORY


def breaches_of(db, user_id):
    """The rules' own SELECTs over one learner, without the engine."""
    found = {}
    for path in sorted(glob.glob(os.path.join(REPOSITORY, "sql", "rules", "*.sql"))):
        with open(path, encoding="utf-8") as file:
            sql = re.sub(r"^--.*$", "", file.read(), flags=re.MULTILINE).strip().rstrip(";")
        for mark, value in ((":from", user_id), (":to", user_id), (":accept_discounts", 0), (":refunds_unenroll", 1)):
            sql = sql.replace(mark, str(value))
        rows = query(db, sql)
        if rows:
            found[os.path.basename(path)] = rows
    return found


def noon(days_ago):
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=days_ago)
    return f"{day.isoformat()}T12:00:00Z"


def test_answers_break_no_rule(learner, db):
    assert breaches_of(db, learner.id) == {}
    for days_ago, more in [(5, {}), (1, {"correct": False}), (3, {"module": "it's \"art\""}), (3, {}), (2, {"tokens": 0}),
                           (4, {"module": "art"}), (30, {}), (31, {"practicedOn": noon(30)[:10]})]:
        assert learner.answer(answeredAt=noon(days_ago), **more).status == 200
        assert breaches_of(db, learner.id) == {}
    assert learner.answer().status == 200
    assert breaches_of(db, learner.id) == {}


def test_a_learner_far_from_utc_breaks_no_rule(new_learner, db):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        learner = new_learner(time_zone=zone)
        for _ in range(2):
            assert learner.answer().status == 200
        assert learner.api.patch("/api/profile", {"timeZone": "UTC"}).status == 200
        assert learner.answer(answeredAt=noon(2)).status == 200
        assert breaches_of(db, learner.id) == {}


def test_a_healed_learner_breaks_no_rule(new_learner, db):
    learner = new_learner(document=None, tokens=50, questions=12, correct=6)
    assert breaches_of(db, learner.id) != {}
    learner.progress()
    assert learner.answer().status == 200
    assert breaches_of(db, learner.id) == {}
