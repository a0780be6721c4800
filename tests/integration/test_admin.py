"""POST /api/admin/sync-user-data and GET /api/admin/audit, of one learner. (Of everybody: test_audit_pass.py.)"""

import csv
import io

import pytest

from harness import truth
from harness.database import execute


def drifted(new_learner, **columns):
    document = {"modules": {"math": {"progress": {"tokens_earned": 4, "total_questions_answered": 2,
                                                  "correct_answers": 1}}},
                "global_stats": {"total_tokens_earned": 3, "total_questions_answered": 2,
                                 "total_correct_answers": 1}}
    return new_learner(document=document, tokens=9, questions=2, correct=1, **columns)


def test_one_learner_is_synchronised(new_learner, admin, db):
    learner = drifted(new_learner)
    reply = admin.api.post("/api/admin/sync-user-data", {"userId": learner.id})
    assert reply.status == 200, reply
    value = reply.json()
    assert value["success"] is True and str(learner.id) in value["message"]
    assert truth.columns_of(db, learner.id) == truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1)
    assert truth.add_up(truth.modules_of(db, learner.id).values()) == truth.triple(9, 2, 1)
    entries = truth.ledger_of(db, learner.id)
    assert entries and f"user_{admin.id}" in str(entries)
    before = learner.checksum()
    assert admin.api.post("/api/admin/sync-user-data", {"userId": learner.id}).status == 200
    assert learner.checksum() == before, "a sound learner is not written"


def test_unknown_learner(admin):
    assert admin.api.post("/api/admin/sync-user-data", {"userId": 2**62}).status == 404


@pytest.mark.parametrize("user_id", [0, -1, "x", 1.5, True, [1], {"id": 1}, 2**64, 2**63])
def test_odd_ids(admin, user_id):
    assert admin.api.post("/api/admin/sync-user-data", {"userId": user_id}).status in (400, 404, 422)


def rows_of(reply):
    assert reply.status == 200, reply
    return reply.json()["entries"]


def test_audit_of_one(new_learner, admin):
    learner = drifted(new_learner, username="audited")
    before = learner.checksum()
    row, = rows_of(admin.api.get(f"/api/admin/audit?userId={learner.id}"))
    assert row == {"userId": learner.id, "username": "audited", "hasDocument": True,
                   "tableTokens": 9, "tableQuestions": 2, "tableCorrect": 1,
                   "jsonTokens": 3, "jsonQuestions": 2, "jsonCorrect": 1,
                   "tokenDiff": 6, "questionDiff": 0, "correctDiff": 0}
    assert learner.checksum() == before, "an audit only looks"


@pytest.mark.parametrize("document", [None, "null", "[]", "7", '{"global_stats": []}',
                                      '{"global_stats": {"total_tokens_earned": "x"}}'])
def test_audit_of_broken_documents(new_learner, admin, document):
    learner = new_learner(document=document, tokens=5, questions=3, correct=1)
    row, = rows_of(admin.api.get(f"/api/admin/audit?userId={learner.id}"))
    assert (row["tableTokens"], row["jsonTokens"], row["tokenDiff"], row["questionDiff"]) == (5, 0, 5, 3)
    assert row["hasDocument"] is (document is not None)


def test_audit_as_csv(new_learner, admin):
    learner = drifted(new_learner, username='a "quoted", name\nin two lines')
    reply = admin.api.get(f"/api/admin/audit?userId={learner.id}", headers={"Accept": "text/csv"})
    assert reply.status == 200 and reply.content_type == "text/csv", reply
    header, row = list(csv.reader(io.StringIO(reply.body.decode("utf-8"), newline="")))
    assert len(header) == len(row)
    assert str(learner.id) in row and 'a "quoted", name\nin two lines' in row
    json_reply = admin.api.get(f"/api/admin/audit?userId={learner.id}", headers={"Accept": "application/json"})
    assert json_reply.content_type == "application/json"


def test_csv_holds_no_formula(new_learner, admin):
    """A name that a spreadsheet would run is data."""
    learner = drifted(new_learner, username='=HYPERLINK("http://example.org")')
    reply = admin.api.get(f"/api/admin/audit?userId={learner.id}", headers={"Accept": "text/csv"})
    cells = [cell for row in csv.reader(io.StringIO(reply.body.decode("utf-8"))) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell], cells


def test_audit_of_nobody(admin):
    assert admin.api.get(f"/api/admin/audit?userId={2**62}").status in (200, 404)
    assert admin.api.get("/api/admin/audit?userId=x").status == 400
