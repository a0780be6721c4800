"""The live channel as browsers meet it: tickets, frames, resuming, and what ends a connection."""

import asyncio
import datetime
import signal
import socket
import time

import pytest
import websockets

from conftest import Learner, service_of
from harness import truth
from harness.database import execute, query_one
from harness.live import PATH, Live, ticket
from harness.processes import resident_kib
from harness.stack import Stack

WAIT_S = 10
ORIGIN = "https://app.example.org"


@pytest.fixture(scope="module")
def stack():
    with Stack({"http": {"cors_origins": [ORIGIN]}, "live": {"heartbeat_s": 2, "connections": 60}}) as running:
        running.start_live()
        yield running


@pytest.fixture(scope="module")
def own(stack):
    return service_of(stack)


@pytest.fixture
def db(own):
    connection = own.connect()
    yield connection
    connection.close()


@pytest.fixture
def make(own, db):
    made = []

    def one(role="student", **columns):
        made.append(Learner(own, db, truth.create_learner(db, role=role, **columns), role))
        return made[-1]

    yield one
    for learner in made:
        learner.api.close()


@pytest.fixture
def learner(make):
    return make()


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, WAIT_S * 3))


async def answer(learner, **fields):
    reply = await asyncio.to_thread(learner.answer, **fields)
    assert reply.status == 200, reply
    return reply.json()["revision"]


def listen(stack, learner, since=None, **options):
    return Live(stack.url, ticket(learner.api), since, **options)


