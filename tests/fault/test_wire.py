"""What a peer may do on a FastCGI connection: nothing of it holds a thread, ends a process, or is
answered with another's reply."""

import struct
import time

import pytest

import fcgi_client as fcgi

THREADS = 4  # of both workers together


def test_a_request_and_its_reply(service):
    with service.connect() as connection:
        connection.send(fcgi.request("/healthz"))
        kinds = [connection.record()]
        while kinds[-1][0] != fcgi.END:
            kinds.append(connection.record())
    assert [kind for kind, _, _ in kinds] == [fcgi.STDOUT, fcgi.STDOUT, fcgi.END]
    reply = fcgi.Reply(kinds[0][2])
    assert reply.status == 200 and reply.body == b'{"status":"ok"}'
    assert kinds[1][2] == b"", "the end of the output"


def test_a_connection_is_kept_when_that_was_asked_for(service):
    with service.connect() as connection:
        for identity in (1, 2, 1, 65535):
            assert connection.ask(identity=identity).status == 200
        assert connection.ask(keep=False).status == 200
        assert connection.is_closed(1)


def test_a_request_byte_by_byte(service):
    with service.connect() as connection:
        for byte in fcgi.request("/healthz"):
            connection.send(bytes([byte]))
        assert connection.reply().status == 200


def test_padding_and_small_records(service):
    body = b'{"a": "' + b"x" * 3000 + b'"}'
    parameters = fcgi.pairs(fcgi.parameters_of("POST", "/api/none", body))
    with service.connect() as connection:
        connection.send(fcgi.begin(), fcgi.stream(fcgi.PARAMS, parameters, piece=3, padding=255),
                        fcgi.stream(fcgi.STDIN, body, piece=7, padding=1))
        assert connection.reply().status == 404
        assert connection.ask().status == 200


def test_requests_sent_together_are_answered_in_turn(service):
    count = 50
    with service.connect() as connection:
        connection.send(*(fcgi.request(f"/healthz?{at}", identity=at + 1) for at in range(count)))
        for at in range(count):
            assert connection.reply(at + 1).status == 200


def halves():
    whole = fcgi.request("/healthz")
    return [whole[:at] for at in (1, 7, 8, 12, 16, 20, 24, 40, len(whole) - 9, len(whole) - 8, len(whole) - 1)]


def test_half_records_and_silence(service):
    connections = [service.connect() for _ in range(4 * THREADS)]
    for at, connection in enumerate(connections):
        connection.send(halves()[at % len(halves())])
    began = time.monotonic()
    assert service.is_well(), "a half request holds no thread"
    for connection in connections:
        assert connection.is_closed(12), "read_timeout_ms is over"
        connection.close()
    assert 2.5 < time.monotonic() - began < 20
    assert service.is_well()


def test_a_trickle_is_not_endless(make_service):
    """A byte now and then is no silence, but a request has workers.request_timeout_ms in all."""
    service = make_service(workers={"read_timeout_ms": 500, "request_timeout_ms": 1500},
                           database={"transaction_timeout_ms": 1000})
    began = time.monotonic()
    with service.connect() as connection:
        with pytest.raises(fcgi.Gone):
            for byte in fcgi.request("/healthz?" + "x" * 500):
                connection.send(bytes([byte]))
                time.sleep(0.1)
    assert 1.4 < time.monotonic() - began < 12


def test_silent_clients(service):
    connections = [service.connect() for _ in range(100)]
    assert service.is_well()
    time.sleep(3.5)
    for connection in connections:
        assert connection.ask().status == 200, "one that said nothing yet is not late"
        connection.close()


@pytest.mark.parametrize("seed", range(20))
def test_garbage(service, seed):
    with service.connect() as connection:
        try:
            connection.send(fcgi.garbage(5000, seed))
        except fcgi.Gone:
            pass
        assert connection.is_closed(3)


def test_garbage_behind_a_request(service):
    with service.connect() as connection:
        connection.send(fcgi.request("/healthz"), b"\x07garbage")
        assert connection.reply().status == 200
        assert connection.is_closed(1)


def test_a_reply_is_never_anothers(service):
    """Long and short ones in turn, on one connection: nothing of the former one is left over."""
    with service.connect() as connection:
        for at in range(30):
            long = connection.ask("/no/" + "x" * (10 + 1000 * (at % 3)), HTTP_X_REQUEST_ID=f"long-{at}")
            assert long.status in (400, 404) and f"long-{at}".encode() in long.body
            short = connection.ask("/healthz", HTTP_X_REQUEST_ID=f"short-{at}")
            assert short.body == b'{"status":"ok"}' and short.headers["x-request-id"] == f"short-{at}"


# Management records


