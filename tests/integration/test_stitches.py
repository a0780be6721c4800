"""How far learners are with stitches: each rule of src/session/stitch.h, by both ways in."""

import datetime
import json
import threading
import urllib.parse

import pytest

from harness import truth
from harness.client import Client
from harness.database import execute, query, query_one
from harness.stack import Stack
from harness.tokens import Mint

UTC = datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(microsecond=0)


def iso(**ago):
    """A moment so long ago."""
    return (NOW - datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def item(stitch="s1", thread="t1", **fields):
    return {"threadId": thread, "stitchId": stitch, **fields}


def update(learner, *arguments, status=200, headers=None, **fields):
    reply = learner.api.post("/api/progress/update", item(*arguments, **fields), headers=headers)
    assert reply.status == status, reply
    return reply.json()


def sync(learner, *items, base=None, headers=None, status=None):
    body = {"progressItems": list(items)}
    if base is not None:
        body["baseRevision"] = base
    reply = learner.api.post("/api/progress/bulk-sync", body, headers=headers)
    assert reply.status == (status or reply.status) and reply.status in (200, 207), reply
    value = reply.json()
    results = value["results"]
    synced = sum(result["status"] in ("applied", "duplicate") for result in results)
    assert [result["index"] for result in results] == list(range(len(items)))
    assert value["totalSynced"] == synced and value["success"] == (synced == len(items))
    assert reply.status == (200 if value["success"] else 207)
    return value


def statuses(value):
    return [result["status"] for result in value["results"]]


def stitches(learner, since=None):
    reply = learner.api.get("/api/progress/stitches" + ("" if since is None else f"?since={since}"))
    assert reply.status == 200, reply
    return reply.json()


def row(learner, stitch="s1", thread="t1"):
    """(orderNumber, skipNumber, distractorLevel, isCompleted, lastAttempted)"""
    for entry in stitches(learner)["stitches"]:
        if (entry["threadId"], entry["stitchId"]) == (thread, stitch):
            return (entry["orderNumber"], entry["skipNumber"], entry["distractorLevel"], entry["isCompleted"],
                    entry["lastAttempted"])
    return None


def revision(learner):
    return learner.row()["revision"]


class Unmoved:
    """Within this, nothing of the learner's changes."""

    def __init__(self, learner):
        self.learner = learner

    def __enter__(self):
        self.before = (self.learner.row(), stitches(self.learner))

    def __exit__(self, kind, *_):
        assert kind is not None or (self.learner.row(), stitches(self.learner)) == self.before


# --- Document 004's client: no lastAttempted, no mutationId ---------------------------------------------


def test_the_documents_client(learner):
    reply = update(learner, "stitch-T1-001-01", "thread-T1-001", orderNumber=3, skipNumber=10, distractorLevel="L2",
                   isCompleted=True, userId=4711)
    assert reply == {"success": True, "message": "Progress updated successfully", "threadId": "thread-T1-001",
                     "stitchId": "stitch-T1-001-01", "orderNumber": 3, "status": "applied", "revision": 1}
    assert row(learner, "stitch-T1-001-01", "thread-T1-001")[:4] == (3, 10, "L2", True)
    attempted = row(learner, "stitch-T1-001-01", "thread-T1-001")[4]
    assert abs(datetime.datetime.fromisoformat(attempted.replace("Z", "+00:00"))
               - datetime.datetime.now(UTC)) < datetime.timedelta(minutes=1)
    value = sync(learner, item("a", orderNumber=1), item("b", isCompleted=True), item("c"), status=200)
    assert value["message"] == "Progress synced successfully" and value["totalSynced"] == 3
    assert value["revision"] == 2 == revision(learner)
    assert value["results"][1] == {"index": 1, "threadId": "t1", "stitchId": "b", "status": "applied"}


def test_defaults(learner):
    update(learner)
    assert row(learner)[:4] == (0, 5, "L1", False)
    update(learner, "s2", orderNumber=None, skipNumber=None, distractorLevel=None, isCompleted=None,
           lastAttempted=None, mutationId=None)
    assert row(learner, "s2")[:4] == (0, 5, "L1", False)


def test_the_same_again_changes_nothing(learner):
    items = [item("a", orderNumber=1), item("b", orderNumber=2), item("a", orderNumber=3)]
    update(learner, orderNumber=4)
    sync(learner, *items)
    with Unmoved(learner):
        assert update(learner, orderNumber=4)["status"] == "duplicate"
        value = sync(learner, *items, status=200)
        assert statuses(value) == ["duplicate"] * 3
        assert value["revision"] == revision(learner)


def test_the_last_word_counts_where_nobody_says_when(learner):
    update(learner, orderNumber=4, skipNumber=25)
    first = row(learner)
    assert update(learner, orderNumber=5)["status"] == "applied"
    second = row(learner)
    assert second[:4] == (5, 5, "L1", False) and second[4] >= first[4]


# --- Completion ------------------------------------------------------------------------------------------


def test_completion_never_goes_back(learner):
    update(learner, isCompleted=True)
    with Unmoved(learner):
        assert update(learner)["status"] == "duplicate"
    update(learner, orderNumber=9, isCompleted=False)
    sync(learner, item(orderNumber=10), item(isCompleted=False, lastAttempted=iso(), orderNumber=11))
    assert row(learner)[3] is True


def test_an_older_completion_counts_and_nothing_else_of_it(learner):
    update(learner, orderNumber=7, lastAttempted=iso(hours=1))
    assert update(learner, orderNumber=2, isCompleted=True, lastAttempted=iso(hours=2))["status"] == "applied"
    assert row(learner) == (7, 5, "L1", True, iso(hours=1))


# --- Which is newer --------------------------------------------------------------------------------------


def test_an_older_never_overwrites_a_newer(learner):
    update(learner, orderNumber=7, lastAttempted=iso(hours=1))
    with Unmoved(learner):
        assert update(learner, orderNumber=2, lastAttempted=iso(hours=2))["status"] == "duplicate"
        assert update(learner, orderNumber=2, lastAttempted=iso(hours=1))["status"] == "duplicate", "nor one as old"
        result = sync(learner, item(orderNumber=2, lastAttempted=iso(hours=3)))["results"][0]
        assert result["status"] == "duplicate" and result["reason"] == "What is known already is newer."
    assert update(learner, orderNumber=7, lastAttempted=iso(minutes=5))["status"] == "applied", "attempted again"
    assert row(learner) == (7, 5, "L1", False, iso(minutes=5))


def test_a_row_from_the_near_future_stays_the_newest(learner):
    soon = (datetime.datetime.now(UTC) + datetime.timedelta(minutes=4)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    update(learner, orderNumber=1, lastAttempted=soon)
    assert update(learner, orderNumber=2)["status"] == "applied"
    assert row(learner) == (2, 5, "L1", False, soon)


def test_items_of_one_stitch_are_taken_one_after_another(learner):
    value = sync(learner, item(orderNumber=1, lastAttempted=iso(hours=5)), item("other", orderNumber=8),
                 item(orderNumber=2, lastAttempted=iso(hours=4)), item(orderNumber=3, lastAttempted=iso(hours=6)),
                 item(orderNumber=4, lastAttempted=iso(hours=4)), item(orderNumber=4, lastAttempted=iso(hours=4)))
    assert statuses(value) == ["applied", "applied", "applied", "duplicate", "applied", "duplicate"]
    assert row(learner) == (4, 5, "L1", False, iso(hours=4)), "of two with the same time the later counts"
    assert revision(learner) == 1


def test_lists_of_ids_that_look_alike(learner, db):
    names = ["s", "S", "s1", " s", "s\u00a0", "ß", "ss", "é", "e\u0301", "\U0001f600", "s\"\\/'%_", "?", "NULL", "0"]
    sync(learner, *[item(name, "t'\\\"?", orderNumber=at) for at, name in enumerate(names)])
    value = stitches(learner)["stitches"]
    assert {(entry["threadId"], entry["stitchId"]): entry["orderNumber"] for entry in value} == \
        {("t'\\\"?", name): at for at, name in enumerate(names)}
    with Unmoved(learner):
        assert statuses(sync(learner, *[item(name, "t'\\\"?", orderNumber=at) for at, name in enumerate(names)])) == \
            ["duplicate"] * len(names)
    assert query_one(db, "SELECT COUNT(*) AS n FROM user_stitch_progress WHERE user_id = %s", (learner.id,))["n"] == \
        len(names)


# --- Conflicts -------------------------------------------------------------------------------------------


def test_a_conflict(learner):
    base = update(learner, orderNumber=1, lastAttempted=iso(hours=9))["revision"]
    changed = update(learner, orderNumber=2, lastAttempted=iso(hours=1))["revision"]
    with Unmoved(learner):
        value = sync(learner, item(orderNumber=3, lastAttempted=iso(hours=2)), base=base, status=207)
    result = value["results"][0]
    assert result["status"] == "conflict" and "baseRevision" in result["reason"]
    assert result["server"] == {"orderNumber": 2, "skipNumber": 5, "distractorLevel": "L1", "isCompleted": False,
                                "lastAttempted": iso(hours=1), "revision": changed}
    assert value["message"] == "Some items could not be synced" and value["totalSynced"] == 0


@pytest.mark.parametrize("case", ["seen before", "newer", "same content", "no base", "no time"])
def test_no_conflict(learner, case):
    base = update(learner, orderNumber=1, lastAttempted=iso(hours=9))["revision"]
    changed = update(learner, orderNumber=2, lastAttempted=iso(hours=1))["revision"]
    sent = {"orderNumber": 3, "lastAttempted": iso(hours=2)}
    if case == "newer":
        sent["lastAttempted"] = iso(minutes=1)
    if case == "same content":
        sent["orderNumber"] = 2
    if case == "no time":
        del sent["lastAttempted"]
    used = {"seen before": changed, "no base": None}.get(case, base)
    expected = "applied" if case in ("newer", "no time") else "duplicate"
    assert statuses(sync(learner, item(**sent), base=used)) == [expected]
    assert row(learner)[0] == (3 if expected == "applied" else 2)


def test_a_conflicts_completion_counts(learner):
    base = update(learner, orderNumber=1, lastAttempted=iso(hours=9))["revision"]
    update(learner, orderNumber=2, lastAttempted=iso(hours=1))
    conflicting = item(orderNumber=3, lastAttempted=iso(hours=2), isCompleted=True)
    value = sync(learner, conflicting, base=base)
    assert statuses(value) == ["conflict"] and value["results"][0]["server"]["isCompleted"] is True
    assert row(learner) == (2, 5, "L1", True, iso(hours=1)) and value["revision"] == base + 2
    with Unmoved(learner):
        assert statuses(sync(learner, conflicting, base=base)) == ["conflict"]


def test_nobody_is_in_conflict_with_oneself(learner):
    """An item that is older than one before it in the batch, of a row that another device had changed."""
    base = update(learner, orderNumber=1, lastAttempted=iso(hours=9))["revision"]
    update(learner, orderNumber=2, lastAttempted=iso(hours=5))
    value = sync(learner, item(orderNumber=3, lastAttempted=iso(hours=1)), item(orderNumber=4, lastAttempted=iso(hours=2)),
                 base=base)
    assert statuses(value) == ["applied", "duplicate"]


# --- Their own ids ---------------------------------------------------------------------------------------


def test_a_known_mutation_is_a_duplicate_whatever_happened_since(learner):
    first = item(orderNumber=1, mutationId="m-1")
    assert statuses(sync(learner, first)) == ["applied"]
    update(learner, orderNumber=2, mutationId="m-2")
    with Unmoved(learner):
        assert statuses(sync(learner, first)) == ["duplicate"]
        assert update(learner, orderNumber=1, mutationId="m-1")["status"] == "duplicate", "by the other way, too"


def test_a_mutation_that_changed_nothing_is_known_as_well(learner):
    update(learner, orderNumber=1)
    with Unmoved(learner):
        assert update(learner, orderNumber=1, mutationId="m-1")["status"] == "duplicate"
    update(learner, orderNumber=2)
    with Unmoved(learner):
        assert update(learner, orderNumber=1, mutationId="m-1")["status"] == "duplicate"


def test_a_mutation_with_other_content_is_rejected(learner):
    sentence = "This id was already used for a request with other content."
    update(learner, orderNumber=1, mutationId="m-1")
    with Unmoved(learner):
        value = sync(learner, item(orderNumber=2, mutationId="m-1"))
        assert value["results"][0] == {"index": 0, "mutationId": "m-1", "threadId": "t1", "stitchId": "s1",
                                       "status": "rejected", "reason": sentence}
        assert update(learner, orderNumber=2, mutationId="m-1", status=422)["message"] == sentence
    value = sync(learner, item("x", mutationId="m-9", orderNumber=1), item("x", mutationId="m-9", orderNumber=1),
                 item("x", mutationId="m-9", orderNumber=2))
    assert statuses(value) == ["applied", "duplicate", "rejected"], "within one batch"


def test_a_mutation_is_its_learners_own(new_learner):
    one, other = new_learner(), new_learner()
    update(one, orderNumber=1, mutationId="m-1")
    assert update(other, orderNumber=2, mutationId="m-1")["status"] == "applied"


def test_what_was_not_taken_may_come_again_corrected(learner):
    future = (datetime.datetime.now(UTC) + datetime.timedelta(days=1)).isoformat()
    assert statuses(sync(learner, item(mutationId="m-1", lastAttempted=future))) == ["rejected"]
    assert statuses(sync(learner, item(mutationId="m-1", lastAttempted=iso(hours=1)))) == ["applied"]
    base = revision(learner)
    update(learner, orderNumber=5, lastAttempted=iso(minutes=5))
    assert statuses(sync(learner, item(mutationId="m-2", orderNumber=6, lastAttempted=iso(minutes=6)), base=base)) == \
        ["conflict"]
    assert statuses(sync(learner, item(mutationId="m-2", orderNumber=6, lastAttempted=iso(minutes=4)), base=base)) == \
        ["applied"]


def test_a_mutation_that_has_become_too_old_is_still_known(learner, db):
    update(learner, orderNumber=1, mutationId="m-1", lastAttempted=iso(days=89))
    old = item(orderNumber=1, mutationId="m-2", lastAttempted=iso(days=91))
    assert statuses(sync(learner, old)) == ["rejected"]
    # As if it had been taken while it was young enough.
    known = query_one(db, "SELECT content_hash FROM stitch_mutations WHERE user_id = %s", (learner.id,))
    execute(db, "INSERT INTO stitch_mutations SELECT user_id, 'm-3', content_hash, created_at FROM stitch_mutations"
            " WHERE user_id = %s", (learner.id,))
    assert known is not None
    assert statuses(sync(learner, item(orderNumber=1, mutationId="m-3", lastAttempted=iso(days=89)))) == ["duplicate"]


# --- Times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, days, reason", [
    ("future", 1, "lastAttempted must not lie in the future"), ("past", -91, "lastAttempted must be at most 90 days old")])
