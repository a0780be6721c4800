"""Lists of courses and students at size: 100,000 students, 5,000 courses, 2,000,000 enrollments. Each reply beside
bare C clients that do nothing but read the rows of the list's own statement, at as many connections."""

import json
import os
import re
import statistics
import subprocess
import time

from harness import jobs
from harness.database import execute, query, query_one
from harness.processes import wait_until
from harness.stack import REPOSITORY, Stack, SyncWorker
from harness.tokens import Mint
from harness.tools import tool

COURSES = 5000
ENROLLED = 200  # in the life of the learners who are asked about
EAGER = 50  # so many learners


def fill(connection, students, others):
    """`students` students; the first EAGER of them in ENROLLED courses, the rest in `others` each."""
    execute(connection, "INSERT INTO courses (id, title, description, status) SELECT seq, CONCAT('Course ', seq),"
            f" REPEAT('What it is about. ', 6), ELT(seq % 4 + 1, 'Published', 'active', 'PUBLISHED', 'Active') FROM seq_1_to_{COURSES}")
    execute(connection, "INSERT INTO chapters (course_id, position, title) SELECT c.seq, p.seq, CONCAT('Chapter ', p.seq)"
            f" FROM seq_1_to_{COURSES} AS c, seq_1_to_4 AS p")
    execute(connection, "INSERT INTO users (id, username, display_name, tokens) SELECT seq, CONCAT('bench-', seq),"
            f" CONCAT('Student ', seq), seq % 1000 FROM seq_1_to_{students}")
    execute(connection, "INSERT INTO profiles (user_id, last_practice_date) SELECT id, UTC_DATE() - INTERVAL id % 60 DAY"
            " FROM users")
    # 7919 is no divisor of the number of courses: a learner's courses are all different, and spread.
    for first, last, count in ((1, EAGER, ENROLLED), (EAGER + 1, students, others)):
        execute(connection, "INSERT INTO enrollments (user_id, course_id, status, progress, source, enrolled_at) SELECT u.seq,"
                f" (u.seq * 13 + k.seq * 7919) % {COURSES} + 1, IF(k.seq % 5 = 0, 'completed', 'active'),"
                " IF(k.seq % 5 = 0, 100, k.seq * 25 % 100), ELT(u.seq % 3 + 1, 'admin', 'public', 'payment'),"
                f" UTC_TIMESTAMP() - INTERVAL u.seq % 90 DAY FROM seq_{first}_to_{last} AS u, seq_1_to_{count} AS k")
    execute(connection, "INSERT INTO student_progress (student_id, course_id, total_progress, completed_chapters)"
            " SELECT user_id, course_id, progress, FLOOR(progress / 25) FROM enrollments")
    execute(connection, "INSERT INTO chapter_completions (user_id, chapter_id, completed_at) SELECT e.user_id, h.id,"
            " UTC_TIMESTAMP() FROM enrollments AS e JOIN chapters AS h ON h.course_id = e.course_id AND h.position * 25 <="
            f" e.progress WHERE e.user_id <= {EAGER}")
    execute(connection, f"INSERT IGNORE INTO access_requests (student_id, course_id) SELECT seq, seq % {COURSES} + 1 FROM"
            f" seq_1_to_{students} WHERE seq % 10 = 0")
    execute(connection, "DELETE r FROM access_requests AS r JOIN enrollments AS e ON e.user_id = r.student_id AND"
            " e.course_id = r.course_id")
    execute(connection, "ANALYZE TABLE users, courses, chapters, enrollments, student_progress, access_requests,"
            " chapter_completions, access_decisions, ledger")


def statements(path):
    """{name: (SQL, may scan)} of a file of statements."""
    with open(os.path.join(REPOSITORY, "sql", "queries", path), encoding="utf-8") as file:
        text = file.read()
    found = {}
    for part in text.split("-- name: ")[1:]:
        lines = part.splitlines()
        sql = "\n".join(line for line in lines[1:] if not line.startswith("--")).strip().rstrip(";")
        found[lines[0].split()[0]] = (sql, any(line.startswith("-- scan:") for line in lines))
    return found


def with_values(sql, values):
    """The statement with literals in the place of parameters; the learner stays a question mark."""
    return re.sub(r"(?<!:):([a-z_]+)", lambda match: str(values[match.group(1)]), sql)


def page(after):
    """Fifty students, as course_students takes them."""
    return f"'{list(range(after + 1, after + 51))}'"


def scans(connection, students):
    """Of the statements that serve requests about courses: those that go through a table or a whole key, at this
    size."""
    values = {"user_id": students // 2, "after_id": students // 2, "limit_rows": 51, "course_id": 7, "chapter_id": 7,
              "from_id": 1, "to_id": COURSES, "since": 0, "request_id": 7, "after_place": 0, "user_keys": page(0),
              "pattern": "'bench-1%'", "after_name": "''"}
    found = []
    for path in ("course.sql", "enroll.sql", "analytics.sql"):
        for name, (sql, may_scan) in statements(path).items():
            if may_scan or not sql.startswith(("SELECT", "(SELECT")):
                continue
            for row in query(connection, "EXPLAIN " + with_values(sql, values)):
                is_table = row["table"] is not None and not row["table"].startswith("<")
                if is_table and row["type"] in ("ALL", "index") and int(row["rows"]) > 100:
                    found.append(f"{name}: {row['table']} by {row['type']}, {row['rows']} rows")
    return found


