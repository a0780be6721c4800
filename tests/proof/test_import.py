"""Proof: a directory of many learners' files, one entry in a hundred broken in one of several ways, is imported whole;
killed with -9 on the way and run again it leads to the same. Figures and memory are printed."""

import datetime
import json
import os
import random
import shutil
import signal
import subprocess
import time

import yaml

from harness.database import execute, query, query_one
from harness.stack import merge

READ_PER_SECOND_MIN = 20_000

# Broken in ways that the entry beside it does not notice.
BREAKS = [
    lambda text: "null",
    lambda text: "{}",
    lambda text: text.replace('"is_correct"', '"is_corect"'),
    lambda text: text.replace('"created_at": "20', '"created_at": "at 20'),
    lambda text: text.replace('"created_at": "20', '"created_at": "29'),
    lambda text: text.replace("}", ""),
    lambda text: text.replace('"exercise_id": "', '"exercise_id": '),
    lambda text: text.replace('"user_id": "user_', '"user_id": "user_9'),
    lambda text: text.replace('"user_answer": "', '"user_answer": "\x01'),
]

# What the import brings about, but for when and in how many steps.
STATES = {
    "attempts": "user_id, exercise_id, module, is_correct, user_answer, tokens, practised_on, created_at",
    "daily_totals": "user_id, day, module, questions, correct, tokens",
    "practice_days": "user_id, day, activity, count",
    "profiles": "user_id, current_streak, longest_streak, last_practice_date",
    "users": "id, tokens, questions_answered, correct_answers, time_zone,"
             " JSON_REMOVE(hidden_grade_asset, '$.global_stats.last_updated')",
    "imported_entries": "user_id, HEX(digest), occurrences",
}


