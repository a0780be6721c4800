"""Who may do what, for every endpoint, every role and every kind of bad token.

The table is written by hand from the description of the interface. It is not taken from the
program: an endpoint that the program has and this table has not fails the last test.
"""

import base64
import json
import re
import time

import jwt
import pytest

from harness import truth
from harness.courses import chapters_of, create_course, requests
from harness.database import execute, query

ANSWER = {"exerciseId": "e-rights", "module": "rights", "isCorrect": True, "tokens": 1}

# method, path, body, least role. "local": open to the machine itself, else administrators.
RIGHTS = [
    ("POST", "/api/answer", ANSWER, "anonymous"),
    ("GET", "/api/progress", ..., "anonymous"),
    ("GET", "/api/progress/history", ..., "student"),
    ("GET", "/api/progress/statistics", ..., "anonymous"),
    ("GET", "/api/progress/attempts", ..., "anonymous"),
    ("POST", "/api/progress/reset", ..., "student"),
    ("POST", "/api/practice-sessions", {}, "anonymous"),
    ("PATCH", "/api/practice-sessions/{id}", {}, "anonymous"),
    ("GET", "/api/practice-sessions", ..., "anonymous"),
    ("POST", "/api/sessions/record", {"threadId": "t-rights", "stitchId": "s-rights"}, "anonymous"),
    ("GET", "/api/dashboard", ..., "anonymous"),
    ("GET", "/api/modules", ..., "anonymous"),
    ("GET", "/api/profile", ..., "anonymous"),
    ("PATCH", "/api/profile", {"displayName": "R"}, "anonymous"),
    ("POST", "/api/admin/sync-user-data", {"userId": 1}, "admin"),
    ("GET", "/api/admin/audit", ..., "admin"),
    ("GET", "/api/sync/validate", ..., "admin"),
    ("POST", "/api/sync/auto-fix", {"planId": 1, "dryRun": True}, "admin"),
    ("GET", "/api/sync/health", ..., "public"),
    ("POST", "/api/progress-sync/live-ticket", ..., "student"),
    ("GET", "/api/progress-sync/summary", ..., "student"),
    ("GET", "/api/progress-sync/health", ..., "student"),
    ("POST", "/api/progress-sync/repair", {"inconsistencyTypes": ["data_inconsistency"]}, "student"),
    ("GET", "/api/progress-sync/conflicts", ..., "student"),
    ("GET", "/api/progress-sync/conflicts/{id}/preview", ..., "student"),
    ("POST", "/api/progress-sync/conflicts/{id}/resolve", {"resolutionType": "use_latest"}, "student"),
    ("GET", "/api/progress-sync/achievements", ..., "student"),
    ("PATCH", "/api/progress-sync/achievements/{id}", {"isPublic": True}, "student"),
    ("GET", "/api/progress-sync/notifications", ..., "student"),
    ("POST", "/api/progress-sync/notifications/{id}/read", ..., "student"),
    ("GET", "/api/progress-sync/insights", ..., "student"),
    ("GET", "/api/progress-sync/patterns", ..., "student"),
    ("POST", "/api/progress-sync/events", {"eventType": "milestone_reached", "sourceSystem": "ai_journey",
                                           "eventData": {"activityId": "rights"}}, "service"),
    ("GET", "/api/progress-sync/events", ..., "service"),
    ("GET", "/api/progress-sync/events/{id}", ..., "service"),
    ("GET", "/api/progress-sync/events/{id}/propagations", ..., "student"),
    ("POST", "/api/progress-sync/events/{id}/undo", ..., "student"),
    ("POST", "/api/progress-sync/events/reprocess", {}, "admin"),
    ("GET", "/api/todos", ..., "service"),
    ("POST", "/api/todos", {"title": "R"}, "service"),
    ("PATCH", "/api/todos/{id}", {"title": "R"}, "service"),
    ("DELETE", "/api/todos/{id}", ..., "service"),
    ("GET", "/api/schedule", ..., "service"),
    ("POST", "/api/schedule", {"title": "R", "startsAt": "2026-01-02T03:04:05.000Z"}, "service"),
    ("PATCH", "/api/schedule/{id}", {"title": "R"}, "service"),
    ("DELETE", "/api/schedule/{id}", ..., "service"),
    ("GET", "/api/learning-paths", ..., "service"),
    ("POST", "/api/learning-paths", {"title": "R"}, "service"),
    ("PATCH", "/api/learning-paths/{id}", {"title": "R"}, "service"),
    ("DELETE", "/api/learning-paths/{id}", ..., "service"),
    ("PATCH", "/api/learning-paths/{id}/steps/{stepId}", {"title": "R"}, "service"),
    ("GET", "/api/videos/{id}/progress", ..., "service"),
    ("PUT", "/api/videos/{id}/progress", {"percentageWatched": 1}, "service"),
    ("GET", "/api/admin/rules", ..., "admin"),
    ("POST", "/api/admin/rules/{name}/pause", ..., "admin"),
    ("POST", "/api/admin/rules/{name}/resume", {}, "admin"),
    ("GET", "/api/admin/score-history", ..., "admin"),
    ("GET", "/api/admin/repairs", ..., "admin"),
    ("GET", "/api/admin/repairs/{id}", ..., "admin"),
    ("POST", "/api/admin/repairs/{id}/rollback", ..., "admin"),
    ("POST", "/api/admin/repairs/{id}/resume", ..., "admin"),
    ("GET", "/api/admin/jobs", ..., "admin"),
    ("GET", "/api/admin/jobs/kinds", ..., "admin"),
    ("POST", "/api/admin/jobs", {"kind": "sync_user", "params": {"userId": 1}}, "admin"),
    ("GET", "/api/admin/jobs/{id}", ..., "admin"),
    ("POST", "/api/admin/jobs/{id}/cancel", ..., "admin"),
    ("POST", "/api/admin/jobs/{id}/retry", ..., "admin"),
    ("DELETE", "/api/admin/users/{id}", ..., "admin"),
    ("GET", "/api/student/courses", ..., "student"),
    ("GET", "/api/student/enrolled-courses", ..., "student"),
    ("GET", "/api/student/progress-details", ..., "student"),
    ("GET", "/api/student/stats", ..., "student"),
    ("GET", "/api/student/requests", ..., "student"),
    ("POST", "/api/progress/update", {"threadId": "t", "stitchId": "s"}, "anonymous"),
    ("POST", "/api/progress/bulk-sync", {"progressItems": [{"threadId": "t", "stitchId": "s"}]}, "anonymous"),
    ("GET", "/api/progress/stitches", ..., "anonymous"),
    ("GET", "/api/admin/rejects", ..., "admin"),
    ("POST", "/api/admin/rejects/{id}/resolve", ..., "admin"),
    ("GET", "/api/sync/connection", ..., "student"),
    ("POST", "/api/student/requests", {"courseId": 2**62}, "student"),
    ("DELETE", "/api/student/requests/{id}", ..., "student"),
    ("POST", "/api/student/enroll", {"courseId": 2**62}, "student"),
    ("POST", "/api/student/chapters/complete", {"chapterId": 2**62}, "student"),
    ("POST", "/api/enrollment", {"userId": 2**62, "courseId": 2**62}, "admin"),
    ("DELETE", "/api/enrollment", {"userId": 2**62, "courseId": 2**62}, "admin"),
    ("GET", "/api/requests", ..., "admin"),
    ("PATCH", "/api/admin/requests/{id}", {"action": "deny"}, "admin"),
    ("POST", "/api/admin/requests/bulk", {"action": "deny", "requestIds": [2**62]}, "admin"),
    ("GET", "/api/students", ..., "admin"),
    ("GET", "/api/students/{id}", ..., "admin"),
    ("GET", "/api/students/{id}/state", ..., "admin"),
    ("GET", "/api/admin/enrollments/export", ..., "admin"),
    ("POST", "/api/admin/enrollments/import", {"csv": "userId,courseId\n1,1\n", "dryRun": True}, "admin"),
    ("GET", "/api/admin/courses", ..., "admin"),
    ("POST", "/api/admin/courses", {"title": "R"}, "admin"),
    ("GET", "/api/admin/courses/{id}", ..., "admin"),
    ("PATCH", "/api/admin/courses/{id}", {"title": "R"}, "admin"),
    ("DELETE", "/api/admin/courses/{id}", ..., "admin"),
    ("GET", "/api/admin/chapters", ..., "admin"),
    ("POST", "/api/admin/chapters", {"courseId": 2**62, "title": "R"}, "admin"),
    ("PATCH", "/api/admin/chapters/{id}", {"title": "R"}, "admin"),
    ("DELETE", "/api/admin/chapters/{id}", ..., "admin"),
    ("GET", "/api/admin/analytics", ..., "admin"),
    ("POST", "/api/payments/webhook", ..., "public"),
    ("GET", "/api/admin/payments", ..., "admin"),
    ("GET", "/api/admin/webhook-events", ..., "admin"),
    ("POST", "/api/admin/webhook-events/{id}/replay", ..., "admin"),
    ("POST", "/api/anonymous", ..., "public"),
    ("POST", "/api/anonymous/claim", {"anonymousToken": "x"}, "student"),
    ("GET", "/healthz", ..., "public"),
    ("GET", "/readyz", ..., "public"),
    ("GET", "/api/openapi.json", ..., "public"),
    ("GET", "/metrics", ..., "local"),
]

