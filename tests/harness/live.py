"""A browser's side of the live channel, over nginx."""

import json

import websockets

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
