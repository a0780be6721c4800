"""Progress events in open loop: 1,000 connected clients, together 500 requests a second, mixing events, summaries and
resolutions; on a platform without events, and on one that has two million of them. And one learner alone, new, and
with twenty thousand events."""

import json
import os
import statistics
import subprocess

from harness.client import Client
from harness.database import execute, query
from harness.processes import wait_until
from harness.stack import Stack
from harness.tokens import Mint
from harness.tools import tool

CLIENTS = 1000
LEARNERS = 20000
EACH = 100  # events of every learner, where there are any
ELDER_EVENTS = 20000
CONFLICTS = 40  # that wait for each client
LINKED = 20  # videos that todos and calendar entries stand for, as in events.c
RATE = 500
NOVICE, ELDER = LEARNERS + 1, LEARNERS + 2


def add_learners(connection):
    """Everybody has todos, calendar entries and a path of steps about the videos that are linked."""
    execute(connection, f"INSERT INTO users (id, username) SELECT seq, CONCAT('events-', seq) FROM seq_1_to_{ELDER}")
    who = f"(SELECT seq FROM seq_1_to_{CLIENTS} UNION SELECT {NOVICE} UNION SELECT {ELDER}) AS u"
    linked = f"{who}, seq_0_to_{LINKED - 1} AS k"
    for sql in ("todos (user_id, id, title, due_at) SELECT u.seq, CONCAT('t', k.seq), 'Watch it',"
                " UTC_TIMESTAMP() + INTERVAL k.seq DAY",
                "todo_videos (user_id, todo_id, video_id) SELECT u.seq, CONCAT('t', k.seq), CONCAT('linked-', k.seq)",
                "schedule_entries (user_id, id, starts_at, video_id) SELECT u.seq, CONCAT('s', k.seq),"
                " UTC_TIMESTAMP() + INTERVAL k.seq DAY, CONCAT('linked-', k.seq)"):
        execute(connection, f"INSERT INTO {sql} FROM {linked}")
    execute(connection, f"INSERT INTO learning_paths (user_id, id, title) SELECT u.seq, 'p', 'A path' FROM {who}")
    execute(connection, "INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, activity_type, activity_id)"
            f" SELECT u.seq, 'p', CONCAT('s', k.seq), k.seq, 'video', CONCAT('linked-', k.seq) FROM {linked}")
    execute(connection, "INSERT INTO path_progress (user_id, path_id, total_steps, current_step_id)"
            f" SELECT u.seq, 'p', {LINKED}, 's0' FROM {who}")