# What each caller gets where the least role is …: a status, or None for "let in".
OUTCOMES = {
    #             nobody, anonymous, student, service, admin
    "public":    (None, None, None, None, None),
    "anonymous": (401, None, None, 403, None),   # a service has no learner of its own here
    "student":   (401, 403, None, 403, None),
    "service":   (401, 403, None, None, None),   # a service too, for the learner that it names
    "admin":     (401, 403, 403, 403, None),
}
CALLERS = ("nobody", "anonymous", "student", "service", "admin")
CLOSED = [row for row in RIGHTS if row[3] not in ("public", "local")]
OPEN = [row for row in RIGHTS if row[3] == "public"]


def name_of(row):
    return f"{row[0]} {row[1]}"


def filled(path):
    """The path with something in its places that does not exist."""
    return path.replace("{id}", str(2**62)).replace("{name}", "no_such_rule").replace("{stepId}", "none")


def let_in(reply):
    """/api/sync/health may well say that something fails."""
    return reply.status not in (401, 403) and (reply.status < 500 or reply.path == "/api/sync/health")


@pytest.fixture
def callers(new_learner, service, public):
    tokens = {"nobody": None, "anonymous": public.post("/api/anonymous").json()["token"]}
    for role in ("student", "service", "admin"):
        tokens[role] = new_learner(role=role).token
    return {caller: service.client(token) for caller, token in tokens.items()}


