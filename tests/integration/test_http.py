"""What every endpoint has in common: methods, CORS, request ids, problem documents, headers."""

import re

import pytest

ENDPOINTS = {
    "/api/answer": {"POST"}, "/api/progress": {"GET"}, "/api/progress/history": {"GET"},
    "/api/profile": {"GET", "PATCH"}, "/api/admin/sync-user-data": {"POST"}, "/api/admin/audit": {"GET"},
    "/api/anonymous": {"POST"}, "/healthz": {"GET"}, "/readyz": {"GET"}, "/metrics": {"GET"}, "/api/openapi.json": {"GET"},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def allowed(reply):
    return {word.strip() for word in reply.headers["Allow"].split(",")}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_other_methods(admin, path):
    before = admin.checksum()
    for method in METHODS:
        if method in ENDPOINTS[path]:
            continue
        reply = admin.api.send(method, path)
        assert reply.status == 405, reply
        assert ENDPOINTS[path] <= allowed(reply), reply
        assert not (set(METHODS) & allowed(reply)) - ENDPOINTS[path], reply
    assert admin.checksum() == before


@pytest.mark.parametrize("path", [path for path, methods in ENDPOINTS.items() if "GET" in methods])
def test_head_is_get_without_a_body(admin, path):
    admin.answer()
    get, head = admin.api.get(path), admin.api.send("HEAD", path)
    assert (head.status, head.body) == (get.status, b"")
    assert head.content_type == get.content_type
    assert head.etag == get.etag


def test_head_of_what_has_no_get(admin):
    before = admin.checksum()
    assert admin.api.send("HEAD", "/api/answer").status == 405
    assert admin.checksum() == before


@pytest.mark.parametrize("path", ENDPOINTS)
def test_options_names_the_methods(public, path):
    reply = public.send("OPTIONS", path)
    assert reply.status in (200, 204) and reply.body == b"", reply
    assert ENDPOINTS[path] <= allowed(reply)


@pytest.mark.parametrize("path", ["/api/nothing", "/", "/index.html", "/favicon.ico", "/api/answers", "/apix/progress"])
def test_what_is_not_there(learner, service, path):
    """Within the paths that nginx hands over; what it keeps for itself is not asked here."""
    from harness.client import Client

    reply = Client(service.url, learner.token).get(path)
    if path.startswith("/api/"):
        service.see(reply)
    assert reply.status == 404, reply


def test_request_ids(learner):
    one, other = learner.api.get("/api/progress"), learner.api.get("/api/progress")
    assert one.headers["X-Request-Id"] != other.headers["X-Request-Id"]
    given = "frontend-42_A.b"
    assert learner.api.get("/api/progress", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given
    problem = learner.api.get("/api/nothing", headers={"X-Request-Id": given})
    assert problem.json()["requestId"] == given
    for odd in ("a b", "x" * 200, "<script>", "a\"b", "a;b", "ä".encode().decode("latin-1")):
        reply = learner.api.get("/api/nothing", headers={"X-Request-Id": odd})
        assert reply.headers["X-Request-Id"] != odd
        assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", reply.headers["X-Request-Id"])


def test_headers_of_every_reply(learner):
    reply = learner.api.get("/api/progress")
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Powered-By" not in reply.headers
    assert "no-store" in learner.api.get("/api/nothing").headers.get("Cache-Control", "no-store")


def test_problem_documents_name_the_field(learner):
    reply = learner.api.post("/api/answer", {"exerciseId": "e", "module": 7})
    assert reply.status == 400
    assert [error["field"] for error in reply.json()["errors"]] == ["module"]
    assert "module" in reply.json()["detail"]


ORIGIN = "https://app.example.org"


def test_cors_for_a_known_origin(other, other_learner):
    api = other.client(other_learner.token)
    for reply in (api.get("/api/progress", headers={"Origin": ORIGIN}),
                  api.get("/api/nothing", headers={"Origin": ORIGIN}),
                  other.client().get("/api/progress", headers={"Origin": ORIGIN})):
        assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN, reply
        assert "Origin" in reply.headers["Vary"], reply
        exposed = {name.strip().lower() for name in reply.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"date", "etag", "x-request-id"} <= exposed
    tag = api.get("/api/progress").etag
    unchanged = api.get("/api/progress", headers={"Origin": ORIGIN, "If-None-Match": tag})
    assert (unchanged.status, unchanged.headers["Access-Control-Allow-Origin"]) == (304, ORIGIN)


def test_cors_preflight(other):
    reply = other.client().send("OPTIONS", "/api/answer", headers={
        "Origin": ORIGIN, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, x-request-id"})
    assert reply.status in (200, 204) and reply.body == b""
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    granted = {name.strip().lower() for name in reply.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key", "x-request-id", "if-none-match"} <= granted
    assert int(reply.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.org.evil.example", "null",
                                    "http://app.example.org", "https://app.example.org:8443", "HTTPS://APP.EXAMPLE.ORG/",
                                    "https://app.example.orgx", "app.example.org"])
def test_cors_for_a_stranger(other, origin):
    for method, headers in (("GET", {}), ("OPTIONS", {"Access-Control-Request-Method": "POST"})):
        reply = other.client().send(method, "/api/progress", headers={"Origin": origin, **headers})
        assert reply.headers["Access-Control-Allow-Origin"] is None, reply
        assert reply.headers["Access-Control-Allow-Credentials"] is None, reply


def test_no_cors_without_need(public):
    """Neither for an origin that nobody configured nor for a request that names none."""
    for headers in ({"Origin": "https://nobody.example"}, {}):
        assert public.get("/healthz", headers=headers).headers["Access-Control-Allow-Origin"] is None


def test_keep_alive_carries_many_requests(learner):
    """One connection, every kind of reply; none leaves anything behind for the next."""
    tag = learner.api.get("/api/progress").etag
    for _ in range(5):
        assert learner.answer().status == 200
        assert learner.api.get("/api/nothing").status == 404
        assert learner.api.send("HEAD", "/api/progress").status == 200
        assert learner.api.send("POST", "/api/answer", body=b"x" * 70000,
                                headers={"Content-Type": "application/json"}).status == 400
        assert learner.api.get("/api/progress", headers={"If-None-Match": tag}).status == 200
    learner.agrees(5, 5, 5)
