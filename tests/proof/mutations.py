"""Proof that the tests notice: breaks the program on purpose, one defect at a time, in a scratch
copy, and expects the tests named beside it to fail there. A defect that no test notices, or one
that no longer fits the source, ends this with 1.

  mutations.py                 all
  mutations.py --list          their names
  mutations.py NAME …          some
  mutations.py --keep NAME     and leave the scratch copy
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(REPOSITORY, "tests"))

from harness.database import Database  # noqa: E402


class Mutation:
    """`changes`: [(file, text that stands there once, what stands there instead)]. `tests`: of pytest, and C tests
    on a database by their bare names; all of either sort."""

    def __init__(self, name, meaning, changes, tests):
        self.name = name
        self.meaning = meaning
        self.changes = changes
        self.tests = tests


C_TEST_S = 120  # what is broken may wait for ever
COMPARE_AND_SET = """\
  buffer_append_text(&sql.text, " AND ");
  repair_sql_append_same(&sql, group);
  if (!repair_sql_exec(&sql, tx, error, &affected)) return false;
  return affected == group->cells || write_miss(group, error);
"""
SET = """\
  return repair_sql_exec(&sql, tx, error, &affected) && (affected <= group->cells || write_miss(group, error));
"""

MUTATIONS = [
    Mutation(
        "no-row-lock", "the learner's row is read without its lock",
        [("sql/queries/ledger.sql", "   FOR UPDATE;\n", ";\n"),
         ("sql/queries/ledger.sql", "   FOR UPDATE SKIP LOCKED;\n", ";\n")],
        ["integration/test_answer.py::test_concurrent_answers_of_one_learner_all_count",
         "integration/test_idempotency.py"]),
    Mutation(
        "reply-before-commit", "the reply goes out whatever becomes of the COMMIT",
        [("src/ledger/ledger.c", "  return db_commit(tx->db, error);\n",
          "  struct error unheard = {.code = ERROR_INTERNAL};\n"
          "  (void)!db_commit(tx->db, &unheard);\n  return true;\n")],
        ["proof/test_fire.py::test_connections_cut_around_commit"]),
    Mutation(
        "no-unique-key", "the ledger's unique key is gone",
        [("sql/migrations/0001_people_and_practice.sql", "  UNIQUE KEY ledger_operation (user_id, op_id)",
          "  KEY ledger_operation (user_id, op_id)")],
        ["integration/test_schema.py::test_an_operation_is_one_revision"]),
    Mutation(
        "student-reads-another", "a student may name another learner",
        [("src/http/auth.c",
          "  if (request->on_behalf_of != NULL)\n"
          "    return error_set(error, ERROR_FORBIDDEN, \"Only a service may act for another learner.\");\n"
          "  return true;\n",
          "  return request->on_behalf_of == NULL || settle_named_learner(request, error);\n")],
        ["integration/test_rights.py::test_no_way_to_another_learner"]),
    Mutation(
        "two-snapshots", "the body is read in another snapshot than its tag",
        [("src/http/handle.c", "  etag_make(request, &freshness, etag);\n  request->snapshot = lease.db;\n",
          "  etag_make(request, &freshness, etag);\n  db_rollback(lease.db);\n"
          "  if (!db_begin_snapshot(lease.db, error)) return false;\n  request->snapshot = lease.db;\n")],
        ["integration/test_fresh.py::test_body_and_tag_are_one_moment"]),
    Mutation(
        "no-hash", "a reused id with other content is taken for the same operation",
        [("src/ledger/ledger_rows.c",
          "  if (memcmp(&row->op_hash, &entry->request_hash, sizeof entry->request_hash) != 0) {",
          "  if (false) {")],
        ["integration/test_idempotency.py::test_same_id_other_content_is_refused"]),
    Mutation(
        "role-from-nowhere", "a role is not asked for",
        [("src/http/auth.c", "  if (principal->role < endpoint->role) {", "  if (principal->role == ROLE_PUBLIC && "
          "endpoint->role != ROLE_PUBLIC) {")],
        ["integration/test_rights.py::test_every_role"]),
    Mutation(
        "tag-without-the-row", "the tag forgets when the row was changed around Lockstep",
        [("sql/queries/freshness.sql", "updated_at", "created_at")],
        ["integration/test_fresh.py::test_sql_around_lockstep_is_seen"]),
    Mutation(
        "claim-without-fence", "a job whose claim was taken over goes on writing",
        [("sql/queries/job.sql",
          "         NULL)\n WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;",
          "         NULL)\n WHERE id = :id AND :worker_id = :worker_id AND :claim_seq = :claim_seq;")],
        ["job/test_job"]),
    Mutation(
        "pauses-ignored", "a run repairs what is paused",
        [("src/rule/repair_find.c", "    if (rows > 0 && !drop_paused(tx, rule, step, error, &rows)) return false;\n",
          "    (void)drop_paused;\n")],
        ["rule/test_repair"]),
    Mutation(
        "limits-ignored", "a rule may change as much as it likes",
        [("src/rule/repair_limit.c", "  if (rows <= limit) return true;", "  if (rows <= limit || verb != NULL) return true;")],
        ["rule/test_repair"]),
    Mutation(
        "repair-of-yesterday", "a repair writes what it found, whatever became of the learner since",
        [("sql/queries/repair.sql", "SUM(u.revision <> d.base_revision)", "SUM(u.revision <> u.revision)"),
         ("src/rule/repair_write.c", COMPARE_AND_SET, SET)],
        ["rule/test_repair_races"]),
    Mutation(
        "any-digest", "a plan is applied whatever digest was shown",
        [("src/rule/repair_apply.c", "  if (digest == NULL) return true;",
          "  if (digest == NULL || *digest != '\\0') return true;")],
        ["rule/test_repair_plan"]),
    Mutation(
        "rollback-over-all", "a rollback writes over what was changed since",
        [("src/rule/repair_undo.c", "  if (!repair_mark_moved(tx, 0, REPAIR_LAST_STEP, error) || !undo_name_movers",
          "  if (!undo_name_movers"),
         ("src/rule/repair_write.c", COMPARE_AND_SET, SET)],
        ["rule/test_repair_undo"]),
]


def run(arguments, directory, environment=None, log=subprocess.DEVNULL):
    return subprocess.run(arguments, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                          stderr=subprocess.STDOUT, check=False).returncode


def copy_source(target):
    """What git knows of the working tree, without what it ignores."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY,
                           check=True, stdout=subprocess.PIPE).stdout.split(b"\0")
    for name in filter(None, names):
        path = name.decode("utf-8")
        if os.path.exists(os.path.join(REPOSITORY, path)):
            os.makedirs(os.path.join(target, os.path.dirname(path)), exist_ok=True)
            shutil.copy2(os.path.join(REPOSITORY, path), os.path.join(target, path))


