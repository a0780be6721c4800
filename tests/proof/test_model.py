"""The model beside the service: random operations of many learners by sixteen clients, each sent one to three
times, late, out of order, after days offline, in five time zones; guests who sign in; workers and the database
killed meanwhile. At the end everything that the service says of every learner is what the model says.

The ledger says in which order a learner's operations took place; each is applied to the model in that order,
and every reply that any client got is held against it. An operation that was acknowledged and is not in the ledger
must be one that changes nothing.

    LOCKSTEP_MODEL_SEED=7 … -m pytest proof/test_model.py      the same operations again
"""

import os
import random
import threading
import time

from harness import truth
from harness.client import Client
from harness.database import query
from harness.stack import Stack
from proof.model import Learner, day_of, iso
from proof.test_fire import kill_a_worker

ZONES = ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "America/New_York"]
MODULES = ["math", "art", "music", "spelling"]
CLIENTS = 16
DAY_MS = 86400000
WINDOW_DAYS = 120
GIVE_UP_S = 120  # for one operation, while servers die and come back


# --- Operations ---------------------------------------------------------------------------------------

class Actor:
    """A learner, or a guest who becomes one."""

    def __init__(self, number, zone, connection, is_guest=False):
        self.zone, self.is_guest = zone, is_guest
        self.id = truth.create_learner(connection, time_zone=zone, is_anonymous=int(is_guest))
        self.number = number
        self.operations = []
        self.practice = []  # its starts
        self.resets = False


class Maker:
    """Makes an actor's operations out of the run's random numbers."""

    def __init__(self, rng, actor, now_ms):
        self.rng, self.actor, self.now_ms = rng, actor, now_ms
        self.behind_ms = 0  # what happens while offline happened then

    def moment(self):
        return self.now_ms - self.behind_ms - self.rng.randrange(0, 20 * 3600 * 1000)

    def make(self, at):
        if self.rng.random() < 0.02:
            self.behind_ms = self.rng.choice([0, 0, 1, 2, 3, 5, 8, 40]) * DAY_MS
        name = f"{self.actor.number}-{at}"
        kind = self.rng.choices(["answer", "session", "update", "bulk", "start", "end", "profile", "refused", "reset"],
                                [500, 180, 120, 80, 40, 30, 30, 20, 0 if self.actor.is_guest else 3])[0]
        operation = getattr(self, "make_" + kind)(name)
        operation.update(actor=self.actor, replies=[], refusals=[])
        self.actor.operations.append(operation)
        return operation

    def make_answer(self, name):
        rng, at = self.rng, self.moment()
        answer = {"kind": "answer", "op": f"answer:{name}", "at": at, "module": rng.choice(MODULES),
                  "tokens": rng.randrange(0, 5), "correct": rng.random() < 0.6}
        if rng.random() < 0.2:
            answer["day"] = day_of(at, "UTC")  # a day that is near enough wherever the learner is
        if self.actor.practice and rng.random() < 0.3:
            answer["practice"] = rng.choice(self.actor.practice)
        return answer

    def make_session(self, name):
        rng, questions = self.rng, self.rng.randrange(0, 20)
        return {"kind": "session", "op": f"session:{name}", "id": name, "at": self.moment(),
                "thread": f"t{rng.randrange(4)}", "stitch": f"s{rng.randrange(10)}", "questions": questions,
                "correct": rng.randint(0, questions), "points": rng.randrange(0, 60),
                "speed": rng.choice([0, 1.5, 2.25, 3, 4.125])}

    def item(self, mutation=None):
        rng, at = self.rng, self.moment()
        if rng.random() < 0.4:
            at -= at % (4 * 3600 * 1000)  # the same moment as another's
        return {"thread": f"t{rng.randrange(4)}", "stitch": f"s{rng.randrange(12)}", "order": rng.randrange(0, 4),
                "skip": rng.choice([1, 5, 25]), "level": rng.choice(["L1", "L2"]), "completed": rng.random() < 0.2,
                "at": at, "mutation": mutation}

    def make_update(self, name):
        return {"kind": "stitches", "op": f"key:{name}", "key": name, "bulk": False, "items": [self.item()]}

    def make_bulk(self, name):
        items = [self.item(f"{name}-{at}" if self.rng.random() < 0.5 else None)
                 for at in range(self.rng.randrange(1, 12))]
        if self.rng.random() < 0.3:
            items.append(dict(items[0]))  # the same again within the batch
        if self.rng.random() < 0.2:
            items.append({"broken": True})
        if self.rng.random() < 0.2:
            items.append({**self.item(), "at": self.now_ms - 100 * DAY_MS, "out_of_bounds": True})
        base = self.rng.choice([None, 0, self.rng.randrange(0, 300)])
        return {"kind": "stitches", "op": f"key:{name}", "key": name, "bulk": True, "items": items, "base": base}

    def make_start(self, name):
        start = {"kind": "start", "op": f"practice_start:{name}", "at": self.moment(), "id": None, "session": name}
        self.actor.practice.append(start)
        return start

    def make_end(self, name):
        if not self.actor.practice:
            return self.make_answer(name)
        return {"kind": "end", "op": f"key:{name}", "key": name, "practice": self.rng.choice(self.actor.practice),
                "at": self.now_ms}

    def make_profile(self, name):
        patch = {"kind": "profile", "op": f"key:{name}", "key": name}
        if self.rng.random() < 0.7:
            patch["name"] = f"Name {self.rng.randrange(3)}"
        else:
            patch["zone"] = self.rng.choice(ZONES)
        return patch

    def make_reset(self, name):
        self.actor.resets = True
        return {"kind": "reset", "op": f"key:{name}", "key": name}

    def make_refused(self, name):
        """What must be refused, whoever asks and however often."""
        way = self.rng.randrange(4)
        if way == 0:
            operation = {**self.make_answer(name), "at": self.now_ms - 91 * DAY_MS, "practice": None}
        elif way == 1:
            operation = {**self.make_answer(name), "at": self.now_ms + DAY_MS, "practice": None}
        elif way == 2:
            operation = {**self.make_session(name), "questions": 1, "correct": 2}
        else:
            operation = {**self.make_update(name)}
            operation["items"][0]["at"] = self.now_ms + DAY_MS
        return {**operation, "refused": True}


