"""import-json and export-json: every entry once, nothing lost, what is broken named and kept."""

import datetime
import json
import os
import random

import pytest

from harness.database import execute, query, query_one
from harness.stack import REPOSITORY
from test_lockstepctl import DONE, FAILED, Control

FIELDS = ("read", "imported", "alreadyThere", "rejected")
TABLES = ("attempts", "attempts_archive", "daily_totals", "practice_days", "profiles", "imported_entries", "ledger",
          "users")


@pytest.fixture
def make_control(service, tmp_path):
    """lockstepctl with a schema of its own, as often as it is called."""
    made = []

    def make(**sections):
        rules = {"directory": os.path.join(REPOSITORY, "sql", "rules"), "site_directory": str(tmp_path / "rules.d")}
        made.append(Control(service.socket, tmp_path, {"rules": rules, **sections}).create())
        made[-1].run("migrate", "up")
        return made[-1]

    yield make
    for control in made:
        control.drop()


@pytest.fixture
def control(make_control):
    return make_control()


@pytest.fixture
def ctl_db(control):
    connection = control.connect()
    yield connection
    connection.close()


def write(directory, name, content):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
    return directory


def read(directory, name):
    with open(os.path.join(directory, name), encoding="utf-8") as file:
        return json.load(file)


def entry(number=1, when="2025-03-01T10:00:00Z", right=True, **more):
    return {"id": number, "user_id": "user_7", "exercise_id": f"ex_{number}", "is_correct": right,
            "user_answer": f"answer {number}", "created_at": when, **more}


def counts(figures, what="attempts"):
    assert figures[what]["read"] == sum(figures[what][name] for name in FIELDS[1:]), figures
    return tuple(figures[what][name] for name in FIELDS)


def bring_in(control, directory, *options, status=DONE):
    return json.loads(control.out("import-json", directory, "--json", *options, status=status))


def learner(connection, user_id=7, **columns):
    names = ", ".join(["id", *columns])
    execute(connection, f"INSERT INTO users ({names}) VALUES ({', '.join(['%s'] * (len(columns) + 1))})",
            (user_id, *columns.values()))
    return user_id


