"""A cascade undone restores exactly the rows that nobody has touched since, and says which it left: a state machine.

Learners send events, undo some of them, read (so that rules bring along what other applications completed), and between
all that other applications write the same tables with SQL. After every step the tables are read whole; whatever differs
from before was touched by that step, whoever made it. So the machine knows, without knowing how a cascade works, which
rows an undo must restore: those that the event changed and nothing has touched since; to what they were just before
it; and which it must name as left. Nothing else may change.

    LOCKSTEP_CASCADE_SEED=7 … -m pytest proof/test_cascade.py      the same steps again
"""

import concurrent.futures
import datetime
import os
import random
import threading
import time

from harness import truth
from harness.client import Client
from harness.database import execute, query

VIDEOS, TODOS, ENTRIES, STEPS = 4, 4, 5, 4
UTC = datetime.timezone.utc
THREADS = 8

# Table, its key, the columns that count as restored.
TABLES = {
    "todos": ("id", ("title", "status", "completed_at", "rating", "notes")),
    "schedule_entries": ("id", ("title", "status", "video_id", "todo_id", "actual_start", "actual_end",
                                "rescheduled_from")),
    "video_progress": ("video_id", ("status", "percentage_watched", "seconds_watched", "youtube_id", "completed_at")),
    "learning_path_steps": ("CONCAT(path_id, '/', step_id)", ("title", "status", "completed_at")),
    "skills": ("skill_id", ("category", "level", "confidence", "assessed_at")),
    "chat_mentions": ("CONCAT(activity_type, '/', activity_id)", ("completed_at", "mentioned_at")),
}
OPEN = {"todos": "pending", "schedule_entries": "planned", "video_progress": "in_progress",
        "learning_path_steps": "pending"}


