"""A browser's side of the live channel, over nginx."""

import json
import os
import time

import websockets

from harness.processes import Child, wait_until
from harness.tools import tool, write_learners

PATH = "/api/progress-sync/live"


def ticket(api):
    reply = api.post("/api/progress-sync/live-ticket")
    assert reply.status == 201, reply
    return reply.json()["ticket"]


class Live:
    """`frames`: what came of changes, in its order. Use as `async with Live(...)`."""

    def __init__(self, url, ticket_text, since=None, epoch=None, **options):
        self.address = f"{url.replace('http', 'ws', 1)}{PATH}?ticket={ticket_text}"
        if since is not None:
            self.address += f"&since={since}"
        if epoch is not None:
            self.address += f"&epoch={epoch}"
        self.options = {"max_size": None, "ping_interval": None, **options}
        self.socket = None

    async def __aenter__(self):
        self.socket = await websockets.connect(self.address, **self.options)
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def next(self):
        """The next frame, whatever it is."""
        return json.loads(await self.socket.recv())

    async def next_of(self, kind):
        """The next frame of a kind: heartbeat, resync, or None for changes."""
        while True:
            frame = await self.next()
            if frame.get("type") == kind:
                return frame

    async def until(self, revision):
        """Every frame of changes up to a revision."""
        frames = []
        while not frames or frames[-1]["revision"] < revision:
            frames.append(await self.next_of(None))
        return frames

    async def send(self, message):
        await self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def close_code(self):
        """Waits for the end that the server puts to it."""
        try:
            while True:
                await self.socket.recv()
        except websockets.ConnectionClosed:
            return self.socket.close_code


class Crowd:
    """Browsers by the thousand, one a learner, with changes and whoever means harm: tests/load/live.c, which see.
    `ends`: seconds of life of the token of some learners."""

    def __init__(self, stack, mint, user_ids, seconds, rate, hostile=(), ends=None, events=False):
        stamp = os.path.join(stack.directory, f"crowd-{time.time_ns()}")
        self.stack = stack
        self.log_path = stamp + ".log"
        self.output_path = stamp + ".out"
        learners = write_learners(stamp + ".learners", mint, user_ids, ends)
        arguments = [tool("tests/load/live"), "--port", stack.port, "--learners", learners, "--log", self.log_path,
                     "--seconds", seconds, "--rate", rate]
        if hostile:
            arguments += ["--hostile", write_learners(stamp + ".hostile", mint, hostile)]
        if events:
            arguments += ["--events"]
        self.child = Child("live", arguments, self.output_path)

    def output(self):
        with open(self.output_path, encoding="utf-8") as file:
            return file.read()

    def wait_ready(self):
        """Until everybody listens; from then on changes are made."""
        wait_until(lambda: "ready" in self.output(), "the browsers", timeout_s=150, child=self.child)

    def finish(self, timeout_s=300):
        """The figures, and by learner (known revision, frames, connections, last close code, when in ms)."""
        status = self.child.process.wait(timeout_s)
        assert status == 0, f"live ended with {status}: {self.output()}"
        with open(self.log_path, encoding="ascii") as log:
            lines = [[int(word) for word in line.split()] for line in log]
        return json.loads(self.output().splitlines()[-1]), {line[0]: tuple(line[1:]) for line in lines}
