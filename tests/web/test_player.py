"""The browser client against the running service, over nginx: what the database holds is what was done."""

import json
import os

import pytest

from harness import truth
from harness.database import query, query_one
from harness.stack import REPOSITORY

PLAYER = os.path.join(REPOSITORY, "tests", "web", "player.mjs")


@pytest.fixture
def play(client_command):
    def scenario(name, url, token, **options):
        given = {"scenario": name, "url": url, "token": token, **options}
        code, said, complaints = client_command("node", PLAYER, json.dumps(given), timeout_s=60)
        assert code == 0, said + complaints
        return json.loads(said.splitlines()[-1])
    return scenario


def holds_what_was_done(db, user_id, answers, points=7):
    attempts = query_one(db, "SELECT COUNT(*) AS n, SUM(tokens) AS tokens FROM attempts WHERE user_id = %s", (user_id,))
    assert (attempts["n"], attempts["tokens"]) == (answers, 2 * answers)
    sessions = query(db, "SELECT id, total_points FROM session_results WHERE user_id = %s", (user_id,))
    assert [(row["id"], row["total_points"]) for row in sessions] == [("s1", points)]
    stitches = query(db, "SELECT stitch_id, order_number, is_completed FROM user_stitch_progress WHERE user_id = %s"
                         " ORDER BY stitch_id", (user_id,))
    assert [(row["stitch_id"], row["order_number"], row["is_completed"]) for row in stitches] == \
        [("x1", 1, 0), ("x2", 2, 0), ("x3", 3, 1)]


def test_what_was_done_offline_counts_once(play, service, learner, db):
    """Put in offline, the page reloaded, four replies lost: all of it is there, and once."""
    came = play("offline", service.url, learner.token)
    assert came["waiting"] == 13 and came["lost"] == 4
    assert came["unsettled"][0] == ["wrong", "rejected", 422]
    assert came["tokens"] == 10 and came["notModified"] is True
    holds_what_was_done(db, learner.id, answers=5)
    truth.assert_agrees(db, learner.id, truth.triple(10, 5, 5), answers_only=False)
    events = query(db, "SELECT id, activity_id FROM progress_events WHERE user_id = %s ORDER BY revision, position", (learner.id,))
    assert [(row["id"], row["activity_id"]) for row in events] == [("event-0", "v1"), ("event-1", "v2"), ("event-2", "v1")]


def test_a_guest_is_claimed_once(play, service, learner, db):
    came = play("claim", service.url, learner.token, anonymous=True)
    assert came["statuses"] == ["applied"] * 9 + ["rejected"]
    assert came["claims"] == [True] and came["wasAnonymous"] and not came["isAnonymous"]
    assert came["tokens"] == 12
    holds_what_was_done(db, learner.id, answers=6)
    assert query_one(db, "SELECT COUNT(*) AS n FROM users WHERE merged_into = %s", (learner.id,))["n"] == 1


@pytest.mark.parametrize("live", [True, False])
def test_it_hears_what_happens(play, service, new_learner, live):
    """Live, each revision comes once and in order, over a connection that was cut in between."""
    learner = new_learner()
    came = play("hear", service.url, learner.token, live=live)
    assert came["connection"] == ("live" if live else "polling")
    told = [message for message in came["heard"] if message["type"] == "changes"]
    assert [message["revision"] for message in told] == came["asked"]
    changes = told[-1]["changes"][0]["data"]["changes"]
    assert {"what": "tokens", "key": "math", "by": 1, "because": "exercise ex-unknown"} in changes
    if live:
        assert came["took"] < 1000 and came["sockets"] >= 2


def test_the_client_is_served(service):
    client = service.client()
    client.on_reply = None
    reply = client.get("/lockstep/client/index.js")
    assert reply.status == 200 and reply.content_type == "text/javascript" and b"createLockstep" in reply.body
    assert client.get("/lockstep/client/index.js", headers={"If-None-Match": reply.etag}).status == 304
    client.close()
