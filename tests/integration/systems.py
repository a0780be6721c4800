"""Todos, calendar entries, learning paths and videos, as an application that uses them sees them; and as another
application writes them, with SQL."""

import datetime
import urllib.parse

from harness.database import execute, query

UTC = datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(microsecond=0)


def iso(**ago):
    """A moment so long ago."""
    return (NOW - datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def ok(reply, status=200):
    assert reply.status == status, (reply, reply.body)
    return reply.json()


def refused(reply, status, field=None):
    assert reply.status == status, (reply, reply.body)
    if field is not None:
        assert [error["field"] for error in reply.json()["errors"]] == [field], reply.json()
    return reply.json()


def make_todo(learner, **fields):
    return ok(learner.api.post("/api/todos", {"title": "Watch it", **fields}), 201)["todo"]


def make_entry(learner, **fields):
    body = {"title": "Evening", "startsAt": iso(hours=2), **fields}
    return ok(learner.api.post("/api/schedule", body), 201)["entry"]


def make_path(learner, *steps, **fields):
    body = {"title": "To the top", "steps": list(steps), **fields}
    return ok(learner.api.post("/api/learning-paths", body), 201)["path"]


def todos(learner, **filters):
    return ok(learner.api.get(with_query("/api/todos", filters)))["todos"]


def entries(learner, **filters):
    return ok(learner.api.get(with_query("/api/schedule", filters)))["entries"]


def paths(learner, **filters):
    return ok(learner.api.get(with_query("/api/learning-paths", filters)))["learningPaths"]


def with_query(path, filters):
    return path + ("?" + urllib.parse.urlencode(filters) if filters else "")


def pages(learner, path, name, limit):
    """The ids of all pages, and how many pages that were."""
    found, after, count = [], None, 0
    while True:
        filters = {"limit": limit, **({"after": after} if after else {})}
        page = ok(learner.api.get(with_query(path, filters)))
        assert len(page[name]) <= limit
        found += [row["id"] for row in page[name]]
        count += 1
        after = page["nextAfter"]
        if after is None:
            return found, count


def events(db, learner):
    """What was taken in, in its order."""
    return list(query(db, "SELECT event_type, source_system, activity_type, activity_id, completion_status, outcome"
                     " FROM progress_events WHERE user_id = %s ORDER BY revision, position", (learner.id,)))


def event_types(db, learner):
    return [event["event_type"] for event in events(db, learner)]


def foreign(db, sql, *parameters):
    """As another application does it."""
    return execute(db, sql, parameters)


def is_seen(learner, path, change):
    """Whether a list is answered anew after another application's change, and 304 before."""
    tag = learner.api.get(path).etag
    assert tag, path
    same = learner.api.get(path, headers={"If-None-Match": tag})
    assert (same.status, same.body) == (304, b""), same
    change()
    return learner.api.get(path, headers={"If-None-Match": tag}).status == 200