@pytest.mark.parametrize("row", [row for row in RIGHTS if row[3] != "local"], ids=name_of)
def test_every_role(callers, row):
    method, path, body, least = row
    for caller, expected in zip(CALLERS, OUTCOMES[least]):
        reply = callers[caller].send(method, filled(path), json_body=body)
        if expected is None:
            assert let_in(reply), f"{caller} is kept out: {reply}"
        else:
            assert reply.status == expected, f"{caller}: {reply}"
            if expected == 401:
                assert reply.headers["WWW-Authenticate"].startswith("Bearer"), reply


def test_the_role_is_the_tokens_not_the_rows(new_learner, service):
    """users.role is for people who read the table; a token of a student stays a student's."""
    admin_row = new_learner(role="admin")
    api = service.client(service.mint.student(admin_row.id))
    assert api.get("/api/admin/audit").status == 403
    api = service.client(service.mint.sign(service.mint.claims(admin_row.id, role=None)))
    assert api.get("/api/admin/audit").status == 403
    assert api.get("/api/progress").status == 200, "without a role: a student"


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode("utf-8")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def bad_tokens(mint, user_id):
    """{name: Authorization header} of what must be answered 401, for a caller who would be let in."""
    good = mint.claims(user_id, "admin")
    now = int(time.time())

    def changed(**claims):
        return mint.sign({name: value for name, value in {**good, **claims}.items() if value is not ...})

    def without(*names):
        return mint.sign({name: value for name, value in good.items() if name not in names})

    signed = mint.sign(good)
    head, payload, signature = signed.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    tokens = {
        "nothing after Bearer": "", "garbage": "abc", "three garbage parts": "a.b.c", "dots": "..",
        "only dots": "....", "not base64": "%%%.%%%.%%%", "two parts": f"{head}.{payload}",
        "four parts": f"{signed}.{signature}", "no signature": f"{head}.{payload}.",
        "signature cut": signed[:-4], "long": "x" * 6000,
        "payload changed": f"{head}.{part({**good, 'sub': '1'})}.{signature}",
        "payload no JSON": mint_raw(mint, header, b"not json"),
        "payload a list": mint_raw(mint, header, b"[1]"),
        "payload empty": mint_raw(mint, header, b""),
        "expired": changed(exp=now - 3600), "expired long ago": changed(exp=1), "exp 0": changed(exp=0),
        "exp negative": changed(exp=-1), "no exp": without("exp"), "exp a string": changed(exp=str(now + 3600)),
        "exp true": changed(exp=True), "exp null": mint_raw(mint, header, json.dumps({**good, "exp": None}).encode()),
        "exp a list": changed(exp=[now + 3600]),
        "nbf in the future": changed(nbf=now + 3600), "nbf a string": changed(nbf="tomorrow"),
        "alg none": f"{part({**header, 'alg': 'none'})}.{payload}.",
        "alg None": f"{part({**header, 'alg': 'None'})}.{payload}.",
        "alg none with a signature": f"{part({**header, 'alg': 'none'})}.{payload}.{signature}",
        "alg missing": f"{part({n: v for n, v in header.items() if n != 'alg'})}.{payload}.{signature}",
        "alg empty": f"{part({**header, 'alg': ''})}.{payload}.{signature}",
        "alg RS256 in the header": f"{part({**header, 'alg': 'RS256'})}.{payload}.{signature}",
        "alg ES256 in the header": f"{part({**header, 'alg': 'ES256'})}.{payload}.{signature}",
        "HS512": mint.sign(good, algorithm="HS512"), "HS384": mint.sign(good, algorithm="HS384"),
        "another key": mint.sign(good, secret="x" * 40), "an empty key": jwt.encode(good, "", algorithm="HS256"),
        "kid unknown": mint.sign(good, kid="no-such-key"), "kid a path": mint.sign(good, kid="../../dev/null"),
        "kid a number": mint_raw(mint, {**header, "kid": 7}, json.dumps(good).encode()),
        "no sub": without("sub"), "sub null": mint_raw(mint, header, json.dumps({**good, "sub": None}).encode()),
    }
    odd = ["", "0", "-1", "user_", "user_0", "user_-7", "user7", f"{user_id}x", f" {user_id}", f"{user_id} ",
           f"user_{user_id} OR 1=1", "1e3", "0x7", "7.0", str(2**64), str(2**64 + user_id), "9" * 400, "admin",
           f"{user_id}\x00", "\u0667"]
    tokens.update({f"sub {value!r:.20}": mint_raw(mint, header, json.dumps({**good, "sub": value}).encode())
                   for value in odd})
    tokens.update({f"sub of type {value!r}": mint_raw(mint, header, json.dumps({**good, "sub": value}).encode())
                   for value in ([str(user_id)], {"id": user_id}, True, 7.5)})
    if mint.issuer:
        tokens.update({"another issuer": changed(iss="https://other.example"), "no issuer": without("iss"),
                       "issuer a list": mint_raw(mint, header, json.dumps({**good, "iss": [mint.issuer]}).encode())})
    if mint.audience:
        tokens.update({"another audience": changed(aud="other"), "no audience": without("aud"),
                       "audiences without ours": changed(aud=["a", "b"]), "no audiences": changed(aud=[])})
    if mint.kid:
        tokens["no kid"] = mint.sign(good, kid=None)
    headers = {name: f"Bearer {token}" for name, token in tokens.items()}
    headers.update({"no scheme": signed, "Basic": "Basic dXNlcjpwYXNz", "another scheme": f"Token {signed}",
                    "empty": ""})
    return headers


