"""What Lockstep should come to, in plain Python: documents 002 and 004 in memory, one learner an object, one
operation at a time. Nothing here is taken from the program; there is no database, no concurrency, no repeat.

An operation is a dict, as a client would remember it: `kind`, and what it says. apply() does it and gives what
the reply must say; changes() tells whether it would change anything.
"""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

MAX_AGE_DAYS = 90
BLINK_SPEED = 2.5
LEVELS = [1000, 2500, 5000, 10000, 20000, 40000, 80000, 150000, 300000]
GOAL = 1000


def iso(at_ms):
    moment = datetime.fromtimestamp(at_ms // 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def day_of(at_ms, zone):
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def percent(part, whole):
    """To the nearest hundredth, halves upwards."""
    return (20000 * part + whole) // (2 * whole) / 100 if whole else 0


def runs(days):
    """(the run that ends with the last day, the longest run) by looking at every day."""
    longest = run = 0
    before = None
    for day in sorted(days):
        run = run + 1 if before is not None and day - before == timedelta(1) else 1
        longest = max(longest, run)
        before = day
    return run, longest


class Learner:
    def __init__(self, zone):
        self.zone, self.name = zone, None
        self.modules = {}    # module: [tokens, questions, correct]
        self.daily = {}      # (day, module): the same
        self.days = {}       # (day, activity): count
        self.attempts = 0
        self.sessions = {}   # id: the operation
        self.points, self.session_count, self.speed, self.last_session = 0, 0, BLINK_SPEED, None
        self.best_level, self.longest = 1, 0
        self.stitches = {}   # (thread, stitch): {order, skip, level, completed, at, revision}
        self.mutations = {}  # id: content
        self.practice = {}   # id: {start, end, total, correct}

    # --- Operations

    def apply(self, operation, revision):
        return getattr(self, "do_" + operation["kind"])(operation, revision)

    def practised(self, day, activity):
        self.days[day, activity] = self.days.get((day, activity), 0) + 1
        self.longest = max(self.longest, runs({day for day, _ in self.days})[1])

    def do_answer(self, answer, _revision):
        day = answer.get("day") or day_of(answer["at"], self.zone)
        step = [answer["tokens"], 1, int(answer["correct"])]
        for totals in (self.modules.setdefault(answer["module"], [0, 0, 0]),
                       self.daily.setdefault((day, answer["module"]), [0, 0, 0])):
            totals[:] = [left + right for left, right in zip(totals, step)]
        self.attempts += 1
        self.practised(day, "answer")
        session = self.practice.get(answer["practice"]["id"]) if answer.get("practice") else None
        if session is not None:  # else it went with a reset: the answer counts without it
            session["total"] += 1
            session["correct"] += int(answer["correct"])
        tokens, questions, correct = self.totals()
        return {"tokens": tokens, "questionsAnswered": questions, "correctAnswers": correct,
                "tokensEarned": answer["tokens"], "module": answer["module"]}

    def do_session(self, session, _revision):
        self.sessions[session["id"]] = session
        self.points += session["points"]
        self.session_count += 1
        if session["speed"]:
            self.speed = self.speed * 0.7 + session["speed"] * 0.3
        self.best_level = max(self.best_level, level_of(self.points))
        self.last_session = max(self.last_session or 0, session["at"])
        self.practised(day_of(session["at"], self.zone), "session")
        return {"sessionId": session["id"], "totalPoints": session["points"]}

    def do_stitches(self, batch, revision):
        rows, results = self.judge(batch)
        for key, row in rows.items():
            if row["changed"]:
                self.stitches[key] = {name: row[name] for name in ("order", "skip", "level", "completed", "at")}
                self.stitches[key]["revision"] = revision
        for item, status in zip(batch["items"], results):
            if status in ("applied", "duplicate") and item.get("mutation"):
                self.mutations[item["mutation"]] = content_of(item)
        if not batch["bulk"]:
            return {"status": results[0]}
        return {"results": results, "totalSynced": sum(status in ("applied", "duplicate") for status in results)}

    def judge(self, batch):
        """(rows that the batch touched, the status of each item)"""
        rows, results, known = {}, [], dict(self.mutations)
        for item in batch["items"]:
            status = self.judge_item(batch, item, rows, known)
            if status in ("applied", "duplicate") and item.get("mutation"):
                known[item["mutation"]] = content_of(item)
            results.append(status)
        return rows, results

    def judge_item(self, batch, item, rows, known):
        if item.get("broken"):
            return "rejected"
        if item.get("mutation") in known:
            return "duplicate" if known[item["mutation"]] == content_of(item) else "rejected"
        if item.get("out_of_bounds"):
            return "rejected"
        key = item["thread"], item["stitch"]
        if key not in rows:
            rows[key] = {**self.stitches.get(key, {"at": None, "completed": False, "revision": 0}),
                         "ours": False, "changed": False}
        row = rows[key]
        content = {name: item[name] for name in ("order", "skip", "level")}
        differs = any(row.get(name) != value for name, value in content.items())
        completes = item["completed"] and not row["completed"]
        if row["at"] is None or item["at"] > row["at"] or (row["ours"] and item["at"] == row["at"]):
            if row["at"] == item["at"] and not differs and not completes:
                return "duplicate"
            row.update(content, at=item["at"], completed=row["completed"] or item["completed"], ours=True,
                       changed=True)
            return "applied"
        if completes:
            row.update(completed=True, changed=True)
        if differs and batch.get("base") is not None and not row["ours"] and row["revision"] > batch["base"]:
            return "conflict"
        return "applied" if completes else "duplicate"

    def do_start(self, start, _revision):
        self.practice[start["id"]] = {"start": start["at"], "end": None, "total": 0, "correct": 0}
        return {}

    def do_end(self, end, _revision):
        session = self.practice[end["practice"]["id"]]
        if session["end"] is None:
            session["end"] = end["at"]
        return {}

    def do_profile(self, patch, _revision):
        self.name = patch.get("name", self.name)
        self.zone = patch.get("zone", self.zone)
        return {"displayName": self.name, "timeZone": self.zone, "totalPoints": self.points}

    def do_reset(self, _reset, _revision):
        """Practice goes; sessions and stitches are another application's, and stay."""
        deleted = {"attempts": self.attempts, "sessions": len(self.practice)}
        self.modules, self.daily, self.days, self.practice = {}, {}, {}, {}
        self.attempts = self.longest = 0
        return {"deleted": deleted}

    def changes(self, operation):
        """Whether it would change anything now."""
        kind = operation["kind"]
        if kind == "stitches":
            return any(row["changed"] for row in self.judge(operation)[0].values())
        if kind == "end":
            session = self.practice.get(operation["practice"]["id"])
            return session is not None and session["end"] is None
        if kind == "reset":
            return bool(self.modules or self.daily or self.days or self.practice)
        if kind == "profile":
            return operation.get("name", self.name) != self.name or operation.get("zone", self.zone) != self.zone
        return True

    def claim(self, guest, revision):
        """All that the guest did becomes this learner's."""
        for mine, theirs in ((self.modules, guest.modules), (self.daily, guest.daily)):
            for key, totals in theirs.items():
                mine[key] = [left + right for left, right in zip(mine.get(key, [0, 0, 0]), totals)]
        for key, count in guest.days.items():
            self.days[key] = self.days.get(key, 0) + count
        self.attempts += guest.attempts
        together = self.session_count + guest.session_count
        if guest.session_count:
            self.speed = (self.speed * self.session_count + guest.speed * guest.session_count) / together
        self.session_count = together
        self.points += guest.points
        self.sessions.update(guest.sessions)
        self.best_level = max(self.best_level, guest.best_level, level_of(self.points))
        self.longest = max(self.longest, guest.longest, runs({day for day, _ in self.days})[1])
        if guest.last_session is not None:
            self.last_session = max(self.last_session or 0, guest.last_session)
        for key, row in guest.stitches.items():
            mine = self.stitches.get(key)
            winner = row if mine is None or row["at"] > mine["at"] else mine
            completed = row["completed"] or (mine is not None and mine["completed"])
            self.stitches[key] = {**winner, "completed": completed}
        for row in self.stitches.values():
            row["revision"] = revision
        self.mutations = {**guest.mutations, **self.mutations}
        self.practice.update(guest.practice)
        self.name = self.name if self.name is not None else guest.name
        if self.zone == "UTC":
            self.zone = guest.zone

    # --- What replies must say

    def totals(self):
        return [sum(column) for column in zip(*self.modules.values())] or [0, 0, 0]

    def today(self, now_ms):
        return day_of(now_ms, self.zone)

    def streak(self, today, activity=None):
        days = {day for day, of in self.days if activity in (None, of)}
        run, longest = runs(days)
        last = max(days, default=None)
        if activity is None:
            longest = max(longest, self.longest)
        return {"current": run if last is not None and last >= today - timedelta(1) else 0, "longest": longest,
                "lastPracticeDate": str(last) if last else None}

    def view_progress(self, today):
        tokens, questions, correct = self.totals()
        return {"modules": {module: {"score": t, "questionsAnswered": q, "correctAnswers": c,
                                     "accuracy": percent(c, q), "completion": min(100, percent(t, GOAL))}
                            for module, (t, q, c) in self.modules.items()},
                "totals": [tokens, questions, correct], "accuracy": percent(correct, questions),
                "streak": self.streak(today), "dates": sorted({str(day) for day, _ in self.days}),
                "practicedToday": any(day == today for day, _ in self.days)}

    def view_statistics(self, today, days):
        first = today - timedelta(days - 1)
        by_day = {}
        for (day, _), totals in self.daily.items():
            if first <= day <= today:
                by_day[str(day)] = [left + right for left, right in zip(by_day.get(str(day), [0, 0, 0]), totals)]
        return {"totals": self.totals(), "modules": {key: list(value) for key, value in self.modules.items()},
                "days": by_day, "streak": self.streak(today),
                "streaks": {activity: self.streak(today, activity) for activity in {of for _, of in self.days}},
                "sessions": [len(self.practice), sum(row["end"] is not None for row in self.practice.values()),
                             sum(row["total"] for row in self.practice.values()),
                             sum(row["correct"] for row in self.practice.values())]}

    def latest_sessions(self):
        return sorted(self.sessions.values(), key=lambda session: (session["at"], session["id"]), reverse=True)

    def trend(self):
        speeds = [session["speed"] for session in self.latest_sessions() if session["speed"]][:5]
        if len(speeds) < 5:
            return "steady"
        mean = sum(speeds) / 5
        return "improving" if mean < self.speed * 0.9 else "declining" if mean > self.speed * 1.1 else "steady"

    def view_dashboard(self, today):
        threads = {}
        for (thread, _), row in self.stitches.items():
            if row["completed"]:
                threads[thread] = threads.get(thread, 0) + 1
        return {"displayName": self.name or "", "totalPoints": self.points, "blinkSpeedTrend": self.trend(),
                "evolutionLevel": max(self.best_level, level_of(self.points)), "totalSessions": self.session_count,
                "streakDays": self.streak(today)["current"],
                "lastSessionDate": iso(self.last_session) if self.last_session else None,
                "threadProgress": threads,
                "recentSessions": [{"id": session["id"], "thread_id": session["thread"],
                                    "stitch_id": session["stitch"], "total_points": session["points"],
                                    "accuracy": percent(session["correct"], session["questions"]),
                                    "completed_at": iso(session["at"])} for session in self.latest_sessions()[:5]]}

    def view_stitches(self):
        return sorted((thread, stitch, row["order"], row["skip"], row["level"], row["completed"], iso(row["at"]),
                       row["revision"]) for (thread, stitch), row in self.stitches.items())

    def view_practice(self):
        return sorted((key, iso(row["start"]), iso(row["end"]) if row["end"] else None, row["total"], row["correct"])
                      for key, row in self.practice.items())


def level_of(points):
    return 1 + sum(points >= level for level in LEVELS)


def content_of(item):
    return tuple(item.get(name) for name in ("thread", "stitch", "order", "skip", "level", "completed", "at"))
