"""lockstepctl as an administrator uses it, each test with a schema of its own on the shared server."""

import base64
import csv
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import threading
import uuid

import pytest
import yaml

from harness import truth
from harness.database import connect, execute, query, query_one
from harness.stack import ANONYMOUS_SECRET, REPOSITORY, SECRET, build_directory

MIGRATIONS = os.path.join(REPOSITORY, "sql", "migrations")
DONE, FAILED, USAGE = 0, 1, 2


class Control:
    """The program, with a configuration and a database schema of its own."""

    def __init__(self, socket, directory, overrides=None):
        self.socket = socket
        self.name = f"ctl_{uuid.uuid4().hex[:12]}"
        self.path = os.path.join(directory, f"{self.name}.yaml")
        self.config = {
            "database": {"hosts": [socket], "user": "root", "name": self.name},
            "auth": {"keys": [{"algorithm": "HS256", "secret": SECRET}], "anonymous_secret": ANONYMOUS_SECRET},
            "paths": {"migrations": MIGRATIONS, "scoreboard": os.path.join(directory, "no-scoreboard")},
            "events": {"achievements": os.path.join(REPOSITORY, "sql", "achievements")},
        }
        for section, values in (overrides or {}).items():
            self.config.setdefault(section, {}).update(values)
        self.write()

    def write(self):
        with open(self.path, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.config, file)

    def create(self):
        connection = connect(self.socket, None)
        execute(connection, f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        connection.close()
        return self

    def drop(self):
        connection = connect(self.socket, None)
        execute(connection, f"DROP DATABASE IF EXISTS {self.name}")
        connection.close()

    def connect(self):
        return connect(self.socket, self.name)

    def arguments(self, *words):
        return [os.path.join(build_directory(), "lockstepctl"), "--config", self.path, *map(str, words)]

    def run(self, *words, status=DONE, environment=None):
        outcome = subprocess.run(self.arguments(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 check=False, env={**os.environ, **(environment or {})})
        assert outcome.returncode == status, f"{words}: {outcome.returncode}\n{outcome.stdout}\n{outcome.stderr}"
        return outcome

    def out(self, *words, status=DONE):
        return self.run(*words, status=status).stdout

    def complaint(self, *words, status=FAILED):
        """The one line on standard error."""
        outcome = self.run(*words, status=status)
        lines = outcome.stderr.splitlines()
        assert outcome.stdout == "" and len(lines) == 1 and lines[0].startswith("lockstepctl: "), outcome
        return lines[0]

    def terminal(self, *words, environment=None):
        """What a terminal sees."""
        leader, follower = pty.openpty()
        child = subprocess.Popen(self.arguments(*words), stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
                                 env={**os.environ, "TERM": "xterm", "COLUMNS": "120", **(environment or {})})
        os.close(follower)
        seen = b""
        while select.select([leader], [], [], 60)[0]:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            seen += chunk
        os.close(leader)
        child.wait()
        return seen.decode("utf-8")


@pytest.fixture
def bare(service, tmp_path):
    """A database without a single table."""
    control = Control(service.socket, tmp_path).create()
    yield control
    control.drop()


@pytest.fixture
def control(bare):
    bare.run("migrate", "up")
    return bare


@pytest.fixture
def ctl_db(control):
    connection = control.connect()
    yield connection
    connection.close()


@pytest.fixture
def offline(tmp_path):
    """A configuration whose database is not there."""
    return Control(os.path.join(tmp_path, "nobody.sock"), tmp_path)


# Help and usage

def commands(offline):
    listed = offline.out("help").split("Commands:\n")[1].split("\n\n")[0]
    return [line.strip().split("  ")[0] for line in listed.splitlines()]


def test_every_command_explains_itself(offline):
    names = commands(offline)
    assert {"status", "migrate status", "migrate up", "config check", "config print", "config reference", "token",
            "audit", "rules", "rules explain", "rules test", "rules time", "rules pause", "rules resume", "validate",
            "fix", "repairs", "repairs show", "repairs resume", "rollback", "jobs list", "jobs show", "jobs watch",
            "jobs add", "jobs cancel", "jobs retry", "jobs kinds", "achievements", "user show", "percentiles refresh",
            "payments replay", "enrollments export", "enrollments import", "import-json", "export-json",
            "openapi",
            "demo", "man", "help"} == set(names)
    for name in names:
        text = offline.out("help", *name.split())
        assert text.startswith(f"Usage: lockstepctl {name}")
        assert text == offline.out(*name.split(), "--help")
    assert "migrate up" in offline.out("help", "migrate")
    assert offline.out("--help") == offline.out("help")


def test_wrong_usage_is_told_and_ends_with_2(offline):
    assert "did you mean migrate up?" in offline.run("migrate", "upp", status=USAGE).stderr
    assert "did you mean --learners?" in offline.run("demo", "--learnes", "5", status=USAGE).stderr
    assert "Commands:" in offline.run(status=USAGE).stderr
    assert "migrate status" in offline.run("migrate", status=USAGE).stderr
    refused = offline.run("demo", "--learners", "many", status=USAGE)
    assert "whole number" in refused.stderr and "Usage: lockstepctl demo" in refused.stderr and refused.stdout == ""


def test_version(offline):
    assert re.fullmatch(r"lockstepctl \d+\.\d+\.\d+\S*\n", offline.out("--version"))


# When something is not there

def test_database_away(offline):
    line = offline.complaint("migrate", "status")
    assert offline.socket in line and offline.path in line and "Is it running?" in line


def test_database_says_no(service, tmp_path, bare):
    assert f"no database {bare.name}x" in Control(
        service.socket, tmp_path, {"database": {"name": bare.name + "x"}}).complaint("audit")
    assert "refuses the user nobody" in Control(
        service.socket, tmp_path, {"database": {"user": "nobody", "password": "x"}}).complaint("audit")


def test_tables_not_there_yet(bare):
    for words in (["audit"], ["demo"], ["user", "show", "1"], ["percentiles", "refresh"], ["token", "--user", "1"]):
        assert "lockstepctl migrate up" in bare.complaint(*words)


def test_configuration_not_there(offline):
    os.unlink(offline.path)
    assert "cannot be read: No such file or directory" in offline.complaint("config", "check")


def test_output_that_does_not_arrive_is_a_failure(offline):
    with open("/dev/full", "w", encoding="utf-8") as full:
        outcome = subprocess.run(offline.arguments("config", "reference"), stdout=full, stderr=subprocess.PIPE,
                                 text=True, check=False)
    assert outcome.returncode == FAILED and "could not be written" in outcome.stderr


# migrate

def test_migrate(bare):
    pending = bare.out("migrate", "status", status=FAILED)
    names = sorted(name[:-4] for name in os.listdir(MIGRATIONS))
    for name in names:
        assert re.search(rf"^{name} +pending", pending, re.M)
    assert all(f"{name} would be applied" in bare.out("migrate", "up", "--dry-run") for name in names)
    connection = bare.connect()
    assert query(connection, "SHOW TABLES") == ()
    assert "up to date" in bare.out("migrate", "up")
    for name in names:
        assert re.search(rf"^{name} +applied +\d{{4}}-", bare.out("migrate", "status"), re.M)
    before = query(connection, "SELECT * FROM schema_migrations")
    assert "Nothing is pending" in bare.out("migrate", "up")
    assert "Nothing is pending" in bare.out("migrate", "up", "--dry-run")
    assert query(connection, "SELECT * FROM schema_migrations") == before
    connection.close()


def test_two_runners_apply_it_once(bare):
    outputs = []
    threads = [threading.Thread(target=lambda: outputs.append(bare.out("migrate", "up"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("Nothing is pending" in output for output in outputs) == [False, True, True]


def test_a_changed_migration_is_named(bare, tmp_path):
    directory = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, directory)
    bare.config["paths"]["migrations"] = str(directory)
    bare.write()
    bare.run("migrate", "up")
    name = sorted(os.listdir(directory))[0]
    with open(directory / name, "a", encoding="utf-8") as file:
        file.write("-- as an afterthought\n")
    assert re.search(rf"^{name[:-4]} +changed", bare.out("migrate", "status", status=FAILED), re.M)
    assert name[:-4] in bare.complaint("migrate", "up")
    assert name[:-4] in bare.complaint("migrate", "up", "--dry-run")


def test_a_broken_migration_is_half_applied(bare, tmp_path):
    directory = tmp_path / "migrations"
    directory.mkdir()
    (directory / "0001_broken.sql").write_text("CREATE TABLE t (a INT);\nCREATE TABLE t (a INT);\n", encoding="utf-8")
    bare.config["paths"]["migrations"] = str(directory)
    bare.write()
    assert "failed in line 2" in bare.run("migrate", "up", status=FAILED).stderr
    assert "half-applied" in bare.out("migrate", "status", status=FAILED)


# config

def test_config_check_names_every_mistake(offline):
    assert "is good" in offline.out("config", "check")
    offline.config["listen"] = {"sockt": "x"}
    offline.config["database"]["connections"] = 0
    offline.write()
    lines = offline.run("config", "check", status=FAILED).stderr.splitlines()
    assert len(lines) == 2 and "did you mean socket?" in "".join(lines) and "database.connections" in "".join(lines)
    assert all(line.count(os.path.basename(offline.path)) == 1 for line in lines), lines


def test_config_print_shows_no_secret(offline):
    offline.config["database"]["password"] = "the-password-of-the-database"
    offline.write()
    text = offline.out("config", "print")
    values = yaml.safe_load(text)
    assert SECRET not in text and ANONYMOUS_SECRET not in text and "the-password" not in text
    assert values["database"]["name"] == offline.name and values["database"]["password"] == "***"
    assert values["workers"]["processes"] >= 1


# token

def claims_of(token):
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", token)
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_token_needs_no_database_where_all_is_said(offline):
    claims = claims_of(offline.out("token", "--user", 7, "--role", "admin", "--lifetime", 60))
    assert claims["sub"] == "7" and claims["role"] == "admin" and claims["exp"] - claims["iat"] == 60
    assert claims_of(offline.out("token", "--user", 7, "--role", "anonymous"))["iss"] == "lockstep"


def test_token_takes_the_role_from_the_row(control, ctl_db):
    admin = truth.create_learner(ctl_db, username="the-admin", role="admin")
    guest = truth.create_learner(ctl_db, is_anonymous=True)
    gone = truth.create_learner(ctl_db, deleted_at="2026-01-01")
    claims = claims_of(control.out("token", "--username", "the-admin"))
    assert (claims["sub"], claims["role"]) == (str(admin), "admin") and claims["exp"] - claims["iat"] == 86400
    assert claims_of(control.out("token", "--user", admin, "--role", "student"))["role"] == "student"
    assert claims_of(control.out("token", "--user", guest))["role"] == "anonymous"
    assert "no learner 999999" in control.complaint("token", "--user", 999999)
    assert "no learner named nobody" in control.complaint("token", "--username", "nobody")
    assert "was deleted" in control.complaint("token", "--user", gone)
    assert "--user ID or by --username" in control.complaint("token")
    assert "--user ID or by --username" in control.complaint("token", "--user", 1, "--username", "x")


def test_token_speaks_as_the_provider_does(control, ctl_db):
    control.config["auth"]["subject"] = "provider"
    control.write()
    known = truth.create_learner(ctl_db, subject="idp|77")
    unknown = truth.create_learner(ctl_db)
    assert claims_of(control.out("token", "--user", known, "--role", "student"))["sub"] == "idp|77"
    assert "no subject" in control.complaint("token", "--user", unknown)


def test_the_service_believes_the_token(service, learner):
    token = service.control("token", "--user", str(learner.id)).stdout.strip()
    client = service.client(token)
    assert client.get("/api/progress").status == 200
    assert client.get("/api/admin/audit").status == 403
    client.close()


# demo

def people(connection):
    rows = query(connection, "SELECT subject, username, display_name, role, time_zone, tokens, questions_answered,"
                 " correct_answers, hidden_grade_asset FROM users ORDER BY subject")
    for row in rows:
        row["hidden_grade_asset"] = json.loads(row["hidden_grade_asset"] or "null")
    return rows


def streaks(days):
    """(current, longest) of ascending days, counted by hand."""
    longest = run = 0
    last = None
    for day in days:
        run = run + 1 if last is not None and (day - last).days == 1 else 1
        longest, last = max(longest, run), day
    return run, longest


def test_demo_data_agree(control, ctl_db):
    assert "200 learners" in control.out("demo")
    rows = query(ctl_db, "SELECT id, username, role FROM users")
    assert len(rows) == 202
    roles = {row["username"]: row["role"] for row in rows}
    assert roles["student"] == "student" and roles["admin"] == "admin"
    for row in rows:
        truth.assert_agrees(ctl_db, row["id"], answers_only=row["username"] != "student")
        days = [day["day"] for day in query(
            ctl_db, "SELECT DISTINCT day FROM practice_days WHERE user_id = %s ORDER BY day", (row["id"],))]
        profile = query_one(ctl_db, "SELECT * FROM profiles WHERE user_id = %s", (row["id"],))
        if profile is not None:
            assert (profile["current_streak"], profile["longest_streak"]) == streaks(days)
            assert profile["last_practice_date"] == (days[-1] if days else None)
        sums = {}
        expected = truth.columns_of(ctl_db, row["id"])
        for entry in truth.ledger_of(ctl_db, row["id"]):
            for change in entry["changes"]:
                if change["what"] in expected:
                    sums[change["what"]] = sums.get(change["what"], 0) + change.get("by", 0)
        assert sums == (expected if expected["questions"] else {})
    assert query_one(ctl_db, "SELECT COUNT(*) AS late FROM attempts WHERE created_at > UTC_TIMESTAMP()")["late"] == 0
    assert query_one(ctl_db, "SELECT COUNT(*) AS astray FROM attempts AS a LEFT JOIN exercises AS x USING"
                     " (exercise_id) LEFT JOIN modules AS m ON m.module_key = a.module WHERE x.module <> a.module OR"
                     " m.module_key IS NULL OR a.is_correct <> (a.user_answer = x.answer_key)")["astray"] == 0
    assert query_one(ctl_db, "SELECT percentile_learners AS n FROM shared_version")["n"] > 100
    courses = query_one(ctl_db, "SELECT COUNT(DISTINCT c.id) AS n, SUM(c.is_open) AS chapters FROM courses AS c"
                        " LEFT JOIN chapters AS h ON h.course_id = c.id")
    assert (courses["n"], courses["chapters"]) == (5, 16)
    assert "agree everywhere" in control.out("audit", "--live")


def test_demo_again_harms_nothing(control, ctl_db):
    control.run("demo", "--learners", 30)
    before = truth.checksum_all(ctl_db)
    assert "nothing was changed" in control.out("demo", "--learners", 30)
    assert "nothing was changed" in control.out("demo", "--learners", 10)
    assert truth.checksum_all(ctl_db) == before
    first = people(ctl_db)
    assert "20 learners" in control.out("demo", "--learners", 50)
    assert len(people(ctl_db)) == 52 and [row for row in people(ctl_db) if row in first] == list(first)


def test_demo_more_than_one_chunk(control, ctl_db):
    control.run("demo", "--learners", 2100)
    count = query_one(ctl_db, "SELECT COUNT(*) AS n, SUM(questions_answered > 0) AS active FROM users")
    assert count["n"] == 2102 and count["active"] > 1500
    assert query_one(ctl_db, "SELECT COUNT(*) AS n FROM ledger WHERE kind = 'demo'")["n"] == count["active"]
    assert "Looked at 2,102 learners" in control.out("audit", "--live")


def test_a_seed_makes_the_same_learners(control, ctl_db, service, tmp_path):
    other = Control(service.socket, tmp_path).create()
    third = Control(service.socket, tmp_path).create()
    try:
        for one, seed in ((control, 5), (other, 5), (third, 6)):
            if one is not control:
                one.run("migrate", "up")
            one.run("demo", "--learners", 40, "--seed", seed)
        seen = []
        for one in (control, other, third):
            connection = one.connect()
            seen.append(people(connection))
            connection.close()
        assert seen[0] == seen[1] and seen[0] != seen[2]
    finally:
        other.drop()
        third.drop()


def test_demo_refuses_to_mix_with_learners(control, ctl_db):
    learner = truth.create_learner(ctl_db, username="a-person")
    before = truth.checksum_all(ctl_db)
    assert "--force" in control.complaint("demo")
    assert truth.checksum_all(ctl_db) == before
    control.run("demo", "--force", "--learners", 5)
    assert query_one(ctl_db, "SELECT COUNT(*) AS n FROM users")["n"] == 8
    assert truth.user_row(ctl_db, learner)["tokens"] == 0


def test_demo_takes_nobodys_name(control, ctl_db):
    truth.create_learner(ctl_db, username="student")
    before = truth.checksum_all(ctl_db)
    assert "belongs to somebody else" in control.complaint("demo", "--force")
    assert truth.checksum_all(ctl_db) == before


# audit

def drift(connection, username, **columns):
    sets = ", ".join(f"{name} = {name} + %s" for name in columns)
    execute(connection, f"UPDATE users SET {sets} WHERE username = %s", (*columns.values(), username))
    return query_one(connection, "SELECT id FROM users WHERE username = %s", (username,))["id"]


@pytest.fixture
def drifted(control, ctl_db):
    """Ids in the order in which the audit names them."""
    control.run("demo", "--learners", 20)
    small = drift(ctl_db, "learner-3", tokens=2)
    large = drift(ctl_db, "learner-5", tokens=-5000)
    other = drift(ctl_db, "learner-4", questions_answered=1)
    return [large, small, other]


def test_audit_table(control, drifted):
    lines = control.out("audit", "--live", status=FAILED).splitlines()
    assert [int(line.split()[0]) for line in lines[1:4]] == drifted
    assert "-5,000" in lines[1] and "+2" in lines[2] and lines[-1] == "Looked at 22 learners; 3 differ."
    assert len({len(line) for line in lines[:4]}) == 1
    assert len(control.out("audit", "--live", "--all", status=FAILED).splitlines()) == 22 + 3
    short = control.out("audit", "--live", "--limit", "1", status=FAILED)
    assert str(drifted[0]) in short and "The first 1 are shown" in short
    narrow = control.run("audit", "--live", status=FAILED, environment={"COLUMNS": "80"}).stdout
    assert max(map(len, narrow.splitlines())) <= 80 and "-5,000" in narrow


def test_audit_for_programs(control, drifted):
    report = json.loads(control.out("audit", "--live", "--format", "json", status=FAILED))
    assert (report["lookedAt"], report["differ"]) == (22, 3)
    assert [row["userId"] for row in report["learners"]] == drifted
    first = report["learners"][0]
    assert first["tokenDiff"] == -5000 == first["tableTokens"] - first["jsonTokens"]
    outcome = control.run("audit", "--live", "--format", "csv", "--all", status=FAILED)
    rows = list(csv.DictReader(io.StringIO(outcome.stdout)))
    assert len(rows) == 22 and [int(row["userId"]) for row in rows[:2]] == drifted[:2]
    assert outcome.stderr == "Looked at 22 learners; 3 differ.\n"


def test_audit_keeps_the_largest_of_many(control, ctl_db):
    """More learners than one page, the largest differences among the last."""
    control.run("demo", "--learners", 4500)
    execute(ctl_db, "UPDATE users SET tokens = tokens + id")
    ids = [row["id"] for row in query(ctl_db, "SELECT id FROM users ORDER BY id DESC LIMIT 25")]
    report = json.loads(control.out("audit", "--live", "--format", "json", "--limit", 25, status=FAILED))
    assert [row["userId"] for row in report["learners"]] == ids and report["differ"] == report["lookedAt"] == 4502
    names = dict((row["id"], row["username"]) for row in query(ctl_db, "SELECT id, username FROM users"))
    assert all(row["username"] == names[row["userId"]] for row in report["learners"])


def test_a_page_of_the_audit_reads_a_page(control, ctl_db):
    """Else all of them are read for each page: ten minutes instead of three seconds with 200,000."""
    control.run("demo", "--learners", 3000)
    with open(os.path.join(REPOSITORY, "sql", "queries", "learner.sql"), encoding="utf-8") as file:
        sql = re.search(r"-- name: learner_audit :.*?\n(SELECT.*?);", file.read(), re.S).group(1)
    for name, value in (("from_id", "1"), ("to_id", "1000000"), ("limit_rows", "20")):
        sql = sql.replace(f":{name}", value)
    execute(ctl_db, "FLUSH STATUS")
    assert len(query(ctl_db, sql)) == 20
    reads = sum(int(row["Value"]) for row in query(ctl_db, "SHOW SESSION STATUS LIKE 'Handler\\_read\\_%'"))
    assert reads < 300


def test_an_audit_before_there_is_one(control):
    told = control.complaint("audit")
    assert "no audit yet" in told and "--refresh" in told and "--live" in told
    assert "--live" in control.complaint("audit", "--all")
    assert "one of them" in control.complaint("audit", "--live", "--refresh")


def test_an_audit_of_nobody(control):
    assert control.out("audit", "--live") == "Looked at 0 learners; columns and documents agree everywhere.\n"


# user show

def test_the_student_of_the_demo_has_something_to_look_at(control, ctl_db):
    control.run("demo", "--learners", 3)
    counts = query_one(ctl_db, """
        SELECT (SELECT COUNT(*) FROM todos) AS todos, (SELECT COUNT(*) FROM schedule_entries) AS entries,
               (SELECT COUNT(*) FROM progress_events WHERE outcome = 'applied') AS applied,
               (SELECT COUNT(*) FROM progress_events WHERE outcome = 'conflict') AS waiting,
               (SELECT percentage FROM path_progress) AS percentage""")
    assert counts["todos"] == 7 and counts["entries"] == 6 and counts["percentage"] == 40
    assert counts["applied"] == 5 and counts["waiting"] == 1


def test_user_show(control, ctl_db):
    control.run("demo", "--learners", 3)
    student = query_one(ctl_db, "SELECT * FROM users WHERE username = 'student'")
    text = control.out("user", "show", "student")
    assert text == control.out("user", "show", student["id"])
    assert f"Learner {student['id']}, student" in text and "agree" in text and "demo data" in text
    report = json.loads(control.out("user", "show", "student", "--json"))
    assert report["id"] == student["id"] and report["agrees"] is True
    expected = {"tokens": student["tokens"], "questions": student["questions_answered"],
                "correct": student["correct_answers"]}
    assert report["columns"] == report["globalStats"] == report["moduleSums"] == expected
    assert report["streak"]["longest"] == 10 and report["history"]["entries"][-1]["kind"] == "demo"
    drift(ctl_db, "student", tokens=1)
    assert json.loads(control.out("user", "show", "student", "--json"))["agrees"] is False
    assert "They differ" in control.out("user", "show", "student")
    assert "no learner nobody" in control.complaint("user", "show", "nobody")


def test_a_name_of_digits_is_found(control, ctl_db):
    learner = truth.create_learner(ctl_db, username="4711")
    assert json.loads(control.out("user", "show", "4711", "--json"))["id"] == learner


def test_nothing_stored_commands_the_terminal(control, ctl_db):
    truth.create_learner(ctl_db, username="evil\x1b[2J\n\x9b2Jname", display_name="\x1b]0;title\x07", tokens=5)
    for words in (["audit", "--live", "--all"], ["user", "show", "1"]):
        shown = control.run(*words, status=FAILED if words[0] == "audit" else DONE).stdout
        assert "\x1b" not in shown and "\x07" not in shown and "\x9b" not in shown and "evil?[2J" in shown


# On a terminal

def test_colours_and_bars_only_on_a_terminal(control, ctl_db):
    assert "\x1b" not in control.out("migrate", "status")
    assert "\x1b[1mMIGRATION" in control.terminal("migrate", "status")
    assert "\x1b[1m" not in control.terminal("migrate", "status", environment={"NO_COLOR": "1"})
    assert "\x1b[1m" not in control.terminal("migrate", "status", environment={"TERM": "dumb"})
    seen = control.terminal("demo", "--learners", "1500")
    assert re.search(r"\rLearners \[[#.]{28}\] +\d+ %  [\d,]+ of [\d,]+", seen)
    assert "The demo data is loaded" in seen.split("\x1b[K")[-1]
    assert "Learners [" not in control.run("audit", "--live").stderr


# status, openapi, man

def test_status_of_the_running_service(service):
    text = service.control("status").stdout
    assert "serving" in text and "connections open" in text
    status = json.loads(service.control("status", "--json").stdout)
    assert status["state"] == "serving" and len(status["workers"]) >= 1


def test_status_where_nothing_runs(offline):
    assert "does not run" in offline.complaint("status")


def test_openapi_is_the_services(offline, public):
    assert json.loads(offline.out("openapi")) == public.get("/api/openapi.json").json()


def test_manual_pages(offline):
    pages = {name: offline.out("man", name)
             for name in ("lockstepctl", "lockstep-fcgi", "lockstep-sync", "lockstep-live", "lockstep.yaml")}
    for name in commands(offline):
        assert re.search(rf"^\.SS {re.escape(name.replace('-', chr(92) + '-'))}\b", pages["lockstepctl"], re.M), name
    for section in yaml.safe_load(offline.out("config", "print")):
        assert f".SS {section}\n" in pages["lockstep.yaml"]
    assert "USR1" in pages["lockstep-fcgi"]
    assert "lockstep.yaml" in offline.complaint("man", "nothing")
    if shutil.which("groff"):
        for name, page in pages.items():
            outcome = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z"], input=page, capture_output=True,
                                     text=True, check=True)
            assert outcome.stderr == "", f"{name}: {outcome.stderr}"


# Rules

GOOD_RULE = """\
-- rule: nameless
-- summary: Nobody is nameless.
-- severity: info
-- order: 7
-- limit: 5 rows
-- changes: users.display_name

-- Why: a list of
-- blanks is hard to read.
SELECT u.id AS user_id, 'users' AS `table`, CONCAT('{"id": ', u.id, '}') AS `key`, 'set' AS `action`,
       'display_name' AS `column`, u.display_name AS actual, CONCAT('learner ', u.id) AS wanted
  FROM users AS u WHERE u.id BETWEEN :from AND :to AND u.display_name IS NULL;
"""


@pytest.fixture
def ruled(control, tmp_path):
    """With the rules that ship, and a directory for the site's own."""
    site = tmp_path / "rules.d"
    site.mkdir()
    control.config["rules"] = {"directory": os.path.join(REPOSITORY, "sql", "rules"), "site_directory": str(site)}
    control.write()
    control.site = site
    return control


def test_rules_are_listed(ruled):
    (ruled.site / "nameless.sql").write_text(GOOD_RULE)
    lines = ruled.out("rules").splitlines()
    rows = {line.split()[0]: line for line in lines[1:] if line}
    orphans = {path.stem for path in pathlib.Path(REPOSITORY, "sql", "rules").glob("orphan_*.sql")}
    assert {name for name in rows if name.startswith("orphan_")} == orphans and len(orphans) > 5
    assert "in use" in rows["user_totals_match_modules"] and "50 % or 100,000 rows" in rows["user_totals_match_modules"]
    assert "when asked for" in rows["document_matches_columns"]
    assert "reports" in rows["totals_cover_attempts"]
    assert "Nobody is nameless." in rows["nameless"] and " 5 rows " in rows["nameless"]
    assert list(rows)[0] == "nameless", "rules stand in the order of their repairs"
    assert "No pass has run yet." in lines
    (ruled.site / "broken.sql").write_text(GOOD_RULE.replace("nameless", "broken").replace("info", "low"))
    (ruled.site / "misfit.sql").write_text(GOOD_RULE.replace("nameless", "misfit").replace("users.display", "users.dis"))
    outcome = ruled.run("rules", status=FAILED)
    assert "broken.sql:3: severity is info, warning or critical, not 'low'" in outcome.stderr
    assert "misfit.sql:6: the table users has no column dis_name" in outcome.stderr
    assert re.search(r"^misfit .* left aside ", outcome.stdout, re.MULTILINE)


def test_achievements_are_listed(control, tmp_path):
    site = tmp_path / "achievements.d"
    site.mkdir()
    control.config["events"] = {"achievements": os.path.join(REPOSITORY, "sql", "achievements"),
                                "site_achievements": str(site)}
    control.write()
    lines = control.out("achievements").splitlines()
    shipped = {path.stem for path in pathlib.Path(REPOSITORY, "sql", "achievements").glob("*.yaml")}
    rows = {line.split()[0]: line for line in lines[1:]}
    assert set(rows) == shipped and len(shipped) > 20
    assert re.search(r"^twenty-five-videos +achievement +completion +25 activities completed, of type video +Keen viewer"
                     r" +ships$", rows["twenty-five-videos"])
    assert re.search(r"^hours-10 +milestone +[-–—] +600 minutes spent +Ten hours +ships$", rows["hours-10"])
    (site / "own.yaml").write_text("id: own\nkind: milestone\ntitle: Ours\nmetric: skills\natLeast: 3\n")
    assert re.search(rf"^own .* 3 skills assessed +Ours +{site}/own.yaml$", control.out("achievements"), re.MULTILINE)
    (site / "broken.yaml").write_text("id: broken\nkind: milestone\ntitle: Ours\nmetric: luck\natLeast: 3\n")
    outcome = control.run("achievements", status=FAILED)
    assert re.search(r"^Left aside: .*broken.yaml:4:\d+: metric must be one of", outcome.stderr)
    assert "own" in outcome.stdout and "broken" not in outcome.stdout


def test_a_rule_is_explained(ruled):
    (ruled.site / "nameless.sql").write_text(GOOD_RULE)
    text = ruled.out("rules", "explain", "nameless")
    assert text.startswith("nameless: Nobody is nameless.\n")
    assert "Why: a list of\nblanks is hard to read.\n" in text
    assert re.search(r"Changes +users.display_name\n", text)
    assert re.search(r"^1 .* u .* range .* PRIMARY ", text, re.MULTILINE), "the plan"
    assert ruled.complaint("rules", "explain", "nobody").endswith("There is no rule nobody.")


def test_a_rule_is_tried_out(ruled, ctl_db, tmp_path):
    path = tmp_path / "nameless.sql"
    path.write_text(GOOD_RULE)
    first = truth.create_learner(ctl_db)
    second = truth.create_learner(ctl_db)
    truth.create_learner(ctl_db, display_name="Ada")
    before = query(ctl_db, "SELECT * FROM users ORDER BY id")
    text = ruled.out("rules", "test", path)
    assert "nameless is a good rule" in text
    assert "2 rows of 2 learners would be changed." in text and "3 learners looked at" in text
    assert f"learner {first}" in text and f"learner {second}" in text
    text = ruled.out("rules", "test", path, "--user", second)
    assert "1 rows of 1 learners would be changed." in text and f"learner {first}" not in text
    assert "1 learners looked at" in ruled.out("rules", "test", path, "--learners", 1)
    assert query(ctl_db, "SELECT * FROM users ORDER BY id") == before
    assert "2 rows of 2 learners" not in ruled.out("rules", "test", "document_matches_columns")


@pytest.mark.parametrize("old, new, expected", [
    ("-- severity: info", "-- severity: low", ":3: severity is info, warning or critical, not 'low'"),
    ("-- changes: users.display_name\n", "", ":6: the annotation '-- changes: …' is missing"),
    ("users.display_name\n", "users.nothing\n", ":6: the table users has no column nothing"),
    ("users.display_name\n", "users.id\n", ":6: users.id is part of the primary key: no rule can change it"),
    ("FROM users", "FROM nobody", ":10: the database refuses its SELECT: "),
    ("AS wanted", "AS hoped", ":10: column 7 of the SELECT is hoped, it must be wanted"),
    (":from AND :to", ":from AND :til", ":12: :til stands where :to belongs"),
    ("nameless", "another", ":1: the rule another belongs in a file of its name"),
])
def test_a_mistake_in_a_rule_is_told_by_file_and_line(ruled, tmp_path, old, new, expected):
    assert old in GOOD_RULE
    path = tmp_path / "nameless.sql"
    path.write_text(GOOD_RULE.replace(old, new))
    assert f"{path}{expected}" in ruled.complaint("rules", "test", path)


def test_a_rule_that_names_what_it_does_not_declare(ruled, ctl_db, tmp_path):
    path = tmp_path / "nameless.sql"
    path.write_text(GOOD_RULE.replace("'display_name' AS `column`", "'tokens' AS `column`"))
    user_id = truth.create_learner(ctl_db)
    outcome = ruled.run("rules", "test", path, status=FAILED)
    assert f"{path} (learner {user_id}): the row changes what the file does not declare: users.tokens" in outcome.stderr


def test_rules_are_timed(ruled, ctl_db):
    truth.create_learner(ctl_db)
    rows = ruled.out("rules", "time").splitlines()[1:]
    names = {path.name.split(".")[0] for path in pathlib.Path(REPOSITORY, "sql", "rules").glob("*.sql")}
    assert len(rows) == len(names) and all(re.search(r" 1 +0 +[0-9.]+ +[0-9.]+$", row) for row in rows), rows
    assert len(ruled.out("rules", "time", "orphan_profiles").splitlines()) == 2


def test_rules_are_paused_and_resumed(ruled, ctl_db):
    def state(rule):
        return re.search(rf"^{rule} .*(in use|paused|when asked for|left aside)", ruled.out("rules"), re.MULTILINE).group(1)

    totals, stats = "user_totals_match_modules", "global_stats_match_totals"
    assert "rules resume " + totals in ruled.out("rules", "pause", totals)
    assert (state(totals), state(stats)) == ("paused", "in use")
    row = query_one(ctl_db, "SELECT rule, user_id, actor FROM rule_pauses")
    assert row == {"rule": totals, "user_id": 0, "actor": "lockstepctl"}
    ruled.out("rules", "pause", totals)
    assert "Every rule is paused" in ruled.out("rules", "pause", "all")
    assert state(stats) == "paused"
    learner = truth.create_learner(ctl_db, tokens=5)
    assert "every rule is paused" in ruled.complaint("fix", "--user", learner, "--apply")
    assert ruled.out("rules", "resume", "all") == "1 pause was ended.\n"
    assert (state(totals), state(stats)) == ("paused", "in use")
    assert ruled.out("rules", "resume", totals) == "1 pause was ended.\n"
    assert ruled.out("rules", "resume", totals) == "Nothing was paused.\n"
    assert (state(totals), state(stats)) == ("in use", "in use")
    for command in ("pause", "resume"):
        assert ruled.complaint("rules", command, "nobody").endswith("There is no rule nobody.")


def test_a_resumed_rule_takes_its_rows_along_when_told(ruled, ctl_db):
    execute(ctl_db, "INSERT INTO rule_pauses (rule, user_id, table_name, row_key) VALUES ('orphan_profiles', 7, 't', 'k'),"
            " ('gone', 0, '', '')")
    assert ruled.out("rules", "resume", "orphan_profiles") == "Nothing was paused.\n"
    assert ruled.out("rules", "resume", "orphan_profiles", "--rows-too") == "1 pause was ended.\n"
    assert ruled.out("rules", "resume", "gone") == "1 pause was ended.\n", "a rule may be gone, and its pause still there"
    assert query(ctl_db, "SELECT * FROM rule_pauses") == ()