def test_times_out_of_bounds(learner, db, name, days, reason):
    at = (datetime.datetime.now(UTC) + datetime.timedelta(days=days)).isoformat()
    with Unmoved(learner):
        reply = update(learner, lastAttempted=at, status=422)
        assert reply["message"] == reason and reply["errors"][0]["field"] == "lastAttempted"
        result = sync(learner, item(lastAttempted=at))["results"][0]
        assert (result["status"], result["reason"]) == ("rejected", reason)
    kept = query(db, "SELECT reason FROM sync_rejects WHERE user_id = %s", (learner.id,))
    assert [entry["reason"] for entry in kept] == [reason], "what the update was told at once is not kept"


def test_times_within_bounds(learner):
    for at, moment in enumerate([iso(days=89), iso(minutes=-4), "2026-11-01T12:00:00+14:00" if NOW.year == 2026 else iso()]):
        assert update(learner, f"s{at}", lastAttempted=moment)["status"] == "applied"


# --- Bodies that are no batch ----------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"progressItems": None}, {"progressItems": []}, {"progressItems": {}},
                                  {"progressItems": "x"}, {"progressItems": 7}, ...])
def test_missing_or_invalid_items(learner, body):
    with Unmoved(learner):
        reply = learner.api.post("/api/progress/bulk-sync", body)
        assert reply.status == 400, reply
        assert reply.json()["message"] == "Missing or invalid progressItems array"
        assert reply.json()["errors"][0]["field"] == "progressItems"