def mint_raw(mint, header, payload):
    """Signs any header and payload, also those that no library would make."""
    import hashlib
    import hmac

    signing_input = f"{part(header)}.{part(payload)}"
    digest = hmac.new(mint.secret.encode(), signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{part(digest)}"


def check_bad_tokens(service, learner, row):
    method, path, body, _ = row
    api = service.client()
    assert let_in(api.send(method, filled(path), json_body=body, token=service.mint.admin(learner.id)))
    before = learner.checksum()
    for name, header in bad_tokens(service.mint, learner.id).items():
        reply = api.send(method, filled(path), json_body=body, headers={"Authorization": header})
        assert reply.status == 401, f"{name}: {reply}"
        assert reply.headers["WWW-Authenticate"].startswith("Bearer"), f"{name}: {reply}"
        assert reply.etag is None, f"{name}: {reply}"
    api.close()
    assert learner.checksum() == before


@pytest.mark.parametrize("row", CLOSED, ids=name_of)
def test_bad_tokens(service, learner, row):
    check_bad_tokens(service, learner, row)


@pytest.mark.parametrize("row", CLOSED, ids=name_of)
def test_bad_tokens_where_issuer_audience_and_key_ids_are_set(other, other_learner, row):
    check_bad_tokens(other, other_learner, row)


@pytest.mark.parametrize("row", OPEN, ids=name_of)
def test_what_is_public_asks_for_no_token(service, row):
    method, path, body, _ = row
    api = service.client()
    for header in (None, "Bearer garbage", f"Bearer {service.mint.student(1, exp=1)}"):
        assert let_in(api.send(method, filled(path), json_body=body, headers={"Authorization": header}))


def test_metrics_are_for_the_machine_and_administrators(other, other_learner):
    """There, no address is let in without a token."""
    api = other.client()
    assert api.get("/metrics").status == 401
    assert api.get("/metrics", token=other.mint.student(other_learner.id)).status == 403
    assert api.get("/metrics", token=other.mint.service(other_learner.id)).status == 403
    assert api.get("/metrics", token=other.mint.admin(other_learner.id)).status == 200


def test_every_configured_key_opens(other, other_learner, other_keys):
    """Keys rotate: each kid has its own key and its own, pinned algorithm."""
    claims = other.mint.claims(other_learner.id)
    for kid, (algorithm, key) in other_keys.items():
        api = other.client(jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid}))
        assert api.get("/api/progress").status == 200, kid
        for foreign in other_keys:
            if foreign != kid:
                api = other.client(jwt.encode(claims, key, algorithm=algorithm, headers={"kid": foreign}))
                assert api.get("/api/progress").status == 401, f"{kid}'s key as {foreign}"


