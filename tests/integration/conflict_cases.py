"""Eighty situations and what docs/conflicts.md says of them, labelled by reading that page, not by running anything.

A situation is a list of events about one activity of one learner, in the order in which they are taken in; the label
is what the last of them comes to. Unless a situation says otherwise the activity is a video, the learner lives in UTC,
and the configuration has its defaults. Times are of one day (`+1` is the day after it).

    kind         of the conflict that the last event is in; None: it is in none
    settled      by itself, in the transaction that took it in; None where there is no conflict
    suggestion, confidence, impact   of the conflict
    reply        the status that the reply to the last event says
    counts       of the activity's events, by place: those that count (`applied`) afterwards
    winner       where it was settled: the place of the event that carries what was made of it
    becomes      what the winner then says: status, at (its moment), and any of its data
"""


def said(event_type, source, at, status="completed", about=None, **data):
    """An event: `at` is the end that its type's own part tells, `data` what else it states, by the field's name."""
    return {"type": event_type, "source": source, "at": at, "status": status, "about": about, "data": data}


def video(at, status="completed", **data):
    return said("video_completed", "video_player", at, status, **data)


def todo(at, status="completed", **data):
    return said("todo_completed", "todo_manager", at, status, **data)


def entry(at, status="completed", **data):
    return said("schedule_completed", "calendar_service", at, status, **data)


def step(at, status="completed", **data):
    return said("path_progress_updated", "learning_path_generator", at, status, **data)


def skill(at, status="completed", **data):
    return said("skill_assessed", "ai_journey", at, status, **data)


def none(name, events, counts=None, **more):
    """In conflict with nothing: all events count, unless `counts` says which."""
    return {"name": name, "events": events, "kind": None, "settled": None, "reply": "applied",
            "counts": list(range(len(events))) if counts is None else counts, **more}


def duplicate(name, events, becomes, counts=None, winner=0, **more):
    """Says what an earlier event said: that one goes on, the last is set aside."""
    return {"name": name, "events": events, "kind": "duplicate_event", "settled": True, "suggestion": "merge_data",
            "confidence": 0.99, "impact": "low", "reply": "duplicate",
            "counts": list(range(len(events) - 1)) if counts is None else counts,
            "winner": winner, "becomes": becomes, **more}


def settled(name, events, kind, suggestion, confidence, impact, winner, becomes, counts=None, **more):
    counts = [winner] if counts is None else counts
    return {"name": name, "events": events, "kind": kind, "settled": True, "suggestion": suggestion,
            "confidence": confidence, "impact": impact,
            "reply": "applied" if len(events) - 1 in counts else "conflict",
            "counts": counts, "winner": winner, "becomes": becomes, **more}


def waits(name, events, kind, suggestion, confidence, impact, counts=None, **more):
    """What counted before goes on counting; the last event does not."""
    return {"name": name, "events": events, "kind": kind, "settled": False, "suggestion": suggestion,
            "confidence": confidence, "impact": impact, "reply": "conflict",
            "counts": list(range(len(events) - 1)) if counts is None else counts, **more}


TIME = "timestamp_mismatch"
DATA = "data_inconsistency"
STATUS = "completion_status_conflict"
LATEST, COMPLETE, MERGE, MANUAL = "use_latest", "use_most_complete", "merge_data", "manual_review"