def test_values(service):
    with service.connect() as connection:
        connection.send(fcgi.record(fcgi.GET_VALUES, fcgi.pairs({"FCGI_MPXS_CONNS": "", "OTHER": ""}), 0))
        kind, identity, content = connection.record()
        assert (kind, identity) == (fcgi.GET_VALUES_RESULT, 0)
        assert content == fcgi.pair("FCGI_MPXS_CONNS", "0")
        assert connection.ask().status == 200


def test_values_asked_for_too_often(service):
    """libfcgi writes over its stack here."""
    many = fcgi.pair("FCGI_MPXS_CONNS", "") * 1000 + fcgi.pair("FCGI_MAX_CONNS", "") * 1000
    with service.connect() as connection:
        for _ in range(20):
            connection.send(fcgi.record(fcgi.GET_VALUES, many, 0))
            assert connection.record()[0] == fcgi.GET_VALUES_RESULT
        connection.send(fcgi.record(fcgi.GET_VALUES, b"\xff\xff\xff", 0))
        assert connection.record()[0] == fcgi.GET_VALUES_RESULT
        assert connection.ask().status == 200


def test_values_that_nobody_reads(service):
    with service.connect() as connection:
        with pytest.raises((fcgi.Gone, TimeoutError)):
            connection.socket.settimeout(10)
            for _ in range(1_000_000):
                connection.send(fcgi.record(fcgi.GET_VALUES, b"", 0) * 100)
        assert service.is_well()


def test_a_management_record_that_nobody_knows(service):
    with service.connect() as connection:
        connection.send(fcgi.record(99, b"xyz", 0))
        assert connection.record() == (fcgi.UNKNOWN_TYPE, 0, b"\x63" + b"\0" * 7)
        assert connection.ask().status == 200


# Requests that are not to be answered


@pytest.mark.parametrize("sent", ["begin", "params", "body"])
def test_abort(service, sent):
    parts = {"begin": [fcgi.begin()],
             "params": [fcgi.begin(), fcgi.record(fcgi.PARAMS, fcgi.pair("A", "b"))],
             "body": [fcgi.begin(), fcgi.stream(fcgi.PARAMS, fcgi.pair("A", "b")), fcgi.record(fcgi.STDIN, b"x")]}
    with service.connect() as connection:
        connection.send(*parts[sent], fcgi.record(fcgi.ABORT))
        kind, identity, content = connection.record()
        assert (kind, identity, content[4]) == (fcgi.END, 1, fcgi.COMPLETE)
        assert connection.ask().status == 200, "the connection can be used on"
        connection.send(fcgi.record(fcgi.ABORT))
        assert connection.ask().status == 200, "one for a request that is over is nothing"


def test_abort_on_a_connection_that_is_not_kept(service):
    with service.connect() as connection:
        connection.send(fcgi.begin(keep=False), fcgi.record(fcgi.ABORT))
        assert connection.record()[0] == fcgi.END
        assert connection.is_closed(1)


def test_a_second_request_within_the_first(service):
    with service.connect() as connection:
        connection.send(fcgi.begin(1), fcgi.begin(2), fcgi.record(fcgi.PARAMS, fcgi.pair("X", "y"), 2))
        kind, identity, content = connection.record()
        assert (kind, identity, content[4]) == (fcgi.END, 2, fcgi.NO_MULTIPLEX)
        connection.send(fcgi.stream(fcgi.PARAMS, fcgi.pairs(fcgi.parameters_of("GET", "/healthz"))),
                        fcgi.record(fcgi.STDIN, b"other", 2), fcgi.record(fcgi.STDIN))
        assert connection.reply().status == 200


@pytest.mark.parametrize("role", [fcgi.AUTHORIZER, fcgi.FILTER, 0, 65535])
def test_another_role(service, role):
    with service.connect() as connection:
        connection.send(fcgi.begin(role=role))
        kind, _, content = connection.record()
        assert (kind, content[4]) == (fcgi.END, fcgi.UNKNOWN_ROLE)
        assert connection.ask().status == 200


# Parameters


def sent_params(service, content, pieces=65535):
    with service.connect() as connection:
        try:
            connection.send(fcgi.begin(), fcgi.stream(fcgi.PARAMS, content, piece=pieces), fcgi.record(fcgi.STDIN))
        except fcgi.Gone:
            return True
        return connection.is_closed(3)