def test_a_public_key_is_no_secret(other, other_learner, other_public_keys):
    """The oldest trick: HS256 with the public key's text as the secret."""
    claims = other.mint.claims(other_learner.id, "admin")
    for kid, pem in other_public_keys.items():
        header = {"alg": "HS256", "typ": "JWT", "kid": kid}
        import hashlib
        import hmac

        signing_input = f"{part(header)}.{part(claims)}"
        for secret in (pem, pem.strip()):
            digest = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
            api = other.client(f"{signing_input}.{part(digest)}")
            assert api.get("/api/progress").status == 401


def test_forms_of_good_tokens(service, learner):
    mint = service.mint
    for sub in (str(learner.id), f"user_{learner.id}"):
        assert service.client(mint.student(learner.id, sub=sub)).get("/api/progress").status == 200, sub
    for scheme in ("Bearer", "bearer", "BEARER"):
        reply = service.client().get("/api/progress", headers={"Authorization": f"{scheme} {learner.token}"})
        assert reply.status == 200, scheme
    if mint.audience:
        api = service.client(mint.student(learner.id, aud=["other", mint.audience]))
        assert api.get("/api/progress").status == 200


@pytest.mark.parametrize("role", ["superuser", "Admin", "ADMIN", "admin ", "", 7, ["admin"], {"admin": True}, None,
                                  True, "public"])
def test_odd_roles_open_nothing(service, learner, role):
    claims = service.mint.claims(learner.id)
    claims["role"] = role
    api = service.client(service.mint.sign(claims))
    for method, path, body, least in CLOSED:
        if least == "admin":
            assert api.send(method, filled(path), json_body=body).status in (401, 403), path