def everything(connection, *but):
    return {table: query(connection, f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES
            if table not in but}


def state(connection):
    """What a learner has, without what says when and in which steps it came."""
    attempts = query(connection, "SELECT user_id, created_at, exercise_id, module, is_correct, user_answer, tokens,"
                     " practised_on FROM (SELECT user_id, created_at, exercise_id, module, is_correct, user_answer,"
                     " tokens, practised_on FROM attempts UNION ALL SELECT user_id, created_at, exercise_id, module,"
                     " is_correct, user_answer, tokens, practised_on FROM attempts_archive) AS a"
                     " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8")
    users = query(connection, "SELECT id, subject, username, display_name, time_zone, tokens, questions_answered,"
                  " correct_answers, hidden_grade_asset FROM users ORDER BY id")
    for user in users:
        document = json.loads(user["hidden_grade_asset"] or "{}")
        document.get("global_stats", {}).pop("last_updated", None)
        user["hidden_grade_asset"] = document
    return {"attempts": attempts, "users": users,
            "daily": query(connection, "SELECT * FROM daily_totals ORDER BY user_id, day, module"),
            "days": query(connection, "SELECT user_id, day FROM practice_days GROUP BY 1, 2 ORDER BY 1, 2"),
            "streaks": query(connection, "SELECT user_id, current_streak, longest_streak, last_practice_date"
                             " FROM profiles ORDER BY user_id")}


def assert_adds_up(connection, user_id=7):
    """Columns, document, days and history say the same as the attempts."""
    proven = query_one(connection, "SELECT COUNT(*) AS questions, COALESCE(SUM(is_correct), 0) AS correct,"
                       " COALESCE(SUM(tokens), 0) AS tokens FROM attempts WHERE user_id = %s", (user_id,))
    user = query_one(connection, "SELECT * FROM users WHERE id = %s", (user_id,))
    wanted = (proven["questions"], proven["correct"], proven["tokens"])
    assert (user["questions_answered"], user["correct_answers"], user["tokens"]) == wanted
    document = json.loads(user["hidden_grade_asset"])
    stats = document["global_stats"]
    assert (stats["total_questions_answered"], stats["total_correct_answers"], stats["total_tokens_earned"]) == wanted
    modules = [module["progress"] for module in document["modules"].values()]
    assert tuple(sum(module[name] for module in modules) for name in
                 ("total_questions_answered", "correct_answers", "tokens_earned")) == wanted
    daily = query_one(connection, "SELECT SUM(questions) AS q, SUM(correct) AS c, SUM(tokens) AS t FROM daily_totals"
                      " WHERE user_id = %s", (user_id,))
    assert (daily["q"], daily["c"], daily["t"]) == wanted
    days = query_one(connection, "SELECT SUM(count) AS n FROM practice_days WHERE user_id = %s", (user_id,))
    assert days["n"] == wanted[0]
    moved = {"questions": 0, "correct": 0, "tokens": 0}
    for row in query(connection, "SELECT changes FROM ledger WHERE user_id = %s", (user_id,)):
        for change in json.loads(row["changes"]):
            if change["what"] in moved:
                moved[change["what"]] += change.get("by", 0)
    assert (moved["questions"], moved["correct"], moved["tokens"]) == wanted


def assert_every_rule_holds(control, connection):
    for row in query(connection, "SELECT id FROM users"):
        control.run("validate", "--user", row["id"])


# What is taken

def test_entries_become_attempts(control, ctl_db, tmp_path):
    learner(ctl_db, time_zone="America/New_York", tokens=0)
    files = write(tmp_path / "files", "attempts_7.json", [
        entry(1, "2025-03-01T02:00:00Z", module="math", tokens=5), entry(2, "2025-03-01T12:00:00Z", right=False),
        entry(3, "2025-03-02T12:00:00Z", module="math", tokens=2)])
    assert counts(bring_in(control, files)) == (3, 3, 0, 0)
    rows = query(ctl_db, "SELECT * FROM attempts ORDER BY created_at")
    assert [(row["exercise_id"], row["module"], row["is_correct"], row["user_answer"], row["tokens"],
             str(row["practised_on"])) for row in rows] == [
        ("ex_1", "math", 1, "answer 1", 5, "2025-02-28"),  # still the evening before, where the learner is
        ("ex_2", "imported", 0, "answer 2", 0, "2025-03-01"), ("ex_3", "math", 1, "answer 3", 2, "2025-03-02")]
    assert rows[0]["created_at"] == datetime.datetime(2025, 3, 1, 2)
    profile = query_one(ctl_db, "SELECT * FROM profiles WHERE user_id = 7")
    assert (profile["current_streak"], profile["longest_streak"], str(profile["last_practice_date"])) == (
        3, 3, "2025-03-02")
    assert_adds_up(ctl_db)
    assert_every_rule_holds(control, ctl_db)
    shown = control.out("user", "show", 7)
    assert "questions +2 math" in shown and "import of attempts_7.json" in shown


@pytest.mark.parametrize("content, wanted", [
    ([{"exercise_id": 12, "is_correct": 1, "timestamp": 1740823200}], ("12", 1, None, "2025-03-01 10:00:00")),
    ([{"exercise_id": "e", "is_correct": "false", "date": "2025-03-01"}], ("e", 0, None, "2025-03-01 00:00:00")),
    ({"attempts": [{"exerciseId": "e", "isCorrect": True, "createdAt": "2025-03-01 10:00:00.5", "userAnswer": 3.5}]},
     ("e", 1, "3.5", "2025-03-01 10:00:00.500000")),
    ({"version": {"x": [1]}, "attempts": [{"exercise_id": "e", "is_correct": False, "user_answer": ["a", 1],
                                           "created_at": "2025-03-01T10:00:00+02:00"}], "more": 1},
     ("e", 0, '["a", 1]', "2025-03-01 08:00:00")),
    ([{"exercise_id": "é\"\\", "is_correct": True, "created_at": 1740823200123, "user_answer": "😀\n"}],
     ("é\"\\", 1, "😀\n", "2025-03-01 10:00:00.123000")),
    ('\ufeff [ {"exercise_id": "e", "is_correct": true, "created_at": "2025-03-01T10:00:00.123456"}, ]\n',
     ("e", 1, None, "2025-03-01 10:00:00.123000")),
])
def test_liberal_in_what_is_accepted(control, ctl_db, tmp_path, content, wanted):
    learner(ctl_db)
    assert counts(bring_in(control, write(tmp_path / "files", "attempts_7.json", content))) == (1, 1, 0, 0)
    row = query_one(ctl_db, "SELECT exercise_id, is_correct, user_answer, created_at FROM attempts")
    assert (row["exercise_id"], row["is_correct"], row["user_answer"], str(row["created_at"])) == wanted


def test_any_format_of_user_ids(control, ctl_db, tmp_path):
    for user_id, columns in ((7, {}), (8, {}), (9, {"username": "ada"}), (10, {"subject": "auth0|x y"}), (11, {})):
        learner(ctl_db, user_id, **columns)
    for name in ("7", "user_8", "ada", "auth0|x y"):
        write(tmp_path / "files", f"attempts_{name}.json", [dict(entry(), user_id=name)])
    # The same learner under two names: an entry that stands in both files is one.
    write(tmp_path / "files", "attempts_11.json", [dict(entry(), user_id="user_11")])
    write(tmp_path / "files", "attempts_user_11.json", [dict(entry(), user_id=11)])
    assert counts(bring_in(control, tmp_path / "files")) == (6, 5, 1, 0)
    assert [row["user_id"] for row in query(ctl_db, "SELECT user_id FROM attempts ORDER BY 1")] == [7, 8, 9, 10, 11]


def test_a_providers_numbers_are_no_ids(make_control, tmp_path):
    control = make_control(auth={"subject": "provider"})
    connection = control.connect()
    learner(connection, 7, subject="31")
    learner(connection, 31)
    files = write(tmp_path / "files", "attempts_31.json", [dict(entry(), user_id="31")])
    bring_in(control, files)
    assert query_one(connection, "SELECT user_id FROM attempts")["user_id"] == 7
    bring_in(control, files, "--users", "id")
    assert [row["user_id"] for row in query(connection, "SELECT user_id FROM attempts ORDER BY 1")] == [7, 31]
    connection.close()


def test_unknown_learners_are_created_or_kept_aside(control, ctl_db, tmp_path):
    files = write(tmp_path / "files", "attempts_7.json", [entry()])
    write(files, "attempts_ada.json", [dict(entry(), user_id="ada"), dict(entry(2), user_id="ada")])
    write(files, "streaks.json", {"7": {"longest_streak": 3, "time_zone": "Asia/Tokyo"}})
    figures = bring_in(control, files, status=FAILED)
    assert counts(figures) == (3, 0, 0, 3) and figures["learnersCreated"] == 0
    assert "attempts_ada.json: entry 1, line 1: There is no learner ada." in figures["complaints"]
    assert len(read(f"{files}.rejects", "attempts_ada.json")) == 2
    dry = bring_in(control, files, "--create-users", "--dry-run")
    figures = bring_in(control, f"{files}.rejects", "--create-users")
    assert counts(figures) == (3, 3, 0, 0) and figures["learnersCreated"] == dry["learnersCreated"] == 2
    assert query_one(ctl_db, "SELECT time_zone FROM users WHERE id = 7")["time_zone"] == "Asia/Tokyo"
    assert query_one(ctl_db, "SELECT username FROM users WHERE id <> 7")["username"] == "ada"
    assert counts(bring_in(control, files, "--create-users")) == (3, 0, 3, 0)


def test_what_an_entry_counts_for(control, ctl_db, tmp_path):
    learner(ctl_db)
    execute(ctl_db, "INSERT INTO exercises (exercise_id, module, answer_key, tokens) VALUES ('ex_1', 'known', 'k', 4)")
    files = write(tmp_path / "files", "attempts_7.json",
                  [entry(1), entry(2), entry(3, right=False), entry(4, module="own", tokens=9)])
    bring_in(control, files, "--module", "rest", "--tokens", "default")
    rows = query(ctl_db, "SELECT module, tokens FROM attempts ORDER BY exercise_id")
    assert [(row["module"], row["tokens"]) for row in rows] == [("known", 4), ("rest", 1), ("rest", 0), ("own", 9)]
    assert_adds_up(ctl_db)
    assert "not a time zone" in control.complaint("import-json", files, "--time-zone", "Mars/Base")
    assert "reserved" in control.complaint("import-json", files, "--module", "unattributed")


# Streaks

def test_streaks_become_practice_days(control, ctl_db, tmp_path):
    for user_id in (7, 8, 9):
        learner(ctl_db, user_id)
    files = write(tmp_path / "files", "attempts_7.json", [entry(1, "2025-03-03T10:00:00Z")])
    write(files, "streaks.json", {
        "user_7": {"current_streak": 99, "longest_streak": 40, "last_practice_date": "2025-03-04",
                   "practice_dates": ["2025-03-01", "2025-03-02", "2025-03-02", "2025-03-03"]},
        "8": {"current_streak": 3, "longest_streak": 2, "last_practice_date": "2025-03-04T09:00:00"},
        "9": {"current_streak": 0, "longest_streak": 0, "last_practice_date": None, "practice_dates": []}})
    assert counts(bring_in(control, files), "streaks") == (3, 2, 1, 0)
    days = query(ctl_db, "SELECT user_id, day, activity, count FROM practice_days ORDER BY 1, 2")
    assert [(row["user_id"], str(row["day"]), row["count"]) for row in days] == [
        (7, "2025-03-01", 0), (7, "2025-03-02", 0), (7, "2025-03-03", 1), (7, "2025-03-04", 0),
        (8, "2025-03-02", 0), (8, "2025-03-03", 0), (8, "2025-03-04", 0)]
    profiles = query(ctl_db, "SELECT user_id, current_streak, longest_streak FROM profiles ORDER BY user_id")
    assert [tuple(row.values()) for row in profiles] == [(7, 4, 99), (8, 3, 3)]
    assert_adds_up(ctl_db)
    assert_every_rule_holds(control, ctl_db)
    before = everything(ctl_db)
    assert counts(bring_in(control, files), "streaks") == (3, 0, 3, 0)
    assert everything(ctl_db) == before


def test_broken_streaks_are_kept_aside(control, ctl_db, tmp_path):
    for user_id in (7, 8):
        learner(ctl_db, user_id)
    files = write(tmp_path / "files", "streaks.json",
                  '{\n"7": {"practice_dates": ["2025-02-30"]},\n"8": {"current_streak": -1},\n"nobody": {},\n"9": 5\n}')
    figures = bring_in(control, files, status=FAILED)
    assert counts(figures, "streaks") == (4, 0, 0, 4)
    assert [line.split(": ")[1] for line in figures["complaints"]] == [
        "entry 0, line 2", "entry 1, line 3", "entry 2, line 4", "entry 3, line 5"]
    kept = read(f"{files}.rejects", "streaks.json")
    assert [item["user_id"] for item in kept] == ["7", "8", "nobody", "9"]
    kept[0]["entry"]["practice_dates"] = ["2025-02-28"]
    write(f"{files}.rejects", "streaks.json", kept[:1])
    assert counts(bring_in(control, f"{files}.rejects"), "streaks") == (1, 1, 0, 0)
    assert str(query_one(ctl_db, "SELECT day FROM practice_days WHERE user_id = 7")["day"]) == "2025-02-28"


# Once

def test_importing_again_doubles_nothing(control, ctl_db, tmp_path):
    learner(ctl_db)
    same = entry(1)
    files = write(tmp_path / "files", "attempts_7.json", [same, entry(2), same])
    assert counts(bring_in(control, files)) == (3, 3, 0, 0)
    before = everything(ctl_db)
    assert counts(bring_in(control, files)) == (3, 0, 3, 0)
    assert everything(ctl_db) == before
    # The file has grown since, at both ends and in the middle, and numbers its entries anew.
    write(files, "attempts_7.json", [entry(5), dict(same, id=70), same, entry(3), entry(2), same])
    assert counts(bring_in(control, files)) == (6, 3, 3, 0)
    assert query_one(ctl_db, "SELECT COUNT(*) AS n FROM attempts WHERE exercise_id = 'ex_1'")["n"] == 3
    assert_adds_up(ctl_db)


@pytest.mark.parametrize("gone", [
    "INSERT INTO attempts_archive SELECT * FROM attempts; DELETE FROM attempts",  # archived
    "DELETE FROM attempts; DELETE FROM practice_days; DELETE FROM daily_totals; UPDATE users SET tokens = 0,"
    " questions_answered = 0, correct_answers = 0, hidden_grade_asset = NULL;"
    " UPDATE profiles SET current_streak = 0, longest_streak = 0, last_practice_date = NULL",  # reset
])
def test_what_left_does_not_come_back(control, ctl_db, tmp_path, gone):
    learner(ctl_db)
    files = write(tmp_path / "files", "attempts_7.json", [entry(1), entry(2, "2025-03-02T10:00:00Z")])
    write(files, "streaks.json", {"7": {"longest_streak": 9, "practice_dates": ["2025-03-01", "2025-02-01"]}})
    bring_in(control, files)
    for statement in gone.split("; "):
        execute(ctl_db, statement)
    before = everything(ctl_db)
    figures = bring_in(control, files)
    assert counts(figures) == (2, 0, 2, 0) and counts(figures, "streaks") == (1, 0, 1, 0)
    assert everything(ctl_db) == before


def test_attempts_of_another_way_are_recognised(control, ctl_db, tmp_path):
    """Somebody had moved a part by a script of their own."""
    learner(ctl_db, questions_answered=1, correct_answers=1)
    execute(ctl_db, "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer,"
            " practised_on, created_at) VALUES (7, 1, 'ex_1', 'm', 1, 'answer 1', '2025-03-01', '2025-03-01 10:00')")
    files = write(tmp_path / "files", "attempts_7.json", [entry(1), entry(1), entry(2)])
    assert counts(bring_in(control, files)) == (3, 2, 1, 0)
    assert query_one(ctl_db, "SELECT COUNT(*) AS n FROM attempts")["n"] == 3


def test_a_dry_run_says_what_happens_and_writes_nothing(control, ctl_db, tmp_path):
    learner(ctl_db)
    files = write(tmp_path / "files", "attempts_7.json", [entry(1), entry(2), {"id": 3}, entry(1)])
    write(files, "attempts_8.json", [dict(entry(), user_id=8)])
    write(files, "streaks.json", {"7": {"practice_dates": ["2025-03-01"]}, "9": {"longest_streak": 2}})
    before = everything(ctl_db)
    dry = bring_in(control, files, "--create-users", "--dry-run", status=FAILED)
    assert everything(ctl_db) == before and not os.path.exists(f"{files}.rejects")
    wet = bring_in(control, files, "--create-users", status=FAILED)
    for figures in (dry, wet):
        figures.pop("seconds")
        figures.pop("dryRun")
        figures["complaints"].sort()
    assert dry == wet
    assert counts(wet) == (5, 4, 0, 1) and counts(wet, "streaks") == (2, 2, 0, 0) and wet["learnersCreated"] == 2
    assert "Nothing was written" in control.out("import-json", files, "--dry-run", status=FAILED)


# What is not taken

BROKEN = [
    ("null", "A JSON object is expected."), ("[1]", "A JSON object is expected."), ('"text"', "A JSON object is expected."),
    ("{}", "exercise_id is missing."), ('{"exercise_id": "e"}', "is_correct is missing."),
    ('{"exercise_id": "e", "is_correct": true}', "created_at is missing."),
    ('{"exercise_id": "", "is_correct": true, "created_at": 1}', "exercise_id is empty."),
    ('{"exercise_id": [1], "is_correct": true, "created_at": 1}', "exercise_id must be a text."),
    ('{"exercise_id": "%s", "is_correct": true, "created_at": 1}' % ("x" * 191), "longer than 190 characters"),
    ('{"exercise_id": "e", "is_correct": "maybe", "created_at": 1}', "is_correct must be true or false."),
    ('{"exercise_id": "e", "is_correct": true, "created_at": "yesterday"}', "created_at is no time: yesterday."),
    ('{"exercise_id": "e", "is_correct": true, "created_at": "2999-01-01T00:00:00Z"}', "created_at lies in the future."),
    ('{"exercise_id": "e", "is_correct": true, "created_at": "0001-01-01T00:00:00Z"}', "created_at is no time"),
    ('{"exercise_id": "e", "is_correct": true, "created_at": "1969-12-31T00:00:00Z"}', "created_at lies before 1970."),
    ('{"exercise_id": "e", "is_correct": true, "created_at": 1, "tokens": -1}', "tokens must be a whole number"),
    ('{"exercise_id": "e", "is_correct": true, "created_at": 1, "module": "unattributed"}', "module is a reserved name."),
    ('{"exercise_id": "e", "is_correct": true, "created_at": 1, "practised_on": "1971-01-01"}', "practised_on is not"),
    ('{"exercise_id": "e", "is_correct": true, "created_at": 1, "user_id": "user_9"}', "the file is somebody else's"),
    ('{"exercise_id": "e", "is_correct": true, "created_at": 1, "user_answer": "%s"}' % ("x" * 70000), "user_answer is longer"),
    ('{"exercise_id": "e", "is_correct": tru, "created_at": 1}', "Not valid JSON"),
    ('{"exercise_id": "e", "is_correct": true "created_at": 1}', "Not valid JSON"),
    ('{"exercise_id": "e, "is_correct": true, "created_at": 1}', "The entry is never closed."),
    ('{"exercise_id": "e", "exercise_id": "f", "is_correct": true, "created_at": 1}', "Not valid JSON"),
    ('{"exercise_id": "e", "is_correct": true, "created_at": 1', "The entry is never closed."),
    ('{"exercise_id": "e", "is_correct": true, "created_at": NaN}', "Not valid JSON"),
    ('{"long": "%s"}' % ("x" * (1 << 20)), "longer than an entry may be"),
]


def test_broken_entries_are_named_and_kept_and_can_be_mended(control, ctl_db, tmp_path):
    learner(ctl_db)
    lines = [piece for number, (text, _) in enumerate(BROKEN) for piece in (json.dumps(entry(number)), text)]
    files = write(tmp_path / "files", "attempts_7.json", "[\n" + ",\n".join(lines) + "\n]")
    figures = bring_in(control, files, "--complaints", 1000, status=FAILED)
    good, bad = len(BROKEN), len(BROKEN)
    assert counts(figures) == (good + bad, good, 0, bad), figures
    for number, ((_, reason), complaint) in enumerate(zip(BROKEN, figures["complaints"])):
        place = 2 * number + 1
        assert complaint.startswith(f"attempts_7.json: entry {place}, line {place + 2}: ") and reason in complaint
    kept = read(f"{files}.rejects", "attempts_7.json")
    assert [(item["file"], item["index"], item["line"]) for item in kept] == [
        ("attempts_7.json", 2 * number + 1, 2 * number + 3) for number in range(bad)]
    assert kept[4]["entry"] == {"exercise_id": "e", "is_correct": True} or kept[4]["entry"] == {"exercise_id": "e"}
    assert os.stat(f"{files}.rejects").st_mode & 0o777 == 0o700
    assert os.stat(f"{files}.rejects/attempts_7.json").st_mode & 0o777 == 0o600
    # One is mended where it is kept, one in the file itself.
    kept[5]["entry"] = entry(900)
    write(f"{files}.rejects", "attempts_7.json", kept)
    assert counts(bring_in(control, f"{files}.rejects", status=FAILED)) == (bad, 1, 0, bad - 1)
    lines[1] = json.dumps(entry(901))
    write(files, "attempts_7.json", "[\n" + ",\n".join(lines) + "\n]")
    assert counts(bring_in(control, files, status=FAILED)) == (good + bad, 1, good, bad - 1)
    assert len(read(f"{files}.rejects", "attempts_7.json")) == bad - 1
    assert read(f"{files}.rejects", "attempts_7.json~")[5]["entry"] == entry(900)
    assert_adds_up(ctl_db)


@pytest.mark.parametrize("text, problem, taken", [
    ("", "is empty", 0), ("nonsense", "is neither a JSON list nor an object", 0),
    ('{"other": [{"exercise_id": "e"}]}', "is an object without a list `attempts`", 0),
    ("[%s, %s", "ends in the middle", 2), ("[%s] [%s]", "goes on behind its end", 1),
])
def test_broken_files_are_named(control, ctl_db, tmp_path, text, problem, taken):
    learner(ctl_db)
    if "%s" in text:
        text = text % (json.dumps(entry(1)), json.dumps(entry(2)))
    figures = bring_in(control, write(tmp_path / "files", "attempts_7.json", text), status=FAILED)
    assert figures["complaints"] == [f"attempts_7.json {problem}."] and figures["filesBroken"] == 1
    assert counts(figures) == (taken, taken, 0, 0)


def test_nothing_to_import(control, tmp_path):
    assert "cannot be read" in control.complaint("import-json", tmp_path / "nowhere")
    os.mkdir(tmp_path / "empty")
    assert "There is no attempts_<user>.json" in control.complaint("import-json", tmp_path / "empty")


def test_a_deleted_learner_stays_deleted(control, ctl_db, tmp_path):
    learner(ctl_db, 7, deleted_at="2025-01-01", subject="x")
    files = write(tmp_path / "files", "attempts_7.json", [entry()])
    figures = bring_in(control, files, "--create-users", status=FAILED)
    assert counts(figures) == (1, 0, 0, 1) and "was deleted" in figures["complaints"][0]


def test_entries_of_a_merged_learner_are_the_others(control, ctl_db, tmp_path):
    learner(ctl_db, 8)
    learner(ctl_db, 7, merged_into=8)
    files = write(tmp_path / "files", "attempts_7.json", [entry(1), entry(2)])
    write(files, "attempts_8.json", [dict(entry(2), user_id=8), dict(entry(3), user_id=8)])
    assert counts(bring_in(control, files)) == (4, 3, 1, 0)
    assert query_one(ctl_db, "SELECT COUNT(*) AS n FROM attempts WHERE user_id = 8")["n"] == 3
    assert_adds_up(ctl_db, 8)
    assert counts(bring_in(control, files, "--dry-run")) == (4, 0, 4, 0)


@pytest.mark.parametrize("column, options", [("id", ()), ("username", ()), ("subject", ("--users", "subject"))])
def test_a_dry_run_knows_a_merged_learner_by_every_name(control, ctl_db, tmp_path, column, options):
    learner(ctl_db, 8)
    learner(ctl_db, 7, merged_into=8, **({} if column == "id" else {column: "ann"}))
    name = "7" if column == "id" else "ann"
    own = write(tmp_path / "own", "attempts_8.json", [dict(entry(1), user_id=8)])
    files = write(tmp_path / "files", f"attempts_{name}.json", [dict(entry(count), user_id=name) for count in (1, 2)])
    assert counts(bring_in(control, own, "--users", "id")) == (1, 1, 0, 0)
    assert counts(bring_in(control, files, "--dry-run", *options)) == (2, 1, 1, 0)
    assert counts(bring_in(control, files, *options)) == (2, 1, 1, 0)
    execute(ctl_db, "UPDATE users SET deleted_at = '2025-01-01' WHERE id = 8")
    figures = [bring_in(control, files, *way, *options, status=FAILED) for way in (("--dry-run",), ())]
    assert [counts(each) for each in figures] == [(2, 0, 0, 2)] * 2
    assert all("was deleted" in each["complaints"][0] for each in figures)


def test_a_bar_on_a_terminal(control, ctl_db, tmp_path):
    learner(ctl_db)
    files = write(tmp_path / "files", "attempts_7.json", [entry(number) for number in range(2000)])
    assert "\r" not in control.run("import-json", files, "--dry-run").stderr
    assert "\rKiB [" in control.terminal("import-json", files)


# There and back

def random_directory(directory, rng):
    streaks = {}
    for user_id in range(1, 21):
        entries, when = [], datetime.datetime(2025, 1, 1)
        for number in range(rng.randrange(0, 300)):
            when += datetime.timedelta(seconds=rng.choice([0, 1, 3600, 90000]))
            entries.append({"user_id": user_id, "exercise_id": f"ex {rng.randrange(40)}", "is_correct": rng.random() < .6,
                            "user_answer": rng.choice([None, "", "é\n\t\"", "3/4"]), "created_at": when.isoformat() + "Z",
                            "module": rng.choice(["math", "größe", "a.b\"c"]), "tokens": rng.randrange(5)})
        write(directory, f"attempts_{user_id}.json", entries)
        streaks[user_id] = {"longest_streak": rng.randrange(30), "practice_dates": ["2024-12-01", "2024-12-02"],
                            "username": f"name-{user_id}", "display_name": "Ada \"x\"", "subject": f"idp|{user_id}",
                            "time_zone": rng.choice(["UTC", "Pacific/Kiritimati", "America/New_York"])}
    return write(directory, "streaks.json", streaks)


def contents(directory):
    return {name: open(os.path.join(directory, name), "rb").read() for name in os.listdir(directory)}


def test_export_and_import_lead_to_the_same(control, ctl_db, make_control, tmp_path):
    bring_in(control, random_directory(tmp_path / "files", random.Random(5)), "--create-users")
    execute(ctl_db, "INSERT INTO attempts_archive SELECT * FROM attempts WHERE id % 3 = 0 AND user_id > 5")
    execute(ctl_db, "DELETE FROM attempts WHERE id % 3 = 0 AND user_id > 5")
    assert_every_rule_holds(control, ctl_db)
    before = everything(ctl_db)
    control.run("export-json", tmp_path / "first")
    assert {os.stat(tmp_path / "first" / name).st_mode & 0o777 for name in os.listdir(tmp_path / "first")} == {0o600}
    assert "holds" in control.complaint("export-json", tmp_path / "first")
    # Back into the same database: it is all there.
    figures = bring_in(control, tmp_path / "first")
    assert figures["attempts"]["imported"] == figures["attempts"]["rejected"] == 0
    assert state(ctl_db) == state_of(before, ctl_db)
    # Into an empty one.
    other = make_control()
    bring_in(other, tmp_path / "first", "--create-users")
    connection = other.connect()
    assert state(connection) == state(ctl_db)
    assert_every_rule_holds(other, connection)
    other.run("export-json", tmp_path / "second")
    connection.close()
    assert contents(tmp_path / "second") == contents(tmp_path / "first")


def state_of(before, connection):
    """Nothing but digests and the revision that recorded them may have moved."""
    after = everything(connection)
    for table in ("attempts", "attempts_archive", "daily_totals", "practice_days", "profiles"):
        assert after[table] == before[table], table
    return state(connection)
