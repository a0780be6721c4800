"""Figures, each as a ratio taken in one run on one server: durable commits, a buffer pool that holds
the data. Paired runs alternate (A B A B …) and their medians are compared, so that what else the
machine does falls on both. Ends with 1 when an aim is missed.

  make bench            all, at full size (about ten minutes)
  bench.py --quick      the same at a tenth of the size, to see that it runs
  bench.py answers …    some: jobs answers sessions learners attempts unchanged healthz memory repair
                        bulk courses events
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench import enrollment, events, population  # noqa: E402
from harness import jobs  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.database import execute  # noqa: E402
from harness.processes import resident_kib, wait_until  # noqa: E402
from harness.stack import Stack, SyncWorker  # noqa: E402
from harness.tokens import Mint  # noqa: E402
from harness.tools import load, tool, write_learners  # noqa: E402
from proof import population as drifting  # noqa: E402

CONNECTIONS = 32
VETERAN, NOVICE, ELDER = 900001, 900002, 900003
WORKERS = {"workers": {"processes": 2, "threads": 16}, "database": {"connections": 32}}


class Bench:
    def __init__(self, quick):
        self.quick = quick
        self.rows = []
        self.seconds = 2 if quick else 6
        self.rounds = 2 if quick else 4

    def say(self, text):
        print(f"  {text}", flush=True)

    def add(self, what, figure, aim, met):
        self.rows.append((what, figure, aim, met))
        self.say(f"{what}: {figure} (aim {aim}) {'met' if met else 'MISSED'}")

    def alternate(self, one, other):
        """Runs both in turn and returns two lists of figures; a first turn of each warms up."""
        one(), other()
        pairs = [(one(), other()) for _ in range(self.rounds)]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def table(self):
        widths = [max(len(row[column]) for row in self.rows + [("what", "figure", "aim", "")]) for column in range(3)]
        lines = [("what", "figure", "aim", "")] + self.rows
        print()
        for at, (what, figure, aim, met) in enumerate(lines):
            verdict = "" if at == 0 else ("met" if met else "MISSED")
            print(f"{what:<{widths[0]}}  {figure:<{widths[1]}}  {aim:<{widths[2]}}  {verdict}")
            if at == 0:
                print("  ".join("-" * width for width in widths))
        return all(row[3] for row in self.rows)


def median(figures, name):
    return statistics.median(figure[name] for figure in figures)


class Field:
    """One database server, a small and a large schema in it, a service and nginx before each."""

    def __init__(self, bench):
        self.bench = bench
        self.large_count = 20000 if bench.quick else 200000
        self.small = Stack(WORKERS, buffer_pool_mb=4096, nginx_workers=2)
        self.small.database.log_mb = 2048  # as docs/deploy.md has it
        self.large = None

    def __enter__(self):
        try:
            self.small.start()
            self.large = Stack(WORKERS, database=self.small.database, name="lockstep_large", nginx_workers=2)
            self.large.start()
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.large is not None:
            self.large.stop()
        self.small.stop()

    def fill(self):
        self.bench.say(f"filling: 1,000 and {self.large_count:,} learners, 100 and 100,000 attempts")
        for stack, count in ((self.small, 1000), (self.large, self.large_count)):
            connection = stack.connect()
            population.fill(connection, count)
            if stack is self.small:
                population.add_veteran(connection, VETERAN, 100000)
                population.add_veteran(connection, NOVICE, 100)
                population.add_veteran(connection, ELDER, 100000, 1000)
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE TABLE users, profiles, practice_days, attempts, ledger, daily_totals")
            connection.close()
            stack.control("percentiles", "refresh")

    def learners(self, stack, name, user_ids):
        return write_learners(os.path.join(stack.directory, f"learners-{name}"), Mint(stack.config), user_ids)

    def get(self, stack, path, learners=None, connections=CONNECTIONS, **options):
        """Figures of a timed run of GETs; none of them may fail."""
        options = {"path": path, "connections": connections, "seconds": self.bench.seconds, **options}
        if learners is not None:
            options["learners"] = learners
        if "requests" in options:
            del options["seconds"]
        figures = load("get", stack.port, stack.directory, **options)
        assert figures["failed"] == 0, f"GET {path}: {figures}"
        return figures


def measured(bench, who, figures):
    bench.say(f"{who:<8}{figures['per_second']:,.0f}/s, p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms")
    return figures


def bare_clients(bench, stack, work, first=501, learners=500):
    """Figures of C clients on the database's socket; by default of other learners than the service's."""
    output = subprocess.run(
        [tool("tests/bench/bare"), work, "--socket", stack.database.socket, "--database", stack.name, "--first",
         str(first), "--learners", str(learners), "--threads", str(CONNECTIONS), "--seconds", str(bench.seconds)],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return measured(bench, "bare", json.loads(output))


def written(bench, stack, mode, learners):
    """Figures of a timed run of answers or sessions; none of them may fail."""
    figures = load(mode, stack.port, stack.directory, learners=learners, connections=CONNECTIONS,
                   seconds=bench.seconds, seed=random.randrange(1, 2**31))
    assert figures["failed"] == figures["refused"] == 0, figures
    return measured(bench, "service", figures)


def beside_bare(bench, what, bare, service, aim):
    """The service's rate at 32 connections as a share of what bare C clients reach on the same socket."""
    bares, services = bench.alternate(bare, service)
    ratio = statistics.median(s["per_second"] / b["per_second"] for b, s in zip(bares, services))
    bench.add(f"{what}, of bare C clients",
              f"{median(services, 'per_second'):,.0f}/s of {median(bares, 'per_second'):,.0f}/s = {ratio:.2f}",
              f">= {aim:.2f}", ratio >= aim)
    return services