NO_CONFLICT = [
    none("one event alone", [video("10:00:00")]),
    none("watched again an hour later", [video("10:00:00"), video("11:00:00")]),
    none("done again a second after the window", [video("10:00:00"), video("10:01:01")]),
    none("done again, and longer: the same teller may",
         [video("10:00:00", timeSpent=10), video("10:05:00", timeSpent=40)]),
    none("failed, then passed by the same teller after the window",
         [skill("10:00:00", "failed"), skill("10:20:00")]),
    none("two kinds of event corroborate each other", [video("10:00:00"), todo("10:00:40")]),
    none("they corroborate each other at exactly the window's end", [video("10:00:00"), todo("10:01:00")]),
    none("another occasion: a second more than twelve hours", [video("10:00:00"), todo("22:00:01")]),
    none("another occasion contradicts nothing", [video("10:00:00"), entry("22:00:01", "skipped")]),
    none("on the way, then done", [video("10:00:00", "in_progress"), video("10:10:00")]),
    none("done, and somebody else still on the way", [video("10:00:00"), todo("10:10:00", "in_progress")]),
    none("started twice, a minute and a second apart", [video("10:00:00", "started"), video("10:01:01", "started")]),
    none("on the way twice, with other figures",
         [video("10:00:00", "in_progress", percentageWatched=20), video("10:00:30", "in_progress", percentageWatched=30)]),
    none("on the way, told by two systems", [video("10:00:00", "in_progress"), todo("10:00:20", "in_progress")]),
    none("another activity of the same kind",
         [video("10:00:00", about=("video", "one")), todo("10:30:00", "failed", about=("video", "two"))]),
    none("another kind of activity with the same id",
         [said("video_completed", "video_player", "10:00:00", about=("video", "same")),
          said("skill_assessed", "ai_journey", "10:30:00", "failed", about=("quiz", "same"))]),
    none("skipped, and started later by somebody else", [entry("10:00:00", "skipped"), video("12:00:00", "started")]),
    none("minutes differ by a minute: few, and so they agree",
         [video("10:00:00", timeSpent=1), todo("10:00:30", timeSpent=2)]),
    none("minutes differ by exactly a fifth", [video("10:00:00", timeSpent=10), todo("10:00:30", timeSpent=12.5)]),
    none("silence contradicts nothing", [video("10:00:00", timeSpent=10), todo("10:00:30", userRating=5)]),
    none("corroborated by two", [video("10:00:00"), todo("10:00:20"), entry("10:00:40")]),
    none("notes are not compared", [video("10:00:00"), todo("10:00:30", notes="long")]),
]

DUPLICATES = [
    duplicate("the same again after forty seconds, a minute more",
              [video("10:00:00", timeSpent=10), video("10:00:40", timeSpent=11)],
              {"status": "completed", "at": "10:00:40", "timeSpent": 11}),
    duplicate("the same again at the same moment", [video("10:00:00"), video("10:00:00")],
              {"status": "completed", "at": "10:00:00"}),
    duplicate("exactly a minute apart", [video("10:00:00"), video("10:01:00")],
              {"status": "completed", "at": "10:01:00"}),
    duplicate("told late: the earlier of two that are close", [video("10:00:30"), video("10:00:00")],
              {"status": "completed", "at": "10:00:30"}),
    duplicate("the same kind of event by another system",
              [video("10:00:00", percentageWatched=100), said("video_completed", "chat_system", "10:00:20")],
              {"status": "completed", "at": "10:00:20", "percentageWatched": 100}),
    duplicate("skipped twice", [entry("10:00:00", "skipped"), entry("10:00:10", "skipped")],
              {"status": "skipped", "at": "10:00:10"}),
    duplicate("one after the other: the one that goes on has moved",
              [video("10:00:00"), video("10:00:50"), video("10:01:40")],
              {"status": "completed", "at": "10:01:40"}, counts=[0]),
    duplicate("started twice, word for word", [video("10:00:00", "started"), video("10:00:30", "started")],
              {"status": "started", "at": "10:00:30"}),
    duplicate("on the way twice, word for word",
              [video("10:00:00", "in_progress", percentageWatched=20),
               video("10:00:30", "in_progress", percentageWatched=20)],
              {"status": "in_progress", "at": "10:00:30", "percentageWatched": 20}),
    duplicate("minutes that differ by less than a fifth",
              [todo("10:00:00", timeSpent=12), todo("10:00:30", timeSpent=10)],
              {"status": "completed", "at": "10:00:30", "timeSpent": 12}),
    duplicate("seconds that differ by half a minute: few, and so they agree",
              [video("10:00:00", timeWatched=60), video("10:00:30", timeWatched=90)],
              {"status": "completed", "at": "10:00:30", "timeWatched": 90}),
    duplicate("the nearest of two earlier ones",
              [video("10:00:00", timeSpent=10), video("10:01:10", timeSpent=10), video("10:00:50", timeSpent=11)],
              {"status": "completed", "at": "10:01:10", "timeSpent": 11}, winner=1, counts=[0, 1]),
    duplicate("confidence that differs by exactly 0.05",
              [skill("10:00:00", confidence=0.10), skill("10:00:20", confidence=0.15)],
              {"status": "completed", "at": "10:00:20", "confidence": 0.15}),
]

