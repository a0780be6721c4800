"""/healthz, /readyz, /metrics, /api/openapi.json."""

import re

from harness.database import execute, query_one
from harness.processes import wait_until

SAMPLE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*"'
                    r'(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*")*\})? (\S+)$')


def test_health(public):
    reply = public.get("/healthz")
    assert reply.status == 200
    assert public.get("/readyz").status == 200


def metrics_of(api):
    reply = api.get("/metrics")
    assert reply.status == 200 and reply.content_type == "text/plain", reply
    return reply.body.decode("utf-8")


def test_metrics_are_prometheus_text(admin):
    admin.answer()
    text = metrics_of(admin.api)
    assert text.endswith("\n")
    types, names = {}, []
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} is declared twice"
            types[name] = kind
        elif line and not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            float(match.group(2))
            names.append(re.split(r"[{ ]", line)[0])
    assert names
    for name in names:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name in types or types.get(base) == "histogram", f"{name} has no TYPE"
        assert name.startswith(("lockstep_", "process_")), name


def total(text, route, status):
    found = [line for line in text.splitlines() if not line.startswith("#") and route in line and f'"{status}' in line
             and re.match(r"lockstep_\w*requests\w*_total", line)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def test_requests_are_counted_by_route(admin):
    before = metrics_of(admin.api)
    for _ in range(7):
        admin.answer()
    after = metrics_of(admin.api)
    assert total(after, "/api/answer", 2) - total(before, "/api/answer", 2) == 7


def test_labels_come_from_the_table_not_from_the_client(admin):
    for at in range(20):
        admin.api.get(f"/api/made-up-{at}")
        admin.api.get(f"/api/progress?made-up-{at}")
    assert "made-up" not in metrics_of(admin.api)


def test_pool_figures_are_there(admin):
    assert "pool" in metrics_of(admin.api)


def test_the_last_passes_are_told(admin, db):
    """As soon as there is a pass, /metrics tells of the newest one that is done."""
    execute(db, "INSERT INTO passes (kind, state, learners, learners_in_breach, score, started_at, finished_at) VALUES"
            " ('validate', 'done', 8, 2, 0.75, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL 1 HOUR)")
    pass_id = query_one(db, "SELECT MAX(id) AS id FROM passes")["id"]
    execute(db, "INSERT INTO rule_results (pass_id, rule, severity, breaches, paused) VALUES (%s, 'some_rule', 'info', 3, 1)",
            (pass_id,))
    try:
        wait_until(lambda: 'lockstep_consistency_score{pass="validate"} 0.75' in metrics_of(admin.api), "the pass", 20)
        text = metrics_of(admin.api)
        assert 'lockstep_pass_learners{pass="validate"} 8\n' in text
        assert 'lockstep_pass_learners_in_breach{pass="validate"} 2\n' in text
        assert 'lockstep_rule_breaches{pass="validate",rule="some_rule",severity="info"} 3\n' in text
        assert 'lockstep_rule_paused{pass="validate",rule="some_rule"} 1\n' in text
        age = float(re.search(r'lockstep_pass_age_seconds\{pass="validate"\} (\S+)', text).group(1))
        assert 3600 <= age < 3700
        test_metrics_are_prometheus_text(admin)
    finally:
        execute(db, "DELETE FROM passes WHERE id = %s", (pass_id,))


def test_openapi_is_31_and_complete(public):
    reply = public.get("/api/openapi.json")
    document = reply.json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] and document["info"]["version"]
    operation_ids = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            assert operation["summary"], (method, path)
            assert operation["responses"], (method, path)
            operation_ids.append(operation.get("operationId", f"{method} {path}"))
    assert len(operation_ids) == len(set(operation_ids))


def test_no_reference_points_nowhere(service):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                service.contract.resolver.resolve(node["$ref"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(service.contract.document)


def test_body_schemas_say_what_is_required(service):
    operation = service.contract.document["paths"]["/api/answer"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = service.contract.resolver.resolve(schema["$ref"])[1]
    assert {"exerciseId", "module"} <= set(schema["required"])
    assert {"answerId", "userAnswer", "isCorrect", "tokens", "answeredAt", "practicedOn", "practiceSessionId"} <= \
        set(schema["properties"])
    assert "userId" not in schema["properties"]