def test_more_than_ten_thousand_items(learner):
    with Unmoved(learner):
        reply = learner.api.post("/api/progress/bulk-sync", {"progressItems": [item()] * 10001})
    assert reply.status == 400 and reply.json()["errors"][0]["field"] == "progressItems"


@pytest.mark.parametrize("body", [{}, {"threadId": "t"}, {"stitchId": "s"}, {"threadId": "", "stitchId": "s"},
                                  {"threadId": None, "stitchId": "s"}])
def test_missing_ids(learner, body):
    with Unmoved(learner):
        reply = learner.api.post("/api/progress/update", body)
        assert reply.status == 400, reply
        assert reply.json()["message"] == "Missing required fields: threadId and stitchId are required"


BAD_FIELDS = [{"threadId": 7}, {"threadId": "t" * 191}, {"threadId": "t "}, {"stitchId": ["s"]}, {"stitchId": "s" * 191},
              {"orderNumber": -1}, {"orderNumber": "1"}, {"orderNumber": 1.5}, {"orderNumber": 2**31}, {"skipNumber": True},
              {"skipNumber": 2**64}, {"distractorLevel": ""}, {"distractorLevel": "L" * 33}, {"distractorLevel": 1},
              {"isCompleted": "yes"}, {"isCompleted": 1}, {"lastAttempted": "yesterday"}, {"lastAttempted": 1700000000},
              {"mutationId": ""}, {"mutationId": "m" * 65}, {"mutationId": "m 1"}, {"mutationId": 5}]