@pytest.mark.parametrize("way", ["header", "query", "body"])
def test_no_way_to_another_learner(new_learner, service, db, way):
    """A student, and an anonymous one, only ever meets itself."""
    victim = new_learner(display_name="Victim of this test")
    victim.answer("victim-module", True, 7, exerciseId="victim-exercise")
    victim.progress()
    guest = service.client(service.client().post("/api/anonymous").json()["token"])
    before = victim.checksum()
    for api in (new_learner().api, guest):
        for method, path, body, least in CLOSED:
            if least == "admin":
                continue
            headers = {"X-Lockstep-User": str(victim.id)} if way == "header" else {}
            path = path.replace("{id}", str(victim.id))
            if way == "query":
                path += f"?userId={victim.id}&user_id={victim.id}&sub={victim.id}&id={victim.id}"
            if way == "body" and body is not ...:
                body = {**body, "userId": victim.id, "user_id": victim.id, "sub": str(victim.id)}
            reply = api.send(method, path, json_body=body, headers=headers)
            assert reply.status < 500, reply
            assert b"victim" not in reply.body.lower(), reply
    assert victim.checksum() == before
    assert truth.columns_of(db, victim.id) == truth.triple(7, 1, 1)


# What a student gets who names what is another student's: written by hand, endpoint by endpoint. The path's {id}
# and the body's words stand for the other one's; a status, and whether the answer is the very same that somebody
# who does not exist would get.
BY_ANOTHER = {
    ("GET", "/api/student/courses"): (..., 200),
    ("GET", "/api/student/enrolled-courses"): (..., 200),
    ("GET", "/api/student/progress-details"): (..., 200),
    ("GET", "/api/student/stats"): (..., 200),
    ("GET", "/api/student/requests"): (..., 200),
    ("GET", "/api/sync/connection"): (..., 200),
    ("POST", "/api/student/requests"): ({"courseId": "wanted", "userId": "victim"}, 201),  # for oneself
    ("DELETE", "/api/student/requests/{request}"): (..., 404),
    ("POST", "/api/student/enroll"): ({"courseId": "own", "userId": "victim"}, 403),
    ("POST", "/api/student/chapters/complete"): ({"chapterId": "chapter", "userId": "victim"}, 403),
    ("POST", "/api/enrollment"): ({"userId": "victim", "courseId": "wanted"}, 403),
    ("DELETE", "/api/enrollment"): ({"userId": "victim", "courseId": "own"}, 403),
    ("GET", "/api/requests"): (..., 403),
    ("PATCH", "/api/admin/requests/{request}"): ({"action": "approve"}, 403),
    ("POST", "/api/admin/requests/bulk"): ({"action": "approve", "requestIds": ["request"]}, 403),
    ("GET", "/api/students"): (..., 403),
    ("GET", "/api/students/{victim}"): (..., 403),
    ("GET", "/api/students/{victim}/state"): (..., 403),
    ("GET", "/api/admin/enrollments/export"): (..., 403),
    ("POST", "/api/admin/enrollments/import"): ({"csv": "userId,courseId\n1,1\n"}, 403),
    ("DELETE", "/api/admin/users/{victim}"): (..., 403),
    ("GET", "/api/admin/analytics"): (..., 403),
    ("GET", "/api/admin/courses"): (..., 403),
    ("POST", "/api/admin/courses"): ({"title": "Mine"}, 403),
    ("GET", "/api/admin/courses/{own}"): (..., 403),
    ("PATCH", "/api/admin/courses/{own}"): ({"title": "Mine"}, 403),
    ("DELETE", "/api/admin/courses/{own}"): (..., 403),
    ("GET", "/api/admin/chapters"): (..., 403),
    ("POST", "/api/admin/chapters"): ({"courseId": "own", "title": "Mine"}, 403),
    ("PATCH", "/api/admin/chapters/{chapter}"): ({"title": "Mine"}, 403),
    ("DELETE", "/api/admin/chapters/{chapter}"): (..., 403),
    ("GET", "/api/admin/payments"): (..., 403),
    ("GET", "/api/admin/webhook-events"): (..., 403),
    ("POST", "/api/admin/webhook-events/{event}/replay"): (..., 403),
}
ENROLLMENT = ("/api/student", "/api/requests", "/api/enrollment", "/api/sync/connection", "/api/admin/requests",
              "/api/admin/users", "/api/admin/analytics", "/api/admin/courses", "/api/admin/chapters",
              "/api/admin/payments", "/api/admin/webhook-events", "/api/admin/enrollments")


