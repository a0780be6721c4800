"""docs/conflicts.md once more, in Python: what a list of events about one activity comes to. Written from that page and
from nothing else; the tests hold the running system to it."""

import datetime
import zoneinfo
from fractions import Fraction

D_MS, W_MS, HOUR_MS = 60_000, 43_200_000, 3_600_000
TOLERANCE = Fraction(20, 100)
SURE_ENOUGH = 800
PRIORITY = ("completion_status_conflict", "data_inconsistency", "timestamp_mismatch", "duplicate_event")
CAUTION = ("manual_review", "use_latest", "use_most_complete", "merge_data")
IMPACTS = ("low", "medium", "high")
FINAL = {"completed", "skipped", "failed"}
RANK = {"completed": 4, "failed": 3, "in_progress": 2, "started": 1, "skipped": 0}
ACTIVITY_RANK = {"completed": 2, "skipped": 0}  # else 1: in progress
OWN_END = {"video_completed": ("videoProgress", "completedAt"),
           "todo_completed": ("todoProgress", "actualCompletionDate"),
           "schedule_completed": ("scheduleProgress", "actualEndTime")}
FIGURES = {("timeSpent",): 1, ("videoProgress", "percentageWatched"): 1, ("videoProgress", "timeWatched"): 30,
           ("skillProgress", "confidence"): Fraction(5, 100)}
WORDS = {("todoProgress", "userRating"), ("pathProgress", "stepIndex"), ("pathProgress", "totalSteps"),
         ("videoProgress", "youtubeId")}
LEVEL = ("skillProgress", "newLevel")
ENDS = {("completedAt",), ("videoProgress", "completedAt"), ("todoProgress", "actualCompletionDate"),
        ("scheduleProgress", "actualEndTime")}
START = ("scheduleProgress", "actualStartTime")
LIST = ("pathProgress", "skillsLearned")
IDS = {("videoProgress", "videoId"), ("todoProgress", "todoId"), ("scheduleProgress", "scheduleId"),
       ("pathProgress", "pathId"), ("pathProgress", "stepId"), ("skillProgress", "skillId")}


def milliseconds(text):
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return round(moment.timestamp() * 1000)


def flat(data):
    """{"a": 1, "b": {"c": 2}} as {("a",): 1, ("b", "c"): 2}."""
    leaves = {}
    for name, value in data.items():
        if isinstance(value, dict):
            leaves.update({(name, inner): leaf for inner, leaf in value.items()})
        else:
            leaves[(name,)] = value
    return {path: value for path, value in leaves.items() if value not in (None, "", [])}


def nested(leaves):
    data = {}
    for path, value in leaves.items():
        (data if len(path) == 1 else data.setdefault(path[0], {}))[path[-1]] = value
    return data


def minutes(leaves):
    if ("timeSpent",) in leaves:
        told = Fraction(str(leaves[("timeSpent",)]))
    else:
        told = Fraction(str(leaves.get(("videoProgress", "timeWatched"), 0))) / 60
    return Fraction(int(told * 100 + Fraction(1, 2)), 100)


class Event:
    """As it counts: a resolution changes says and moment."""

    def __init__(self, body, order):
        self.id, self.order = body["id"], order
        self.teller = (body["eventType"], body["sourceSystem"])
        self.came = body["eventData"]
        self.says = flat(body["eventData"])
        end = self.says.get(("completedAt",)) or self.says.get(OWN_END.get(body["eventType"])) or body["timestamp"]
        self.moment = milliseconds(end)
        self.outcome = None

    @property
    def status(self):
        return self.says[("completionStatus",)]

    def day(self, zone):
        return datetime.datetime.fromtimestamp(self.moment / 1000, zone).date()


def contradiction(one, other):
    both = [path for path in one.says if path in other.says]
    if LEVEL in both and one.says[LEVEL] != other.says[LEVEL]:
        return "level"
    if any(one.says[path] != other.says[path] for path in both if path in WORDS):
        return "word"
    for path in both:
        if path in FIGURES:
            a, b = (Fraction(str(event.says[path])).limit_denominator(1000) for event in (one, other))
            if abs(a - b) > FIGURES[path] and abs(a - b) > TOLERANCE * max(a, b):
                return "figure"
    return None


