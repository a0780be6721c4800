"""What the database itself must hold, because no check in code can replace it: every pair that must
be unique has a unique key, every foreign key says what becomes of the children."""

import pymysql
import pytest

from harness import truth
from harness.database import execute, query, query_one

DUPLICATE, NO_PARENT = 1062, 1452


def refused(db, sql, parameters, code):
    with pytest.raises((pymysql.err.IntegrityError, pymysql.err.OperationalError)) as caught:
        execute(db, sql, parameters)
    assert caught.value.args[0] == code, caught.value


LEDGER = ("INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
          " VALUES (%s, %s, %s, REPEAT('x', 32), 'test', 'test', '[]', UTC_TIMESTAMP(3))")


def test_a_revision_is_one_operation(learner, db):
    execute(db, LEDGER, (learner.id, 1, "answer:a"))
    refused(db, LEDGER, (learner.id, 1, "answer:b"), DUPLICATE)


def test_an_operation_is_one_revision(new_learner, db):
    """The ledger's unique key: the last line of defence of 'counts once'."""
    one, other = new_learner(), new_learner()
    execute(db, LEDGER, (one.id, 1, "answer:a"))
    refused(db, LEDGER, (one.id, 2, "answer:a"), DUPLICATE)
    execute(db, LEDGER, (other.id, 1, "answer:a"))
    execute(db, LEDGER, (one.id, 3, "answer:A"))


@pytest.mark.parametrize("sql", [
    "INSERT INTO profiles (user_id) VALUES (%s)",
    "INSERT INTO practice_days (user_id, day, activity, count) VALUES (%s, '2026-01-01', 'answer', 1)",
    "INSERT INTO daily_totals (user_id, day, module) VALUES (%s, '2026-01-01', 'math')",
])
def test_one_row_of_a_kind_for_known_learners(learner, db, sql):
    execute(db, sql, (learner.id,))
    refused(db, sql, (learner.id,), DUPLICATE)
    refused(db, sql, (2**62,), NO_PARENT)


def test_subjects_and_names_are_unique_and_exact(new_learner, db):
    learner = new_learner(subject=f"idp|{id(db)}", username=f"name-{id(db)}")
    refused(db, "INSERT INTO users (subject) VALUES (%s)", (f"idp|{id(db)}",), DUPLICATE)
    refused(db, "INSERT INTO users (username) VALUES (%s)", (f"name-{id(db)}",), DUPLICATE)
    execute(db, "INSERT INTO users (username) VALUES (%s)", (f"NAME-{id(db)}",))
    assert learner.id


def test_documents_are_json(learner, db):
    with pytest.raises(pymysql.err.Error):
        execute(db, "UPDATE users SET hidden_grade_asset = '{' WHERE id = %s", (learner.id,))


def test_what_goes_with_a_learner_and_what_stays(learner, db):
    """Deleting the row takes what is the learner's own; the ledger's record outlives them."""
    learner.answer()
    execute(db, "DELETE FROM users WHERE id = %s", (learner.id,))
    for table in ("profiles", "attempts", "practice_days", "daily_totals"):
        assert query(db, f"SELECT 1 FROM {table} WHERE user_id = %s", (learner.id,)) == (), table
    assert len(truth.ledger_of(db, learner.id)) == 1


def test_every_foreign_key_says_what_becomes_of_children(db):
    rows = query(db, "SELECT CONSTRAINT_NAME AS name, DELETE_RULE AS rule FROM information_schema."
                 "REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()")
    assert rows and {row["rule"] for row in rows} <= {"CASCADE", "SET NULL"}


def test_tables_are_innodb_and_utf8mb4(db):
    rows = query(db, "SELECT TABLE_NAME AS name, ENGINE AS engine, TABLE_COLLATION AS collation FROM"
                 " information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'")
    wrong = [row for row in rows if row["engine"] != "InnoDB" or not row["collation"].startswith("utf8mb4")]
    assert rows and not wrong


def test_older_readers_find_their_view(learner, db):
    learner.answer()
    row = query_one(db, "SELECT * FROM user_profiles WHERE user_id = %s", (learner.id,))
    assert (row["current_streak"], row["longest_streak"]) == (1, 1)
