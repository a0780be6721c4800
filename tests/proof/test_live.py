"""Proof of the live channel: many browsers, many changes; none missing by revision, none twice, also
when lockstep-live is killed and every client resumes. `make proof`: 2,000 browsers, 500 answers a second."""

import asyncio
import datetime
import json
import random
import threading
import time

import websockets

from harness.client import Client
from harness.database import query
from harness.live import PATH
from harness.tools import create_learners

POSTERS = 8
SETTLE_S = 20


class Browser:
    """One learner's: resumes with the last revision it saw, as docs/live.md says."""

    def __init__(self, stack, mint, user_id):
        self.stack = stack
        self.token = mint.sign(mint.claims(user_id, "student"))
        self.user_id = user_id
        self.revisions = []
        self.delays_ms = []
        self.known = 0
        self.connections = 0

    def ticket(self):
        client = Client(self.stack.url, self.token)
        try:
            return client.post("/api/progress-sync/live-ticket").json()["ticket"]
        finally:
            client.close()

    async def listen(self, stops):
        while not stops.is_set():
            try:
                ticket = await asyncio.to_thread(self.ticket)
                address = f"{self.stack.url.replace('http', 'ws', 1)}{PATH}?ticket={ticket}&since={self.known}"
                async with websockets.connect(address, ping_interval=None, open_timeout=60) as socket:
                    self.connections += 1
                    await self.hear(socket)
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError, KeyError):
                await asyncio.sleep(0.1 + random.random())

    async def hear(self, socket):
        async for text in socket:
            frame = json.loads(text)
            assert frame.get("type") != "resync", frame
            if "changes" not in frame:
                continue
            self.known = frame["revision"]
            self.revisions.append(self.known)
            at = datetime.datetime.fromisoformat(frame["changes"][0]["data"]["at"].replace("Z", "+00:00"))
            self.delays_ms.append(time.time() * 1000 - at.timestamp() * 1000)


def post_answers(stack, browsers, rate, until, counts, number):
    """At a rate of its own, whatever the replies take."""
    chance = random.Random(number)
    client = Client(stack.url)
    due = time.monotonic()
    while time.monotonic() < until:
        browser = chance.choice(browsers)
        client.token = browser.token
        reply = client.post("/api/answer", {"exerciseId": "ex-live", "module": "math", "isCorrect": True, "tokens": 1})
        assert reply.status == 200, reply
        counts[number] += 1
        due += POSTERS / rate
        time.sleep(max(0, due - time.monotonic()))
    client.close()


def wait_for_all(browsers, wanted):
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        if all(browser.known == wanted[browser.user_id] for browser in browsers):
            return
        time.sleep(0.1)


def prove(stack, mint, browser_count, rate, seconds, kills):
    connection = stack.connect()
    browsers = [Browser(stack, mint, user_id) for user_id in create_learners(connection, browser_count)]
    loop = asyncio.new_event_loop()
    stops = threading.Event()

    async def listen_all():
        await asyncio.gather(*(browser.listen(stops) for browser in browsers))

    listening = threading.Thread(target=lambda: loop.run_until_complete(listen_all()), daemon=True)
    listening.start()
    deadline = time.monotonic() + 120
    while any(browser.connections == 0 for browser in browsers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert all(browser.connections for browser in browsers)
    counts = [0] * POSTERS
    until = time.monotonic() + seconds
    posters = [threading.Thread(target=post_answers, args=(stack, browsers, rate, until, counts, number))
               for number in range(POSTERS)]
    for poster in posters:
        poster.start()
    for _ in range(kills):
        time.sleep(seconds / (kills + 1))
        stack.live.kill()
        stack.start_live()
    for poster in posters:
        poster.join()
    rows = query(connection, "SELECT id, revision FROM users")
    connection.close()
    wanted = {row["id"]: row["revision"] for row in rows}
    wait_for_all(browsers, wanted)
    stops.set()
    told = 0
    for browser in browsers:
        told += len(browser.revisions)
        assert browser.revisions == list(range(1, wanted[browser.user_id] + 1)), browser.user_id
    assert told == sum(counts) and told >= rate * seconds * 0.5
    delays = sorted(delay for browser in browsers for delay in browser.delays_ms)
    print(f"\n{browser_count} browsers, {told} frames in {seconds} s, {kills} kills:"
          f" p50 {delays[len(delays) // 2]:.1f} ms, p99 {delays[len(delays) * 99 // 100]:.1f} ms,"
          f" most {delays[-1]:.1f} ms from the answer's transaction to the browser")
    return delays


def test_every_change_reaches_its_browser_once(stack, mint, size):
    stack.start_live()
    prove(stack, mint, size.of(100, 2000), size.of(100, 500), size.of(5, 60), kills=0)


def test_killed_and_resumed(stack, mint, size):
    stack.start_live()
    prove(stack, mint, size.of(100, 2000), size.of(100, 500), size.of(6, 60), kills=size.of(2, 5))