def bench_answers(bench, field):
    stack = field.small
    learners = field.learners(stack, "answers", range(1, 501))
    services = beside_bare(bench, "POST /api/answer", lambda: bare_clients(bench, stack, "answers"),
                           lambda: written(bench, stack, "answers", learners), 0.6)
    p99 = median(services, "p99_ms")
    bench.add("POST /api/answer, p50 and p99", f"{median(services, 'p50_ms'):.1f} and {p99:.1f} ms", "p99 < 25 ms",
              p99 < 25)


def bench_sessions(bench, field):
    """Sessions written, and the dashboards that show them: of learners with 40 sessions and 60 stitches each, and
    of one with 10,000 stitches."""
    stack = field.small
    connection = stack.connect()
    population.add_sessions(connection, 1000, 40, 60)
    population.add_stitches(connection, VETERAN, 10000)
    connection.close()
    learners = field.learners(stack, "sessions", range(1, 501))
    beside_bare(bench, "GET /api/dashboard", lambda: bare_clients(bench, stack, "dashboard"),
                lambda: measured(bench, "service", field.get(stack, "/api/dashboard", learners)), 0.5)
    compare(bench, "GET /api/dashboard, 10,000 stitches to 60",
            lambda: field.get(stack, "/api/dashboard", field.learners(stack, "veteran", [VETERAN]), 8),
            lambda: field.get(stack, "/api/dashboard", learners, 8), None, "10,000", "60")
    beside_bare(bench, "POST /api/sessions/record", lambda: bare_clients(bench, stack, "sessions"),
                lambda: written(bench, stack, "sessions", learners), 0.5)


def compare(bench, what, one, other, aim, name_one, name_other):
    """`one` within `aim` times of `other`, by mean time. Without an aim: only the figure."""
    ones, others = bench.alternate(one, other)
    ratio = statistics.median(a["mean_ms"] / b["mean_ms"] for a, b in zip(ones, others))
    bench.add(what, f"{median(ones, 'mean_ms'):.3f} ms ({name_one}) of {median(others, 'mean_ms'):.3f} ms"
              f" ({name_other}) = {ratio:.2f}", "-" if aim is None else f"<= {aim}", aim is None or ratio <= aim)


def bench_learners(bench, field):
    sample = random.sample(range(1, field.large_count + 1), min(field.large_count, 20000))
    few = field.learners(field.small, "few", range(1, 1001))
    many = field.learners(field.large, "many", sample)
    compare(bench, f"GET /api/progress, {field.large_count:,} learners to 1,000",
            lambda: field.get(field.large, "/api/progress", many, 8),
            lambda: field.get(field.small, "/api/progress", few, 8), 1.2, f"{field.large_count:,}", "1,000")