@pytest.mark.parametrize("field", BAD_FIELDS, ids=lambda field: "{}={:.12}".format(*[str(x) for x in next(iter(field.items()))]))
def test_a_bad_item_harms_no_other(learner, field):
    name = next(iter(field))
    with Unmoved(learner):
        reply = learner.api.post("/api/progress/update", {**item(), **field})
        assert reply.status == 400 and reply.json()["errors"][0]["field"] == name, reply
    value = sync(learner, item("before"), {**item("bad"), **field}, item("after"), status=207)
    assert statuses(value) == ["applied", "rejected", "applied"]
    assert value["results"][1]["reason"].startswith(name)
    assert {entry["stitchId"] for entry in stitches(learner)["stitches"]} == {"before", "after"}


def test_items_that_are_no_objects(learner):
    value = sync(learner, 7, None, "x", [], item(), {})
    assert statuses(value) == ["rejected"] * 4 + ["applied", "rejected"]
    assert value["results"][0] == {"index": 0, "threadId": None, "stitchId": None, "status": "rejected",
                                   "reason": "must be an object"}
    assert value["totalSynced"] == 1


def test_a_batch_of_nothing_but_rejects_moves_no_revision(learner, db):
    with Unmoved(learner):
        value = sync(learner, {"threadId": "t"}, {"stitchId": "s"})
        assert value["revision"] == revision(learner) == 0 and value["success"] is False
    assert query_one(db, "SELECT COUNT(*) AS n FROM sync_rejects WHERE user_id = %s", (learner.id,))["n"] == 2


