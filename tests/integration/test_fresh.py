"""ETag and 304: everything that a reply depends on is in its tag, and body and tag are one moment."""

import threading
import time

import pytest

from harness.database import execute

READS = ("/api/progress", "/api/progress/history", "/api/profile", "/api/dashboard")


def get(learner, path, tag=None):
    return learner.api.get(path, headers={"If-None-Match": tag})


@pytest.mark.parametrize("path", READS)
def test_not_modified_until_something_moves(learner, path):
    learner.answer()
    first = get(learner, path)
    assert first.status == 200 and first.etag, first
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = get(learner, path, first.etag)
    assert (again.status, again.body, again.etag) == (304, b"", first.etag)
    assert again.headers["Cache-Control"] == "private, no-cache"
    learner.answer()
    moved = get(learner, path, first.etag)
    assert moved.status == 200 and moved.etag != first.etag


def test_forms_of_if_none_match(learner):
    tag = get(learner, "/api/progress").etag
    bare = tag[2:] if tag.startswith("W/") else tag
    for matching in (tag, bare, f"W/{bare}", f'"other", {bare}', f'"a",{tag},"b"', "*"):
        assert get(learner, "/api/progress", matching).status == 304, matching
    for other in ('"other"', bare.strip('"'), '""', "W/", '"', bare[:-2] + '"', "x" * 5000):
        assert get(learner, "/api/progress", other).status == 200, other


@pytest.mark.parametrize("path", ("/api/progress", "/api/profile"))
def test_sql_around_lockstep_is_seen(new_learner, db, path):
    learner = new_learner(display_name="Ada")
    tag = get(learner, path).etag
    assert get(learner, path, tag).status == 304
    execute(db, "UPDATE users SET tokens = 77, questions_answered = 9, correct_answers = 4, display_name = 'Eve'"
            " WHERE id = %s", (learner.id,))
    reply = get(learner, path, tag)
    assert reply.status == 200
    assert b"77" in reply.body if path == "/api/progress" else b"Eve" in reply.body


def test_what_everybody_shares_moves_the_tag(learner, db):
    tag = get(learner, "/api/progress").etag
    execute(db, "UPDATE shared_version SET version = version + 1")
    assert get(learner, "/api/progress", tag).status == 200
    tag = get(learner, "/api/progress").etag
    execute(db, "UPDATE shared_version SET epoch = epoch + 1")
    assert get(learner, "/api/progress", tag).status == 200, "a restored backup"


def test_tags_are_each_learners_own(new_learner):
    one, other = new_learner(), new_learner()
    assert get(other, "/api/progress", get(one, "/api/progress").etag).status == 200


def test_tags_differ_by_query(learner):
    for _ in range(3):
        learner.answer()
    one = get(learner, "/api/progress/history?limit=1")
    other = get(learner, "/api/progress/history?limit=2", one.etag)
    assert other.status == 200 and other.body != one.body


def test_a_time_zone_is_in_the_tag(learner):
    """The local date is part of what the streak depends on; somewhere it is always another day."""
    learner.answer()
    tags = set()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        learner.api.patch("/api/profile", {"timeZone": zone})
        tags.add(get(learner, "/api/progress").etag)
    assert len(tags) == 2


def test_only_reads_have_tags(learner):
    assert learner.answer().etag is None
    assert get(learner, "/api/nothing").etag is None


def test_body_and_tag_are_one_moment(learner, service):
    """Writers move the learner while readers read. Every answer adds one question, so that a body
    names its revision: one tag for one count, one count for one tag. A reply whose tag and body
    were read at two moments breaks this."""
    stop = threading.Event()
    seen, failures = {}, []
    lock = threading.Lock()

    def write():
        api = service.client(learner.token)
        while not stop.is_set():
            reply = api.post("/api/answer", {"exerciseId": "e", "module": "math", "isCorrect": True, "tokens": 1})
            if reply.status != 200:
                failures.append(reply)
        api.close()

    def read(path, count_of):
        api = service.client(learner.token)
        while not stop.is_set():
            reply = api.get(path)
            if reply.status != 200:
                failures.append(reply)
                continue
            with lock:
                seen.setdefault(path, set()).add((reply.etag, count_of(reply.json())))
        api.close()

    readers = [("/api/progress", lambda value: value["globalStats"]["totalQuestions"]),
               ("/api/progress/history?limit=1",
                lambda value: max([entry["revision"] for entry in value["entries"]], default=0))]
    threads = [threading.Thread(target=write) for _ in range(3)]
    threads += [threading.Thread(target=read, args=reader) for reader in readers for _ in range(3)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and (len(seen) < 2 or min(len(pairs) for pairs in seen.values()) < 150):
        time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    for path, pairs in seen.items():
        tags, counts = {tag for tag, _ in pairs}, {count for _, count in pairs}
        assert len(pairs) > 50, f"{path}: too few states seen to tell anything: {len(pairs)}"
        assert len(tags) == len(pairs) == len(counts), \
            f"{path}: {len(pairs)} pairs of {len(tags)} tags and {len(counts)} states"
    learner.agrees()
