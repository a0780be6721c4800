"""Plays situations of conflict_cases.py against the running system: sends their events, one after the other, and reads
what became of them."""

import datetime
import json

from harness.database import query

PATH = "/api/progress-sync/events"
# No later than a moment ago, no earlier than a client that was offline may tell.
FIRST_DAY = datetime.datetime.combine(datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=5),
                                      datetime.time())

PART_OF = {"video_completed": ("videoProgress", "videoId", "completedAt"),
           "todo_completed": ("todoProgress", "todoId", "actualCompletionDate"),
           "schedule_completed": ("scheduleProgress", "scheduleId", "actualEndTime"),
           "path_progress_updated": ("pathProgress", "stepId", None),
           "skill_assessed": ("skillProgress", "skillId", None)}
FIELD_OF = {"percentageWatched": "videoProgress", "timeWatched": "videoProgress", "youtubeId": "videoProgress",
            "userRating": "todoProgress", "notes": "todoProgress", "stepIndex": "pathProgress",
            "totalSteps": "pathProgress", "skillsLearned": "pathProgress", "difficultyRating": "pathProgress",
            "newLevel": "skillProgress", "confidence": "skillProgress", "actualStartTime": "scheduleProgress"}
ID_OF = {part: (name, id_field) for name, (part, id_field, _) in PART_OF.items()}
FINAL = ("completed", "skipped", "failed")


def moment(at):
    """`10:00:00`, `+1 10:00:00`, or with milliseconds, as a time."""
    day, _, clock = at.rpartition(" ")
    parts = clock.split(":")
    return FIRST_DAY + datetime.timedelta(days=int(day or 0), hours=int(parts[0]), minutes=int(parts[1]),
                                          milliseconds=round(float(parts[2]) * 1000))


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def body_of(event, event_id, activity):
    """An event as a client sends it. What is not final tells its moment by its timestamp, so that two can say the
    same to the letter; what is, by the end in its own part."""
    activity_type, activity_id = activity
    data = {"activityId": activity_id, "activityType": activity_type, "completionStatus": event["status"]}
    own, id_field, end = PART_OF[event["type"]]
    parts = {own: {id_field: activity_id}}
    body = {"id": event_id, "eventType": event["type"], "sourceSystem": event["source"], "eventData": data}
    for name, value in event["data"].items():
        part = FIELD_OF.get(name)
        if part is None:
            data[name] = value
        else:
            parts.setdefault(part, {ID_OF[part][1]: activity_id})[name] = value
    if "pathProgress" in parts:
        parts["pathProgress"]["pathId"] = "path"
    if event["type"] == "skill_assessed":
        parts[own].setdefault("newLevel", "b1")
    if event["status"] not in FINAL:
        body["timestamp"] = iso(moment(event["at"]))
    elif end is None:
        data["completedAt"] = iso(moment(event["at"]))
    else:
        parts[own][end] = iso(moment(event["at"]))
    data.update(parts)
    return body


def play(learner, db, case, prefix):
    """The reply to the last event, and the rows of all, in the order in which they were sent."""
    reply = None
    ids = []
    for at, event in enumerate(case["events"]):
        activity = event["about"] or ("video", "v")
        ids.append(f"{prefix}-{at}")
        answer = learner.api.post(PATH, body_of(event, ids[-1], (activity[0], f"{prefix}-{activity[1]}")))
        assert answer.status in (200, 207), (case["name"], answer, answer.body)
        reply = answer.json()
        assert reply["status"] != "rejected", (case["name"], reply)
    marks = ",".join(["%s"] * len(ids))
    rows = query(db, "SELECT id, outcome, completion_status, happened_at, event_data, resolved_data"
                     f" FROM progress_events WHERE user_id = %s AND id IN ({marks})", (learner.id, *ids))
    by_id = {row["id"]: row for row in rows}
    return reply, [by_id[event_id] for event_id in ids]


def states(data, name):
    """What event data state of a field, wherever its place is."""
    part = FIELD_OF.get(name)
    return (data if part is None else data.get(part, {})).get(name)


def complaints_about(case, reply, rows):
    """What does not come out as the label says, in sentences."""
    wrong = []

    def hold(what, wanted, found):
        if wanted != found:
            wrong.append(f"{case['name']}: {what} is {found!r}, should be {wanted!r}")

    conflict = reply["conflicts"][0] if reply["conflicts"] else None
    hold("kind", case["kind"], conflict and conflict["conflictType"])
    hold("the reply's status", case["reply"], reply["status"])
    hold("what counts", case["counts"], [at for at, row in enumerate(rows) if row["outcome"] == "applied"])
    if case["kind"] is None or conflict is None:
        return wrong
    suggested = conflict["suggestedResolution"]
    hold("settled", case["settled"], conflict["status"] == "resolved")
    hold("requiresUserInput", not case["settled"], conflict["requiresUserInput"])
    hold("suggestion", case["suggestion"], suggested["resolutionType"])
    hold("confidence", case["confidence"], suggested["confidence"])
    hold("impact", case["impact"], conflict["impact"])
    if not case["settled"]:
        return wrong
    winner, becomes = rows[case["winner"]], dict(case["becomes"])
    data = json.loads(winner["resolved_data"] or winner["event_data"])
    hold("winner", winner["id"], conflict["resolution"]["winner"])
    hold("status", becomes.pop("status"), winner["completion_status"])
    at = becomes.pop("at")
    hold("moment", moment(at), winner["happened_at"])
    hold("moment told", iso(moment(at)), conflict["resolution"]["happenedAt"])
    for name, value in becomes.items():
        hold(name, value, states(data, name))
        hold(f"{name} told", value, states(conflict["resolution"]["resolvedData"], name))
    return wrong