def test_an_answer_is_told_within_a_moment(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            assert (await live.next())["type"] == "heartbeat"
            began = time.monotonic()
            revision = await answer(learner, module="math", tokens=5)
            frame = await live.next_of(None)
            assert time.monotonic() - began < 1
            assert frame["revision"] == revision
            (change,) = frame["changes"]
            assert change["type"] == "progress_update" and change["userId"] == learner.id
            assert change["data"]["kind"] == "answer"
            assert {"what": "tokens", "key": "math", "by": 5, "because": "exercise ex-unknown"} in change["data"]["changes"]

    run(scenario())


def test_without_a_hint_a_change_is_found_by_looking(stack, learner, db):
    """Written around every program: no datagram tells of it."""
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            revision = learner_revision(db, learner) + 1
            began = time.monotonic()
            execute(db, "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
                        " VALUES (%s, %s, 'around', REPEAT('h', 32), 'test', 'answer', '[]', UTC_TIMESTAMP(3))",
                    (learner.id, revision))
            execute(db, "UPDATE users SET revision = %s WHERE id = %s", (revision, learner.id))
            assert (await live.next_of(None))["revision"] == revision
            assert time.monotonic() - began < 1

    run(scenario())


def learner_revision(db, learner):
    return query_one(db, "SELECT revision FROM users WHERE id = %s", (learner.id,))["revision"]


def test_resuming_misses_nothing_and_tells_nothing_twice(stack, learner):
    async def scenario():
        revisions = [await answer(learner) for _ in range(5)]
        async with listen(stack, learner, since=revisions[1]) as live:
            frames = await live.until(revisions[-1])
            assert [frame["revision"] for frame in frames] == revisions[2:]
            later = await answer(learner)
            assert (await live.next_of(None))["revision"] == later
        async with listen(stack, learner, since=later) as live:
            assert (await live.next())["revision"] == later

    run(scenario())


def test_a_long_absence_is_told_in_order(stack, learner):
    """More than fits a queue, or one reading of the ledger."""
    async def scenario():
        first = await answer(learner)
        await asyncio.to_thread(lambda: [learner.answer() for _ in range(1200)])
        async with listen(stack, learner, since=first) as live:
            frames = await live.until(first + 1200)
            assert [frame["revision"] for frame in frames] == list(range(first + 1, first + 1201))

    run(scenario())


def test_a_restart_loses_nothing(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            known = (await live.next())["revision"]
            stack.live.send_signal(signal.SIGTERM)
            assert await live.close_code() == 1012
        await asyncio.to_thread(stack.live.stop)
        revision = await answer(learner)
        stack.start_live()
        async with listen(stack, learner, since=known) as live:
            assert [frame["revision"] for frame in await live.until(revision)] == [revision]

    run(scenario())


def test_killed_and_come_again(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            known = (await live.next())["revision"]
            stack.live.kill()
            assert await live.close_code() == 1006
        stack.start_live()
        revision = await answer(learner)
        async with listen(stack, learner, since=known) as live:
            assert [frame["revision"] for frame in await live.until(revision)] == [revision]

    run(scenario())


def test_everybody_who_listens_is_told(stack, learner, make):
    other = make()

    async def scenario():
        async with listen(stack, learner) as one, listen(stack, learner) as two, listen(stack, other) as stranger:
            for live in (one, two, stranger):
                await live.next()
            revision = await answer(learner)
            assert (await one.next_of(None))["revision"] == revision
            assert (await two.next_of(None))["revision"] == revision
            frame = await stranger.next()
            assert frame["type"] == "heartbeat", frame

    run(scenario())


def test_types_that_are_not_wanted_are_not_told(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            await live.send({"unsubscribe": ["progress_update"]})
            await asyncio.sleep(0.2)
            revision = await answer(learner)
            beat = await live.next()
            while beat["revision"] < revision:
                assert beat["type"] == "heartbeat"
                beat = await live.next()
            assert beat["type"] == "heartbeat", "nothing was told, and the heartbeat says up to where"
            await live.send({"subscribe": ["progress_update"]})
            await asyncio.sleep(0.2)
            assert (await asyncio.gather(live.next_of(None), answer(learner)))[0]["revision"] == revision + 1

    run(scenario())


def event(activity, status="completed", source="video_player"):
    return {"id": f"e-{activity}-{status}", "eventType": "video_completed", "sourceSystem": source,
            "eventData": {"activityId": activity, "activityType": "video", "completionStatus": status}}


async def happen(learner, *events):
    reply = await asyncio.to_thread(learner.api.post, "/api/progress-sync/events", {"events": list(events)})
    assert reply.status in (200, 207), (reply, reply.text)
    return reply.json()


def test_what_was_earned_comes_with_what_earned_it(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            revision = (await happen(learner, event("v1")))["revision"]
            frame = await live.next_of(None)
            assert frame["revision"] == revision
            progress, earned = frame["changes"]
            assert progress["type"] == "progress_update"
            assert {"what": "achievement", "key": "first-step", "by": 1, "because": "First step"} in progress["data"]["changes"]
            assert earned == {"type": "achievement_earned", "userId": learner.id,
                              "data": {"id": "first-step", "title": "First step", "at": progress["data"]["at"]}}
            await answer(learner)
            assert [change["type"] for change in (await live.next_of(None))["changes"]] == ["progress_update"]

    run(scenario())


def test_a_conflict_is_told_to_who_subscribes_to_conflicts(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live, listen(stack, learner) as other:
            await live.next()
            await other.next()
            await live.send({"unsubscribe": ["progress_update", "achievement_earned"]})
            await other.send({"unsubscribe": ["progress_update", "conflict_detected"]})
            await asyncio.sleep(0.2)
            earned = (await happen(learner, event("v1")))["revision"]
            told = await happen(learner, event("v1", "failed", "chat_system"))
            (result,) = told["results"]
            assert result["status"] == "conflict", told
            frame = await live.next_of(None)
            assert frame["revision"] == told["revision"] == earned + 1
            (change,) = frame["changes"]
            assert change["type"] == "conflict_detected"
            assert {key: change["data"][key] for key in ("id", "conflictType")} == {
                "id": result["conflicts"][0]["id"], "conflictType": "completion_status_conflict"}
            frame = await other.next_of(None)
            assert frame["revision"] == earned
            assert [change["data"]["id"] for change in frame["changes"]] == ["first-step"]

    run(scenario())


@pytest.mark.parametrize("message, code", [
    ("{", 1007), ('{"subscribe": "all"}', 1007), ('{"subscribe": ["everything"]}', 1008), (b"\x00", 1003),
    ("x" * 2000, 1009),
])
def test_a_message_that_makes_no_sense_ends_it(stack, learner, message, code):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.send(message)
            assert await live.close_code() == code

    run(scenario())


def test_too_many_messages_end_it(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            for _ in range(200):
                try:
                    await live.send({"subscribe": ["progress_update"]})
                except websockets.ConnectionClosed:
                    break
            assert await live.close_code() == 1008

    run(scenario())


def test_a_ticket_opens_one_connection(stack, learner):
    async def scenario():
        text = ticket(learner.api)
        async with Live(stack.url, text) as live:
            await live.next()
            async with Live(stack.url, text) as again:
                assert await again.close_code() == 4401

    run(scenario())


def test_a_ticket_ages(stack, learner, db):
    async def scenario():
        text = ticket(learner.api)
        execute(db, "UPDATE live_tickets SET expires_at = UTC_TIMESTAMP(3) WHERE user_id = %s", (learner.id,))
        async with Live(stack.url, text) as live:
            assert await live.close_code() == 4401

    run(scenario())


def test_the_database_knows_no_ticket_that_could_be_used(stack, learner, db):
    text = ticket(learner.api)
    row = query_one(db, "SELECT HEX(digest) AS digest FROM live_tickets WHERE user_id = %s", (learner.id,))
    assert text not in row["digest"].lower()


@pytest.mark.parametrize("arguments", ["", "?ticket=", "?ticket=abc", "?ticket=" + "0" * 65,
                                       "?ticket=" + "0" * 64 + "&since=-1", "?ticket=" + "0" * 64 + "&since=x",
                                       "?ticket=" + "0" * 64 + "&since=99999999999999999999",
                                       "?ticket=" + "0" * 64 + "&epoch=1e3"])
def test_what_cannot_be_a_ticket_is_refused_before_the_upgrade(stack, arguments):
    async def scenario():
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(stack.url.replace("http", "ws") + PATH + arguments)
        assert refused.value.status_code == 400

    run(scenario())


def test_a_ticket_of_nobody_is_closed(stack):
    async def scenario():
        async with Live(stack.url, "0" * 64) as live:
            assert await live.close_code() == 4401

    run(scenario())


@pytest.mark.parametrize("origin, may", [(ORIGIN, True), ("own", True), (None, True), ("https://evil.example", False),
                                         ("null", False), ("https://app.example.org.evil.example", False)])
def test_pages_of_elsewhere_cannot_connect(stack, learner, origin, may):
    async def scenario():
        options = {} if origin is None else {"origin": stack.url if origin == "own" else origin}
        live = listen(stack, learner, **options)
        if may:
            async with live:
                assert (await live.next())["type"] == "heartbeat"
            return
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            async with live:
                pass
        assert refused.value.status_code == 403

    run(scenario())


def test_it_ends_with_the_token(stack, own, learner):
    async def scenario():
        claims = {**own.mint.claims(learner.id, "student"), "exp": int(time.time()) + 3}
        short = own.client(own.mint.sign(claims))
        began = time.monotonic()
        async with Live(stack.url, ticket(short)) as live:
            assert await live.close_code() == 4401
        assert time.monotonic() - began < 6
        short.close()

    run(scenario())


def test_it_ends_with_the_learner(stack, learner, db):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            execute(db, "UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = %s", (learner.id,))
            assert await live.close_code() == 4410

    run(scenario())


def test_a_revision_that_nobody_gave_resyncs(stack, learner):
    async def scenario():
        revision = await answer(learner)
        async with listen(stack, learner, since=revision + 100) as live:
            frame = await live.next()
            assert (frame["type"], frame["revision"]) == ("resync", revision)
            later = await answer(learner)
            assert (await live.next_of(None))["revision"] == later

    run(scenario())


def test_folded_history_resyncs(stack, learner, db):
    async def scenario():
        first = await answer(learner)
        second = await answer(learner)
        third = await answer(learner)
        execute(db, "DELETE FROM ledger WHERE user_id = %s AND revision <= %s", (learner.id, first))
        execute(db, "UPDATE ledger SET kind = 'folded' WHERE user_id = %s AND revision = %s", (learner.id, second))
        for since in (0, first):
            async with listen(stack, learner, since=since) as live:
                assert (await live.next())["type"] == "resync", since
        async with listen(stack, learner, since=second) as live:
            assert (await live.next_of(None))["revision"] == third

    run(scenario())


def test_a_restored_backup_resyncs(stack, learner, db):
    async def scenario():
        await answer(learner)
        async with listen(stack, learner) as live:
            before = await live.next()
            execute(db, "UPDATE shared_version SET epoch = epoch + 1")
            resync = await live.next_of("resync")
            assert resync["epoch"] == before["epoch"] + 1
        async with listen(stack, learner, since=before["revision"], epoch=before["epoch"]) as live:
            assert (await live.next())["type"] == "resync", "of before the restore"
        async with listen(stack, learner, since=before["revision"], epoch=resync["epoch"]) as live:
            assert (await live.next())["type"] == "heartbeat"

    run(scenario())


def test_heartbeats_tell_that_it_lives_and_up_to_where(stack, learner):
    async def scenario():
        revision = await answer(learner)
        async with listen(stack, learner) as live:
            first = await live.next()
            second = await live.next()
            assert first["type"] == second["type"] == "heartbeat"
            assert first["revision"] == second["revision"] == revision
            stamps = [datetime.datetime.fromisoformat(frame["serverTime"].replace("Z", "+00:00")) for frame in (first, second)]
            assert 1 < (stamps[1] - stamps[0]).total_seconds() < 4

    run(scenario())


def test_more_connections_than_are_allowed_are_refused(stack, learner, make):
    other = make()

    async def scenario():
        held = []
        try:
            for number in range(60):
                live = listen(stack, learner if number % 2 else other)
                await live.__aenter__()
                held.append(live)
            with pytest.raises(websockets.InvalidStatusCode) as refused:
                await listen(stack, learner).__aenter__()
            assert refused.value.status_code == 503
        finally:
            for live in held:
                await live.__aexit__()
        await asyncio.sleep(0.3)
        async with listen(stack, learner) as live:
            await live.next()

    run(scenario())


def test_one_learner_does_not_take_every_place(stack, learner, make):
    other = make()

    async def scenario():
        held = []
        try:
            for _ in range(32):
                held.append(await listen(stack, learner).__aenter__())
                await held[-1].next()
            async with listen(stack, learner) as live:
                assert await live.close_code() == 1013
            async with listen(stack, other) as live:
                await live.next()
        finally:
            for live in held:
                await live.__aexit__()

    run(scenario())


def test_nothing_but_a_websocket_is_upgraded_to(stack):
    """HTTP/2 would speak past nginx, to whatever the server has."""
    def ask(host, request):
        with socket.socket(socket.AF_UNIX if host is None else socket.AF_INET) as connection:
            connection.settimeout(WAIT_S)
            connection.connect(stack.live_socket if host is None else host)
            connection.sendall(request.encode())
            return connection.recv(4096).split(b"\r\n")[0]

    request = (f"GET {PATH}?ticket={'0' * 64} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
               "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
    for host in (None, ("127.0.0.1", stack.port)):
        assert b" 101" not in ask(host, request)


@pytest.mark.parametrize("arguments", ["&x=" + "y" * 200 + "&since=1", "&since=" + "0" * 130 + "1"])
def test_no_argument_hides_another(stack, learner, arguments):
    async def scenario():
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(f"{stack.url.replace('http', 'ws', 1)}{PATH}?ticket={ticket(learner.api)}{arguments}")
        assert refused.value.status_code == 400

    run(scenario())


def test_large_cookies_are_nobodys_business(stack, learner):
    async def scenario():
        async with listen(stack, learner, extra_headers={"Cookie": "c=" + "x" * 6000}) as live:
            assert (await live.next())["type"] == "heartbeat"

    run(scenario())


def test_the_epoch_is_known_from_the_first_frame_on(stack, learner):
    async def scenario():
        revision = await answer(learner)
        async with listen(stack, learner) as live:
            epoch = (await live.next())["epoch"]
        assert epoch > 0
        await asyncio.to_thread(stack.live.stop)
        stack.start_live()
        async with Live(stack.url, ticket(learner.api), revision, epoch) as live:
            first = await live.next()
            assert (first["type"], first["epoch"]) == ("heartbeat", epoch)

    run(scenario())


def test_who_never_reads_costs_nobody_anything(stack, learner, make):
    """Neither memory without end, nor the others' time."""
    other = make()

    async def scenario():
        known = await answer(learner)
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.port, limit=1)
        writer.write((f"GET {PATH}?ticket={ticket(learner.api)}&since={known} HTTP/1.1\r\nHost: localhost\r\n"
                      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        await writer.drain()
        await asyncio.sleep(0.5)
        before = resident_kib(stack.live.pid)
        user = learner.id
        execute(learner.db, "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
                            " SELECT %s, %s + seq, CONCAT('n', seq), REPEAT('h', 32), 'test', 'answer',"
                            " CONCAT('[\"', REPEAT('x', 20000), '\"]'), UTC_TIMESTAMP(3) FROM seq_1_to_5000", (user, known))
        execute(learner.db, "UPDATE users SET revision = revision + 5000 WHERE id = %s", (user,))
        async with listen(stack, other) as live:
            await live.next()
            began = time.monotonic()
            revision = await answer(other)
            assert (await live.next_of(None))["revision"] == revision
            assert time.monotonic() - began < 2
        await asyncio.sleep(1)
        assert resident_kib(stack.live.pid) - before < 32 * 1024, "of 100 MB that wait for it"
        writer.close()
        reader.feed_eof()

    run(scenario())


def test_a_history_too_large_to_be_told_is_read_anew(stack, learner, make):
    other = make()

    async def scenario():
        known = await answer(learner)
        execute(learner.db, "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
                            " VALUES (%s, %s, 'huge', REPEAT('h', 32), 'test', 'answer',"
                            " CONCAT('[\"', REPEAT('x', 15000000), '\"]'), UTC_TIMESTAMP(3))", (learner.id, known + 1))
        execute(learner.db, "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
                            " SELECT %s, %s + seq, CONCAT('n', seq), REPEAT('h', 32), 'test', 'answer',"
                            " CONCAT('[\"', REPEAT('x', 12000000), '\"]'), UTC_TIMESTAMP(3) FROM seq_2_to_25",
                (learner.id, known))
        execute(learner.db, "UPDATE users SET revision = revision + 25 WHERE id = %s", (learner.id,))
        async with listen(stack, learner, since=known) as live, listen(stack, other) as second:
            await second.next()
            revision = await answer(other)
            assert (await second.next_of(None))["revision"] == revision
            resync = await live.next_of("resync")
            assert resync["revision"] == known + 25
            later = await answer(learner)
            assert (await live.next_of(None))["revision"] == later

    run(scenario())


def test_nginx_reloads_and_nobody_notices(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            stack.nginx.send_signal(signal.SIGHUP)
            await asyncio.sleep(1)
            revision = await answer(learner)
            assert (await live.next_of(None))["revision"] == revision

    run(scenario())


def test_a_database_that_was_away_is_caught_up_with(stack, learner):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            stack.database.kill()
            await asyncio.sleep(0.5)
            stack.database.start()  # a server dies with the thread that started it
            await asyncio.to_thread(stack.wait_ready)
            revision = await answer(learner)
            assert (await live.until(revision))[-1]["revision"] == revision

    run(scenario())


def test_its_figures(stack, learner, public_text):
    async def scenario():
        async with listen(stack, learner) as live:
            await live.next()
            return await asyncio.to_thread(public_text, "/metrics/live")

    text = run(scenario())
    assert "lockstep_live_connections 1\n" in text
    assert "# TYPE lockstep_live_frames_total counter" in text


@pytest.fixture
def public_text(own):
    client = own.client()

    def read(path):
        reply = client.get(path)
        assert reply.status == 200, reply
        return reply.body.decode()

    yield read
    client.close()
