"""Six hundred situations made by chance (conflict_situations.py) against the running system, labelled by
docs/conflicts.md as conflict_model.py has it: how much is found, how much is alarmed about for nothing, how much is
settled without a person (of all of them, though at the edges, and where several contradict each other, situations were
chosen that leave doubt; counted by events, by conflicts and by situations, for a conflict that waits may gather several
events), and whether every resolution is what it is defined to be."""

import collections
import datetime
import random

from harness.database import execute

from conflict_model import CAUTION, PRIORITY, Activity, flat, milliseconds, nested, resolve
from conflict_runner import FIRST_DAY, PATH, body_of, iso
from conflict_situations import SEED, ZONES, own_word, situations

CONFLICTS = "/api/progress-sync/conflicts"
ALL = 600
DETECTED_AT_LEAST, FALSE_ALARMS_BELOW, SETTLED_AT_LEAST = 0.99, 0.01, 0.85


class Tally:
    def __init__(self):
        self.found = collections.Counter()
        self.of = collections.Counter()
        self.kinds = collections.Counter()
        self.wrong = []

    def count(self, what, hit):
        self.of[what] += 1
        self.found[what] += bool(hit)

    def count_settled(self, group, met):
        units = {"events": [settled for _, settled in met], "conflicts": dict(met).values(),
                 "situations": [all(settled for _, settled in met)] if met else []}
        for unit, found in units.items():
            for settled in found:
                self.count(f"settled {unit}, {group}", settled)
                self.count(f"settled {unit}", settled)

    def share(self, what):
        return self.found[what] / self.of[what]

    def hold(self, where, what, wanted, found):
        if wanted != found:
            self.wrong.append(f"{where}: {what} is {found!r}, should be {wanted!r}")


def bodies_of(number, case):
    for at, event in enumerate(case["events"]):
        data = dict(event["data"])
        if "actualStartTime" in data:
            data["actualStartTime"] = iso(FIRST_DAY + datetime.timedelta(milliseconds=data["actualStartTime"]))
        yield body_of({**event, "data": data}, f"s{number}-{at}", ("video", f"s{number}"))


def compare_resolution(tally, where, wanted, found):
    winner, data, at = wanted
    tally.hold(where, "winner", winner, found["winner"])
    tally.hold(where, "data", data, nested(flat(found["resolvedData"])))
    tally.hold(where, "moment", at, milliseconds(found["happenedAt"]))


def compare_reply(tally, where, label, conflict, reply):
    kind = conflict and conflict["conflictType"]
    if label["kind"] is None:
        tally.count("false alarms", conflict is not None)
    else:
        tally.count("detected", kind == label["kind"])
        tally.kinds[label["kind"]] += 1
    tally.hold(where, "kind", label["kind"], kind)
    tally.hold(where, "status", label["reply"], reply["status"])
    if label["kind"] is None or conflict is None:
        return
    settled = conflict["status"] == "resolved"
    suggested = conflict["suggestedResolution"]
    for what, found in (("settled", settled), ("suggestion", suggested["resolutionType"]),
                        ("confidence", suggested["confidence"]), ("impact", conflict["impact"])):
        tally.hold(where, what, label[what], found)
    if settled and label["settled"]:
        compare_resolution(tally, where, (label["winner"], label["data"], label["moment"]), conflict["resolution"])


def decide(tally, where, learner, activity, chance, activity_id):
    """All four as the preview shows them, then one of them."""
    (conflict,) = [one for one in learner.api.get(CONFLICTS).json()["conflicts"] if one["activityId"] == activity_id]
    for option in learner.api.get(f"{CONFLICTS}/{conflict['id']}/preview").json()["resolutions"]:
        how = option["resolution"]["resolutionType"]
        winner, says, at = resolve(activity.open, how)
        compare_resolution(tally, f"{where}, preview of {how}", (winner.id, nested(says), at), option["resolution"])
    how = chance.choice(CAUTION)
    word = own_word(chance, activity_id) if how == "manual_review" else None
    answer = learner.api.post(f"{CONFLICTS}/{conflict['id']}/resolve",
                              {"resolutionType": how, **({} if word is None else {"userData": word})})
    assert answer.status == 200, (where, answer, answer.body)
    compare_resolution(tally, f"{where}, {how}", activity.decide(how, word), answer.json()["conflict"]["resolution"])
    tally.count("decided by the learner", True)


def play(tally, learners, chance, number, group, case):
    learner = learners[case["zone"]]
    activity = Activity(case["zone"])
    met = []  # (the conflict, whether it was settled at once), event by event
    for at, body in enumerate(bodies_of(number, case)):
        answer = learner.api.post(PATH, body)
        assert answer.status in (200, 207), (number, case, answer, answer.body)
        reply = answer.json()
        conflict = reply["conflicts"][0] if reply["conflicts"] else None
        compare_reply(tally, f"{number} ({case['made']}), event {at}", activity.take(body), conflict, reply)
        if conflict is not None:
            met.append((conflict["id"], conflict["status"] == "resolved"))
    tally.count_settled(group, met)
    if activity.open:
        decide(tally, f"{number} ({case['made']})", learner, activity, chance, f"s{number}")


def test_six_hundred_situations(new_learner, admin, db):
    tally, chance = Tally(), random.Random(SEED)
    learners = {zone: new_learner() for zone in set(ZONES)}
    for zone, learner in learners.items():
        execute(db, "UPDATE users SET time_zone = %s WHERE id = %s", (zone, learner.id))
    made = situations()
    for number, (group, case) in enumerate(made):
        play(tally, learners, chance, number, group, case)
    shares = [f"{what}: {tally.found[what]} of {tally.of[what]} ({tally.share(what):.1%})" for what in sorted(tally.of)]
    print("", *shares, dict(tally.kinds), sep="\n")
    assert len(made) == ALL and set(tally.kinds) == set(PRIORITY)
    assert tally.share("detected") >= DETECTED_AT_LEAST
    assert tally.share("false alarms") < FALSE_ALARMS_BELOW
    for unit in ("events", "conflicts", "situations"):
        assert tally.share(f"settled {unit}") >= SETTLED_AT_LEAST, unit
    for zone, learner in learners.items():
        checks = admin.api.get(f"/api/sync/validate?userId={learner.id}").json()["rules"]
        tally.hold(zone, "what the rules find", [], [check["name"] for check in checks if check["breaches"]])
    assert not tally.wrong, f"{len(tally.wrong)} differ:\n" + "\n".join(tally.wrong[:40])
