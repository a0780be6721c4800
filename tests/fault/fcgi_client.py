"""A FastCGI client that can do everything wrong: records are built and sent byte by byte as the test
wants them, and every record that comes back is handed over as it is."""

import contextlib
import random
import socket
import struct
import time

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = range(1, 12)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
COMPLETE, NO_MULTIPLEX, OVERLOADED, UNKNOWN_ROLE = range(4)
KEEP_OPEN = 1


def record(kind, content=b"", identity=1, padding=0, version=1):
    return struct.pack(">BBHHBB", version, kind, identity, len(content), padding, 0) + content + b"\0" * padding


def begin(identity=1, role=RESPONDER, keep=True):
    return record(BEGIN, struct.pack(">HB5x", role, KEEP_OPEN if keep else 0), identity)


def length(count):
    return bytes([count]) if count < 128 else struct.pack(">I", count | 0x80000000)


def pair(name, value):
    name = name.encode() if isinstance(name, str) else name
    value = value.encode() if isinstance(value, str) else value
    return length(len(name)) + length(len(value)) + name + value


def pairs(parameters):
    return b"".join(pair(name, value) for name, value in parameters.items())


def stream(kind, content, identity=1, piece=65535, padding=0):
    """A whole stream, its end included."""
    pieces = [content[at:at + piece] for at in range(0, len(content), piece)]
    return b"".join(record(kind, part, identity, padding) for part in pieces) + record(kind, b"", identity)


def parameters_of(method, uri, body=b"", **more):
    parameters = {"REQUEST_METHOD": method, "REQUEST_URI": uri, "REMOTE_ADDR": "127.0.0.1"}
    if body:
        parameters["CONTENT_LENGTH"] = str(len(body))
        parameters["CONTENT_TYPE"] = "application/json"
    parameters.update(more)
    return parameters


def request(uri="/healthz", method="GET", body=b"", identity=1, keep=True, **more):
    return (begin(identity, keep=keep) + stream(PARAMS, pairs(parameters_of(method, uri, body, **more)), identity)
            + stream(STDIN, body, identity))


class Gone(Exception):
    """The other end closed, or reset, the connection."""


class Reply:
    def __init__(self, output):
        head, _, self.body = output.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.status = int(self.headers.get("status", "200").split(" ")[0])

    def __repr__(self):
        return f"<{self.status} {self.body[:200]!r}>"


class Connection:
    """`address`: a Unix socket's path, or (host, port)."""

    def __init__(self, address, timeout_s=10):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        self.socket.connect(address)
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Leaves without reading what has come."""
        if self.socket.family == socket.AF_INET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, *records):
        try:
            self.socket.sendall(b"".join(records))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Gone from error

    def _read(self, count):
        while len(self._received) < count:
            try:
                chunk = self.socket.recv(65536)
            except ConnectionResetError as error:
                raise Gone from error
            if not chunk:
                raise Gone
            self._received += chunk
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def record(self):
        """(type, identity, content) of the next record."""
        version, kind, identity, count, padding, _ = struct.unpack(">BBHHBB", self._read(8))
        assert version == 1
        content = self._read(count)
        self._read(padding)
        return kind, identity, content

    def reply(self, identity=1):
        output = b""
        while True:
            kind, of, content = self.record()
            assert of == identity, (kind, of, content)
            if kind == STDOUT:
                output += content
            elif kind == END:
                assert content[4] == COMPLETE, content
                return Reply(output)

    def ask(self, uri="/healthz", **options):
        self.send(request(uri, **options))
        return self.reply(options.get("identity", 1))

    def is_closed(self, within_s):
        """Whether the other end closes the connection within that time, whatever it sends before."""
        deadline = time.monotonic() + within_s
        with contextlib.suppress(socket.timeout):
            while True:
                self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
                try:
                    if not self.socket.recv(65536):
                        return True
                except ConnectionResetError:
                    return True
        return False


def ask(address, uri="/healthz", timeout_s=10, **options):
    """One request on a connection of its own."""
    with Connection(address, timeout_s) as connection:
        return connection.ask(uri, **options)


def garbage(count, seed):
    return random.Random(seed).randbytes(count)
