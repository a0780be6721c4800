"""An HTTP client that hides nothing: every reply whole, headers as sent, JSON parsed strictly."""

import http.client
import json
import socket
import urllib.parse


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name twice in one object: {names}"
    return dict(pairs)


class Reply:
    def __init__(self, method, path, status, headers, body):
        self.method = method
        self.path = path
        self.status = status
        self.headers = headers  # http.client.HTTPMessage: names in any case
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def content_type(self):
        return (self.headers.get("Content-Type") or "").split(";")[0].strip()

    @property
    def is_json(self):
        return self.content_type in ("application/json", "application/problem+json")

    def json(self):
        return json.loads(self.body.decode("utf-8"), parse_constant=_refuse_constant,
                          object_pairs_hook=_no_duplicates)

    @property
    def etag(self):
        return self.headers.get("ETag")

    def __repr__(self):
        return f"<{self.method} {self.path} -> {self.status} {self.body[:400]!r}>"


class Client:
    """One keep-alive connection; opened again when the server closed it. `on_reply` sees every
    reply before the test does."""

    def __init__(self, url, token=None, on_reply=None, timeout_s=30):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.token = token
        self.on_reply = on_reply
        self.timeout_s = timeout_s
        self._connection = None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def as_token(self, token):
        """The same server, another caller."""
        return Client(f"http://{self.host}:{self.port}", token, self.on_reply, self.timeout_s)

    def send(self, method, path, body=None, headers=None, token=..., json_body=...):
        """`json_body` is encoded, `body` goes out as the bytes it is. No status is an error here."""
        sent = {}
        token = self.token if token is ... else token
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if json_body is not ...:
            body = json.dumps(json_body).encode("utf-8")
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        for attempt in (1, 2):
            fresh = self._connection is None
            if fresh:
                self._connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
            try:
                self._connection.request(method, path, body=body, headers=sent)
                response = self._connection.getresponse()
                content = response.read()
                break
            except (http.client.HTTPException, ConnectionError, BrokenPipeError):
                self.close()
                if fresh or attempt == 2:
                    raise
        reply = Reply(method, path, response.status, response.headers, content)
        if response.will_close:
            self.close()
        if self.on_reply is not None:
            self.on_reply(reply)
        return reply

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, value=..., **options):
        return self.send("POST", path, json_body=value, **options)

    def patch(self, path, value=..., **options):
        return self.send("PATCH", path, json_body=value, **options)

    def raw(self, request_bytes, timeout_s=10):
        """Sends bytes as they are and returns everything that comes back until the server closes
        or says no more; for requests that no client library would send."""
        with socket.create_connection((self.host, self.port), timeout=timeout_s) as connection:
            connection.sendall(request_bytes)
            received = b""
            try:
                while True:
                    chunk = connection.recv(65536)
                    if not chunk:
                        break
                    received += chunk
            except socket.timeout:
                pass
        return received


def raw_status(received):
    """The status of a raw reply; 0 when the server just closed."""
    line = received.split(b"\r\n", 1)[0].split(b" ")
    return int(line[1]) if len(line) > 1 and line[1].isdigit() else 0