OTHER_TIMES = [
    settled("document 003's own: half an hour apart", [todo("10:00:00"), entry("10:30:00")],
            TIME, LATEST, 0.95, "low", 1, {"status": "completed", "at": "10:30:00"}),
    settled("a second more than the window", [video("10:00:00"), todo("10:01:01")],
            TIME, LATEST, 0.95, "low", 1, {"status": "completed", "at": "10:01:01"}),
    settled("exactly an hour", [video("10:00:00"), todo("11:00:00")],
            TIME, LATEST, 0.95, "low", 1, {"status": "completed", "at": "11:00:00"}),
    settled("two hours", [video("10:00:00"), todo("12:00:00")],
            TIME, LATEST, 0.936, "medium", 1, {"status": "completed", "at": "12:00:00"}),
    settled("ten hours", [video("10:00:00"), todo("20:00:00")],
            TIME, LATEST, 0.827, "medium", 1, {"status": "completed", "at": "20:00:00"}),
    settled("eleven and a half", [video("10:00:00"), todo("21:30:00")],
            TIME, LATEST, 0.807, "medium", 1, {"status": "completed", "at": "21:30:00"}),
    settled("exactly twelve hours", [video("10:00:00"), todo("22:00:00")],
            TIME, LATEST, 0.8, "medium", 1, {"status": "completed", "at": "22:00:00"}),
    waits("over midnight and exactly twelve hours", [video("18:00:00"), todo("+1 06:00:00")],
          TIME, LATEST, 0.65, "high"),
    waits("over midnight and six hours", [video("20:00:00"), todo("+1 02:00:00")], TIME, LATEST, 0.732, "high"),
    settled("over midnight within the hour", [video("23:40:00"), todo("+1 00:10:00")],
            TIME, LATEST, 0.8, "high", 1, {"status": "completed", "at": "+1 00:10:00"}),
    waits("over midnight and two hours", [video("23:00:00"), todo("+1 01:00:00")], TIME, LATEST, 0.786, "high"),
    settled("over midnight in UTC, not where the learner lives", [video("23:40:00"), todo("+1 00:10:00")],
            TIME, LATEST, 0.95, "low", 1, {"status": "completed", "at": "+1 00:10:00"}, zone="Asia/Tokyo"),
    settled("told late: the one that came first is the later", [entry("12:00:00"), todo("10:00:00")],
            TIME, LATEST, 0.936, "medium", 0, {"status": "completed", "at": "12:00:00"}),
    settled("the same kind of event by another system, two minutes apart",
            [video("10:00:00"), said("video_completed", "chat_system", "10:02:00")],
            TIME, LATEST, 0.95, "low", 1, {"status": "completed", "at": "10:02:00"}),
    settled("what the latest leaves out is filled in",
            [video("10:00:00", timeSpent=20, percentageWatched=100), todo("10:30:00", userRating=4)],
            TIME, LATEST, 0.95, "low", 1,
            {"status": "completed", "at": "10:30:00", "timeSpent": 20, "percentageWatched": 100, "userRating": 4}),
    settled("what was decided against is no peer", [todo("10:00:00"), entry("10:30:00"), todo("10:00:20")],
            TIME, LATEST, 0.95, "low", 1, {"status": "completed", "at": "10:30:00"}),
    settled("two of three differ in time; the third corroborates",
            [video("10:00:00"), todo("10:00:30"), entry("10:30:00")],
            TIME, LATEST, 0.95, "low", 2, {"status": "completed", "at": "10:30:00"}),
    settled("against the near one and the far one: the less sure of both",
            [video("10:00:00"), video("12:00:00"), todo("14:00:00")],
            TIME, LATEST, 0.909, "medium", 2, {"status": "completed", "at": "14:00:00"}),
]