def add_events(connection, first, last, each):
    """Applied events, an activity each, over fifty days, and all that is derived from them."""
    numbers = f"seq_{first}_to_{last} AS u, seq_1_to_{each} AS k"
    moment = "UTC_TIMESTAMP(3) - INTERVAL (51 - k.seq % 50) DAY - INTERVAL k.seq MINUTE"
    execute(connection, "INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type,"
            " activity_id, completion_status, time_spent, event_data, timestamp, happened_at, practised_on, content_hash, result)"
            " SELECT e.user, CONCAT('old-', e.number), e.number, 'video_completed', 'video_player', 'video',"
            " CONCAT('old-', e.number), 'completed', 10, CONCAT('{\"activityId\":\"old-', e.number, '\",\"activityType\":"
            "\"video\",\"completionStatus\":\"completed\",\"timeSpent\":10,\"videoProgress\":{\"videoId\":\"old-', e.number,"
            " '\",\"youtubeId\":\"abc123\",\"percentageWatched\":100,\"timeWatched\":600}}'), e.at, e.at, DATE(e.at),"
            " UNHEX(SHA2(e.number, 256)), CONCAT('{\"eventId\":\"old-', e.number, '\",\"status\":\"applied\",\"syncedSystems\":"
            "[\"todo_manager\",\"calendar_service\",\"ai_journey\",\"learning_path_generator\",\"chat_system\"],\"conflicts\":[],"
            "\"achievements\":[],\"milestonesReached\":[],\"errors\":[],\"totalProcessingTime\":2.5}')"
            f" FROM (SELECT u.seq AS user, k.seq AS number, {moment} AS at FROM {numbers}) AS e")
    of = f"FROM progress_events WHERE user_id BETWEEN {first} AND {last}"
    for sql in (
            "activities (user_id, activity_type, activity_id, status, time_spent, first_at, last_at, completed_at, completed_on)"
            f" SELECT user_id, activity_type, activity_id, 'completed', 10, happened_at, happened_at, happened_at, practised_on {of}",
            "activity_days (user_id, day, activity_type, activity_id, events, time_spent)"
            f" SELECT user_id, practised_on, activity_type, activity_id, 1, 10 {of}",
            "chat_mentions (user_id, activity_type, activity_id, completed_at)"
            f" SELECT user_id, activity_type, activity_id, happened_at {of}",
            "video_progress (user_id, video_id, percentage_watched, status, completed_at)"
            f" SELECT user_id, activity_id, 100, 'completed', happened_at {of}",
            f"practice_days (user_id, day, activity, count) SELECT user_id, practised_on, 'event', COUNT(*) {of}"
            " GROUP BY user_id, practised_on",
            "profiles (user_id, current_streak, longest_streak, last_practice_date) SELECT user_id,"
            f" COUNT(DISTINCT practised_on), COUNT(DISTINCT practised_on), MAX(practised_on) {of} GROUP BY user_id",
            "user_progress_summary (user_id, total_activities, completed_activities, percentage_complete, total_time_spent,"
            " completed_videos, last_activity_at, last_sync_time) SELECT user_id, COUNT(*), COUNT(*), 100, 10 * COUNT(*),"
            f" COUNT(*), MAX(happened_at), UTC_TIMESTAMP(3) {of} GROUP BY user_id",
            "ai_journey (user_id, completed_activities, last_activity_at) SELECT user_id, COUNT(*), MAX(happened_at)"
            f" {of} GROUP BY user_id"):
        execute(connection, f"INSERT INTO {sql}")
    execute(connection, f"UPDATE users SET revision = {each} WHERE id BETWEEN {first} AND {last}")


def add_conflicts(stack, connection, mint):
    """The service finds those of one client; the others' are copied from them."""
    events = []
    for at in range(CONFLICTS):
        doubtful = {"activityId": f"doubtful-{at}", "activityType": "video", "timeSpent": 5}
        events += [
            {"id": f"c-{at}-done", "eventType": "video_completed", "sourceSystem": "video_player",
             "eventData": {**doubtful, "completionStatus": "completed",
                           "videoProgress": {"videoId": f"doubtful-{at}", "youtubeId": "a", "percentageWatched": 100}}},
            {"id": f"c-{at}-failed", "eventType": "todo_completed", "sourceSystem": "todo_manager",
             "eventData": {**doubtful, "completionStatus": "failed", "todoProgress": {"todoId": f"doubtful-{at}"}}}]
    api = Client(stack.url, mint.student(1, lifetime_s=86400), timeout_s=120)
    reply = api.post("/api/progress-sync/events", {"events": events})
    assert reply.status in (200, 207), reply
    found = query(connection, "SELECT COUNT(*) AS count FROM progress_conflicts WHERE user_id = 1 AND resolved_at IS NULL")
    assert found[0]["count"] == CONFLICTS, reply.text[:2000]
    others = f"seq_2_to_{CLIENTS} AS u"

    def copy(table, columns, where, key="user_id"):
        execute(connection, f"INSERT INTO {table} ({key}, {columns}) SELECT u.seq, {columns} FROM {table} AS t, {others}"
                f" WHERE t.{key} = 1 AND {where}")

    copy("progress_events", "id, revision, position, event_type, source_system, activity_type, activity_id, completion_status,"
         " time_spent, event_data, resolved_data, timestamp, happened_at, practised_on, outcome, processed, content_hash, result",
         "t.id LIKE 'c-%%'")
    copy("progress_conflicts", "revision, conflict_type, activity_type, activity_id, impact, confidence, suggested_resolution,"
         " requires_user_input, created_at", "t.resolved_at IS NULL")
    execute(connection, "INSERT INTO progress_conflict_events (conflict_id, user_id, event_id) SELECT c.id, c.user_id, p.event_id"
            " FROM progress_conflicts AS o JOIN progress_conflict_events AS p ON p.conflict_id = o.id"
            " JOIN progress_conflicts AS c ON c.activity_id = o.activity_id AND c.user_id > 1 WHERE o.user_id = 1")
    copy_derived(connection, others)
    execute(connection, f"UPDATE users SET revision = (SELECT o.revision FROM (SELECT revision FROM users WHERE id = 1) AS o)"
            f" WHERE id BETWEEN 2 AND {CLIENTS}")


