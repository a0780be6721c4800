"""Courses, enrollments, requests and payments with every kind of inconsistency, planted around the constraints, and
the sound counterpart of each beside it. What is planted is written down while it is planted: which rows each rule
must find, and what every row must be afterwards. Nothing of that is asked of the rules."""

import json
import os
import random

from harness.database import execute, query

# Key columns first, so many of them. ?: a time, of which only matters whether it is there; #: binary, in hex.
TABLES = {
    "courses": (1, "id title status is_default_unlocked price_cents currency"),
    "chapters": (1, "id course_id title"),
    "chapter_completions": (2, "user_id chapter_id completed_at"),
    "enrollments": (2, "user_id course_id status progress source actor ?completed_at ?cancelled_at"),
    "student_progress": (2, "student_id course_id total_progress completed_chapters"),
    "access_requests": (1, "id student_id course_id status reason requested_at"),
    "access_decisions": (1, "request_id student_id course_id decision reason requested_at decided_by decided_at note"),
    "payments": (1, "id provider_ref user_id course_id amount_cents currency status mismatch ?granted_at ?revoked_at"),
    "subscriptions": (1, "id provider_ref user_id status"),
    "profiles": (1, "user_id total_points"),
    "practice_days": (3, "user_id day activity count"),
    "daily_totals": (3, "user_id day module questions"),
    "practice_sessions": (1, "id user_id started_at"),
    "attempts": (1, "id user_id revision exercise_id module is_correct user_answer practised_on created_at"),
    "attempts_archive": (1, "id user_id revision exercise_id module is_correct user_answer practised_on created_at"),
    "session_results": (2, "user_id id thread_id stitch_id results practised_on completed_at revision"),
    "user_stitch_progress": (3, "user_id thread_id stitch_id last_attempted revision"),
    "stitch_mutations": (2, "user_id mutation_id #content_hash created_at"),
    "sync_rejects": (1, "id user_id item #item_hash reason created_at"),
}
DAY, THEN, LATER = "2026-01-01", "2026-01-01 00:00:00.000", "2026-01-02 00:00:00.000"
NOBODY, DEFAULT_COURSE, GONE_COURSE, PRICE = 0, 1, 4_000_001, 500
RULE = "lockstep:rule"
REPORTING = ("payment_matches_price",)


def columns_of(table):
    return [name.lstrip("?#") for name in TABLES[table][1].split()]


def text(value):
    return None if value is None else str(value)


