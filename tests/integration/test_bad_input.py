"""Bad input: a problem document each, and no change of data."""

import socket
import threading

import pytest

from harness.client import Client, Reply

JSON = {"Content-Type": "application/json"}
GOOD = b'{"exerciseId":"e","module":"math","isCorrect":true,"tokens":1}'
MIB = 1024 * 1024

WITH_BODY = [("POST", "/api/answer"), ("PATCH", "/api/profile"), ("POST", "/api/admin/sync-user-data")]

# What no endpoint takes, whatever its fields are.
NOT_JSON = {
    "cut": b'{"exerciseId":"e","mod', "a brace": b"{", "two braces": b"{{",
    "deep objects": b'{"a":' * 100000, "deep lists": b"[" * 100000, "deep and closed": b"[" * 100000 + b"]" * 100000,
    "deep in a field": b'{"x":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "seventeen deep": b'{"x":' + b"[" * 17 + b"]" * 17 + b"}",
    "a list": b"[]", "a list of objects": b"[{}]", "a string": b'"text"', "a number": b"7", "null": b"null", "true": b"true",
    "two values": b"{} {}", "trailing text": b"{}x", "trailing comma": b'{"a":1,}', "no quotes": b"{a:1}",
    "single quotes": b"{'a':1}", "a comment": b'{"a":1 /* x */}', "line comment": b'{"a":1} // x',
    "NaN": b'{"tokens":NaN}', "Infinity": b'{"tokens":Infinity}', "-Infinity": b'{"tokens":-Infinity}',
    "hex": b'{"tokens":0x10}', "leading zero": b'{"tokens":01}', "plus": b'{"tokens":+1}', "bare point": b'{"tokens":.5}',
    "point at the end": b'{"tokens":1.}', "capital True": b'{"isCorrect":True}',
    "invalid UTF-8": b'{"exerciseId":"\xff\xfe"}', "overlong UTF-8": b'{"exerciseId":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"exerciseId":"\xed\xa0\x80"}', "beyond Unicode": b'{"exerciseId":"\xf4\x90\x80\x80"}',
    "cut UTF-8": b'{"exerciseId":"\xe2\x82"}', "UTF-16": '{"exerciseId":"e"}'.encode("utf-16"),
    "lone surrogate": b'{"exerciseId":"\\ud800"}', "raw NUL": b'{"exerciseId":"a\x00b"}', "NUL behind": b"{}\x00",
    "escaped NUL": b'{"exerciseId":"a\\u0000b","displayName":"a\\u0000b","userId":"\\u0000"}',
    "raw new line in a string": b'{"exerciseId":"a\nb"}', "bad escape": b'{"exerciseId":"\\x41"}',
    "a name twice": b'{"exerciseId":"e","exerciseId":"f","displayName":"a","displayName":"b","userId":1,"userId":2}',
    "an unknown name twice": b'{"zz":1,"zz":2}', "a NUL in a name": b'{"a\\u0000b":1}',
}

WRONG_VALUES = [
    ("exerciseId", b"7"), ("exerciseId", b"true"), ("exerciseId", b"[]"), ("exerciseId", b"{}"), ("exerciseId", b'""'),
    ("exerciseId", b'"' + b"x" * 5000 + b'"'), ("module", b'""'), ("module", b'"' + b"m" * 5000 + b'"'), ("module", b"1"),
    ("isCorrect", b'"true"'), ("isCorrect", b"1"), ("isCorrect", b"[true]"),
    ("tokens", b'"1"'), ("tokens", b"1.5"), ("tokens", b"true"), ("tokens", b"[1]"), ("tokens", b"18446744073709551616"),
    ("tokens", b"18446744073709551617"), ("tokens", b"9223372036854775808"), ("tokens", b"-9223372036854775809"),
    ("tokens", b"1e999"), ("tokens", b"1e19"), ("tokens", b"-1"), ("tokens", b"9" * 1000),
    ("practiceSessionId", b"-1"), ("practiceSessionId", b"18446744073709551616"), ("practiceSessionId", b'"x"'),
    ("userAnswer", b"{}"), ("userAnswer", b'"' + b"a" * 200000 + b'"'),
]


@pytest.fixture
def caller(new_learner):
    """An administrator may all three; its own rows are watched."""
    return new_learner(role="admin")


@pytest.mark.parametrize("method, path", WITH_BODY)
def test_what_is_not_json(caller, method, path):
    caller.answer()
    before = caller.checksum()
    for name, body in NOT_JSON.items():
        reply = caller.api.send(method, path, body=body, headers=JSON)
        assert reply.status == 400, f"{name}: {reply}"
    assert caller.checksum() == before
    assert caller.answer().status == 200, "the connection and the process are well"


def test_an_empty_body_is_no_fields(caller):
    """Clients announce JSON and send nothing where nothing is needed; where something is, it is missing."""
    before = caller.checksum()
    for body in (b"", b" \r\n\t"):
        assert caller.api.send("POST", "/api/answer", body=body, headers=JSON).status == 400
    assert caller.api.send("PATCH", "/api/profile", body=b"", headers=JSON).status in (200, 400)
    assert caller.checksum() == before


@pytest.mark.parametrize("field, value", WRONG_VALUES, ids=lambda value: repr(value)[:24])
def test_values_of_the_wrong_kind(caller, field, value):
    before = caller.checksum()
    body = b'{"exerciseId":"e","module":"math","isCorrect":true'
    if field in ("exerciseId", "module", "isCorrect"):
        names = {"exerciseId": b'"e"', "module": b'"math"', "isCorrect": b"true", field: value}
        body = b"{" + b",".join(b'"%s":%s' % (name.encode(), text) for name, text in names.items()) + b"}"
    else:
        body += b',"%s":%s}' % (field.encode(), value)
    reply = caller.api.send("POST", "/api/answer", body=body, headers=JSON)
    assert reply.status in (400, 422), reply
    assert field in [error["field"] for error in reply.json()["errors"]], reply
    assert caller.checksum() == before


def test_all_complaints_at_once(caller):
    reply = caller.api.post("/api/answer", {"exerciseId": 7, "tokens": "x", "answeredAt": "never"})
    assert reply.status == 400
    fields = {error["field"] for error in reply.json()["errors"]}
    assert {"exerciseId", "tokens", "answeredAt", "module"} <= fields


@pytest.mark.parametrize("content_type, status", [
    (None, 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415),
    ("application/jsonx", 415), ("text/json", 415), ("application/xml", 415), ("json", 415), ("application/", 415),
    ("application/json; charset=utf-8", 200), ("application/json;charset=UTF-8", 200), ("Application/JSON", 200),
])
def test_content_types(caller, content_type, status):
    before = caller.checksum()
    reply = caller.api.send("POST", "/api/answer", body=GOOD, headers={"Content-Type": content_type})
    assert reply.status == status, reply
    assert (caller.checksum() == before) == (status != 200)


def test_a_packed_body_is_refused(caller):
    import gzip

    before = caller.checksum()
    reply = caller.api.send("POST", "/api/answer", body=gzip.compress(GOOD),
                            headers={**JSON, "Content-Encoding": "gzip"})
    assert reply.status == 415, reply
    assert caller.checksum() == before


def send_large(service, token, path, length, fill):
    """Sends `length` bytes however little of them the server wants, and reads its reply."""
    import http.client

    connection = socket.create_connection((service.client().host, service.client().port), timeout=30)
    head = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    connection.sendall(head.encode())

    def pour():
        left = length
        try:
            while left > 0:
                left -= connection.send(fill[:min(left, len(fill))])
        except OSError:
            pass

    thread = threading.Thread(target=pour)
    thread.start()
    response = http.client.HTTPResponse(connection)
    response.begin()
    reply = Reply("POST", path, response.status, response.headers, response.read())
    connection.close()
    thread.join()
    service.see(reply)
    return reply


@pytest.mark.parametrize("length", [MIB + 1, 8 * MIB + 1, 20 * MIB])
def test_bodies_that_are_too_large(caller, service, length):
    before = caller.checksum()
    reply = send_large(service, caller.token, "/api/answer", length, b" " * 65536)
    assert reply.status == 413, reply
    assert caller.checksum() == before


def test_the_largest_body_is_taken(caller):
    body = GOOD[:-1] + b',"filler":"' + b"x" * (MIB - len(GOOD) - 12) + b'"}'
    assert MIB - 4 < len(body) <= MIB
    assert caller.api.send("POST", "/api/answer", body=body, headers=JSON).status == 200


def test_a_body_that_never_arrives(caller, service):
    """Announced, half sent, gone: nothing is done with the half."""
    before = caller.checksum()
    for body in (GOOD[:20], GOOD):
        with socket.create_connection((service.client().host, service.client().port), timeout=5) as connection:
            connection.sendall(f"POST /api/answer HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {caller.token}"
                               f"\r\nContent-Type: application/json\r\nContent-Length: {len(GOOD) + 10}\r\n\r\n".encode()
                               + body)
    assert caller.answer(tokens=0, correct=False).status == 200
    assert caller.row()["questions_answered"] == 1
    assert caller.checksum() != before


def test_chunked_bodies(caller):
    """Nobody announced a length; nginx collects it."""
    reply = caller.api.send("POST", "/api/answer", body=iter([GOOD[:10], GOOD[10:]]), headers=JSON)
    assert reply.status in (200, 411), reply
    reply = caller.api.send("POST", "/api/answer", body=iter([GOOD[:10]]), headers=JSON)
    assert reply.status in (400, 411), reply


PATH_TRICKS = [
    "//api/progress", "/api//progress", "/api/progress/", "/api/progress//", "/api/progress%2f..", "/api/progress%2F",
    "/api%2fprogress", "/api/progress/..", "/api/progress/../progress", "/api/../api/progress", "/api/./progress",
    "/api/%2e%2e/api/progress", "/api/progress%00", "/api/progress%00.html", "/api/pro%67ress", "/%61pi/progress",
    "/api/progress/extra", "/api/progress/history/1", "/api/PROGRESS", "/api/Progress", "/api/progress;x=1",
    "/api/progress%20", "/api/progress%0a", "/api/progress%0d%0aX-Injected:%201", "/api/progress%3fx=1", "/api/progress%23",
    "/api/progress%ff", "/api/progress%", "/api/progress%zz", "/api/progress.json", "/api/", "/api/healthz",
    "/api/{id}", "/api/*", "/api/progress\\..\\x", "/api/" + "a" * 3000, "/api/" + "a/" * 500,
]

# These nginx does not hand over: the answer is the site's own, and still none of ours.
PATHS_OF_THE_SITE = ["/API/PROGRESS", "/Api/progress", "/api", "/healthz/x", "/healthz/", "/metrics/..", "/metrics/x",
                     "/readyz%2f", "/x/../healthz/", "/"]


@pytest.mark.parametrize("path", PATH_TRICKS, ids=lambda path: path[:40])
def test_path_tricks(caller, path):
    """Only the plain path is an endpoint; everything else is nothing, told as a problem."""
    caller.answer("math", True, 77)
    before = caller.checksum()
    reply = caller.api.get(path)
    assert reply.status in (400, 404), reply
    assert b"totalTokens" not in reply.body and reply.headers["X-Injected"] is None
    assert caller.api.send("POST", path, body=GOOD, headers=JSON).status in (400, 404)
    assert caller.checksum() == before


@pytest.mark.parametrize("path", PATHS_OF_THE_SITE)
def test_paths_of_the_site(learner, service, path):
    reply = Client(service.url, learner.token).get(path)
    assert reply.status in (301, 400, 404), reply
    assert b"totalTokens" not in reply.body and b"lockstep_" not in reply.body


RAW_REQUESTS = {
    "no version": b"GET /api/progress\r\n\r\n",
    "a space in the path": b"GET /api/progress x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a control character": b"GET /api/pro\x01gress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a raw NUL": b"GET /api/pro\x00gress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "absolute": b"GET http://localhost//api/progress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "asterisk": b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "no host": b"GET /api/progress HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two lengths": b"POST /api/answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n"
                   b"Connection: close\r\n\r\n{}",
    "length and chunks": b"POST /api/answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
                         b"\r\nConnection: close\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST /api/answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
    "bad chunks": b"POST /api/answer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close"
                  b"\r\n\r\nzz\r\n\r\n",
    "a strange method": b"FOO /api/progress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "a small method": b"get /api/progress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "TRACE": b"TRACE /api/progress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("name", RAW_REQUESTS)
def test_requests_that_no_library_sends(public, name):
    received = public.raw(RAW_REQUESTS[name], timeout_s=5)
    kinds = (b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 505", b"<html", b'{"type":')
    assert received == b"" or received.startswith(kinds), received[:300]
    assert b"totalTokens" not in received
    assert public.get("/healthz").status == 200


def test_headers_of_odd_values(learner):
    """None of them is more than a string; none of them ends a process."""
    for headers in ({"X-Request-Id": "x" * 3000}, {"X-Request-Id": "a b\tc"}, {"If-None-Match": "\"" * 2000},
                    {"Accept": "x" * 3000}, {"Origin": "null"}, {"Origin": "http://" + "a" * 2000},
                    {"X-Lockstep-User": "99999999999999999999"}, {"Idempotency-Key": "\x7f"},
                    {"Content-Length": "0"}, {"X-Forwarded-For": "1.2.3.4, " * 200}, {"Proxy": "http://evil.example"},
                    {"Cookie": "a=b; " * 200}):
        reply = learner.api.get("/api/progress", headers=headers)
        assert reply.status in (200, 400, 403), (headers, reply)


@pytest.mark.parametrize("key", ["", " ", "x" * 2000, "tab\tkey", "k\u00e9y".encode("latin-1").decode("latin-1")])
def test_odd_idempotency_keys(caller, key):
    before = caller.checksum()
    reply = caller.api.send("POST", "/api/answer", body=GOOD, headers={**JSON, "Idempotency-Key": key})
    if key.strip() == "":
        assert reply.status in (200, 400), reply  # some proxies drop an empty header
    else:
        assert reply.status == 400, reply
        assert caller.checksum() == before