def copy_derived(connection, others):
    """What those events brought about: nobody's view is to find anything to mend. Whoever has the same events has the
    same rows."""
    doubtful = "AND t.activity_id LIKE 'doubtful-%%'"
    for table, columns, which in (
            ("activities", "activity_type, activity_id, status, time_spent, first_at, last_at, completed_at, completed_on,"
             " revision", doubtful),
            ("activity_days", "day, activity_type, activity_id, events, time_spent", doubtful),
            ("chat_mentions", "activity_type, activity_id, completed_at", doubtful),
            ("video_progress", "video_id, youtube_id, percentage_watched, seconds_watched, status, completed_at",
             "AND t.video_id LIKE 'doubtful-%%'"),
            ("propagations", "event_id, target_table, target_key, target_system, position, before_values, after_values,"
             " because, revision, created_at", ""),
            ("practice_days", "day, activity, count", ""),
            ("profiles", "current_streak, longest_streak, last_practice_date", ""),
            ("achievements", "id, achievement_type, title, description, metadata, trigger_event_id, is_public, revision,"
             " earned_at", ""),
            ("milestones", "milestone_id, title, target, progress, reached_at, event_id, revision", ""),
            ("system_sync_status", "source_system, target_system, last_sync_time, last_delay_ms, sync_status,"
             " pending_events_count", ""),
            ("ai_journey", "completed_activities, skills_gained, last_activity_at", ""),
            ("user_progress_summary", "total_activities, completed_activities, in_progress_activities, percentage_complete,"
             " total_time_spent, completed_videos, last_activity_at, last_sync_time", "")):
        execute(connection, f"REPLACE INTO {table} (user_id, {columns}) SELECT u.seq, {columns} FROM {table} AS t, {others}"
                f" WHERE t.user_id = 1 {which}")