def kind_of(one, other):
    gap = abs(one.moment - other.moment)
    same_teller = one.teller == other.teller
    if not {one.status, other.status} <= FINAL:
        alike = same_teller and one.came == other.came
        return "duplicate_event" if alike and gap <= D_MS else None
    if gap > (D_MS if same_teller else W_MS):
        return None
    if one.status != other.status:
        return "completion_status_conflict"
    if contradiction(one, other):
        return "data_inconsistency"
    if gap > D_MS:
        return "timestamp_mismatch"
    return "duplicate_event" if one.teller[0] == other.teller[0] else None


def proves_itself(event):
    percentage = event.says.get(("videoProgress", "percentageWatched"))
    return percentage >= 90 if percentage is not None else minutes(event.says) > 0


def weight_of(one, other, zone):
    """(kind, suggestion, confidence in thousandths, impact), or None."""
    kind = kind_of(one, other)
    if kind is None:
        return None
    if kind == "duplicate_event":
        return kind, "merge_data", 990, "low"
    if kind == "data_inconsistency":
        return {"figure": (kind, "merge_data", 900, "low"), "word": (kind, "use_latest", 850, "medium"),
                "level": (kind, "use_latest", 500, "high")}[contradiction(one, other)]
    if kind == "completion_status_conflict":
        told = {one.status: one, other.status: other}
        if "completed" not in told:
            return kind, "use_latest", 850, "low"
        if "failed" in told:
            return kind, "manual_review", 400, "high"
        return kind, "use_most_complete", 900 if proves_itself(told["completed"]) else 850, "medium"
    gap = abs(one.moment - other.moment)
    confidence, impact = 950, "low"
    if gap > HOUR_MS:
        confidence -= int(150 * Fraction(gap - HOUR_MS, W_MS - HOUR_MS) + Fraction(1, 2))
        impact = "medium"
    if one.day(zone) != other.day(zone):
        confidence, impact = confidence - 150, "high"
    return kind, "use_latest", confidence, impact


def weigh(events, zone):
    pairs = [weight_of(one, other, zone) for at, one in enumerate(events) for other in events[at + 1:]]
    first = min((pair[0] for pair in pairs if pair), key=PRIORITY.index)
    pairs = [pair for pair in pairs if pair and pair[0] == first]
    _, suggestion, confidence, _ = min(pairs, key=lambda pair: (pair[2], CAUTION.index(pair[1])))
    return first, suggestion, confidence, max((pair[3] for pair in pairs), key=IMPACTS.index)


# --- The four resolutions ----------------------------------------------------------------------------------------

def by_moment(event):
    return event.moment, event.order


def by_completeness(event):
    return (RANK[event.status], event.says.get(("videoProgress", "percentageWatched"), 0), minutes(event.says),
            *by_moment(event))


def mend(leaves, winner, events):
    """A part that cannot be is the winner's whole, or that of the latest that has one."""
    start, end = leaves.get(START), leaves.get(("scheduleProgress", "actualEndTime"))
    index, total = leaves.get(("pathProgress", "stepIndex")), leaves.get(("pathProgress", "totalSteps"))
    for part, broken in (("scheduleProgress", start and end and end < start),
                         ("pathProgress", index is not None and total is not None and index > total)):
        if broken:
            owners = [winner] + sorted(events, key=by_moment, reverse=True)
            owner = next(event for event in owners if any(path[0] == part for path in event.says))
            leaves = {path: value for path, value in leaves.items() if path[0] != part}
            leaves.update({path: value for path, value in owner.says.items() if path[0] == part})
    return leaves


def fill_in(winner, events):
    alike = sorted((event for event in events if event.status == winner.status), key=by_moment)
    leaves = {}
    for event in alike:
        leaves.update(event.says)
    return mend({**leaves, **winner.says}, winner, alike)


