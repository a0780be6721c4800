"""What learners do, for the proof of progress events: their todos, entries and paths, events about them of which many
contradict each other, and what the applied ones amount to, reckoned here once more."""

import collections
import datetime
import decimal
import json
import random

from harness.database import query

UTC = datetime.timezone.utc
VIDEOS, TODOS, ENTRIES, STEPS = 12, 8, 8, 6
# Seconds between two events about one occasion, of which there are at most three: at and around every window.
GAPS = (0, 1, 30, 59, 60, 61, 300, 1800, 3600, 3601, 7200, 40000, 43199, 43200, 43201, 200000)
STATUSES = ("completed",) * 12 + ("started", "in_progress", "in_progress", "skipped", "failed")
BREAKS = "breaks"  # in the id of an activity: the proof's trigger refuses it


# --- Before anything happens


def furnish(connection, user_id):
    """The rows of other systems; the same for each learner."""
    def insert(table, columns, rows):
        places = ", ".join(["%s"] * (len(columns) + 1))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} (user_id, {', '.join(columns)}) VALUES ({places})",
                               [(user_id, *row) for row in rows])

    insert("todos", ("id", "title"), [(f"t{at}", f"Todo {at}") for at in range(TODOS)])
    insert("todo_videos", ("todo_id", "video_id"),
           [(f"t{at}", f"v{at}") for at in range(TODOS // 2)] + [("t4", "v4"), ("t4", "v5"), ("t5", "v5")])
    insert("schedule_entries", ("id", "video_id", "todo_id", "starts_at", "ends_at"),
           [(f"c{at}", f"v{at}" if at % 3 else None, f"t{at}" if at % 2 else None, "2026-01-01 10:00:00",
             "2026-01-01 11:00:00") for at in range(ENTRIES)])
    insert("learning_paths", ("id", "title"), [("p0", "A path"), ("p1", "Another")])
    insert("learning_path_steps", ("path_id", "step_id", "step_index", "activity_type", "activity_id"),
           [(f"p{path}", f"s{at}", at, "video" if at % 2 else "practice", f"v{at}" if at % 2 else f"t{at}")
            for path in range(2) for at in range(STEPS)])


# --- What is told


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Teller:
    """Events of one learner, the same for the same seed."""

    def __init__(self, seed, now):
        self.chance = random.Random(seed)
        self.now = now
        self.events = []

    def _tell(self, kind, source, moment, data):
        self.events.append({"id": f"e{len(self.events)}-{self.chance.getrandbits(40):010x}", "eventType": kind,
                            "sourceSystem": source, "eventData": data, "timestamp": iso(moment)})

    def _video(self, at, moment, status, minutes):
        video = f"v{at % VIDEOS}"
        data = {"activityId": video, "activityType": "video", "completionStatus": status, "videoProgress": {
            "videoId": video, "youtubeId": "yt", "timeWatched": round(minutes * 60),
            "percentageWatched": 100 if status == "completed" else self.chance.randrange(100)}}
        return "video_completed", self.chance.choice(("video_player", "video_player", "chat_system")), data

    def _todo(self, at, moment, status, minutes):
        todo = f"t{at % TODOS}"
        data = {"activityId": todo, "completionStatus": status, "timeSpent": minutes,
                "todoProgress": {"todoId": todo, "actualCompletionDate": iso(moment)}}
        if self.chance.random() < 0.3:
            data["todoProgress"]["userRating"] = self.chance.randrange(1, 6)
        return "todo_completed", "todo_manager", data

    def _entry(self, at, moment, status, minutes):
        entry = f"c{at % ENTRIES}"
        data = {"activityId": f"t{at % ENTRIES}" if at % 2 else entry, "completionStatus": status,
                "timeSpent": minutes, "scheduleProgress": {"scheduleId": entry, "actualEndTime": iso(moment)}}
        return "schedule_completed", "calendar_service", data

    def _step(self, at, moment, status, minutes):
        at %= STEPS
        data = {"activityType": "video" if at % 2 else "practice", "activityId": f"v{at}" if at % 2 else f"t{at}",
                "completionStatus": status, "timeSpent": minutes,
                "pathProgress": {"pathId": f"p{self.chance.randrange(2)}", "stepId": f"s{at}", "stepIndex": at,
                                 "totalSteps": STEPS}}
        return "path_progress_updated", "learning_path_generator", data

    def _skill(self, at, moment, status, minutes):
        skill = f"k{at % 4}"
        return "skill_assessed", "ai_journey", {"completionStatus": status, "timeSpent": minutes, "skillProgress": {
            "skillId": skill, "skillCategory": "craft", "previousLevel": "novice",
            "newLevel": self.chance.choice(("able", "expert")), "confidence": self.chance.choice((0.5, 0.8, 0.82))}}

    def _milestone(self, at, moment, status, minutes):
        return "milestone_reached", "ai_journey", {"activityId": f"m{at % 5}",
                                                   "completionStatus": status}

    def _broken(self, at, moment, status, minutes):
        return "milestone_reached", "ai_journey", {"activityId": f"{BREAKS}{at % 3}",
                                                   "completionStatus": status, "timeSpent": minutes}

    def tell(self, count):
        kinds = (self._video,) * 6 + (self._todo,) * 3 + (self._entry,) * 3 + (self._step,) * 3 + (
            self._skill, self._milestone, self._broken)
        while len(self.events) < count:  # the last of an occasion, too, lies in the past
            moment = self.now - datetime.timedelta(seconds=self.chance.randrange(600000, 50 * 86400))
            kind, at = self.chance.choice(kinds), self.chance.randrange(VIDEOS)
            for _ in range(self.chance.choice((1, 1, 1, 2, 2, 3))):
                minutes = self.chance.choice((10, 11, 12, 12.5, 30)) if self.chance.random() < 0.8 else 0
                told = kind(at, moment, self.chance.choice(STATUSES), minutes)
                self._tell(*told[:2], moment, told[2])
                moment += datetime.timedelta(seconds=self.chance.choice(GAPS))
                if self.chance.random() < 0.7:  # of the same activity, as another system may tell of it
                    kind = self.chance.choice((kind, kind, self._entry, self._step))
        self.events = self.events[:count]
        return self.events


# --- What it amounts to


def hundredths(value):
    return int((decimal.Decimal(value) * 100).to_integral_value())


def reckon(connection, user_id):
    """(activities, days, sums) out of the applied events, in hundredths of a minute."""
    days = collections.defaultdict(lambda: [0, 0])
    activities = collections.defaultdict(list)
    for row in query(connection, "SELECT * FROM progress_events WHERE user_id = %s AND outcome = 'applied'", (user_id,)):
        key = (row["activity_type"], row["activity_id"])
        day = days[(row["practised_on"], *key)]
        day[0] += 1
        day[1] = max(day[1], hundredths(row["time_spent"]))
        activities[key].append(row)
    stands = {}
    for key, rows in activities.items():
        done = sorted((row["happened_at"], row["practised_on"]) for row in rows if row["completion_status"] == "completed")
        begun = any(row["completion_status"] != "skipped" for row in rows)
        stands[key] = ("completed" if done else "in_progress" if begun else "skipped",
                       sum(day[1] for at, day in days.items() if at[1:] == key),
                       min(row["happened_at"] for row in rows), max(row["happened_at"] for row in rows),
                       done[0][0] if done else None, done[0][1] if done else None)
    by_status = collections.Counter(stand[0] for stand in stands.values())
    completed = collections.Counter(key[0] for key, stand in stands.items() if stand[0] == "completed")
    total = len(stands)
    sums = {"total_activities": total, "completed_activities": by_status["completed"],
            "in_progress_activities": by_status["in_progress"],
            "percentage_complete": by_status["completed"] * 10000 // total if total else 0,
            "total_time_spent": sum(stand[1] for stand in stands.values()),
            "completed_videos": completed["video"], "completed_practices": completed["practice"],
            "completed_projects": completed["project"], "completed_quizzes": completed["quiz"],
            "completed_milestones": completed["milestone"],
            "last_activity_at": max((stand[3] for stand in stands.values()), default=None)}
    return stands, {key: tuple(day) for key, day in days.items()}, sums


def stored(connection, user_id):
    """The same as the tables have it."""
    stands = {(row["activity_type"], row["activity_id"]):
              (row["status"], hundredths(row["time_spent"]), row["first_at"], row["last_at"], row["completed_at"],
               row["completed_on"])
              for row in query(connection, "SELECT * FROM activities WHERE user_id = %s", (user_id,))}
    days = {(row["day"], row["activity_type"], row["activity_id"]): (row["events"], hundredths(row["time_spent"]))
            for row in query(connection, "SELECT * FROM activity_days WHERE user_id = %s", (user_id,))}
    rows = query(connection, "SELECT * FROM user_progress_summary WHERE user_id = %s", (user_id,))
    sums = {} if not rows else rows[0]
    for name in ("percentage_complete", "total_time_spent"):
        if sums:
            sums[name] = hundredths(sums[name])
    return stands, days, sums


# --- Two learners beside each other

# What is the learner's own, or the moment's, and not the events': in every table …
OWN = {"user_id", "revision", "created_at", "updated_at"}
# … and in some.
OWN_OF = {
    "progress_events": {"position", "result", "content_hash", "retry_count"},
    "user_progress_summary": {"last_sync_time", "data_consistency_score", "scored_at", "systems_seen_at", "systems_looked_at"},
    "progress_conflicts": {"id", "resolved_at"},
    "notifications": {"id", "data"},
    "system_sync_status": {"last_sync_time", "last_delay_ms"},
}
# Tables of a learner that no event touches, or that tell of how it came about.
APART = {"ledger", "live_tickets", "progress_conflict_events"}


def shown(name, value):
    """A receipt says when the row was written; that is the moment's."""
    if name in ("before_values", "after_values") and value is not None:
        return sorted((key, item) for key, item in json.loads(value).items() if key != "updated_at")
    return value


def tables_of(connection):
    rows = query(connection, "SELECT c.table_name AS name, c.column_name AS col FROM information_schema.columns AS c"
                             " JOIN information_schema.tables AS t ON t.table_schema = c.table_schema"
                             " AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'"
                             " WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position")
    tables = collections.defaultdict(list)
    for row in rows:
        tables[row["name"]].append(row["col"])
    return {name: columns for name, columns in tables.items() if "user_id" in columns and name not in APART}


def picture(connection, tables, user_id):
    """All that is of a learner, comparable: {table: rows in an order of their own}."""
    view = {}
    for name, columns in tables.items():
        own = OWN | OWN_OF.get(name, set())
        wanted = [column for column in columns if column not in own]
        rows = query(connection, f"SELECT {', '.join(f'`{column}`' for column in wanted)} FROM {name}"
                                 " WHERE user_id = %s", (user_id,))
        if rows:
            view[name] = sorted((tuple((key, shown(key, value)) for key, value in row.items()) for row in rows), key=repr)
    met = query(connection, "SELECT c.conflict_type, c.resolved_at IS NULL AS is_open,"
                            " GROUP_CONCAT(e.event_id ORDER BY e.event_id) AS events FROM progress_conflicts AS c"
                            " JOIN progress_conflict_events AS e ON e.conflict_id = c.id WHERE c.user_id = %s"
                            " GROUP BY c.id", (user_id,))
    view["progress_conflict_events"] = sorted((tuple(row.items()) for row in met), key=repr)
    return view