# --- A whole call again ----------------------------------------------------------------------------------


def test_a_call_with_a_key_again_is_answered_as_before(learner):
    key = {"Idempotency-Key": "call-1"}
    items = [item("a", orderNumber=1), item("b"), 7, item("c", lastAttempted=iso(days=100)), item("a", orderNumber=2)]
    first = sync(learner, *items, headers=key)
    update(learner, "a", orderNumber=9)
    with Unmoved(learner):
        assert sync(learner, *items, headers=key) == first
        reply = learner.api.post("/api/progress/bulk-sync", {"progressItems": items[:2]}, headers=key)
        assert reply.status == 422, reply
        reply = learner.api.post("/api/progress/bulk-sync", {"progressItems": [*items[:2], 8, *items[3:]]}, headers=key)
        assert reply.status == 422, "what could not be read counts, too"
    first = update(learner, "z", orderNumber=3, headers={"Idempotency-Key": "call-2"})
    update(learner, "z", orderNumber=4)
    with Unmoved(learner):
        assert update(learner, "z", orderNumber=3, headers={"Idempotency-Key": "call-2"}) == first
        assert update(learner, "z", orderNumber=5, headers={"Idempotency-Key": "call-2"}, status=422)


def test_what_the_ledger_keeps_is_small(learner, db):
    sync(learner, *[item(f"s{at}", f"t{at % 50}", isCompleted=at % 2 == 0) for at in range(3000)])
    entry = query_one(db, "SELECT kind, changes, reply FROM ledger WHERE user_id = %s", (learner.id,))
    assert entry["kind"] == "stitches" and len(entry["reply"]) < 100 and len(entry["changes"]) < 5000
    history = learner.api.get("/api/progress/history").json()["entries"][0]["changes"]
    assert sum(change["by"] for change in history if change["what"] == "stitches") == 3000
    assert sum(change["by"] for change in history if change["what"] == "stitchesCompleted") == 1500
    assert history[0] == {"what": "stitches", "key": "t0", "by": 60, "because": "60 stitches"}
    assert "key" not in history[-1]


# --- Reading ---------------------------------------------------------------------------------------------


def test_reading_since(learner):
    assert stitches(learner) == {"success": True, "stitches": [], "revision": 0, "resync": False,
                                 "nextAfter": None}
    sync(learner, item("b"), item("a"))
    update(learner, "c", "t0", orderNumber=2, skipNumber=3, distractorLevel="L3", isCompleted=True, lastAttempted=iso(hours=1))
    every = stitches(learner)
    assert [(entry["stitchId"], entry["revision"]) for entry in every["stitches"]] == [("a", 1), ("b", 1), ("c", 2)]
    assert every["stitches"][2] == {
        "threadId": "t0", "stitchId": "c", "orderNumber": 2, "skipNumber": 3, "distractorLevel": "L3",
        "isCompleted": True, "lastAttempted": iso(hours=1), "revision": 2}
    assert stitches(learner, 1) == {**every, "stitches": every["stitches"][2:]}
    assert stitches(learner, 2)["stitches"] == []
    assert stitches(learner, 3) == {**every, "resync": True}
    reply = learner.api.get("/api/progress/stitches")
    assert learner.api.get("/api/progress/stitches", headers={"If-None-Match": reply.etag}).status == 304
    update(learner, "d")
    assert learner.api.get("/api/progress/stitches", headers={"If-None-Match": reply.etag}).status == 200
    assert learner.api.get("/api/progress/stitches?since=x").status == 400