OTHER_DATA = [
    settled("minutes of the todo and of the player",
            [video("10:00:00", timeSpent=10, percentageWatched=100), todo("10:20:00", timeSpent=30)],
            DATA, MERGE, 0.9, "low", 0,
            {"status": "completed", "at": "10:20:00", "timeSpent": 30, "percentageWatched": 100}),
    settled("a little more than a fifth", [todo("10:00:00", timeSpent=10), entry("10:00:30", timeSpent=13)],
            DATA, MERGE, 0.9, "low", 1, {"status": "completed", "at": "10:00:30", "timeSpent": 13}),
    settled("the same teller within a minute, with other minutes",
            [video("10:00:00", timeSpent=10), video("10:00:30", timeSpent=20)],
            DATA, MERGE, 0.9, "low", 1, {"status": "completed", "at": "10:00:30", "timeSpent": 20}),
    settled("percentages of the same teller",
            [video("10:00:00", percentageWatched=100), video("10:00:30", percentageWatched=75)],
            DATA, MERGE, 0.9, "low", 0, {"status": "completed", "at": "10:00:30", "percentageWatched": 100}),
    settled("seconds watched",
            [video("10:00:00", timeWatched=100), said("video_completed", "chat_system", "10:30:00", timeWatched=200)],
            DATA, MERGE, 0.9, "low", 1, {"status": "completed", "at": "10:30:00", "timeWatched": 200}),
    settled("confidence alone",
            [skill("10:00:00", confidence=0.5), said("skill_assessed", "chat_system", "10:10:00", confidence=0.9)],
            DATA, MERGE, 0.9, "low", 1, {"status": "completed", "at": "10:10:00", "confidence": 0.9}),
    settled("ratings",
            [todo("10:00:00", userRating=4), said("todo_completed", "chat_system", "10:20:00", userRating=5)],
            DATA, LATEST, 0.85, "medium", 1, {"status": "completed", "at": "10:20:00", "userRating": 5}),
    settled("ratings and minutes", [todo("10:00:00", userRating=4, timeSpent=25),
                                    said("todo_completed", "chat_system", "10:20:00", userRating=5, timeSpent=5)],
            DATA, LATEST, 0.85, "medium", 1, {"status": "completed", "at": "10:20:00", "userRating": 5, "timeSpent": 5}),
    waits("levels of a skill",
          [skill("10:00:00", newLevel="b1"), said("skill_assessed", "chat_system", "10:10:00", newLevel="b2")],
          DATA, LATEST, 0.5, "high"),
    waits("levels, and confidence as well",
          [skill("10:00:00", newLevel="b1", confidence=0.2), said("skill_assessed", "chat_system", "10:10:00", newLevel="b2", confidence=0.9)],
          DATA, LATEST, 0.5, "high"),
    settled("places on the path",
            [step("10:00:00", stepIndex=1, totalSteps=9),
             said("path_progress_updated", "ai_journey", "10:00:30", stepIndex=2, totalSteps=9)],
            DATA, LATEST, 0.85, "medium", 1, {"status": "completed", "at": "10:00:30", "stepIndex": 2, "totalSteps": 9}),
    settled("the youtube ids of one video, the later told first",
            [video("10:00:20", youtubeId="abc"), video("10:00:00", youtubeId="abd")],
            DATA, LATEST, 0.85, "medium", 0, {"status": "completed", "at": "10:00:20", "youtubeId": "abc"}),
    settled("contradicting minutes come before other times",
            [video("10:00:00", timeSpent=10), todo("15:00:00", timeSpent=20)],
            DATA, MERGE, 0.9, "low", 1, {"status": "completed", "at": "15:00:00", "timeSpent": 20}),
    settled("against two at once",
            [video("10:00:00", timeSpent=10), todo("10:00:30", timeSpent=10), entry("10:00:40", timeSpent=30)],
            DATA, MERGE, 0.9, "low", 2, {"status": "completed", "at": "10:00:40", "timeSpent": 30}),
]