class Machine:
    def __init__(self, seed, stack, mint):
        self.random = random.Random(seed)
        self.db = stack.connect()
        self.id = truth.create_learner(self.db)
        self.api = Client(stack.url, mint.student(self.id))
        self.moment = datetime.datetime.now(UTC).replace(microsecond=0) - datetime.timedelta(days=20)
        self.step = 0
        self.touched = {}  # (table, key) -> the step that touched it last
        self.events = {}   # id -> {body, reply, step, rows: {(table, key): row before, or None}}
        self.closed = {}   # (table, key) -> the step that undid it: no rule brings it along again
        self.counts = {"restored": 0, "left": 0, "brought along by rules": 0}
        self.furnish()

    def furnish(self):
        pick = self.random
        for at in range(TODOS):
            execute(self.db, "INSERT INTO todos (user_id, id) VALUES (%s, %s)", (self.id, f"t{at}"))
            for video in pick.sample(range(VIDEOS), pick.choice((0, 1, 1, 2))):
                execute(self.db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, %s, %s)",
                        (self.id, f"t{at}", f"v{video}"))
        for at in range(ENTRIES):
            execute(self.db, "INSERT INTO schedule_entries (user_id, id, starts_at, todo_id, video_id)"
                             " VALUES (%s, %s, '2026-01-01', %s, %s)",
                    (self.id, f"e{at}", pick.choice((None, f"t{pick.randrange(TODOS)}")),
                     pick.choice((None, f"v{pick.randrange(VIDEOS)}"))))
        execute(self.db, "INSERT INTO learning_paths (user_id, id) VALUES (%s, 'p')", (self.id,))
        for at in range(STEPS):
            video = pick.choice((None, f"v{pick.randrange(VIDEOS)}"))
            execute(self.db, "INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, activity_type,"
                             " activity_id) VALUES (%s, 'p', %s, %s, %s, %s)",
                    (self.id, f"s{at}", at, video and "video", video))

    # --- What the tables hold

    def dump(self):
        """Every row as (what counts as restored, the whole)."""
        rows = {}
        for table, (key, columns) in TABLES.items():
            for row in query(self.db, f"SELECT {key} AS name, t.* FROM {table} AS t WHERE user_id = %s", (self.id,)):
                name = row.pop("name")
                rows[table, name] = tuple(row[column] for column in columns), tuple(row.values())
        return rows

    def observe(self, act):
        """Does something; what differs afterwards was touched by it. The rows as they were, by key."""
        self.step += 1
        before = self.dump()
        result = act()
        after = self.dump()
        changed = {key: before.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        for key in changed:
            self.touched[key] = self.step
        return result, changed, before, after

    def check_path(self):
        steps = [row["status"] for row in query(self.db, "SELECT status FROM learning_path_steps WHERE user_id = %s"
                                                         " ORDER BY step_index", (self.id,))]
        found = query(self.db, "SELECT completed_steps, total_steps, current_step_id FROM path_progress"
                               " WHERE user_id = %s", (self.id,))
        if found:
            still = [f"s{at}" for at, status in enumerate(steps) if status in ("pending", "in_progress")]
            assert tuple(found[0].values()) == (steps.count("completed"), STEPS, still[0] if still else None)

    # --- Steps

    def send(self):
        pick = self.random
        self.moment += datetime.timedelta(minutes=3)
        status = pick.choices(("completed", "in_progress", "skipped"), (8, 1, 1))[0]
        kind = pick.choice(("video", "todo", "schedule", "path", "skill"))
        at = pick.randrange(4)
        data = {"activityType": "practice", "completionStatus": status, "activityId": f"{kind}-{at}"}
        if kind == "video":
            data.update(activityType="video", activityId=f"v{at}", videoProgress={
                "videoId": f"v{at}", "youtubeId": f"y{at}", "percentageWatched": pick.randrange(90, 101),
                "timeWatched": pick.randrange(600)})
        elif kind == "todo":
            data["todoProgress"] = {"todoId": f"t{at}", "userRating": pick.randrange(1, 6), "notes": f"n{self.step}"}
        elif kind == "schedule":
            data["scheduleProgress"] = {"scheduleId": f"e{at}", "scheduledDate": "2026-01-01T00:00:00.000Z"}
        elif kind == "path":
            data["pathProgress"] = {"pathId": "p", "stepId": f"s{at}", "stepIndex": at, "totalSteps": STEPS,
                                    "skillsLearned": [f"k{at}"]}
        else:
            data["skillProgress"] = {"skillId": f"k{at}", "skillCategory": "c", "previousLevel": "a",
                                     "newLevel": f"l{self.step}", "confidence": 0.5}
        types = {"video": ("video_completed", "video_player"), "todo": ("todo_completed", "todo_manager"),
                 "schedule": ("schedule_completed", "calendar_service"), "skill": ("skill_assessed", "ai_journey"),
                 "path": ("path_progress_updated", "learning_path_generator")}
        body = {"id": f"ev{self.step}", "eventType": types[kind][0], "sourceSystem": types[kind][1],
                "eventData": data, "timestamp": self.moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
        reply, changed, _, _ = self.observe(lambda: self.api.post("/api/progress-sync/events", body))
        assert reply.status == 200 and reply.json()["status"] == "applied", (body, reply)
        self.events[body["id"]] = {"body": body, "reply": reply.json(), "step": self.step, "rows": changed}

    def write_elsewhere(self):
        """Another application, with SQL."""
        pick = self.random
        table, name = pick.choice([key for key in self.dump() if key[0] in OPEN])
        where = f"{TABLES[table][0]} = %s AND user_id = %s"
        change = pick.choice(("open", "open", "completed", "completed", "title"))
        if change == "title" and table != "video_progress":
            sql, value = f"UPDATE {table} SET title = %s WHERE {where}", f"x{self.step}"
        else:
            sql = f"UPDATE {table} SET status = %s WHERE {where}"
            value = "completed" if change == "completed" else OPEN[table]
        self.observe(lambda: execute(self.db, sql, (value, name, self.id)))

    def leave_one_to_the_rules(self):
        """A short run might never come to it: a todo whose video another application completes."""
        self.observe(lambda: execute(self.db, "INSERT INTO todos (user_id, id) VALUES (%s, 'left')", (self.id,)))
        execute(self.db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, 'left', 'left')", (self.id,))
        self.observe(lambda: execute(
            self.db, "INSERT INTO video_progress (user_id, video_id, percentage_watched, status, completed_at)"
            " VALUES (%s, 'left', 100, 'completed', UTC_TIMESTAMP(3))", (self.id,)))
        self.read()
        assert self.counts["brought along by rules"] > 0

    def read(self):
        """The rules look before a read; what was undone is none of theirs."""
        reply, changed, _, _ = self.observe(lambda: self.api.get("/api/todos"))
        assert reply.status == 200, reply
        self.counts["brought along by rules"] += len(changed)
        assert not changed.keys() & self.closed.keys()
        self.check_path()

    def undo(self):
        if not self.events:
            return
        event_id = self.random.choice(sorted(self.events))
        event = self.events[event_id]
        expected = {key for key in event["rows"] if self.touched[key] == event["step"]}
        reply, changed, before, after = self.observe(
            lambda: self.api.post(f"/api/progress-sync/events/{event_id}/undo", None))
        assert reply.status == 200, reply
        told = {kind: {(row["table"], row["key"]) for row in reply.json()[kind] if row["table"] in TABLES}
                for kind in ("restored", "left")}
        assert told["restored"] == expected, (event_id, told, expected)
        assert told["left"] == event["rows"].keys() - expected, (event_id, told)
        assert changed.keys() == expected
        for key in expected:
            was = event["rows"][key]
            assert after.get(key, (None,))[0] == (was and was[0]), (event_id, key, was, after.get(key))
            self.closed[key] = self.step
            del event["rows"][key]
        self.counts["restored"] += len(expected)
        self.counts["left"] += len(told["left"])

    def repeat(self):
        """The same event again changes nothing, undone or not."""
        if not self.events:
            return
        event = self.events[self.random.choice(sorted(self.events))]
        reply, changed, _, _ = self.observe(lambda: self.api.post("/api/progress-sync/events", event["body"]))
        assert reply.status == 200 and reply.json() == event["reply"] and not changed

    def run(self, steps):
        self.leave_one_to_the_rules()
        acts = (self.send, self.write_elsewhere, self.undo, self.read, self.repeat)
        for act in self.random.choices(acts, (6, 4, 3, 1, 1), k=steps):
            act()
        self.api.close()
        self.db.close()
        return self.counts


def test_undone_is_exactly_what_nobody_touched(stack, mint, size):
    learners, steps = size.of(8, 64), size.of(60, 400)
    seed = int(os.environ.get("LOCKSTEP_CASCADE_SEED", random.randrange(2**32)))
    print(f"seed {seed}: {learners} learners, {steps} steps each")
    machines = [Machine(seed + at, stack, mint) for at in range(learners)]
    totals = {}
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for counts in pool.map(lambda machine: machine.run(steps), machines):
            for name, count in counts.items():
                totals[name] = totals.get(name, 0) + count
    print(f"rows: {totals}")
    assert all(totals.values()), totals


def test_who_writes_at_the_same_moment_is_not_overwritten(stack, mint, size):
    """An application cancels a todo at the very moment in which a cascade, or its undoing, is about to write it."""
    db = stack.connect()
    learner = truth.create_learner(db)
    api = Client(stack.url, mint.student(learner))
    elsewhere = stack.connect()
    outcomes = set()
    for at in range(size.of(40, 1000)):
        execute(db, "INSERT INTO todos (user_id, id) VALUES (%s, %s)", (learner, f"t{at}"))
        execute(db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, %s, %s)",
                (learner, f"t{at}", f"v{at}"))
        body = {"id": f"ev{at}", "eventType": "video_completed", "sourceSystem": "video_player", "eventData": {
            "activityType": "video", "activityId": f"v{at}", "completionStatus": "completed",
            "videoProgress": {"videoId": f"v{at}", "youtubeId": "y"}}}
        if at % 2:
            assert api.post("/api/progress-sync/events", body).status == 200

        def write():
            time.sleep(at % 9 * 0.001)
            execute(elsewhere, "UPDATE todos SET status = 'cancelled', notes = 'mine' WHERE user_id = %s AND id = %s",
                    (learner, f"t{at}"))

        writer = threading.Thread(target=write)
        writer.start()
        path = f"/api/progress-sync/events/ev{at}/undo" if at % 2 else "/api/progress-sync/events"
        reply = api.post(path, None if at % 2 else body)
        writer.join()
        assert reply.status == 200, reply
        row = query(db, "SELECT status, notes FROM todos WHERE user_id = %s AND id = %s", (learner, f"t{at}"))[0]
        assert row == {"status": "cancelled", "notes": "mine"}, (at, row)
        told = reply.json()
        outcomes.add((at % 2, "todos" in {row["table"] for row in told.get("left", [])}))
    print(f"met: {sorted(outcomes)}")
    api.close()