def bench_attempts(bench, field):
    """As many days, a thousand times the attempts; and, without an aim, twenty times the days as well, which are
    listed and counted one by one."""
    novice = field.learners(field.small, "novice", [NOVICE])
    for path in ("/api/progress", "/api/progress/statistics"):
        for who, days, aim in ((VETERAN, 50, 1.3), (ELDER, 1000, None)):
            many = field.learners(field.small, f"many-{who}", [who])
            compare(bench, f"GET {path}, 100,000 attempts on {days:,} days to 100 on 50",
                    lambda: field.get(field.small, path, many, 8),  # pylint: disable=cell-var-from-loop
                    lambda: field.get(field.small, path, novice, 8),  # pylint: disable=cell-var-from-loop
                    aim, "100,000", "100")


def bench_unchanged(bench, field):
    """The time of a request, one after the other; and, for whoever sizes a machine, with both processors full,
    where it is the processor time of a request that is compared."""
    few = field.learners(field.small, "tags", range(1, 201))
    for connections, aim in ((1, 2.0), (8, None)):
        compare(bench, f"GET /api/progress at 304, of /healthz, {connections} at a time",
                lambda: field.get(field.small, "/api/progress", few, connections, etag=True),
                lambda: field.get(field.small, "/healthz", None, connections), aim, "304", "/healthz")
        compare(bench, f"GET /api/progress with If-None-Match, of without, {connections} at a time",
                lambda: field.get(field.small, "/api/progress", few, connections, etag=True),
                lambda: field.get(field.small, "/api/progress", few, connections), 1.0, "304", "200")


def bench_healthz(bench, field):
    url = f"{field.small.url}/healthz"
    rates = []
    for _ in range(bench.rounds):
        output = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{bench.seconds}s", url], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
        assert "Non-2xx" not in output and "Socket errors" not in output, output
        rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)))
        bench.say(f"/healthz {rates[-1]:,.0f}/s")
    rate = statistics.median(rates)
    bench.add("GET /healthz at 32 connections", f"{rate:,.0f}/s", ">= 18,000/s", rate >= 18000)