class World:
    """Rows by table and key, before the repair and after it."""

    def __init__(self, per_kind, seed):
        self.dice = random.Random(seed)
        self.per_kind = per_kind
        self.learners = per_kind * 3 // 2
        self.sound = max(20, per_kind // 10)  # behind the others: nothing is planted on them
        self.ghosts = 10_000_000              # ids that no learner has
        self.before = {table: {} for table in TABLES}
        self.after = {table: {} for table in TABLES}
        self.planted = {}   # rule: {(learner, table, key)}, as a validation must find them
        self.following = {} # rule: the same, of what only a repair of another rule brings about
        self.last_id = {}

    def next_id(self, table):
        self.last_id[table] = self.last_id.get(table, 0) + 1
        return self.last_id[table]

    # --- Rows

    def put(self, table, *values):
        """What a repair must put in; its key."""
        assert len(values) == len(columns_of(table)), (table, values)
        key = tuple(map(str, values[:TABLES[table][0]]))
        assert key not in self.after[table], (table, key)
        self.after[table][key] = tuple(map(text, values))
        return key

    def add(self, table, *values):
        key = self.put(table, *values)
        self.before[table][key] = self.after[table][key]
        return key

    def change(self, table, key, **columns):
        names = columns_of(table)
        row = list(self.after[table][key])
        for name, value in columns.items():
            row[names.index(name)] = text(value)
        self.after[table][key] = tuple(row)

    def drop(self, table, key):
        del self.after[table][key]

    # --- What rules find

    def plant(self, rule, learner, table, *keys):
        self.planted.setdefault(rule, set()).update((learner, table, key) for key in keys)

    def follow(self, rule, learner, table, key):
        self.following.setdefault(rule, set()).add((learner, table, key))

    # --- What several kinds do

    def enrol(self, learner, course, source="admin", progress="0.00", status="active", actor="setup"):
        """Soundly: in both tables."""
        self.add("student_progress", learner, course, progress, 0)
        return self.add("enrollments", learner, course, status, progress, source, actor, int(status == "completed"), 0)

    def cancel(self, learner, course, source="admin"):
        """A person's decision."""
        return self.add("enrollments", learner, course, "cancelled", "40.00", source, "user_9", 0, 1)

    def must_enrol(self, rule, learner, course, source):
        self.plant(rule, learner, "enrollments", self.put("enrollments", learner, course, "active", "0.00", source, RULE, 0, 0))
        self.plant(rule, learner, "student_progress", self.put("student_progress", learner, course, "0.00", 0))

    def pay(self, learner, course, status, amount=PRICE, currency="usd", mismatch=0, granted=0, revoked=0):
        number = self.next_id("payments")
        return self.add("payments", number, f"pi_{number}", learner, course, amount, currency, status, mismatch, granted, revoked)

    def decide(self, learner, course, decision, at=THEN):
        return self.add("access_decisions", 50_000_000 + self.next_id("access_decisions"), learner, course, decision, "please", THEN,
                        "user_9", at, None)

    def ask(self, learner, course, status="pending", at=THEN):
        return self.add("access_requests", self.next_id("access_requests"), learner, course, status, "please \\ ü", at)


# --- Kinds: each takes a learner, a course of its own, and whether to plant ------------------------------

def paid_payment_is_enrolled(world, learner, course, is_planted):
    rule = "paid_payment_is_enrolled"
    if not is_planted:
        world.pay(learner, course, "paid", granted=1)
        return world.dice.choice((world.enrol, world.cancel))(learner, course, "payment")
    granted = world.dice.randrange(2)  # of those that were, the price may have changed since
    payment = world.pay(learner, course, "paid", 123 if granted else PRICE, world.dice.choice(("usd", "USD")),
                        mismatch=1 - granted, granted=granted)
    world.must_enrol(rule, learner, course, "payment")
    if not granted:
        world.plant(rule, learner, "payments", payment)
        world.change("payments", payment, granted_at=1, mismatch=0)
    return None


def refunded_payment_not_enrolled(world, learner, course, is_planted):
    """Under the policy that unenrols."""
    rule = "refunded_payment_not_enrolled"
    payment = world.pay(learner, course, "refunded", granted=1)
    if not is_planted:
        if world.dice.randrange(2):
            return world.enrol(learner, course, "admin")
        world.pay(learner, course, "paid", granted=1)
        return world.enrol(learner, course, "payment")
    key = world.enrol(learner, course, "payment", "40.00")
    world.plant(rule, learner, "enrollments", key)
    world.plant(rule, learner, "student_progress", key)
    world.plant(rule, learner, "payments", payment)
    world.change("enrollments", key, status="cancelled", actor=RULE, cancelled_at=1)
    world.drop("student_progress", key)
    world.change("payments", payment, revoked_at=1)
    return None


def payment_matches_price(world, learner, course, is_planted):
    if not is_planted:
        return world.pay(learner, course, world.dice.choice(("pending", "failed")), 1)
    amount, currency = world.dice.choice(((499, "usd"), (501, "usd"), (PRICE, "eur"), (None, None)))
    payment = world.pay(learner, course, "paid", amount, currency, mismatch=world.dice.randrange(2))
    return world.plant("payment_matches_price", learner, "payments", payment)


def approved_request_is_enrolled(world, learner, course, is_planted):
    world.decide(learner, course, "approved")
    if is_planted:
        return world.must_enrol("approved_request_is_enrolled", learner, course, "request")
    if world.dice.randrange(3) == 0:  # the later word
        return world.decide(learner, course, "rejected", LATER)
    return world.dice.choice((world.enrol, world.cancel))(learner, course, "request")


def decided_request_has_left(world, learner, course, is_planted):
    rule = "decided_request_has_left"
    if not is_planted:
        return world.ask(learner, course)
    status = world.dice.choice(("approved", "rejected"))
    if status == "approved":
        world.cancel(learner, course)
    request = world.ask(learner, course, status)
    world.plant(rule, learner, "access_requests", request)
    world.drop("access_requests", request)
    decision = world.put("access_decisions", request[0], learner, course, status, "please \\ ü", THEN, "before Lockstep", THEN, None)
    return world.plant(rule, learner, "access_decisions", decision)


def enrollment_has_student_progress(world, learner, course, is_planted):
    progress = f"{world.dice.randrange(100)}.25"
    if not is_planted:
        return world.enrol(learner, course, progress=progress)
    world.add("enrollments", learner, course, "active", progress, "admin", "setup", 0, 0)
    return world.plant("enrollment_has_student_progress", learner, "student_progress",
                       world.put("student_progress", learner, course, progress, 0))


def student_progress_has_enrollment(world, learner, course, is_planted):
    if not is_planted:
        return world.enrol(learner, course)
    progress, status = world.dice.choice((("33.50", "active"), ("0.00", "active"), ("100.00", "completed")))
    world.add("student_progress", learner, course, progress, 3)
    return world.plant("student_progress_has_enrollment", learner, "enrollments",
                       world.put("enrollments", learner, course, status, progress, "admin", RULE, int(status == "completed"), 0))


def chapters_match_progress(world, learner, course, is_planted):
    """Four chapters; the other table follows the raised one."""
    done = world.dice.choice((2, 4))
    for chapter in range(done):
        world.add("chapter_completions", learner, course * 10 + chapter, THEN)
    proven = "50.00" if done == 2 else "100.00"
    if not is_planted:
        return world.enrol(learner, course, progress=proven, status="active" if done == 2 else "completed")
    key = world.enrol(learner, course, progress="10.00")
    world.plant("chapters_match_progress", learner, "enrollments", key)
    world.follow("progress_values_agree", learner, "student_progress", key)
    world.change("enrollments", key, progress=proven)
    if done == 4:
        world.change("enrollments", key, status="completed", completed_at=1)
    return world.change("student_progress", key, total_progress=proven)


def progress_values_agree(world, learner, course, is_planted):
    if not is_planted:
        return world.enrol(learner, course, progress="20.00")
    rule = "progress_values_agree"
    highest = world.dice.choice(("20.50", "100.00"))
    progress, legacy = world.dice.choice((("10.00", highest), (highest, "10.00"), ("100.00", "100.00")))
    key = world.add("enrollments", learner, course, "active", progress, "admin", "setup", 0, 0)
    world.add("student_progress", learner, course, legacy, 0)
    if legacy == "10.00":
        world.plant(rule, learner, "student_progress", key)
        world.change("student_progress", key, total_progress=highest)
    if "100.00" in (progress, legacy):
        world.plant(rule, learner, "enrollments", key)
        world.change("enrollments", key, progress="100.00", status="completed", completed_at=1)
    elif progress == "10.00":
        world.plant(rule, learner, "enrollments", key)
        world.change("enrollments", key, progress=highest)
    return None


def cancelled_enrollment_has_left_progress(world, learner, course, is_planted):
    """The higher progress stays."""
    rule = "cancelled_enrollment_has_left_progress"
    key = world.cancel(learner, course)
    if not is_planted:
        return None
    progress = world.dice.choice(("0.00", "40.00", "60.00", "100.00"))
    world.add("student_progress", learner, course, progress, 3)
    world.plant(rule, learner, "student_progress", key)
    world.drop("student_progress", key)
    if float(progress) > 40:
        world.plant(rule, learner, "enrollments", key)
        world.change("enrollments", key, progress=progress)
    return None


def no_pending_request_when_enrolled(world, learner, course, is_planted):
    request = world.ask(learner, course)
    if not is_planted:  # who was unenrolled may ask again
        return world.cancel(learner, course) if world.dice.randrange(2) else None
    world.enrol(learner, course)
    world.plant("no_pending_request_when_enrolled", learner, "access_requests", request)
    return world.drop("access_requests", request)


KINDS = (paid_payment_is_enrolled, refunded_payment_not_enrolled, payment_matches_price, approved_request_is_enrolled,
         decided_request_has_left, enrollment_has_student_progress, student_progress_has_enrollment, chapters_match_progress,
         progress_values_agree, cancelled_enrollment_has_left_progress, no_pending_request_when_enrolled)
COURSES_A_KIND = 10


def add_kind(world, number, kind):
    first = 100 * (number + 1)
    for course in range(first, first + COURSES_A_KIND):
        world.add("courses", course, kind.__name__, "active", 0, PRICE, "usd")
        for chapter in range(4 if kind is chapters_match_progress else 0):
            world.add("chapters", course * 10 + chapter, course, "a chapter")
    chosen = set(world.dice.sample(range(1, world.learners + 1), world.per_kind))
    for learner in range(1, world.learners + world.sound + 1):
        kind(world, learner, first + learner % COURSES_A_KIND, learner in chosen)


def default_course_is_granted(world):
    world.add("courses", DEFAULT_COURSE, "for all", "Active", 1, 0, "usd")
    status_is_lowered(world, (str(DEFAULT_COURSE),), "active")
    chosen = set(world.dice.sample(range(1, world.learners + 1), world.per_kind))
    for learner in range(1, world.learners + world.sound + 1):
        if learner in chosen:
            world.must_enrol("default_course_is_granted", learner, DEFAULT_COURSE, "default")
        else:
            world.dice.choice((world.enrol, world.cancel))(learner, DEFAULT_COURSE, "default")


def status_is_lowered(world, key, status):
    world.plant("course_status_is_normalised", NOBODY, "courses", key)
    world.change("courses", key, status=status)


def course_status_is_normalised(world):
    for number in range(world.per_kind - 1):
        status = world.dice.choice(("PUBLISHED", "Draft", "archived ONE"))
        status_is_lowered(world, world.add("courses", 1_000_000 + number, "loud", status, 0, 0, "usd"), status.lower())
        world.add("courses", 2_000_000 + number, "quiet", status.lower(), 0, 0, "usd")


# --- Rows that point at nothing --------------------------------------------------------------------------

def orphan(world, rule, learner, table, *values):
    key = world.add(table, *values)
    world.plant(rule, learner, table, key)
    world.drop(table, key)


def orphans_of_learners(world, number):
    """A row of a learner who never was in every table; in those that point at courses, every other one is of a
    learner who is there, and of a course that is not."""
    ghost = world.ghosts + number
    is_of_course = number % 2 == 1
    who = 1 + number % world.learners if is_of_course else ghost
    course = GONE_COURSE + number if is_of_course else DEFAULT_COURSE
    orphan(world, "orphan_enrollments", who, "enrollments", who, course, "active", "7.00", "admin", None, 0, 0)
    orphan(world, "orphan_student_progress", who, "student_progress", who, GONE_COURSE - 2 - number if is_of_course else course,
           "7.00", 1)
    orphan(world, "orphan_requests", who, "access_requests", world.next_id("access_requests"), who,
           course + 100_000 if is_of_course else course, "pending", None, THEN)
    orphan(world, "orphan_access_decisions", who, "access_decisions", 80_000_000 + number, who, course, "approved", None, THEN,
           "user_9", THEN, "a \"note\"")
    orphan(world, "orphan_chapter_completions", who, "chapter_completions", who,
           7_000_000 + number if is_of_course else 100 * len(KINDS) * 10, THEN)
    payment = world.pay(who, course, "pending")
    world.plant("orphan_payments", who, "payments", payment)
    world.change("payments", payment, **{"course_id" if is_of_course else "user_id": None})
    orphan(world, "orphan_chapters", NOBODY, "chapters", 8_000_000 + number, GONE_COURSE + number, "lost")
    orphan(world, "orphan_subscriptions", ghost, "subscriptions", number + 1, f"sub_{number}", ghost, "active")
    orphan(world, "orphan_profiles", ghost, "profiles", ghost, 7)
    orphan(world, "orphan_practice_days", ghost, "practice_days", ghost, DAY, "an \"activity\"", 2)
    orphan(world, "orphan_daily_totals", ghost, "daily_totals", ghost, DAY, "música", 3)
    orphan(world, "orphan_practice_sessions", ghost, "practice_sessions", number + 1, ghost, THEN)
    for table in ("attempts", "attempts_archive"):
        orphan(world, f"orphan_{table}", ghost, table, number + 1, ghost, 1, "e", "m", 1, "x \\ ü", DAY, THEN)
    orphan(world, "orphan_session_results", ghost, "session_results", ghost, f"s-{number}", "t", "s", '{"a": [1.50]}', DAY, THEN, 1)
    orphan(world, "orphan_user_stitch_progress", ghost, "user_stitch_progress", ghost, "t\\", "s", THEN, 1)
    orphan(world, "orphan_stitch_mutations", ghost, "stitch_mutations", ghost, f"m-{number}", f"{number:064X}", THEN)
    orphan(world, "orphan_sync_rejects", ghost, "sync_rejects", number + 1, ghost, "{", f"{number:064X}", "no JSON", THEN)


def make(per_kind, seed):
    """At least so many rows of every kind."""
    world = World(per_kind, seed)
    for number, kind in enumerate(KINDS):
        add_kind(world, number, kind)
    default_course_is_granted(world)
    course_status_is_normalised(world)
    for number in range(per_kind):
        orphans_of_learners(world, number)
    return world


# --- To the database and back ----------------------------------------------------------------------------

def cell(name, value):
    if name.startswith("?"):
        value = THEN if value == "1" else None
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def load(connection, world, directory):
    """Around the constraints, through files that the server reads."""
    path = os.path.join(directory, "planted.rows")
    execute(connection, "SET foreign_key_checks = 0, unique_checks = 0")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO users (id) VALUES (%s)",
                           [(learner,) for learner in range(1, world.learners + world.sound + 1)])
    for table, (_, names) in TABLES.items():
        names = names.split()
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            for _, row in sorted(world.before[table].items()):
                file.write("\t".join(map(cell, names, row)) + "\n")
        os.chmod(path, 0o644)
        targets = ", ".join(f"@{name[1:]}" if name.startswith("#") else name.lstrip("?") for name in names)
        binary = ", ".join(f"{name[1:]} = UNHEX(@{name[1:]})" for name in names if name.startswith("#"))
        execute(connection, f"LOAD DATA INFILE '{path}' INTO TABLE {table} CHARACTER SET utf8mb4 ({targets})"
                + (f" SET {binary}" if binary else ""))
        os.remove(path)
    execute(connection, "SET foreign_key_checks = 1, unique_checks = 1")
    execute(connection, "ANALYZE TABLE users, " + ", ".join(TABLES))