class Directory:
    """Files of `learners`, the first of which has a tenth of all entries; and what they hold, counted apart."""

    def __init__(self, path, learners, entries, seed=1):
        self.path = path
        self.entries = self.broken = 0
        self.good = {}  # learner: questions, correct, days
        os.makedirs(path)
        rng = random.Random(seed)
        streaks = {}
        for user_id in range(1, learners + 1):
            count = entries // 10 if user_id == 1 else (entries - entries // 10) // (learners - 1)
            days = self.write(user_id, count, rng)
            streaks[f"user_{user_id}"] = {"current_streak": 1, "longest_streak": 5, "practice_dates": sorted(days),
                                          "last_practice_date": "2023-12-31"}
        with open(os.path.join(path, "streaks.json"), "w", encoding="utf-8") as file:
            json.dump(streaks, file)

    def write(self, user_id, count, rng):
        when, step = datetime.datetime(2024, 1, 1), max(1, 40_000_000 // max(count, 1))
        questions = correct = 0
        days, lines = set(), []
        for number in range(count):
            when += datetime.timedelta(seconds=rng.randrange(step))
            is_correct = rng.random() < 0.7
            text = (f'{{"id": {number + 1}, "user_id": "user_{user_id}", "exercise_id": "ex_{rng.randrange(5000)}", '
                    f'"is_correct": {"true" if is_correct else "false"}, "user_answer": "answer {number % 97}", '
                    f'"created_at": "{when.isoformat()}"}}')
            if rng.random() < 0.01:
                text = BREAKS[rng.randrange(len(BREAKS))](text)
                # An entry that is never closed, be it within a text, takes a bare null behind it along.
                if text == "null" and lines and (not lines[-1].endswith("}") or lines[-1].count('"') % 2):
                    text = "{}"
                self.broken += 1
            else:
                questions += 1
                correct += is_correct
                days.add(when.date().isoformat())
            lines.append(text)
        self.entries += count
        self.good[user_id] = (questions, correct, days | {"2023-12-31"})
        with open(os.path.join(self.path, f"attempts_{user_id}.json"), "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(lines) + "\n]\n")
        return days


class Target:
    """A database of its own for one way of getting there."""

    def __init__(self, stack, name):
        self.stack = stack
        self.name = name
        self.path = os.path.join(stack.directory, f"{name}.yaml")
        connection = stack.database.connect(database=None)
        execute(connection, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        connection.close()
        with open(self.path, "w", encoding="utf-8") as file:
            yaml.safe_dump(merge(stack.config, {"database": {"name": name, "user": "root", "password": ""}}), file)
        assert self.start("migrate", "up").wait() == 0
        self.reconnect()

    def reconnect(self):
        self.connection = self.stack.database.connect(database=self.name)

    def start(self, *words):
        return subprocess.Popen([self.stack.program("lockstepctl"), "--config", self.path, *words],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def start_import(self, directory):
        return self.start("import-json", directory.path, "--create-users", "--json", "--complaints", "0")

    def server_seconds(self):
        """Processor time of the database so far."""
        with open(f"/proc/{self.stack.database.child.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def bring_in(self, directory):
        """The figures; with processor time, which does not depend on what else the machine does; and the most memory."""
        server_before = self.server_seconds()
        child = self.start_import(directory)
        figures = json.loads(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == (1 if directory.broken else 0)
        for counts in (figures["attempts"], figures["streaks"]):
            assert counts["read"] == counts["imported"] + counts["alreadyThere"] + counts["rejected"], figures
        client = usage.ru_utime + usage.ru_stime
        server = self.server_seconds() - server_before
        memory_mib = usage.ru_maxrss / 1024
        print(f"{figures['attempts']['read']} read, {figures['attempts']['imported']} imported in"
              f" {figures['seconds']:.1f} s: {figures['attempts']['read'] / figures['seconds']:.0f}/s; processor time"
              f" {client:.1f} s here, {server:.1f} s of the database; {memory_mib:.0f} MiB")
        return figures, memory_mib

    def attempts(self):
        return query_one(self.connection, "SELECT COUNT(*) AS n FROM attempts")["n"]

    def state(self):
        return {table: query_one(self.connection, f"SELECT COUNT(*) AS n, SUM(CRC32(CONCAT_WS('|', {columns}))) AS sum"
                                 f" FROM {table}") for table, columns in STATES.items()}


def assert_is_the_directory(target, directory):
    """Each learner has what the files hold, everywhere it is kept."""
    users = {row["id"]: row for row in query(target.connection, "SELECT * FROM users")}
    days = {row["user_id"]: row for row in query(
        target.connection, "SELECT user_id, COUNT(*) AS days, SUM(count) AS count FROM practice_days GROUP BY user_id")}
    assert users.keys() == directory.good.keys()
    for user_id, (questions, correct, practised) in directory.good.items():
        user = users[user_id]
        assert (user["questions_answered"], user["correct_answers"]) == (questions, correct), user_id
        stats = json.loads(user["hidden_grade_asset"])["modules"]["imported"]["progress"]
        assert (stats["total_questions_answered"], stats["correct_answers"]) == (questions, correct), user_id
        assert (days[user_id]["days"], days[user_id]["count"]) == (len(practised), questions), user_id
    for user_id in list(directory.good)[:20]:
        assert target.start("validate", "--user", str(user_id)).wait() == 0, user_id


def kept_aside(directory):
    path = f"{directory.path}.rejects"
    count = 0
    assert not [name for name in os.listdir(path) if name.endswith(".part")]
    for name in os.listdir(path):
        if name.endswith("~"):  # of the run that was killed
            continue
        with open(os.path.join(path, name), encoding="utf-8") as file:
            count += len(json.load(file))
    shutil.rmtree(path)
    return count


def kill_in_the_middle(target, directory):
    child = target.start_import(directory)
    while target.attempts() < directory.entries // 3:
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    taken = target.attempts()
    assert 0 < taken < directory.entries - directory.broken
    return taken


def lose_the_database(target, directory):
    """Killed under the import and started again: it waits, and goes on."""
    child = target.start_import(directory)
    before = target.attempts()
    while target.attempts() <= before:
        assert child.poll() is None, "it ended before the database could be killed"
        time.sleep(0.01)
    target.stack.database.kill()
    target.stack.database.start()
    target.reconnect()
    figures = json.loads(child.communicate()[0])
    assert figures["attempts"]["imported"] == directory.entries - directory.broken - before, figures


def test_import(stack, size):
    directory = Directory(os.path.join(stack.directory, "files"), size.of(40, 2000), size.of(40_000, 2_000_000))
    good = directory.entries - directory.broken
    straight, killed = Target(stack, "straight"), Target(stack, "killed")

    figures, memory_mib = straight.bring_in(directory)
    assert figures["attempts"] == {"read": directory.entries, "imported": good, "alreadyThere": 0,
                                   "rejected": directory.broken}
    assert figures["learnersCreated"] == len(directory.good)
    assert kept_aside(directory) == directory.broken
    assert_is_the_directory(straight, directory)
    assert memory_mib < 200
    if size.is_full:  # a small one mostly starts up
        assert figures["attempts"]["read"] / figures["seconds"] >= READ_PER_SECOND_MIN

    taken = kill_in_the_middle(killed, directory)
    print(f"killed after {taken} attempts")
    lose_the_database(killed, directory)
    straight.reconnect()
    figures, _ = killed.bring_in(directory)
    assert figures["attempts"]["alreadyThere"] == good and figures["attempts"]["rejected"] == directory.broken
    assert kept_aside(directory) == directory.broken
    assert killed.state() == straight.state()

    before = straight.state()
    figures, _ = straight.bring_in(directory)
    assert figures["attempts"]["imported"] == figures["streaks"]["imported"] == 0
    assert straight.state() == before
