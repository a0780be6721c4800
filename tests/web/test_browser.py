"""The client in a real Chromium, against a whole Lockstep of its own."""

import datetime
import json
import os
import re
import subprocess

import pytest

from harness import truth
from harness.database import query, query_one
from harness.stack import REPOSITORY, Stack
from harness.tokens import Mint


@pytest.fixture(scope="module")
def stack():
    with Stack() as running:
        running.start_live()
        yield running


@pytest.fixture
def browse(stack, tmp_path):
    """browse(scenario, token): what came of it. The server is killed and started as the learner's day demands."""
    directory = os.path.join(os.environ.get("LOCKSTEP_STATE", str(tmp_path)), "web-browser")

    def do(what):
        if what == "kill the server":
            stack.service.kill()
        elif what == "start the server":
            if os.path.exists(stack.fcgi_socket):
                os.unlink(stack.fcgi_socket)
            stack.start_service()
            stack.wait_ready()
        else:
            raise AssertionError(what)

    def scenario(name, token, timeout_s=240, **more):
        given = {"scenario": name, "url": stack.url, "token": token, "profile": str(tmp_path / "profile"), **more}
        program = os.path.join(REPOSITORY, "tests", "web", "browser", "browse")
        environment = {**os.environ, "HOME": str(tmp_path)}
        with subprocess.Popen(["timeout", str(timeout_s), program, directory, json.dumps(given)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as running:
            last = None
            for line in running.stdout:
                last = json.loads(line)
                if "do" in last:
                    do(last["do"])
                    running.stdin.write("done\n")
                    running.stdin.flush()
            complaints = running.stderr.read()
            assert running.wait() == 0, complaints
        assert last["complaints"] == []
        return last
    return scenario


@pytest.fixture
def db(stack):
    connection = stack.connect()
    yield connection
    connection.close()


def test_a_learners_bad_day(browse, stack, db):
    """Practised as a guest: online, offline under a wrong clock, in two tabs, while the server is killed, over a
    reload and a killed browser; then signed in, offline. The database holds exactly what was done."""
    user_id = truth.create_learner(db)
    came = browse("bad day", Mint(stack.config).student(user_id))
    assert (came["guest"], came["now"].endswith(f"|{user_id}")) == ("guest", True)
    rows = query(db, "SELECT exercise_id, user_answer, created_at FROM attempts WHERE user_id = %s", (user_id,))
    assert sorted([row["exercise_id"], row["user_answer"]] for row in rows) == sorted(came["done"])
    assert len(rows) == 24
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for row in rows:
        assert now - datetime.timedelta(minutes=10) < row["created_at"] < now + datetime.timedelta(seconds=5), row
    sessions = query(db, "SELECT total_questions, correct_answers, total_points FROM session_results WHERE user_id = %s", (user_id,))
    assert [(row["total_questions"], row["total_points"]) for row in sessions] == [(10, 3 * sessions[0]["correct_answers"])]
    stitches = query(db, "SELECT stitch_id, is_completed FROM user_stitch_progress WHERE user_id = %s", (user_id,))
    assert [(row["stitch_id"], row["is_completed"]) for row in stitches] == [("sums-1", 1)]
    correct = sum(1 for at in range(len(came["done"])) if at % 3 != 2)
    truth.assert_agrees(db, user_id, truth.triple(correct, len(rows), correct), claimed=True, answers_only=False)
    assert query_one(db, "SELECT COUNT(*) AS n FROM users WHERE merged_into = %s", (user_id,))["n"] == 1


@pytest.mark.parametrize("blocked", [False, True])
def test_the_page_of_the_documentation(browse, stack, db, blocked):
    """What docs/frontend.md tells a new frontend developer to write, as it stands there: what is done in one tab
    shows in another within a second, and where WebSockets are blocked, within the interval of polling."""
    with open(os.path.join(REPOSITORY, "docs", "frontend.md"), encoding="utf-8") as file:
        page = re.search(r"```html\n(.*?)```", file.read(), re.DOTALL).group(1)
    assert page.count("\n") <= 25
    user_id = truth.create_learner(db)
    came = browse("the page of the documentation", Mint(stack.config).student(user_id), page=page, blocked=blocked)
    assert came["took"] < (16000 if blocked else 1000)
    assert came["modules"] == ["Overall Progress: 1", "Mathematics: 1"]