def body_of(operation):
    """(method, path, body, headers)"""
    kind, headers = operation["kind"], {}
    if "key" in operation:
        headers["Idempotency-Key"] = operation["key"]
    if kind == "answer":
        body = {"answerId": operation["op"].split(":", 1)[1], "exerciseId": "e", "module": operation["module"],
                "isCorrect": operation["correct"], "tokens": operation["tokens"], "answeredAt": iso(operation["at"])}
        if operation.get("day"):
            body["practicedOn"] = str(operation["day"])
        if operation.get("practice"):
            body["practiceSessionId"] = operation["practice"]["id"]
        return "POST", "/api/answer", body, headers
    if kind == "session":
        body = {"sessionId": operation["id"], "threadId": operation["thread"], "stitchId": operation["stitch"],
                "totalQuestions": operation["questions"], "correctAnswers": operation["correct"],
                "totalPoints": operation["points"], "completedAt": iso(operation["at"])}
        if operation["speed"]:
            body["blinkSpeed"] = operation["speed"]
        return "POST", "/api/sessions/record", body, headers
    if kind == "stitches" and not operation["bulk"]:
        return "POST", "/api/progress/update", stitch_body(operation["items"][0]), headers
    if kind == "stitches":
        body = {"progressItems": [stitch_body(item) for item in operation["items"]]}
        if operation["base"] is not None:
            body["baseRevision"] = operation["base"]
        return "POST", "/api/progress/bulk-sync", body, headers
    if kind == "start":
        return "POST", "/api/practice-sessions", {"sessionId": operation["session"],
                                                  "startedAt": iso(operation["at"])}, headers
    if kind == "end":
        return "PATCH", f"/api/practice-sessions/{operation['practice']['id']}", {"endedAt": iso(operation["at"])}, headers
    if kind == "reset":
        return "POST", "/api/progress/reset", {}, headers
    body = {}
    if "name" in operation:
        body["displayName"] = operation["name"]
    if "zone" in operation:
        body["timeZone"] = operation["zone"]
    return "PATCH", "/api/profile", body, headers


def stitch_body(item):
    if item.get("broken"):
        return {"threadId": "t0"}
    body = {"threadId": item["thread"], "stitchId": item["stitch"], "orderNumber": item["order"],
            "skipNumber": item["skip"], "distractorLevel": item["level"], "isCompleted": item["completed"],
            "lastAttempted": iso(item["at"])}
    if item["mutation"]:
        body["mutationId"] = item["mutation"]
    return body


# --- Sending ------------------------------------------------------------------------------------------