def seen(name):
    plain = f"`{name.lstrip('?#')}`"
    if name.startswith("?"):
        return f"IF({plain} IS NULL, '0', '1')"
    return f"HEX({plain})" if name.startswith("#") else f"CAST({plain} AS CHAR)"


def census(connection):
    """Every row of every table, as World has them."""
    found = {}
    for table, (keys, names) in TABLES.items():
        columns = ", ".join(f"{seen(name)} AS c{at}" for at, name in enumerate(names.split()))
        rows = (tuple(row.values()) for row in query(connection, f"SELECT {columns} FROM {table}"))
        found[table] = {row[:keys]: row for row in rows}
    return found


def key_of(table, row_key):
    values = json.loads(row_key)
    return tuple(str(values[name]) for name in columns_of(table)[:TABLES[table][0]])


def changed_rows(connection, run_id):
    """{rule: {(learner, table, key)}} of what a run wrote."""
    found = {}
    for row in query(connection, "SELECT DISTINCT rule, user_id, table_name, row_key FROM repair_rows WHERE run_id = %s"
                     " AND state = 'done'", (run_id,)):
        found.setdefault(row["rule"], set()).add((row["user_id"], row["table_name"], key_of(row["table_name"], row["row_key"])))
    return found


def quarantined(connection, run_id):
    """{(table, key): the row's values, by column}."""
    return {(row["table_name"], key_of(row["table_name"], row["row_key"])): json.loads(row["row_data"])
            for row in query(connection, "SELECT table_name, row_key, row_data FROM quarantine WHERE run_id = %s", (run_id,))}
