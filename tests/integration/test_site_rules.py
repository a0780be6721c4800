"""A site's own rules: the guide's example at work, and broken ones that harm nobody."""

import os
import re

import pytest

from harness import truth
from harness.client import Client
from harness.database import execute, query_one
from harness.processes import wait_until
from harness.stack import REPOSITORY, Stack
from harness.tokens import Mint
from harness.truth import create_learner, triple

ENDLESS = """\
-- rule: endless
-- summary: Never true.
-- severity: info
-- on-read: progress
-- changes: users.display_name

SELECT id AS user_id, 'users' AS `table`, CONCAT('{"id": ', id, '}') AS `key`, 'set' AS `action`,
       'display_name' AS `column`, display_name AS actual, UUID() AS wanted
  FROM users WHERE id BETWEEN :from AND :to
"""


def example_of_the_guide():
    with open(os.path.join(REPOSITORY, "docs", "rules.md"), encoding="utf-8") as guide:
        return re.search(r"```sql\n(.*?)```", guide.read(), re.DOTALL).group(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rules.d")
    (directory / "display_names_are_trimmed.sql").write_text(example_of_the_guide())
    (directory / "misspelt.sql").write_text("-- rule: misspelt\n-- sumary: Oh.\n")
    (directory / "misfit.sql").write_text(ENDLESS.replace("endless", "misfit").replace("FROM users", "FROM nobody"))
    (directory / "endless.sql").write_text(ENDLESS)
    with Stack({"rules": {"site_directory": str(directory)}}, buffer_pool_mb=64) as stack:
        yield stack


def client_of(site, user_id, role="student"):
    tokens = Mint(site.config)
    return Client(site.url, tokens.sign(tokens.claims(user_id, role)))


def test_broken_rules_harm_nobody(site):
    with site.connect() as db:
        user_id = create_learner(db, tokens=9, questions=2, correct=1)
        reply = client_of(site, user_id).get("/api/progress")
        assert reply.status == 200, reply
        assert reply.json()["globalStats"]["totalTokens"] == 9
        assert truth.modules_of(db, user_id) == {"unattributed": triple(9, 2, 1)}
        assert truth.user_row(db, user_id)["display_name"] is None
    for expected in ("misspelt.sql:2: 'sumary' is no annotation of a rule",
                     "misfit.sql:7: the database refuses its SELECT",
                     "endless.sql: A rule of consistency still does not hold after its repair"):
        wait_until(lambda: expected in site.service_log(), f"the log to say {expected}", 10)


def test_the_example_of_the_guide(site):
    with site.connect() as db:
        user_id = create_learner(db, display_name="  Ada ")
        admin_id = create_learner(db, role="admin")
        reply = client_of(site, admin_id, "admin").post("/api/admin/sync-user-data", {"userId": user_id})
        assert reply.status == 200, reply
        assert truth.user_row(db, user_id)["display_name"] == "Ada"
        entries = truth.ledger_of(db, user_id)
        assert [entry["kind"] for entry in entries] == ["repair"]
        run_id = query_one(db, "SELECT MAX(id) AS id FROM repair_runs")["id"]
        assert entries[0]["changes"] == [{"what": "display_name", "key": "display_names_are_trimmed",
                                          "because": f"run {run_id}, rule display_names_are_trimmed"}]
        execute(db, "DELETE FROM users WHERE id IN (%s, %s)", (user_id, admin_id))