OTHER_ENDS = [
    settled("completed with proof against skipped",
            [video("10:00:00", percentageWatched=95), entry("12:00:00", "skipped")],
            STATUS, COMPLETE, 0.9, "medium", 0, {"status": "completed", "at": "10:00:00", "percentageWatched": 95}),
    settled("skipped, then completed with minutes", [entry("10:00:00", "skipped"), todo("12:00:00", timeSpent=15)],
            STATUS, COMPLETE, 0.9, "medium", 1, {"status": "completed", "at": "12:00:00", "timeSpent": 15}),
    settled("skipped, then completed with seconds watched",
            [entry("10:00:00", "skipped"), video("12:00:00", timeWatched=600)],
            STATUS, COMPLETE, 0.9, "medium", 1, {"status": "completed", "at": "12:00:00", "timeWatched": 600}),
    settled("ninety percent are proof", [entry("10:00:00", "skipped"), video("12:00:00", percentageWatched=90)],
            STATUS, COMPLETE, 0.9, "medium", 1, {"status": "completed", "at": "12:00:00", "percentageWatched": 90}),
    settled("a little less is none, whatever the minutes",
            [entry("10:00:00", "skipped"), video("12:00:00", percentageWatched=89, timeSpent=30)],
            STATUS, COMPLETE, 0.85, "medium", 1,
            {"status": "completed", "at": "12:00:00", "percentageWatched": 89, "timeSpent": 30}),
    settled("completed without proof against skipped", [todo("10:00:00"), entry("12:00:00", "skipped")],
            STATUS, COMPLETE, 0.85, "medium", 0, {"status": "completed", "at": "10:00:00"}),
    waits("completed against failed", [video("10:00:00", percentageWatched=100), skill("10:30:00", "failed")],
          STATUS, MANUAL, 0.4, "high"),
    waits("failed against completed by somebody else", [skill("10:00:00", "failed"), todo("10:30:00", timeSpent=20)],
          STATUS, MANUAL, 0.4, "high"),
    waits("the same teller within a minute",
          [skill("10:00:00", "failed"), skill("10:00:30")], STATUS, MANUAL, 0.4, "high"),
    settled("skipped, then failed: it does not fall", [todo("10:00:00", "skipped"), entry("11:00:00", "failed")],
            STATUS, LATEST, 0.85, "low", 1, {"status": "failed", "at": "11:00:00"}),
    waits("failed, then skipped: it would fall", [entry("10:00:00", "failed"), todo("11:00:00", "skipped")],
          STATUS, LATEST, 0.85, "low"),
    settled("failed told late, before it was skipped: the skip is later and would win, but it is what counts already",
            [todo("11:00:00", "skipped"), entry("10:00:00", "failed")],
            STATUS, LATEST, 0.85, "low", 0, {"status": "skipped", "at": "11:00:00"}),
    waits("joins what waits already",
          [video("10:00:00"), said("skill_assessed", "ai_journey", "10:30:00", "failed"), todo("11:00:00")],
          STATUS, MANUAL, 0.4, "high", counts=[0]),
]

LABELLED = NO_CONFLICT + DUPLICATES + OTHER_TIMES + OTHER_DATA + OTHER_ENDS