def test_anonymous_learners(service, db):
    token = service.client().post("/api/anonymous").json()["token"]
    api = service.client(token)
    assert api.post("/api/progress/update", item()).status == 200
    assert api.post("/api/progress/bulk-sync", {"progressItems": [item("s2")]}).status == 200
    assert len(api.get("/api/progress/stitches").json()["stitches"]) == 2


# --- At once ---------------------------------------------------------------------------------------------


def together(*calls):
    failures = []

    def guarded(call):
        try:
            call()
        except BaseException as failure:  # noqa: BLE001 - shown by the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_devices_that_sync_at_once(service, learner, db):
    """Eight devices bring the same three hundred stitches, each with other times: of every stitch the newest
    stays, the completion of any counts, and every call that changed something has a revision of its own."""
    count, devices = 300, 8
    replies = {}

    def device(at):
        api = service.client(learner.token)
        items = [item(f"s{n}", orderNumber=at, isCompleted=n % devices == at, lastAttempted=iso(minutes=1 + (n + at) % devices))
                 for n in range(count)]
        reply = api.post("/api/progress/bulk-sync", {"progressItems": items})
        assert reply.status == 200, reply
        replies[at] = reply.json()

    together(*[lambda at=at: device(at) for at in range(devices)])
    value = stitches(learner)
    for entry in value["stitches"]:
        n = int(entry["stitchId"][1:])
        newest = next(at for at in range(devices) if (n + at) % devices == 0)
        assert (entry["orderNumber"], entry["isCompleted"], entry["lastAttempted"]) == (newest, True, iso(minutes=1)), entry
    assert len(value["stitches"]) == count
    changed = [reply["revision"] for reply in replies.values() if "applied" in statuses(reply)]
    assert len(set(changed)) == len(changed) and max(changed) == revision(learner)
    assert query_one(db, "SELECT COUNT(*) AS n FROM ledger WHERE user_id = %s AND kind = 'stitches'",
                     (learner.id,))["n"] == len(changed)


def test_updates_during_a_bulk_sync(service, learner):
    items = [item(f"s{n}", orderNumber=1, mutationId=f"bulk-{n}", lastAttempted=iso(hours=1)) for n in range(3000)]

    def bulk():
        for _ in range(3):
            reply = service.client(learner.token).post("/api/progress/bulk-sync", {"progressItems": items})
            assert reply.status == 200, reply

    def updates(worker):
        api = service.client(learner.token)
        for n in range(worker, 120, 4):
            reply = api.post("/api/progress/update", item(f"s{n}", orderNumber=2, mutationId=f"u-{n}", lastAttempted=iso()))
            assert reply.status == 200, reply

    together(bulk, *[lambda worker=worker: updates(worker) for worker in range(4)])
    value = {entry["stitchId"]: entry["orderNumber"] for entry in stitches(learner)["stitches"]}
    assert value == {f"s{n}": 2 if n < 120 else 1 for n in range(3000)}


# --- For administrators ----------------------------------------------------------------------------------


def rejects(admin, **options):
    reply = admin.api.get("/api/admin/rejects?" + urllib.parse.urlencode(options))
    assert reply.status == 200, reply
    return reply.json()


def test_rejects_are_kept_as_they_came(learner, admin, db):
    bad = [{"threadId": "t", "stitchId": "s", "orderNumber": "three", "note": "ünknown \u2603"}, 7, {"threadId": 1, "stitchId": 2}]
    sync(learner, *bad)
    page = rejects(admin, userId=learner.id)
    assert [entry["item"] for entry in page["rejects"]] == bad and page["nextAfter"] is None
    assert page["rejects"][0]["reason"].startswith("orderNumber must be ")
    assert page["rejects"][2]["reason"].count(";") == 1, "every complaint about it"
    assert all(entry["userId"] == learner.id and entry["resolvedAt"] is None and entry["resolvedBy"] is None
               for entry in page["rejects"])
    sync(learner, *bad, item())
    assert rejects(admin, userId=learner.id) == page, "the same again is the same row"
    assert revision(learner) == 1


