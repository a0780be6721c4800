"""A site's own achievements: the example of the guide works, and what is broken harms nobody."""

import os
import re

import pytest

from harness import truth
from harness.database import execute, query
from harness.processes import wait_until
from harness.stack import REPOSITORY, Stack
from harness.worker import sync_worker

from conftest import Learner, service_of
from drift import await_job

EVENTS = "/api/progress-sync/events"


def example_of_the_guide():
    with open(os.path.join(REPOSITORY, "docs", "achievements.md"), encoding="utf-8") as guide:
        return re.search(r"```yaml\n(.*?)```", guide.read(), re.DOTALL).group(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("achievements.d")
    (directory / "fifty-quizzes.yaml").write_text(example_of_the_guide())
    (directory / "shown.yaml").write_text("id: shown\nkind: achievement\ntype: speed\ntitle: Shown\nmetric: best_day\n"
                                          "atLeast: 1\npublic: true\n")
    (directory / "broken.yaml").write_text("id: broken\nkind: achievement\ntitle: B\nmetric: best_day\natLeast: 1\n")
    (directory / "first-step.yaml").write_text("id: first-step\nkind: milestone\ntitle: B\nmetric: skills\natLeast: 1\n")
    with Stack({"events": {"site_achievements": str(directory)}}, buffer_pool_mb=64) as stack:
        stack.site_achievements = directory
        yield stack


@pytest.fixture
def learner(site):
    with site.connect() as db:
        yield Learner(service_of(site), db, truth.create_learner(db))


def quizzes(count):
    return {"events": [{"eventType": "todo_completed", "sourceSystem": "todo_manager",
                        "eventData": {"activityId": f"q{at}", "activityType": "quiz", "completionStatus": "completed"}}
                       for at in range(count)]}


def earned(learner):
    return {row["id"]: row["is_public"] for row in
            query(learner.db, "SELECT id, is_public FROM achievements WHERE user_id = %s", (learner.id,))}


def test_the_sites_own_are_earned_and_broken_ones_harm_nobody(site, learner):
    assert learner.api.post(EVENTS, quizzes(49)).status == 200
    assert "fifty-quizzes" not in earned(learner) and earned(learner)["shown"] == 1
    assert earned(learner)["first-step"] == 0
    reply = learner.api.post(EVENTS, quizzes(50)["events"][-1])
    assert [item["id"] for item in reply.json()["achievements"]] == ["fifty-quizzes"]
    for expected in (r"left aside: \S*broken.yaml: an achievement has a type",
                     r"left aside: \S*first-step.yaml: the achievement first-step is defined already, in "):
        assert re.search(expected, site.service_log()), expected


def test_what_is_added_later_is_earned_by_a_recomputation(site, learner, tmp_path):
    learner.api.post(EVENTS, quizzes(3))
    (site.site_achievements / "late.yaml").write_text(
        "id: late\nkind: achievement\ntype: completion\ntitle: Late\nmetric: completed_activities\natLeast: 3\n")
    with site.connect() as db, sync_worker(db, site.config_path, tmp_path):
        await_job(db, execute(db, "INSERT INTO sync_jobs (kind) VALUES ('recompute_achievements')"))
        wait_until(lambda: "late" in earned(learner), "what was added to be earned", 5)