class Run:
    def __init__(self, stack, mint, seed, learners, operations, guests):
        self.stack, self.mint, self.seed = stack, mint, seed
        self.rng = random.Random(seed)
        self.now_ms = int(time.time() * 1000)
        self.failures, self.sent, self.retried = [], 0, 0
        connection = stack.connect()
        self.learners = [Actor(number, self.rng.choice(ZONES), connection) for number in range(learners)]
        self.guests = {learner: Actor(f"g{learner.number}", self.rng.choice(ZONES), connection, True)
                       for learner in self.learners[:guests]}
        connection.close()
        self.queues = [[] for _ in range(CLIENTS)]
        for learner in self.learners:
            self.plan(learner, operations // learners)
        for queue in self.queues:
            queue.sort(key=lambda event: event[0])

    def token(self, actor):
        if actor.is_guest:
            claims = {"sub": f"user_{actor.id}", "role": "anonymous", "iss": "lockstep",
                      "exp": int(time.time()) + 7200}
            return self.mint.sign(claims, secret=self.mint.anonymous_secret, kid="lockstep")
        return self.mint.student(actor.id)

    def plan(self, learner, count):
        """Two devices; each operation goes out from one to three times, some of them late. A guest has the first
        of them until it signs in, and repeats some of its operations afterwards, with either token."""
        rng, devices = self.rng, self.rng.sample(range(CLIENTS), 2)
        guest = self.guests.get(learner)
        maker = Maker(rng, learner, self.now_ms)
        signs_in = count // 3
        offline_until = 0
        for at in range(count):
            operation = maker.make(at)
            if rng.random() < 0.01:
                offline_until = at + rng.randrange(5, 40)
            place = max(at, offline_until)
            for times in range(rng.choices([1, 2, 3], [60, 25, 15])[0]):
                late = rng.uniform(0, 4) if rng.random() < 0.8 else rng.uniform(0, count / 2)
                self.add(rng.choice(devices), place + times * late + rng.random(), operation, learner)
        if guest is None:
            return
        guest_maker = Maker(rng, guest, self.now_ms)
        for at in range(count // 4):
            operation = guest_maker.make(at)
            place = rng.uniform(0, signs_in - 1) if at < count // 5 else signs_in + 1 + rng.uniform(0, count / 3)
            self.add(devices[0], place, operation, guest)
            if rng.random() < 0.4:
                self.add(devices[0], signs_in + 1 + rng.uniform(0, count / 2), operation,
                         rng.choice([guest, learner]) if place < signs_in else guest)
        claim = {"kind": "claim", "op": f"claim:{guest.id}", "guest": guest, "actor": learner, "replies": [],
                 "refusals": []}
        learner.operations.append(claim)
        for times in range(rng.randrange(1, 3)):
            self.add(devices[0], signs_in + times, claim, learner)

    def add(self, client, place, operation, actor):
        self.queues[client].append((place, operation, actor))

    def go(self):
        threads = [threading.Thread(target=self.work, args=(queue,)) for queue in self.queues]
        for thread in threads:
            thread.start()
        return threads

    def work(self, queue):
        client = Client(self.stack.url)
        tokens = {}
        for _, operation, actor in queue:
            if actor not in tokens:
                tokens[actor] = self.token(actor)
            try:
                self.send(client, operation, tokens[actor], actor)
            except Exception as failure:  # pylint: disable=broad-except
                self.failures.append(f"{operation.get('op')}: {failure!r}")
                return
        client.close()

    def send(self, client, operation, token, actor):
        """Until there is an answer. What names a practice session waits for that to be known."""
        start = operation.get("practice")
        if start and start["id"] is None:
            self.send(client, start, token, actor)
        if operation["kind"] == "claim":
            method, path = "POST", "/api/anonymous/claim"
            body, headers = {"anonymousToken": self.token(operation["guest"])}, {}
        else:
            method, path, body, headers = body_of(operation)
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            self.sent += 1
            try:
                reply = client.send(method, path, json_body=body, headers=headers, token=token)
            except OSError:
                reply = None
            if reply is not None and reply.status < 500:
                break
            assert time.monotonic() < deadline, f"no answer: {reply}"
            self.retried += 1
            time.sleep(0.05)
        if reply.status >= 400:
            operation["refusals"].append(reply)
            return
        value = reply.json()
        if operation["kind"] == "start":
            operation["id"] = value["session"]["id"]
        operation["replies"].append((actor, value))


# --- Judging ------------------------------------------------------------------------------------------

def refused_wrongly(operation, may_be_gone):
    """`may_be_gone`: the practice session that it ends went with a reset."""
    statuses = {reply.status for reply in operation["refusals"]}
    if operation.get("refused"):
        return operation["replies"] or statuses != {422}
    if may_be_gone and operation["kind"] == "end":
        return bool(statuses - {404})
    return bool(statuses)


def says(reply, expected):
    """Whether a reply says what the model expects of it."""
    for name, value in expected.items():
        actual = reply.get(name)
        if name == "results":
            actual = [result["status"] for result in reply["results"]]
        if actual != value:
            return False
    return True


class Judge:
    """Applies a learner's operations in the order of the ledger."""

    def __init__(self, run, connection, learner):
        self.run, self.learner = run, learner
        self.guest = run.guests.get(learner)
        self.rows = query(connection, "SELECT revision, op_id FROM ledger WHERE user_id = %s ORDER BY revision",
                          (learner.id,))
        self.operations = {}
        for actor in filter(None, (learner, self.guest)):
            self.operations.update({operation["op"]: operation for operation in actor.operations})
        claims = [row["revision"] for row in self.rows if self.guest and row["op_id"] == f"claim:{self.guest.id}"]
        self.claimed_at = claims[0] if claims else None

    def judge(self):
        model, guest_model = Learner(self.learner.zone), Learner(self.guest.zone) if self.guest else None
        seen = set()
        behind = self.shift()
        for row in self.rows:
            operation = self.operations.get(row["op_id"])
            assert operation is not None, f"the ledger has {row['op_id']}, which nobody sent"
            assert not operation.get("refused"), f"{row['op_id']} should have been refused"
            seen.add(row["op_id"])
            revision = row["revision"]
            if operation["kind"] == "claim":
                model.claim(guest_model, revision)
                expected = {"userId": self.learner.id, "anonymousUserId": self.guest.id}
            elif operation["actor"] is self.guest and revision < self.claimed_at:
                revision -= behind
                expected = guest_model.apply(operation, revision)
            else:
                expected = model.apply(operation, revision)
            self.check_replies(operation, revision, expected)
        self.check_others(model, seen)
        return model

    def shift(self):
        """What the guest's revisions were moved by: its first entry was its first revision."""
        if self.claimed_at is None:
            return 0
        moved = [row["revision"] for row in self.rows if row["revision"] < self.claimed_at
                 and self.operations[row["op_id"]]["actor"] is self.guest]
        return moved[0] - 1 if moved else 0

    def check_replies(self, operation, revision, expected):
        """Every repeat got the first reply; one that came when it changed nothing says an earlier revision."""
        for _, reply in operation["replies"]:
            if operation["kind"] == "reset":
                assert reply["deleted"] in (expected["deleted"], {"attempts": 0, "sessions": 0}), (reply, expected)
                continue
            if reply["revision"] != revision and operation["kind"] in ("profile", "end", "stitches"):
                continue
            assert reply["revision"] == revision, f"{operation['op']}: {reply} but revision {revision}"
            assert says(reply, expected), f"{operation['op']} at revision {revision}: {reply}, expected {expected}"

    def check_others(self, model, seen):
        """What was acknowledged without an entry changed nothing, and would not now."""
        for op_id, operation in self.operations.items():
            wrong = refused_wrongly(operation, self.learner.resets)
            assert not wrong, f"{op_id}: {operation['replies'][:1]} {operation['refusals'][:1]}"
            if op_id in seen or operation.get("refused"):
                continue
            if operation["refusals"] and not operation["replies"]:
                continue
            assert operation["replies"], f"{op_id} was never answered"
            assert operation["kind"] in ("profile", "end", "stitches", "reset"), f"{op_id} was acknowledged, and is lost"
            if operation["kind"] in ("end", "stitches"):  # what the others found may have changed since
                assert not model.changes(operation), f"{op_id} was acknowledged, would change something, and is lost"


def close_to(actual, expected):
    return abs(actual - expected) <= 0.011


def view_of_progress(value):
    modules = {row["category"]: row for row in value["progress"] if row["category"] != "overall"}
    stats = value["globalStats"]
    names = ("score", "questionsAnswered", "correctAnswers", "accuracy", "completion")
    return {"modules": {key: {name: row[name] for name in names} for key, row in modules.items()},
            "totals": [stats["totalTokens"], stats["totalQuestions"], stats["totalCorrect"]],
            "accuracy": stats["accuracy"],
            "streak": {name: value["streak"][name] for name in ("current", "longest", "lastPracticeDate")},
            "dates": value["streak"]["practiceDates"], "practicedToday": value["streak"]["practicedToday"]}


def triple(row):
    return [row["tokens"], row["questionsAnswered"], row["correctAnswers"]]


def view_of_statistics(value):
    def streak(row):
        return {name: row[name] for name in ("current", "longest", "lastPracticeDate")}

    return {"totals": triple(value["totals"]), "modules": {row["module"]: triple(row) for row in value["modules"]},
            "days": {row["date"]: triple(row) for row in value["days"] if any(triple(row))},
            "streak": streak(value["streak"]),
            "streaks": {row["activity"]: streak(row) for row in value["streaks"]},
            "sessions": [value["sessions"][name] for name in ("total", "ended", "totalExercises", "correctAnswers")]}


def view_of_dashboard(value):
    profile = dict(value["dashboard"]["profile"])
    profile.pop("isSubscribed")
    speed = profile.pop("blinkSpeed")
    return {**profile, "threadProgress": value["dashboard"]["progress"]["threadProgress"],
            "recentSessions": value["dashboard"]["recentSessions"]}, speed


def view_of_stitches(value):
    return sorted((row["threadId"], row["stitchId"], row["orderNumber"], row["skipNumber"], row["distractorLevel"],
                   row["isCompleted"], row["lastAttempted"], row["revision"]) for row in value["stitches"])


def view_of_practice(value):
    return sorted((row["id"], row["startedAt"], row["endedAt"], row["totalExercises"], row["correctAnswers"])
                  for row in value["sessions"])


def hold_against(client, model):
    """Everything that the service says of a learner."""

    def get(path):
        reply = client.get(path)
        assert reply.status == 200, reply
        return reply.json()

    # Days with no practice of their own count: near midnight a day may pass between two reads.
    for _ in range(2):
        today = model.today(time.time() * 1000)
        progress, statistics = get("/api/progress"), get(f"/api/progress/statistics?days={WINDOW_DAYS}")
        dashboard, profile = get("/api/dashboard"), get("/api/profile")
        if model.today(time.time() * 1000) == today:
            break
    expected = model.view_statistics(today, WINDOW_DAYS)
    expected["days"] = {day: totals for day, totals in expected["days"].items() if any(totals)}
    assert view_of_progress(progress) == model.view_progress(today)
    assert view_of_statistics(statistics) == expected
    view, speed = view_of_dashboard(dashboard)
    assert view == model.view_dashboard(today)
    assert close_to(speed, model.speed) and close_to(profile["blinkSpeed"], model.speed), (speed, model.speed)
    assert (profile["displayName"], profile["timeZone"]) == (model.name, model.zone)
    assert (profile["totalPoints"], profile["totalSessions"]) == (model.points, model.session_count)
    assert view_of_stitches(get("/api/progress/stitches")) == model.view_stitches()
    assert view_of_practice(get("/api/practice-sessions")) == model.view_practice()


def judge_all(run):
    assert not run.failures, run.failures[:5]
    connection = run.stack.connect()
    wrong = []
    for learner in run.learners:
        client = Client(run.stack.url, run.token(learner))
        try:
            model = Judge(run, connection, learner).judge()
            hold_against(client, model)
            truth.assert_agrees(connection, learner.id, claimed=learner in run.guests, answers_only=False)
            if learner in run.guests:  # the old token shows the same
                hold_against(Client(run.stack.url, run.token(run.guests[learner])), model)
        except AssertionError as error:
            wrong.append(f"learner {learner.id} ({learner.number}): {error}")
        client.close()
    connection.close()
    assert not wrong, f"seed {run.seed}: {len(wrong)} learners differ\n" + "\n".join(wrong[:3])


def seed_of_run():
    return int(os.environ.get("LOCKSTEP_MODEL_SEED", random.SystemRandom().randrange(2**32)))


def begin(stack, mint, size):
    seed = seed_of_run()
    run = Run(stack, mint, seed, size.of(24, 200), size.of(2400, 100000), size.of(6, 40))
    print(f"seed {seed}")
    return run, run.go()


def conclude(run, threads, started):
    for thread in threads:
        thread.join()
    took = time.monotonic() - started
    print(f"{sum(len(actor.operations) for actor in [*run.learners, *run.guests.values()])} operations, {run.sent} sent,"
          f" {run.retried} again for want of an answer, {took:.0f} s")
    judge_all(run)


def test_the_model_beside_the_service(stack, mint, size):
    started = time.monotonic()
    run, threads = begin(stack, mint, size)
    conclude(run, threads, started)


def test_the_model_under_fire(stack, mint, size):
    """Workers and the database die with -9 now and then."""
    started = time.monotonic()
    run, threads = begin(stack, mint, size)
    deaths = 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(size.of(0.7, 2))
        kill_a_worker(stack)
        deaths += 1
        if deaths % size.of(5, 15) == 0:
            stack.database.kill()
            stack.database.start()
    print(f"{deaths} workers killed, {deaths // size.of(5, 15)} times the database")
    assert deaths > 2
    conclude(run, threads, started)