@pytest.mark.parametrize("content", [
    fcgi.pair("X", "y" * 70000),
    b"".join(fcgi.pair(f"NAME_{at}", "v" * 100) for at in range(5000)),
    struct.pack(">II", 0x80000000 | 5, 0xffffffff) + b"NAME=",
    struct.pack(">II", 0xffffffff, 0xffffffff) + b"x" * 100,
    b"\x05\x05NAME",
    b"\x85",
    b"\x01",
    fcgi.pair("", "value"),
    fcgi.pair("NA=ME", "value"),
    fcgi.pair("NAME", b"va\0lue"),
    fcgi.pair(b"NA\0ME", "value"),
], ids=["one too long", "too many", "2 GB announced", "4 GB announced", "cut", "cut length", "no value", "no name",
        "equals in a name", "NUL in a value", "NUL in a name"])
def test_parameters_out_of_bounds(service, content):
    assert sent_params(service, content)
    assert sent_params(service, content, pieces=11)


def test_parameters_just_within_bounds(service):
    with service.connect() as connection:
        assert connection.ask(HTTP_X_LONG="v" * 60000).status == 200


@pytest.mark.parametrize("records", [
    [fcgi.record(fcgi.STDIN)],
    [fcgi.begin(), fcgi.record(fcgi.STDIN, b"x")],
    [fcgi.begin(), fcgi.begin()],
    [fcgi.begin(), fcgi.stream(fcgi.PARAMS, b""), fcgi.record(fcgi.DATA, b"x")],
    [fcgi.begin(), fcgi.stream(fcgi.PARAMS, b""), fcgi.record(fcgi.PARAMS, b"x")],
    [fcgi.record(fcgi.BEGIN, b"\0\1")],
    [fcgi.record(fcgi.BEGIN, b"\0\1\0\0\0\0\0\0", version=2)],
], ids=["body of nothing", "body before parameters", "begin twice", "filter's data", "parameters after their end",
        "short begin", "another version"])
def test_records_out_of_order(service, records):
    with service.connect() as connection:
        connection.send(*records, fcgi.request("/healthz"))
        if records[0] == fcgi.record(fcgi.STDIN):
            assert connection.reply().status == 200, "what belongs to no request is passed over"
        else:
            assert connection.is_closed(2)


def test_a_request_without_parameters(service):
    with service.connect() as connection:
        connection.send(fcgi.begin(), fcgi.stream(fcgi.PARAMS, b""), fcgi.record(fcgi.STDIN))
        assert connection.reply().status in (400, 404, 405)


# Bodies


def test_a_body_that_is_too_large(service):
    with service.connect() as connection:
        reply = connection.ask("/api/answer", method="POST", body=b"x" * (9 * 1024 * 1024))
        assert reply.status == 413, reply
        assert connection.ask().status == 200


def test_a_body_that_is_announced_too_large(service):
    reply = service.ask("/api/answer", method="POST", body=b"{}", CONTENT_LENGTH="99999999999999999999")
    assert reply.status == 413, reply


def test_a_body_that_is_cut(service):
    reply = service.ask("/api/answer", method="POST", body=b"{}", CONTENT_LENGTH="200")
    assert reply.status in (400, 401), reply


def test_a_body_in_records_of_one_byte(service):
    reply = service.ask("/api/none", method="POST", body=b"x" * 100)
    assert reply.status == 404
    body = b"".join(fcgi.record(fcgi.STDIN, b"x") for _ in range(300_000))
    with service.connect() as connection:
        connection.send(fcgi.begin(), fcgi.stream(fcgi.PARAMS, fcgi.pairs(fcgi.parameters_of("POST", "/api/none"))),
                        body, fcgi.record(fcgi.STDIN))
        assert connection.reply().status in (404, 413)
        assert connection.ask().status == 200


# Peers that leave, and peers that do not listen


def test_peers_that_vanish(service):
    for at in range(60):
        connection = service.connect()
        connection.send(fcgi.request("/api/openapi.json", keep=at % 2 == 0))
        if at % 3 == 0:
            connection.socket.recv(100)
        connection.reset()
    assert service.is_well()


def test_a_peer_that_does_not_read(service):
    connections = [service.connect() for _ in range(2 * THREADS)]
    for connection in connections:
        connection.socket.setblocking(False)
        try:
            for _ in range(500):
                connection.socket.sendall(fcgi.request("/api/openapi.json"))
        except (BlockingIOError, BrokenPipeError):
            pass
    assert service.is_well(), "a reply that nobody takes holds no thread"
    time.sleep(4)
    for connection in connections:
        connection.socket.setblocking(True)
        assert connection.is_closed(15), "read_timeout_ms holds for it, too"
        connection.close()


def test_a_peer_that_reads_slowly_gets_all_of_it(service):
    whole = service.ask("/api/openapi.json").body
    with service.connect() as connection:
        connection.send(*(fcgi.request("/api/openapi.json") for _ in range(20)))
        for _ in range(20):
            time.sleep(0.02)
            assert connection.reply().body == whole