def test_rejects_by_pages(learner, admin):
    sync(learner, *range(5))
    one = rejects(admin, userId=learner.id, limit=2)
    two = rejects(admin, userId=learner.id, limit=2, after=one["nextAfter"])
    three = rejects(admin, userId=learner.id, limit=2, after=two["nextAfter"])
    assert [entry["item"] for page in (one, two, three) for entry in page["rejects"]] == list(range(5))
    assert three["nextAfter"] is None
    seen, after = [], 0
    while after is not None:
        page = rejects(admin, limit=200, after=after)
        seen += [entry["item"] for entry in page["rejects"] if entry["userId"] == learner.id]
        after = page["nextAfter"]
    assert seen == list(range(5)), "among everybody's"
    assert admin.api.get("/api/admin/rejects?limit=201").status == 400
    assert admin.api.get("/api/admin/rejects?state=some").status == 400


def test_resolving_a_reject(learner, admin):
    sync(learner, 1, 2)
    first, second = rejects(admin, userId=learner.id)["rejects"]
    before = revision(learner)
    reply = admin.api.post(f"/api/admin/rejects/{first['id']}/resolve")
    assert reply.status == 200, reply
    resolved = reply.json()
    assert {**resolved, "resolvedAt": None, "resolvedBy": None} == first
    assert resolved["resolvedBy"] == f"user_{admin.id}" and resolved["resolvedAt"] is not None
    assert revision(learner) == before
    assert rejects(admin, userId=learner.id)["rejects"] == [second]
    assert rejects(admin, userId=learner.id, state="all")["rejects"] == [resolved, second]
    assert resolved in rejects(admin, state="all", after=first["id"] - 1)["rejects"]
    assert first["id"] not in [entry["id"] for entry in rejects(admin, after=first["id"] - 1)["rejects"]]
    reply = admin.api.post(f"/api/admin/rejects/{first['id']}/resolve")
    assert reply.status == 409 and f"user_{admin.id}" in reply.json()["message"]
    sync(learner, 1)
    assert rejects(admin, userId=learner.id)["rejects"] == [second], "who settled it need not do so again"
    assert admin.api.post(f"/api/admin/rejects/{2**62}/resolve").status == 404


def test_a_very_long_reject_is_kept_in_part(learner, admin):
    sync(learner, {"threadId": "t", "note": "ü" * 20000})
    kept = rejects(admin, userId=learner.id)["rejects"][0]["item"]
    assert isinstance(kept, str) and kept.startswith('{"threadId": "t"') and 16000 < len(kept.encode()) <= 16384


def test_rejects_of_one_learner_are_bounded(learner, db):
    execute(db, "INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at)"
            " SELECT %s, '1', UNHEX(SHA2(CONCAT('x', seq), 256)), 'r', UTC_TIMESTAMP() FROM seq_1_to_9999", (learner.id,))
    assert statuses(sync(learner, 1, 2, 3)) == ["rejected"] * 3
    assert query_one(db, "SELECT COUNT(*) AS n FROM sync_rejects WHERE user_id = %s", (learner.id,))["n"] == 10000
    execute(db, "DELETE FROM sync_rejects WHERE user_id = %s", (learner.id,))


# --- Ten thousand at once --------------------------------------------------------------------------------

BROKEN = [lambda bad: bad.pop("threadId"), lambda bad: bad.pop("stitchId"), lambda bad: bad.update(threadId=None),
          lambda bad: bad.update(lastAttempted="2026-02-30T00:00:00Z"), lambda bad: bad.update(lastAttempted=iso(days=91)),
          lambda bad: bad.update(lastAttempted=iso(days=-1)),
          *[lambda bad, field=field: bad.update(field) for field in BAD_FIELDS]]