@pytest.fixture
def victim(new_learner, admin, db):
    """A student who is enrolled, has completed a chapter, waits for a decision, and has paid: with the ids of it."""
    student = new_learner(display_name="Victim of this test")
    own, wanted = create_course(db, chapters=1, title="Own"), create_course(db, title="Wanted")
    admin.api.post("/api/enrollment", {"userId": student.id, "courseId": own})
    chapter, = chapters_of(db, own)
    assert student.api.post("/api/student/chapters/complete", {"chapterId": chapter}).status == 200
    assert student.api.post("/api/student/requests", {"courseId": wanted, "reason": "victim's words"}).status == 201
    event = execute(db, "INSERT INTO webhook_events (event_id, type, user_id, payload, created_at, received_at, outcome)"
                    " VALUES (%s, 'charge.refunded', %s, '{}', NOW(), NOW(), 'unassigned')",
                    (f"evt_{student.id}", student.id))
    student.ids = {"victim": student.id, "own": own, "wanted": wanted, "chapter": chapter, "event": event,
                   "request": requests(db, student.id)[0]["id"]}
    return student


def everything_of(db, student):
    """Whatever the tables of enrollment hold of a student."""
    return [query(db, f"SELECT * FROM {table} WHERE {column} = %s ORDER BY 1, 2", (student.id,)) for table, column in (
        ("users", "id"), ("enrollments", "user_id"), ("student_progress", "student_id"), ("access_requests", "student_id"),
        ("access_decisions", "student_id"), ("chapter_completions", "user_id"), ("webhook_events", "user_id"))]


def named(value, ids):
    """A path or body with ids in the place of their names."""
    if isinstance(value, dict):
        return {key: named(part, ids) for key, part in value.items()}
    if isinstance(value, list):
        return [named(part, ids) for part in value]
    return ids.get(value, value)


@pytest.mark.parametrize("row", BY_ANOTHER, ids=" ".join)
def test_by_another_student(victim, new_learner, db, row):
    method, path = row
    body, expected = BY_ANOTHER[row]
    before = everything_of(db, victim)
    stranger = new_learner()
    reply = stranger.api.send(method, path.format(**victim.ids), json_body=named(body, victim.ids))
    assert reply.status == expected, reply
    assert b"victim" not in reply.body.lower(), reply
    assert everything_of(db, victim) == before
    if "{" in path:  # neither says whether there is such a thing
        nothing = {name: 2**62 for name in victim.ids}
        other = stranger.api.send(method, path.format(**nothing), json_body=named(body, victim.ids))
        told = [{key: value for key, value in one.json().items() if key not in ("requestId", "instance")}
                for one in (reply, other)]
        assert (other.status, told[1]) == (expected, told[0])


def test_by_another_student_with_the_same_key_and_tag(victim, new_learner, db):
    """An idempotency key and an ETag are worth something only to whom they were given."""
    stranger, key = new_learner(), {"Idempotency-Key": "the-same-key"}
    course = create_course(db, is_public=True)
    first = victim.api.post("/api/student/enroll", {"courseId": course}, headers=key)
    other = stranger.api.post("/api/student/enroll", {"courseId": course}, headers=key)
    assert (first.status, other.status) == (200, 200)
    assert other.json()["revision"] == 1 != first.json()["revision"], "the stranger's own"
    for path in ("/api/student/courses", "/api/student/enrolled-courses", "/api/student/stats"):
        tag = victim.api.get(path).etag
        assert stranger.api.get(path, headers={"If-None-Match": tag}).status == 200, path


def test_every_endpoint_of_enrollment_is_tried_by_another_student():
    listed = {(method, path) for method, path, _, _ in RIGHTS if path.startswith(ENROLLMENT)}
    tried = {(method, re.sub(r"{\w+}", "{id}", path)) for method, path in BY_ANOTHER}
    assert listed == tried


def test_the_table_here_has_every_endpoint(service):
    here = {(method, path) for method, path, _, _ in RIGHTS}
    named = service.contract.operations()
    assert named - here == set(), "endpoints whose rights nobody has written down by hand"
    assert here - named == set(), "endpoints that the interface promises and the program lacks"