def prepare(scratch):
    copy_source(scratch)
    with open(os.path.join(scratch, "build.log"), "wb") as log:
        for step in (["./autogen.sh"], ["./configure", "--quiet"], ["make", "-s", "-j2"]):
            if run(step, scratch, log=log) != 0:
                sys.exit(f"mutations: {' '.join(step)} failed; see {scratch}/build.log")


def apply(mutation, scratch):
    """The texts of the files as they were, or None where the mutation does not fit the source."""
    before = {}
    for name, old, new in mutation.changes:
        path = os.path.join(scratch, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        before.setdefault(path, text)
        if old not in text:
            restore(before)
            return None
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
    return before


def restore(before):
    for path, text in before.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def c_test_passes(scratch, test, log):
    """On a server of its own."""
    program = f"tests/{test}"
    if run(["make", "-s", "-j2", "CFLAGS=-O1 -Wno-error", program], scratch, log=log) != 0:
        sys.exit(f"mutations: {program} does not build; see {scratch}/tests.log")
    database = Database(os.path.join(scratch, "var-db"), 64)
    environment = {**os.environ, "LOCKSTEP_TEST_SOCKET": database.socket, "LOCKSTEP_SOURCE": scratch}
    try:
        database.create()
        database.start()
        return run(["timeout", str(C_TEST_S), os.path.join(scratch, program)], scratch, environment, log) == 0
    finally:
        database.stop()


def tests_pass(scratch, tests):
    of_c = [test for test in tests if ".py" not in test]
    of_pytest = [test for test in tests if ".py" in test]
    with open(os.path.join(scratch, "tests.log"), "ab") as log:
        if not all(c_test_passes(scratch, test, log) for test in of_c):
            return False
    return not of_pytest or pytest_passes(scratch, of_pytest)


def pytest_passes(scratch, tests):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    environment.update(LOCKSTEP_BUILD=scratch, PYTHONDONTWRITEBYTECODE="1")
    with open(os.path.join(scratch, "tests.log"), "ab") as log:
        return run(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
                   os.path.join(scratch, "tests"), environment, log) == 0


def judge(mutation, scratch):
    """One word and whether it is the one that was hoped for."""
    before = apply(mutation, scratch)
    if before is None:
        return "does not fit the source any more", False
    try:
        with open(os.path.join(scratch, "build.log"), "ab") as log:
            if run(["make", "-s", "-j2", "CFLAGS=-O1 -Wno-error"], scratch, log=log) != 0:
                return "does not build", False
        return ("NOT NOTICED", False) if tests_pass(scratch, mutation.tests) else ("noticed", True)
    finally:
        restore(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if not arguments.names or mutation.name in arguments.names]
    if arguments.list:
        for mutation in chosen:
            print(f"{mutation.name:<24}{mutation.meaning}")
        return 0
    scratch = tempfile.mkdtemp(prefix="lockstep-mutations-")
    print(f"building a copy in {scratch}", flush=True)
    prepare(scratch)
    tests = sorted({test for mutation in chosen for test in mutation.tests})
    if not tests_pass(scratch, tests):
        sys.exit(f"mutations: the tests fail on the sound program already; see {scratch}/tests.log")
    print(f"{'the sound program':<24}passes", flush=True)
    good = True
    for mutation in chosen:
        verdict, hoped_for = judge(mutation, scratch)
        good = good and hoped_for
        print(f"{mutation.name:<24}{verdict:<14} {mutation.meaning}", flush=True)
    if good and not arguments.keep:
        shutil.rmtree(scratch)
    else:
        print(f"left: {scratch}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