def test_ten_thousand_items_with_every_hundredth_broken(learner, admin, db):
    items = []
    for n in range(10000):
        entry = item(f"stitch-{n // 100:02}-{n % 100:02}", f"thread-{n // 100:02}", orderNumber=n % 100, skipNumber=10,
                     distractorLevel=f"L{1 + n % 3}", isCompleted=n % 4 == 0, lastAttempted=iso(minutes=n), mutationId=f"m-{n}")
        if n % 100 == 50:
            entry["note"] = n
            BROKEN[n // 100 % len(BROKEN)](entry)
        items.append(entry)
    first = sync(learner, *items, status=207)
    assert statuses(first) == ["rejected" if n % 100 == 50 else "applied" for n in range(10000)]
    assert first["totalSynced"] == 9900 and first["revision"] == 1
    assert all(first["results"][n].get("reason") for n in range(50, 10000, 100)), "each is told why"
    listed = {(entry["threadId"], entry["stitchId"]): entry for entry in stitches(learner)["stitches"]}
    assert len(listed) == 9900
    for n, sent in enumerate(items):
        if n % 100 != 50:
            expected = {name: value for name, value in sent.items() if name != "mutationId"}
            assert listed[sent["threadId"], sent["stitchId"]] == {**expected, "revision": 1}
    kept = rejects(admin, userId=learner.id, limit=200)["rejects"]
    assert [entry["item"] for entry in kept] == items[50::100]
    checksum = truth.checksum(db, learner.id)
    with Unmoved(learner):
        again = sync(learner, *items, status=207)
        assert statuses(again) == ["rejected" if n % 100 == 50 else "duplicate" for n in range(10000)]
        assert again["revision"] == 1 and again["totalSynced"] == 9900
    assert truth.checksum(db, learner.id) == checksum
    assert rejects(admin, userId=learner.id, limit=200)["rejects"] == kept


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def test_the_largest_batches_fit_into_bounded_memory():
    """One thread, bodies just below eight mebibytes: each call is given back its memory, and the most that a
    process ever had is a small multiple of the body, whatever becomes of the items."""
    with Stack({"workers": {"processes": 1, "threads": 1}}, buffer_pool_mb=128) as stack:
        connection = stack.connect()
        user_id = truth.create_learner(connection)
        api = Client(stack.url, Mint(stack.config).student(user_id), timeout_s=120)
        pid = stack.worker_pids()[0]
        for call, fields in enumerate([{}, {"orderNumber": "x"}, {"mutationId": "m"}, {"orderNumber": "y"}, {"skipNumber": 9}]):
            items = [{**item("s", "\U0001f600" * 180 + f"{n:05}"), **fields} for n in range(10000)]
            for n in range(10000 if "mutationId" in fields else 0):
                items[n]["mutationId"] = f"m-{n}"
            body = json.dumps({"progressItems": items}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
            assert 7 * 2**20 < len(body) < 8 * 2**20
            reply = api.send("POST", "/api/progress/bulk-sync", body=body, headers={"Content-Type": "application/json"})
            assert reply.status == (207 if call in (1, 3) else 200), reply
        assert status_of(pid, "VmHWM") < 120 * 1024, "KiB"
        assert stack.worker_pids() == [pid]
        body = b'{"progressItems":[' + b" " * 8 * 2**20 + b"1]}"
        assert api.send("POST", "/api/progress/bulk-sync", body=body,
                        headers={"Content-Type": "application/json"}).status == 413
        connection.close()


def test_stitches_come_in_pages(learner):
    """By revision, thread and stitch, whatever characters these have; what changes meanwhile comes at the end."""
    names = ["s1", "s2", "\u00fc\"/\\ ~,]", "s3", "S1"]
    sync(learner, *(item(stitch, thread) for thread in ("t1", "t'\u00e9&=") for stitch in names))
    update(learner, "last", "t0")
    whole = stitches(learner)
    assert len(whole["stitches"]) == 11 and whole["nextAfter"] is None
    found, after = [], None
    while True:
        query_text = urllib.parse.urlencode({"limit": 3, "since": 0, **({"after": after} if after else {})})
        page = learner.api.get(f"/api/progress/stitches?{query_text}").json()
        assert len(page["stitches"]) <= 3
        found += page["stitches"]
        after = page["nextAfter"]
        if len(found) == 3:
            update(learner, "s2", "t1", isCompleted=True)
        if after is None:
            break
    changed = stitches(learner, whole["revision"])["stitches"]
    assert [(row["threadId"], row["stitchId"]) for row in changed] == [("t1", "s2")]
    first = {(row["threadId"], row["stitchId"]): row for row in found}
    assert len(first) == 11 and found[-1] == changed[0] and page["revision"] == stitches(learner)["revision"]
    since = urllib.parse.urlencode({"since": whole["revision"], "limit": 1})
    assert learner.api.get(f"/api/progress/stitches?{since}").json()["stitches"] == changed
    for wrong in ("x", "{}", "[1]", '{"revision":-1,"threadId":"a","stitchId":"b"}'):
        reply = learner.api.get("/api/progress/stitches?" + urllib.parse.urlencode({"after": wrong}))
        assert (reply.status, reply.json()["errors"][0]["field"]) == (400, "after")
    assert learner.api.get("/api/progress/stitches?limit=0").status == 400