def lists(thousandth):
    """(what, path, statement with its values)"""
    of = statements("course.sql")
    own = {"user_id": "?", "after_id": 0, "limit_rows": 20001}
    return [
        (f"GET /api/student/courses, {COURSES:,} courses, {ENROLLED} enrolled", "/api/student/courses",
         with_values(of["course_for_student"][0], own)),
        (f"GET /api/student/courses?limit=50 among {COURSES:,}", "/api/student/courses?limit=50",
         with_values(of["course_for_student"][0], {**own, "limit_rows": 51})),
        (f"GET /api/student/enrolled-courses, {ENROLLED} enrolled", "/api/student/enrolled-courses",
         with_values(of["course_enrolled"][0], own)),
        ("GET /api/students, first page", "/api/students?limit=50",
         with_values(of["course_students"][0], {"user_keys": page(0)})),
        ("GET /api/students, thousandth page", f"/api/students?limit=50&after={thousandth}",
         with_values(of["course_students"][0], {"user_keys": page(thousandth)})),
    ]


def run(bench, field, workers, connections):
    """The bench: see the head of this file."""
    students, others = (5000, 20) if bench.quick else (100000, 20)
    thousandth = min(999 * 50, students - 100)
    stack = Stack(workers, database=field.small.database, name="lockstep_courses", nginx_workers=2)
    stack.start()
    try:
        connection = stack.connect()
        bench.say(f"filling: {students:,} students, {COURSES:,} courses, {students * others:,} enrollments")
        fill(connection, students, others)
        found = scans(connection, students)
        bench.add("statements of courses that scan", ", ".join(found) or "none", "none", not found)
        mint = Mint(stack.config)
        learners = field.learners(stack, "eager", range(1, EAGER + 1))
        administrator = os.path.join(stack.directory, "learners-admin")
        with open(administrator, "w", encoding="ascii") as file:
            file.write(f"{students} {mint.sign(mint.claims(students, 'admin', lifetime_s=86400))}\n")
        for what, path, sql in lists(thousandth):
            who = administrator if path.startswith("/api/students") else learners
            pair(bench, field, stack, what, path, sql, who, connections)
        count_analytics(bench, field, stack, connection, administrator)
        connection.close()
    finally:
        stack.stop()


def pair(bench, field, stack, what, path, sql, learners, connections):
    """The endpoint and the bare statement in turn."""
    bare_tool = tool("tests/bench/query")

    def service():
        return field.get(stack, path, learners, connections)

    def bare():
        output = subprocess.run(
            [bare_tool, "--socket", stack.database.socket, "--database", stack.name, "--sql", sql, "--first", "1",
             "--last", str(EAGER), "--threads", str(connections), "--seconds", str(bench.seconds)],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(output)

    bares, services = bench.alternate(bare, service)
    ratio = statistics.median(b["mean_ms"] / s["mean_ms"] for b, s in zip(bares, services))

    def figures(runs):
        return "/".join(f"{statistics.median(run[name] for run in runs):.1f}" for name in ("p50_ms", "p99_ms"))

    bench.add(f"{what}: p50/p99, and bare; of the bare rate",
              f"{figures(services)} ms, {figures(bares)} ms; {ratio:.2f}", ">= 0.40", ratio >= 0.4)


GROUPING = ("SELECT course_id, SUM(status = 'completed'), AVG(progress) FROM enrollments FORCE INDEX (PRIMARY)"
            " GROUP BY course_id")


def count_analytics(bench, field, stack, connection, administrator):
    """The count of everything, beside one statement that only groups the enrollments by course; and a look at it."""
    def timed(call):
        started = time.monotonic()
        call()
        return time.monotonic() - started

    with SyncWorker(stack) as sync:
        wait_until(lambda: query_one(connection, "SELECT COUNT(*) AS n FROM sync_workers")["n"] > 0, "a worker",
                   child=sync.child)
        counts, groupings = bench.alternate(
            lambda: timed(lambda: jobs.run(connection, "refresh_analytics", timeout_s=120)),
            lambda: timed(lambda: query(connection, GROUPING)))
    ratio = statistics.median(count / grouping for count, grouping in zip(counts, groupings))
    bench.add("refresh_analytics, of one grouping of all enrollments",
              f"{statistics.median(counts):.1f} s of {statistics.median(groupings):.1f} s = {ratio:.1f}", "<= 5", ratio <= 5)
    look = field.get(stack, "/api/admin/analytics", administrator, 8)
    unchanged = field.get(stack, "/api/admin/analytics", administrator, 8, etag=True)
    bench.add("GET /api/admin/analytics, and at 304, p50", f"{look['p50_ms']:.1f} and {unchanged['p50_ms']:.1f} ms", "-",
              True)