class Platform:
    """A schema with its service; `full`: with two million events."""

    def __init__(self, bench, field, workers, full):
        self.stack = Stack(workers, database=field.small.database, name="lockstep_events_full" if full else "lockstep_events",
                           nginx_workers=2)
        self.bench = bench
        self.name = "full" if full else "empty"
        self.one = ELDER if full else NOVICE
        self.each = (EACH // 10 if bench.quick else EACH) if full else 0
        self.runs = 0

    def settle(self, connection):
        """Fresh rows stand in memory until the server has written their pages, which for millions takes minutes: nobody
        fills a platform in the minute before its rush."""
        haste = {"innodb_io_capacity_max": 20000, "innodb_io_capacity": 10000, "innodb_max_dirty_pages_pct": 0}
        before = {name: query(connection, f"SELECT @@GLOBAL.{name} AS value")[0]["value"] for name in haste}

        def turn(settings):
            for name, value in settings:
                execute(connection, f"SET GLOBAL {name} = {value}")

        def is_written():
            turn(haste.items())  # which also wakes who writes them
            dirty, pages = (int(query(connection, f"SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_{name}'")[0]["Value"])
                            for name in ("dirty", "data"))
            return dirty < pages / 100

        wait_until(is_written, "the pages of the filled tables are written", 600, 0.5)
        turn(reversed(before.items()))

    def __enter__(self):
        self.stack.start()
        connection = self.stack.connect()
        mint = Mint(self.stack.config)
        add_learners(connection)
        if self.each:
            self.bench.say(f"filling: {LEARNERS * self.each:,} events, {ELDER_EVENTS:,} of one learner")
            add_events(connection, 1, LEARNERS, self.each)
            add_events(connection, ELDER, ELDER, ELDER_EVENTS)
        add_conflicts(self.stack, connection, mint)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE TABLE users, progress_events, activities, activity_days, practice_days, todos, todo_videos,"
                           " schedule_entries, video_progress, progress_conflicts, user_progress_summary")
        self.settle(connection)
        self.waiting = {}
        for row in query(connection, "SELECT user_id, id FROM progress_conflicts WHERE resolved_at IS NULL ORDER BY id"):
            self.waiting.setdefault(row["user_id"], []).append(row["id"])
        self.tokens = {user: mint.student(user, lifetime_s=86400) for user in [*range(1, CLIENTS + 1), self.one]}
        connection.close()
        return self

    def __exit__(self, *_):
        self.stack.stop()

    def look(self):
        """As in the middle of a day: everybody was looked at within the last minute, at some moment of it."""
        connection = self.stack.connect()
        execute(connection, "UPDATE user_progress_summary SET systems_seen_at = UTC_TIMESTAMP(3),"
                " systems_looked_at = UTC_TIMESTAMP(3) - INTERVAL user_id % 60 SECOND")
        connection.close()

    def run(self, users, rate, connections=1, linked=4):
        """Figures of a run; nothing may fail. A conflict is good for one run, and so is a linked video."""
        if self.runs == 0:
            self.look()
        first = min(self.runs * 4, LINKED)
        self.runs += 1
        path = os.path.join(self.stack.directory, f"clients-{self.runs}")
        with open(path, "w", encoding="ascii") as file:
            for user in users:
                mine = [self.waiting[user].pop() for _ in range(4) if self.waiting.get(user)]
                for _ in range(connections):
                    file.write(" ".join(map(str, [user, self.tokens[user], *mine])) + "\n")
        output = subprocess.run(
            [tool("tests/bench/events"), "--port", str(self.stack.port), "--learners", path, "--rate", str(rate),
             "--linked", str(first), "--linked-end", str(min(first + linked, LINKED)),
             "--seconds", str(self.bench.seconds * 2), "--seed", str(1000 * self.runs + (self.each > 0))],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        figures = json.loads(output)
        self.bench.say(f"{self.name:<6}" + "; ".join(
            f"{kind} {figures[kind]['p50_ms']:.1f}, {figures[kind]['p99_ms']:.1f} ms" for kind in ("event", "view", "resolution"))
                       + f"; {figures['failed']} failed")
        return figures


def middle(runs, kind, name):
    return statistics.median(run[kind][name] for run in runs)


def run(bench, field, workers):
    """The bench: see the head of this file."""
    with Platform(bench, field, workers, False) as empty, Platform(bench, field, workers, True) as full:
        clients = range(1, CLIENTS + 1)
        empties, fulls = bench.alternate(lambda: empty.run(clients, RATE), lambda: full.run(clients, RATE))
        failed = sum(figures["failed"] for figures in empties + fulls)
        bench.add(f"{CLIENTS:,} clients, {RATE} requests/s: failed", str(failed), "none", failed == 0)
        for kind, most in (("event", 100), ("view", 50), ("resolution", 200)):
            p99 = middle(empties, kind, "p99_ms")
            bench.add(f"of an {kind}, p50 and p99" if kind == "event" else f"of a {kind}, p50 and p99",
                      f"{middle(empties, kind, 'p50_ms'):.1f} and {p99:.1f} ms", f"p99 < {most} ms", p99 < most)
        stored = f"{LEARNERS * full.each + ELDER_EVENTS:,} events stored"
        for kind in ("event", "view"):
            for name in ("p99_ms", "mean_ms"):
                ratio = statistics.median(f[kind][name] / e[kind][name] for e, f in zip(empties, fulls))
                bench.add(f"{kind}, {name[:-3]}, with {stored}",
                          f"{middle(fulls, kind, name):.2f} ms of {middle(empties, kind, name):.2f} ms = {ratio:.2f}", "<= 1.3",
                          ratio <= 1.3)
        news, elders = bench.alternate(lambda: empty.run([empty.one], 40, 8, 0), lambda: full.run([full.one], 40, 8, 0))
        for kind in ("event", "view"):
            ratio = statistics.median(o[kind]["mean_ms"] / n[kind]["mean_ms"] for n, o in zip(news, elders))
            bench.add(f"{kind} of a learner with {ELDER_EVENTS:,} events, mean",
                      f"{middle(elders, kind, 'mean_ms'):.2f} ms of {middle(news, kind, 'mean_ms'):.2f} ms = {ratio:.2f}",
                      "<= 1.3", ratio <= 1.3)
