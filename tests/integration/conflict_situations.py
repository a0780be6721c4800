"""Situations made up by chance, the same ones for the same seed: what systems say of a learner's day, events on either
side of every edge in docs/conflicts.md, and several tellers at once."""

import random

from conflict_cases import entry, said, skill, step, todo, video

SEED = 20261121
ORDINARY, AT_EDGES, SEVERAL = 360, 150, 90
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
D, W = MINUTE, 12 * HOUR
SURE = HOUR + 132 * SECOND  # from here on a timestamp_mismatch of two days is not sure enough
ZONES = ("UTC", "UTC", "Asia/Tokyo", "America/New_York", "Pacific/Auckland")


def clock(ms):
    """A moment so long after the first day began, as conflict_cases.py writes it."""
    day, rest = divmod(ms, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    return f"+{day} {hours:02d}:{minutes:02d}:{rest / 1000:06.3f}"


class Maker:
    def __init__(self, seed):
        self.chance = random.Random(seed)

    def situation(self, make):
        return {"zone": self.chance.choice(ZONES), "made": make.__name__, "events": make()}

    def choose(self, weights):
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def moment(self):
        """Somewhere in a learner's day."""
        return DAY + self.chance.randrange(7 * HOUR, 22 * HOUR, SECOND)

    # --- What happens every day --------------------------------------------------------------------------------

    def watched(self, at, **more):
        length = self.chance.randrange(4, 40)
        return video(clock(at), percentageWatched=self.chance.choice((92, 97, 100)), timeSpent=length, **more)

    def on_the_way(self):
        at = self.moment()
        return [video(clock(at), "started"),
                video(clock(at + 6 * MINUTE), "in_progress", percentageWatched=40),
                video(clock(at + 11 * MINUTE), "in_progress", percentageWatched=80), self.watched(at + 15 * MINUTE)]

    def once(self):
        return [self.watched(self.moment())]

    def again_later(self):
        at = self.moment()
        return [self.watched(at), self.watched(at + self.chance.randrange(10 * MINUTE, 10 * HOUR))]

    def corroborated(self):
        at = self.moment()
        return [self.watched(at), todo(clock(at + self.chance.randrange(0, D + 1)))]

    def another_occasion(self):
        at = self.moment()
        return [todo(clock(at)), entry(clock(at + W + self.chance.randrange(1, 20 * HOUR)))]

    def sent_twice(self):
        at = self.moment()
        first = self.watched(at)
        again = {**first, "at": clock(at + self.chance.randrange(0, D + 1)), "data": dict(first["data"])}
        if self.chance.random() < 0.3:
            again["data"]["timeSpent"] += 1 if first["data"]["timeSpent"] >= 5 else 0
        return [first, again]

    def ticked_later(self):
        at = self.moment()
        lower, upper = self.choose({(D + 1, HOUR): 76, (HOUR, 4 * HOUR): 16, (4 * HOUR, 10 * HOUR): 6, (10 * HOUR, W): 2})
        other = self.chance.choice((todo, entry))
        events = [self.watched(at), other(clock(at + self.chance.randrange(lower, upper)))]
        return events if self.chance.random() < 0.85 else events[::-1]

    def other_minutes(self):
        at = self.moment()
        watched = self.watched(at)
        return [watched, todo(clock(at + self.chance.randrange(0, 3 * HOUR)), timeSpent=watched["data"]["timeSpent"] * 2)]

    def other_rating(self):
        at = self.moment()
        return [todo(clock(at), userRating=3), said("todo_completed", "chat_system", clock(at + 20 * MINUTE), userRating=5)]

    def skipped_then_done(self):
        at = self.moment()
        return [entry(clock(at), "skipped"), self.watched(at + self.chance.randrange(MINUTE, 8 * HOUR))]

    def done_and_skipped(self):
        at = self.moment()
        return [todo(clock(at)), entry(clock(at + HOUR), "skipped")]

    def failed_and_done(self):
        at = self.moment()
        return [skill(clock(at), "failed"), todo(clock(at + HOUR), timeSpent=20)]

    def skipped_and_failed(self):
        at = self.moment()
        return [entry(clock(at), "skipped"), skill(clock(at + HOUR), "failed")]

    def ordinary(self):
        return self.situation(self.choose({
            self.once: 12, self.on_the_way: 12, self.again_later: 8, self.corroborated: 8, self.another_occasion: 5,
            self.sent_twice: 20, self.ticked_later: 18, self.other_minutes: 6, self.other_rating: 1.2,
            self.skipped_then_done: 6, self.done_and_skipped: 1, self.failed_and_done: 1, self.skipped_and_failed: 1}))

    # --- At the edges ------------------------------------------------------------------------------------------

    def near(self, edge):
        return max(0, edge + self.chance.choice((-SECOND, -1, 0, 1, SECOND)))

    def two_tellers(self):
        one = video
        other = self.chance.choice((video, todo, entry, lambda *words, **data: said("video_completed", "chat_system",
                                                                                    *words, **data)))
        return one, other

    def gap_at_an_edge(self):
        one, other = self.two_tellers()
        at = self.chance.choice((self.moment(), DAY + 23 * HOUR + self.chance.randrange(HOUR)))
        later = at + self.near(self.chance.choice((0, D, HOUR, SURE, W)))
        statuses = self.choose({("completed", "completed"): 70, ("skipped", "skipped"): 5, ("failed", "skipped"): 5,
                                ("completed", "skipped"): 10, ("completed", "failed"): 10})
        figures = self.chance.choice(({}, {}, {"timeSpent": 10}))
        events = [one(clock(at), statuses[0], **figures), other(clock(later), statuses[1], **figures)]
        return events if self.chance.random() < 0.7 else events[::-1]

    def midnight(self):
        at = 2 * DAY - self.chance.choice((1, SECOND, 20 * MINUTE))
        return [video(clock(at)), todo(clock(at + self.chance.choice((D + 1, 30 * MINUTE, HOUR, HOUR + 1))))]

    def figures_at_an_edge(self):
        at = self.moment()
        gap = self.chance.choice((0, 30 * SECOND, D, 10 * MINUTE))
        name, slack, fractions = self.chance.choice((
            ("timeSpent", 1, True), ("percentageWatched", 1, True), ("timeWatched", 30, False), ("confidence", 0.05, True)))
        small = {"confidence": self.chance.choice((0.1, 0.4))}.get(name, self.chance.choice((1, 4, 60, 80)))
        large = self.chance.choice((small + slack, small / 0.8))
        step_ = 0.001 if fractions else 1
        large = round(large + self.chance.choice((-step_, 0, step_)), 3)
        tell = skill if name == "confidence" else video
        other = self.chance.choice((tell, lambda *words, **data: said(
            "skill_assessed" if tell is skill else "video_completed", "chat_system", *words, **data)))
        events = [tell(clock(at), **{name: small}), other(clock(at + gap), **{name: min(large, 100) if name == "percentageWatched" else large})]
        return events if self.chance.random() < 0.5 else events[::-1]

    def words(self):
        at = self.moment()
        gap = self.chance.choice((0, D, D + 1, HOUR, W, W + 1))
        name, one, values = self.chance.choice((
            ("userRating", todo, (3, 4)), ("stepIndex", step, (1, 2)), ("totalSteps", step, (8, 9)),
            ("youtubeId", video, ("abc", "abd")), ("newLevel", skill, ("b1", "b2")), ("notes", todo, ("x", "y")),
            ("difficultyRating", step, (1, 5))))
        values = self.chance.choice((values, values, values[:1] * 2, (values[0], None)))
        tell = self.chance.choice((one, lambda *words, **data: said(one("0:0:0")["type"], "chat_system", *words, **data)))
        return [one(clock(at), **{name: values[0]}),
                tell(clock(at + gap), **({} if values[1] is None else {name: values[1]}))]

    def proof_at_an_edge(self):
        at = self.moment()
        proof = self.chance.choice(({"percentageWatched": 90}, {"percentageWatched": 89.99}, {"timeSpent": 0}, {},
                                    {"timeSpent": 0.01}, {"percentageWatched": 50, "timeSpent": 30}, {"timeWatched": 45}))
        events = [video(clock(at), **proof), entry(clock(at + self.near(self.chance.choice((D, W)))), "skipped", timeSpent=3)]
        return events if self.chance.random() < 0.5 else events[::-1]

    def not_final(self):
        at = self.moment()
        status = self.chance.choice(("started", "in_progress"))
        other = self.chance.choice((status, status, status, "completed", "failed", "in_progress"))
        figures = self.chance.choice(({}, {"percentageWatched": 20}))
        again = self.chance.choice((figures, figures, {"percentageWatched": 20.01}))
        tell = self.chance.choice((video, video, video, todo))
        return [video(clock(at), status, **figures), tell(clock(at + self.near(D)), other, **again)]

    def at_an_edge(self):
        return self.situation(self.choose({self.gap_at_an_edge: 40, self.midnight: 8, self.figures_at_an_edge: 20,
                                           self.words: 14, self.proof_at_an_edge: 10, self.not_final: 8}))

    # --- Several at once ---------------------------------------------------------------------------------------

    def several_tellers(self):
        at = self.moment()
        events = []
        for _ in range(self.chance.randrange(3, 6)):
            at += self.chance.choice((0, 1, 20 * SECOND, D, D + 1, 30 * MINUTE, HOUR, 5 * HOUR, -20 * MINUTE, W))
            tell = self.chance.choice((video, video, todo, entry, step))
            status = self.choose({"completed": 70, "skipped": 8, "failed": 8, "in_progress": 14})
            data = {}
            if self.chance.random() < 0.5:
                data["timeSpent"] = self.chance.choice((10, 11, 12.5, 20))
            if tell is video and self.chance.random() < 0.5:
                data["percentageWatched"] = self.chance.choice((60, 90, 100))
            if tell is todo and self.chance.random() < 0.4:
                data.update(userRating=self.chance.choice((3, 4)), notes=self.chance.choice("xyz"))
            if tell is step:
                data.update(skillsLearned=self.chance.sample(["a", "b", "c", "d"], 2))
                data.update(self.chance.choice(({}, {"stepIndex": 2}, {"totalSteps": 3}, {"stepIndex": 4})))
            if tell is entry and self.chance.random() < 0.4:
                data["actualStartTime"] = at - self.chance.choice((5, 30)) * MINUTE
            events.append(tell(clock(at), status, **data))
        return events

    def several(self):
        return self.situation(self.several_tellers)


def situations(seed=SEED):
    """(which kind of situation, the situation), 600 of them."""
    maker = Maker(seed)
    return ([("ordinary", maker.ordinary()) for _ in range(ORDINARY)]
            + [("at an edge", maker.at_an_edge()) for _ in range(AT_EDGES)]
            + [("several", maker.several()) for _ in range(SEVERAL)])


def own_word(chance, activity_id):
    """What a learner might say for manual_review."""
    return chance.choice((
        {"timeSpent": 33}, {"completionStatus": "failed"}, {"completionStatus": "completed", "timeSpent": 7.5},
        {"completionStatus": "skipped", "videoProgress": {"videoId": activity_id, "percentageWatched": 12}}))
