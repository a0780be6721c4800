"""lockstepctl validate, fix, repairs and rollback, as an administrator types them."""

import json
import re

import pytest

from harness import truth
from harness.database import query_one

from drift import STATS, TOTALS, drifted, is_repaired, sound


@pytest.fixture
def control(service):
    def run(*arguments, code=0):
        outcome = service.control(*[str(argument) for argument in arguments], check=False)
        assert outcome.returncode == code, f"{arguments}: {outcome.returncode}\n{outcome.stdout}\n{outcome.stderr}"
        return outcome
    return run


def number_of(text, what):
    return int(re.search(rf"^{what} (\d+)", text, re.MULTILINE).group(1))


def test_fix_plans_by_default(new_learner, control, db):
    learner = drifted(new_learner)
    before = learner.checksum()
    shown = control("fix", "--user", learner.id).stdout
    assert learner.checksum() == before
    plan = number_of(shown, "Plan")
    assert "planned" in shown and TOTALS in shown and STATS in shown and "Nothing was changed" in shown
    command = re.search(r"lockstepctl (fix --plan \d+ --digest [0-9a-f]{64})", shown).group(1)

    shown = control(*command.split()).stdout
    assert f"lockstepctl rollback {plan}" in shown and "done" in shown
    assert is_repaired(db, learner)
    refused = control(*command.split(), code=1).stderr
    assert "no plan that could be applied" in refused


def test_fix_apply_rollback_resume(new_learner, control, db):
    learner = drifted(new_learner)
    before = truth.document_of(db, learner.id)
    shown = control("fix", "--user", learner.id, "--apply").stdout
    run = number_of(shown, "Repair")
    assert is_repaired(db, learner)
    assert query_one(db, "SELECT actor FROM repair_runs WHERE id = %s", (run,))["actor"] == "lockstepctl"

    shown = control("rollback", run).stdout
    undone = number_of(shown, "Rollback")
    assert truth.document_of(db, learner.id) == before
    assert f"repairs resume {undone}" in shown
    assert "0 of 1 learners" in control("fix", "--user", learner.id, "--apply").stdout
    assert "may be repaired again" in control("repairs", "resume", run).stdout
    control("fix", "--user", learner.id, "--apply")
    assert is_repaired(db, learner)
    assert "rolled back already" in control("rollback", run, code=1).stderr


def test_fix_by_some_rules(new_learner, control, db):
    learner = drifted(new_learner)
    control("fix", "--user", learner.id, "--rules", STATS, "--apply")
    assert truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1)
    assert "unattributed" not in truth.modules_of(db, learner.id)
    control("fix", "--user", learner.id, "--rules", f"{TOTALS},{STATS}", "--apply")
    assert is_repaired(db, learner)


def test_fix_by_the_other_authority(new_learner, control, db):
    learner = drifted(new_learner)
    assert "Authority" in control("fix", "--user", learner.id, "--authority", "columns", "--apply").stdout
    assert truth.columns_of(db, learner.id) == truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1)


def test_nothing_to_repair(new_learner, control):
    learner = sound(new_learner)
    before = learner.checksum()
    shown = control("fix", "--user", learner.id).stdout
    assert "0 of 1 learners would be changed" in shown and "--plan" not in shown
    control("fix", "--user", learner.id, "--apply")
    assert learner.checksum() == before


@pytest.mark.parametrize("arguments, said", [
    (("fix", "--user", 2**62), "no such learner"),
    (("fix", "--rules", "no_such_rule"), "no_such_rule"),
    (("fix", "--plan", 2**62), "no repair run"),
    (("fix", "--plan", 1, "--user", 1), "planId"),
    (("rollback", 2**62), "no repair run"),
    (("repairs", "show", 2**62), "no repair run"),
    (("repairs", "resume", 2**62), "no repair run"),
    (("validate", "--user", 2**62), "no such learner"),
])
def test_what_cannot_be_done(control, arguments, said):
    assert said in control(*arguments, code=1).stderr


@pytest.mark.parametrize("arguments", [("rollback",), ("rollback", "x"), ("fix", "--plan", 0),
                                       ("repairs", "show"), ("fix", "--authority", "rows"),
                                       ("fix", "--digest", "short")])
def test_wrong_usage(control, arguments):
    control(*arguments, code=2)


def test_the_switch_stops_it(new_learner, control, admin):
    learner = drifted(new_learner)
    admin.api.post("/api/admin/rules/*/pause")
    try:
        assert "switched off" in control("fix", "--user", learner.id, "--apply", code=1).stderr
        control("fix", "--user", learner.id)
    finally:
        admin.api.post("/api/admin/rules/*/resume")


def test_repairs_are_listed_and_shown(new_learner, control):
    learner = drifted(new_learner)
    run = number_of(control("fix", "--user", learner.id, "--apply").stdout, "Repair")
    listed = control("repairs", "--limit", 1).stdout
    assert re.search(rf"^ *{run:,} ", listed, re.MULTILINE), listed
    first = json.loads(control("repairs", "--limit", 1, "--json").stdout)
    assert first["id"] == run and first["state"] == "done"
    shown = control("repairs", "show", run).stdout
    assert TOTALS in shown and "hidden_grade_asset" in shown
    lines = [json.loads(line) for line in control("repairs", "show", run, "--json").stdout.splitlines()]
    assert lines[0]["id"] == run and {row["userId"] for row in lines[1:]} == {learner.id}
    moved = control("repairs", "show", run, "--json", "--state", "moved").stdout.splitlines()
    assert len(moved) == 1, "only the run"


def test_validate_one(new_learner, control):
    learner = drifted(new_learner)
    before = learner.checksum()
    shown = control("validate", "--user", learner.id, code=1).stdout
    assert re.search(rf"{TOTALS} +breached", shown) and "hidden_grade_asset" in shown
    value = json.loads(control("validate", "--user", learner.id, "--json", code=1).stdout)
    assert value["userId"] == learner.id and value["learnersInBreach"] == 1
    clean = control("validate", "--user", sound(new_learner).id).stdout
    assert "breached" not in clean
    assert learner.checksum() == before


def test_everybody(new_learner, control, db, sync_worker):
    """Through jobs that are waited for."""
    learner = drifted(new_learner)
    before = truth.document_of(db, learner.id)
    shown = control("validate", "--refresh", code=1).stdout
    assert re.search(rf"{TOTALS} +breached", shown) and "learners break a rule" in shown
    shown = control("fix", "--rules", f"{TOTALS},{STATS}", "--confirm-over-limit").stdout
    command = re.search(r"lockstepctl (fix --plan \d+ --digest [0-9a-f]{64})", shown).group(1)
    run = number_of(shown, "Plan")
    control(*command.split(), "--confirm-over-limit")
    assert is_repaired(db, learner)
    control("rollback", run)
    assert truth.document_of(db, learner.id) == before
    control("repairs", "resume", run)
    control("fix", "--apply", "--rules", f"{TOTALS},{STATS}", "--confirm-over-limit")
    assert is_repaired(db, learner)