def merge(winner, events):
    leaves = {}
    for event in sorted(events, key=by_moment):
        for path, value in event.says.items():
            if path not in leaves:
                leaves[path] = value
            elif path in FIGURES or path in ENDS:
                leaves[path] = max(leaves[path], value)
            elif path == START:
                leaves[path] = min(leaves[path], value)
            elif path == LIST:
                leaves[path] = leaves[path] + [skill for skill in value if skill not in leaves[path]]
            else:
                leaves[path] = value
    for path in IDS | {("completionStatus",)}:
        if path in winner.says:
            leaves[path] = winner.says[path]
    return mend(leaves, winner, events)


def resolve(events, how, user_data=None):
    """(winner, what it then says, its moment)."""
    latest, most = max(events, key=by_moment), max(events, key=by_completeness)
    if how == "use_latest":
        return latest, fill_in(latest, events), latest.moment
    if how == "use_most_complete":
        return most, fill_in(most, events), most.moment
    if how == "merge_data":
        return most, merge(most, events), latest.moment
    data = nested(most.says)
    data.update(user_data or {})
    return most, flat(data), most.moment


# --- One event after the other -----------------------------------------------------------------------------------

class Activity:
    """What is known of an activity; take() says what an event comes to, as the labels of conflict_cases.py do."""

    def __init__(self, zone="UTC"):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.events = []
        self.open = []

    def standing(self):
        counting = [event for event in self.events if event.outcome == "applied"]
        return max((ACTIVITY_RANK.get(event.status, 1) for event in counting), default=-1)

    def carry(self, events, winner, says, moment):
        before = [(event, event.outcome, event.says, event.moment) for event in events]
        for event in events:
            event.outcome = "superseded"
        winner.outcome, winner.says, winner.moment = "applied", says, moment
        return before

    def take(self, body):
        fresh = Event(body, len(self.events))
        peers = [event for event in self.events if event.outcome in ("applied", "conflict")]
        found = [(peer, kind_of(fresh, peer)) for peer in peers]
        kinds = [kind for _, kind in found if kind]
        self.events.append(fresh)
        if not kinds:
            fresh.outcome = "applied"
            return {"kind": None, "reply": "applied"}
        kind = min(kinds, key=PRIORITY.index)
        chosen = [peer for peer, its_kind in found if its_kind == kind]
        if kind == "duplicate_event":
            first = min(chosen, key=lambda peer: (abs(peer.moment - fresh.moment), peer.order))
            fresh.outcome = "duplicate"
            weight = weigh([first, fresh], self.zone)
            first.says, first.moment = merge(first, [first, fresh]), max(first.moment, fresh.moment)
            return self.label(weight, True, "duplicate", first)
        events = sorted({*self.open, *chosen}, key=lambda event: event.order) + [fresh]
        weight = weigh(events, self.zone)
        _, suggestion, confidence, _ = weight
        if not self.open and confidence >= SURE_ENOUGH and suggestion != "manual_review":
            now = self.standing()
            winner, says, moment = resolve(events, suggestion)
            before = self.carry(events, winner, says, moment)
            if self.standing() >= now:
                return self.label(weight, True, "applied" if fresh.outcome == "applied" else "conflict", winner)
            for event, outcome, said, at in before:
                event.outcome, event.says, event.moment = outcome, said, at
        fresh.outcome = "conflict"
        self.open = events
        return self.label(weight, False, "conflict", None)

    def label(self, weight, settled, reply, winner):
        kind, suggestion, confidence, impact = weight
        label = {"kind": kind, "settled": settled, "suggestion": suggestion, "confidence": confidence / 1000,
                 "impact": impact, "reply": reply}
        if winner is not None:
            label.update(winner=winner.id, data=nested(winner.says), moment=winner.moment)
        return label

    def decide(self, how, user_data=None):
        """What the learner makes of the open conflict."""
        winner, says, moment = resolve(self.open, how, user_data)
        self.carry(self.open, winner, says, moment)
        self.open = []
        return winner.id, nested(says), moment