def bench_memory(bench, field):
    """Private memory of every worker process, before and after half a million requests of all kinds."""
    stack = field.small
    learners = field.learners(stack, "memory", range(1, 1001))
    total = 50000 if bench.quick else 500000

    def spend(requests):
        for path, who, share, options in (("/healthz", None, 0.4, {}), ("/api/progress", learners, 0.2, {}),
                                          ("/api/progress", learners, 0.2, {"etag": True}),
                                          ("/api/progress/history?limit=5", learners, 0.1, {})):
            field.get(stack, path, who, requests=int(requests * share), **options)
        load("answers", stack.port, stack.directory, learners=learners, connections=CONNECTIONS,
             requests=int(requests * 0.1), seed=random.randrange(1, 2**31))

    # Buffers find their size, and each connection its prepared statements, only after every thread has met
    # every kind of request many times: warm up until that is over, but not for ever.
    pids = stack.worker_pids()
    before = [resident_kib(pid) for pid in pids]
    for _ in range(12):
        spend(total // 10)
        early, before = before, [resident_kib(pid) for pid in pids]
        if max(late - first for first, late in zip(early, before)) < 64:
            break
    spend(total)
    assert stack.worker_pids() == pids, "a worker was replaced meanwhile"
    after = [resident_kib(pid) for pid in pids]
    growth = max(late - early for early, late in zip(before, after))
    bench.add("memory of a worker process", f"{max(after) / 1024:.1f} MiB", "-", True)
    bench.add(f"its growth over {total:,} requests", f"{growth} KiB", "none (< 512 KiB)", growth < 512)


class Drifting:
    """A schema of its own with learners of whom three tenths have drifted, brought back to that state before
    every run."""

    def __init__(self, field, name, learners):
        self.stack = Stack(WORKERS, database=field.small.database, name=name)
        self.stack.start_database()
        self.connection = self.stack.connect()
        drifting.load(self.connection, learners, self.stack.directory)
        self.copy("drifted", "users")

    def copy(self, target, source):
        execute(self.connection, f"CREATE TABLE {target} LIKE {source}")
        execute(self.connection, f"INSERT INTO {target} SELECT * FROM {source}")

    def reset(self):
        """As it was loaded, and nothing left to be done from before."""
        for table in ("ledger", "repair_rows", "sync_jobs"):
            execute(self.connection, f"DELETE FROM {table}" + (" WHERE kind = 'repair'" if table == "ledger" else ""))
        execute(self.connection, "UPDATE users AS u JOIN drifted AS d ON d.id = u.id SET u.tokens = d.tokens,"
                " u.questions_answered = d.questions_answered, u.correct_answers = d.correct_answers,"
                " u.hidden_grade_asset = d.hidden_grade_asset, u.revision = d.revision, u.updated_at = d.updated_at")
        execute(self.connection, "ANALYZE TABLE users, ledger, repair_rows")


def bench_repair(bench, field):
    """Everybody brought into step: by lockstep-sync, with limits, images and history, two threads; and by document
    000's own loop on sixteen connections, which writes everybody, and by one that writes only who differs."""
    count = field.large_count
    learners = drifting.make(count)
    ours = Drifting(field, "lockstep_repair", learners)
    theirs = Drifting(field, "lockstep_loop", learners)
    loop_tool = tool("tests/bench/loop")

    def engine():
        ours.reset()
        with SyncWorker(ours.stack, overrides={"sync": {"processes": 1, "threads": 2}}) as sync:
            wait_until(lambda: jobs.run(ours.connection, "sync_user", {"userId": 1}), "the worker", child=sync.child)
            started = time.monotonic()
            row = jobs.run(ours.connection, "sync_all_users", timeout_s=600)
            seconds = time.monotonic() - started
        figure = {"per_second": count / seconds, "changed": row["report"]["learnersChanged"]}
        bench.say(f"lockstep-sync      {figure['per_second']:,.0f}/s, {figure['changed']:,} of {count:,} repaired")
        return figure

    def loop(*options):
        theirs.reset()
        output = subprocess.run(
            [loop_tool, "--socket", field.small.database.socket, "--database", theirs.stack.name, "--last", str(count),
             "--threads", "16", *options], check=True, stdout=subprocess.PIPE, text=True).stdout
        figure = json.loads(output)
        bench.say(f"the loop {' '.join(options):<11}{figure['per_second']:,.0f}/s, {figure['written']:,} written")
        return figure

    loops, engines = bench.alternate(loop, engine)
    ratio = statistics.median(e["per_second"] / l["per_second"] for l, e in zip(loops, engines))
    bench.add("everybody into step, of document 000's loop",
              f"{median(engines, 'per_second'):,.0f}/s of {median(loops, 'per_second'):,.0f}/s = {ratio:.1f}", ">= 4",
              ratio >= 4)
    kinder = loop("--differing")
    bench.add("the same, of a loop that writes only who differs",
              f"{median(engines, 'per_second') / kinder['per_second']:.1f}", "-", True)


def bench_jobs(bench, field):
    """No-op jobs beside the claim that most job systems use, on the same server; waiting and idleness."""
    stack = Stack(WORKERS, database=field.small.database, name="lockstep_jobs")
    stack.start()
    stack.stop()
    jobs = "5000" if bench.quick else "40000"
    runs = [json.loads(subprocess.run([tool("tests/bench/jobs"), field.small.database.socket, stack.name, jobs], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout) for _ in range(1 if bench.quick else 3)]
    for at, batch in enumerate((10, 100)):
        usual = statistics.median(run["rates"][at]["skip_locked"] for run in runs)
        ours = statistics.median(run["rates"][at]["lockstep"] for run in runs)
        ratio = statistics.median(run["rates"][at]["lockstep"] / run["rates"][at]["skip_locked"] for run in runs)
        full = statistics.median(run["rates"][at]["lockstep_beside_finished"] / run["rates"][at]["lockstep"]
                                 for run in runs)
        bench.add(f"jobs, batches of {batch}, of SKIP LOCKED", f"{ours:,.0f}/s of {usual:,.0f}/s = {ratio:.2f}", ">= 1.8",
                  ratio >= 1.8)
        lean = statistics.median(run["rates"][at]["lockstep"] / run["rates"][at]["skip_locked_lean"] for run in runs)
        bench.add("the same, of SKIP LOCKED that finishes a batch at once", f"{lean:.2f}", "-", True)
        bench.add(f"jobs, batches of {batch}, beside 200,000 that ended", f"{full:.2f}", ">= 0.85", full >= 0.85)
    half, most = (statistics.median(run[name] for run in runs) for name in ("started_median_ms", "started_p99_ms"))
    bench.add("inserted to started, p50 and p99", f"{half:.1f} and {most:.1f} ms", "5 and 15 ms", half <= 5 and most <= 15)
    idle = statistics.median(run["idle_percent"] for run in runs)
    bench.add("lockstep-sync idle", f"{idle:.1f} % of a core", "< 3 %", idle < 3)


def stitches_of(round_, with_ids):
    """The items that tests/bench/bulk.c writes as rows."""
    moment = time.strftime("%Y-%m-%dT", time.gmtime(time.time() - 86400))
    items = []
    for at in range(10000):
        thread = f"T{at // 100 % 3 + 1}-{at // 100:03}"
        items.append({"threadId": f"thread-{thread}", "stitchId": f"stitch-{thread}-{at % 100:02}",
                      "orderNumber": (at + round_) % 100, "skipNumber": 5 + round_ % 20, "distractorLevel": f"L{at % 3 + 1}",
                      "isCompleted": at % 2 == 1, "lastAttempted": f"{moment}10:{round_ % 60:02}:00.000Z"})
        if with_ids:
            items[-1]["mutationId"] = f"m-{round_}-{at}"
    return json.dumps({"progressItems": items}).encode("ascii")


def bench_bulk(bench, field):
    """Ten thousand stitches in one call, beside one multi-row statement of the same rows by a bare client; new
    rows, rows that are there already, and, for comparison, items with ids of their own."""
    stack = field.small
    connection = stack.connect()
    bulk_tool = tool("tests/bench/bulk")
    api = Client(stack.url, timeout_s=120)
    mint = Mint(stack.config)
    users = iter(range(800000, 900000))
    rounds = iter(range(10000))

    def new_learner():
        user = next(users)
        execute(connection, "INSERT INTO users (id) VALUES (%s)", (user,))
        return user

    def service(user, with_ids=False):
        body = stitches_of(next(rounds), with_ids)
        headers = {"Content-Type": "application/json"}
        token = mint.student(user, lifetime_s=86400)
        started = time.monotonic()
        reply = api.send("POST", "/api/progress/bulk-sync", body=body, headers=headers, token=token)
        seconds = time.monotonic() - started
        assert reply.status == 200 and reply.json()["totalSynced"] == 10000, reply
        return {"per_second": 10000 / seconds}

    def bare(user):
        return json.loads(subprocess.run(
            [bulk_tool, "--socket", stack.database.socket, "--database", stack.name, "--user", str(user),
             "--round", str(next(rounds))], check=True, stdout=subprocess.PIPE, text=True).stdout)

    ours, theirs = new_learner(), new_learner()
    for what, aim, one, other in (
            ("new", 0.5, lambda: service(new_learner()), lambda: bare(new_learner())),
            ("known", 0.5, lambda: service(ours), lambda: bare(theirs)),
            ("known, with mutationIds,", None, lambda: service(ours, True), lambda: bare(theirs))):
        pairs = [bench.alternate(one, other) for _ in range(2)]
        ones, others = [figure for pair in pairs for figure in pair[0]], [figure for pair in pairs for figure in pair[1]]
        ratio = statistics.median(a["per_second"] / b["per_second"] for a, b in zip(ones, others))
        bench.add(f"bulk sync of 10,000 {what} stitches, of one bare statement",
                  f"{median(ones, 'per_second'):,.0f}/s of {median(others, 'per_second'):,.0f}/s = {ratio:.2f}",
                  "-" if aim is None else f">= {aim:.2f}", aim is None or ratio >= aim)
    connection.close()


def bench_courses(bench, field):
    enrollment.run(bench, field, WORKERS, CONNECTIONS)


def bench_events(bench, field):
    events.run(bench, field, WORKERS)


BENCHES = {"jobs": bench_jobs, "answers": bench_answers, "sessions": bench_sessions, "learners": bench_learners,
           "attempts": bench_attempts, "unchanged": bench_unchanged, "healthz": bench_healthz, "memory": bench_memory,
           "repair": bench_repair, "bulk": bench_bulk, "courses": bench_courses,
           "events": bench_events}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("benches", nargs="*", choices=[[], *BENCHES], metavar="bench")
    arguments = parser.parse_args()
    bench = Bench(arguments.quick)
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
          " (what else runs takes from every figure, and least from the ratios)")
    with Field(bench) as field:
        for name in arguments.benches or BENCHES:
            print(f"{name}:", flush=True)
            BENCHES[name](bench, field)
    return 0 if bench.table() else 1


if __name__ == "__main__":
    sys.exit(main())
