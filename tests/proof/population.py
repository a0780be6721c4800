"""Learners by the hundred thousand, most of them sound as the service writes them, the others with drift of
every kind that came to mind, each kind a function below. The same seed makes the same learners. What must
become of them is not said here: the oracle works it out from the documents."""

import datetime
import hashlib
import json
import os
import random

from harness.database import execute
from proof import oracle

FIRST_DAY = datetime.date(2026, 3, 1)
MODULES = ("mathematics", "reading", "science", "geography", "history", "languages", "música", "数学", "chess openings")
ODD_NAMES = ("", " ", "  two  blanks ", "a.b", "a\"b", "back\\slash", "*", "$[0]", "$.modules", "[*]", "ü", "Ü", "数", "😀", "\n",
             "\t", "'", "`", "%", "--", "null", "0", "-1", "unattributed ", "Unattributed", "global_stats", "modules",
             "progress", "Ａ", "\u200b", "x" * 300)
NOT_OBJECTS = ("[]", "[1, 2]", "7", "0", "-1.5", "\"text\"", "\"\"", "true", "false", "null")
# Counters that read as nothing, or as something else than they look like.
ODD_COUNTERS = ("null", "true", "false", "-5", "-0", "1e3", "1E+2", "0.1e2", "\"many\"", "\"\"", "\" 12\"", "\"12 \"", "\"+12\"",
                "\"12abc\"", "\"0x10\"", "\"-3\"", "\"1,000\"", "\"١٢\"", "\"１２\"", "\"1\\n\"", "\"NaN\"", "\"null\"", "[]",
                "[12]", "{}", "{\"tokens_earned\": 12}", "1234567890123456789", "99999999999999999999999", "1e300",
                "\"1234567890123456789\"", "\"1.123456789012345678901\"", "\"1.5.5\"", "\".5\"", "0.999", "2.75", "\"007\"",
                "\"3.\"", "\"\\u0031\\u0032\"", "100000000000000000", "\"000000000000000001\"")
EXTRAS = (', "level": "gold"', ', "more": {"deep": [1, null, {"x": [true, {}]}], "empty": {}}', ', "note": "d\\u00fcrk\\/\\n\\"quoted\\""',
          ', "n": 1.50, "big": 99999999999999999999, "none": null', ', "😀": "\\ud83d\\ude00"', ', "last_sync": 12',
          ', "list": [[], [[]], ""]', ', "tokens": "12"', ', "zero": "\\u0000"')


class Learner:
    __slots__ = ("id", "kind", "columns", "text", "is_gone", "attempts", "is_drifted")

    def __init__(self, user_id, kind, columns, text, is_drifted):
        self.id = user_id
        self.kind = kind
        self.columns = tuple(columns)
        self.text = text
        self.is_drifted = is_drifted
        self.is_gone = False  # deleted: no rule looks at them
        self.attempts = ()    # [(day, module, correct, tokens)]


# --- Documents, as text: how a number or a key is spelt is part of the drift -------------------------

def module(key, triple, extra=""):
    return (f'{key if key.startswith(chr(34)) else json.dumps(key, ensure_ascii=False)}: {{"progress": {{"tokens_earned": {triple[0]},'
            f' "total_questions_answered": {triple[1]}, "correct_answers": {triple[2]}{extra}}}}}')


def stats(triple, extra=""):
    return (f'{{"total_tokens_earned": {triple[0]}, "total_questions_answered": {triple[1]},'
            f' "total_correct_answers": {triple[2]}{extra}}}')


def document(modules, stats_text, extra=""):
    return f'{{"modules": {{{", ".join(modules)}}}, "global_stats": {stats_text}{extra}}}'


def written(modules, totals, stamp="2026-03-01T10:00:00.000Z"):
    """As the service writes it."""
    parts = ",".join(f'{json.dumps(key, ensure_ascii=False)}:{{"progress":{{"tokens_earned":{t},"total_questions_answered":{q},'
                     f'"correct_answers":{c}}}}}' for key, (t, q, c) in modules)
    return (f'{{"modules":{{{parts}}},"global_stats":{{"total_tokens_earned":{totals[0]},"total_questions_answered":{totals[1]},'
            f'"total_correct_answers":{totals[2]},"last_updated":"{stamp}"}}}}')


def add_up(modules):
    return tuple(sum(triple[at] for _, triple in modules) for at in range(3))


def some_modules(rng):
    modules = []
    for key in rng.sample(MODULES, rng.randint(1, 3)):
        questions = rng.randint(2, 60)
        modules.append((key, (rng.randint(3, 400), questions, rng.randint(1, questions))))
    return modules


def plain(modules, **options):
    return [module(key, triple, **options) for key, triple in modules]


def off(rng, totals):
    """Totals that are none of these."""
    return tuple(max(0, value + rng.choice((-1, 1)) * rng.randint(1, 500)) if value else rng.randint(1, 500) for value in totals)


# --- Drift: each takes the dice and sound modules, and returns (columns, text) ------------------------

def columns_at_zero(rng, modules):
    totals = add_up(modules)
    return (0, 0, 0), document(plain(modules), stats(rng.choice((totals, (0, 0, 0)))))


def one_column_below(rng, modules):
    columns = list(add_up(modules))
    columns[rng.randrange(3)] -= 1
    return columns, document(plain(modules), stats(add_up(modules)))


def columns_raised_only(rng, modules):
    totals = add_up(modules)
    columns = tuple(value + rng.randint(1, 90) for value in totals)
    return columns, document(plain(modules), stats(rng.choice((totals, columns))))


def below_and_above(rng, modules):
    t, q, c = add_up(modules)
    return (t + rng.randint(1, 9), q - 1, c + rng.randint(0, 1)), document(plain(modules), stats((t, q, c)))


def negative_columns(rng, modules):
    columns = list(add_up(modules))
    columns[rng.randrange(3)] = -rng.randint(1, 10 ** 6)
    return columns, document(plain(modules), stats(columns))


def huge_columns(rng, modules):
    columns = list(add_up(modules))
    columns[rng.randrange(3)] = rng.choice((10 ** 12, 2 ** 53 + 1, 10 ** 17, 10 ** 18 - 1))
    return columns, document(plain(modules), stats(columns))


def columns_past_counting(rng, modules):
    columns = list(add_up(modules))
    columns[rng.randrange(3)] = rng.choice((10 ** 18, 2 ** 63 - 1, 4 * 10 ** 18))
    return columns, document(plain(modules), stats(add_up(modules)))


def no_document(rng, modules):
    return add_up(modules), None


def no_object(rng, modules):
    text = rng.choice(NOT_OBJECTS + ("{}", f"[{document(plain(modules), stats(add_up(modules)))}]"))
    return add_up(modules), text


def no_modules(rng, modules):
    return add_up(modules), f'{{"global_stats": {stats(add_up(modules))}}}'


def modules_no_object(rng, modules):
    wrong = rng.choice(NOT_OBJECTS + ("{}", "[{" + plain(modules)[0] + "}]"))
    return add_up(modules), f'{{"modules": {wrong}, "global_stats": {stats(add_up(modules))}}}'


def module_no_object(rng, modules):
    parts = plain(modules)
    parts[0] = f'{json.dumps(modules[0][0])}: {rng.choice(NOT_OBJECTS + ("{}",))}'
    return add_up(modules), document(parts, stats(add_up(modules)))


def progress_no_object(rng, modules):
    parts = plain(modules)
    wrong = rng.choice(NOT_OBJECTS + ("{}", "[{\"tokens_earned\": 9}]", "{\"deeper\": {\"tokens_earned\": 9}}"))
    parts[0] = f'{json.dumps(modules[0][0])}: {{"progress": {wrong}, "seen": 1}}'
    return add_up(modules), document(parts, stats(add_up(modules)))


def odd_counter(rng, modules):
    at, which = rng.randrange(len(modules)), rng.randrange(3)
    parts = plain(modules)
    triple = list(modules[at][1])
    triple[which] = rng.choice([odd for odd in ODD_COUNTERS if oracle.count(oracle.parse(odd)) != triple[which]])
    parts[at] = module(modules[at][0], triple)
    return add_up(modules), document(parts, stats(add_up(modules)))


def counter_missing(rng, modules):
    key, (_, questions, _) = modules[0]
    parts = plain(modules)
    parts[0] = f'{json.dumps(key)}: {{"progress": {{"total_questions_answered": {questions}}}}}'
    return add_up(modules), document(parts, stats(add_up(modules)))


def counters_as_strings(rng, modules):
    parts = [module(key, [f'"{value}"' for value in triple]) for key, triple in modules]
    return off(rng, add_up(modules)), document(parts, stats(add_up(modules)))


def counters_with_fractions(rng, modules):
    parts = [module(key, [f"{value}.{rng.choice(('0', '50', '99', '000001'))}" for value in triple]) for key, triple in modules]
    return off(rng, add_up(modules)), document(parts, stats(add_up(modules)))


def all_odd(rng, modules):
    parts = [module(key, [rng.choice(ODD_COUNTERS) for _ in range(3)]) for key, _ in modules]
    parts.append(module("sure", (-1, "null", "{}")))
    return (7 * 10 ** 17 + 1, 2 * 10 ** 17, 3), document(parts, stats(("\"x\"", "[]", "null")))


def extra_keys(rng, modules):
    text = document(plain(modules, extra=rng.choice(EXTRAS)), stats(add_up(modules), rng.choice(EXTRAS)), rng.choice(EXTRAS))
    return off(rng, add_up(modules)), text


def stats_missing(rng, modules):
    return add_up(modules), f'{{"modules": {{{", ".join(plain(modules))}}}}}'


def stats_no_object(rng, modules):
    return add_up(modules), document(plain(modules), rng.choice(NOT_OBJECTS + ("{}",)))


def stats_odd(rng, modules):
    totals = list(add_up(modules))
    at = rng.randrange(3)
    totals[at] = rng.choice((f'"{totals[at]}"', f"{totals[at]}.0", f"-{totals[at]}", "null", "true", f"{totals[at]}e0", "[]"))
    return add_up(modules), document(plain(modules), stats(totals, rng.choice(EXTRAS)))


def stats_one_missing(rng, modules):
    totals = add_up(modules)
    return totals, document(plain(modules), f'{{"total_tokens_earned": {totals[0]}, "total_correct_answers": {totals[2]}}}')


def stats_of_yesterday(rng, modules):
    return add_up(modules), document(plain(modules), stats(off(rng, add_up(modules)), ', "last_sync": "yesterday"'))


def names_that_paths_trip_over(rng, modules):
    names = rng.sample(ODD_NAMES, rng.randint(2, 6))
    odd = [(name, (rng.randint(1, 9), rng.randint(1, 9), 1)) for name in names]
    return off(rng, add_up(odd)), document(plain(odd), stats(add_up(odd)))


def unattributed_before(rng, modules):
    junk = rng.choice(('"unattributed": 7', '"unattributed": {"progress": [1]}', '"unattributed": null', '"unattributed": {"label": "?"}',
                       module("unattributed", ("\"3\"", "null", -2)), module("unattributed", (5, 1, 1), ', "first": true'),
                       '"unattributed": {"label": "x", "progress": {"tokens_earned": 1.5}}'))
    raised = tuple(value + 1000 + rng.randint(1, 9) for value in add_up(modules))
    return raised, document(plain(modules) + [junk], stats(raised))


def look_alikes(rng, modules):
    text = (f'{{"Modules": {{{module("a", (100, 100, 100))}}}, "modules ": {{}}, "MODULES": 1, "modules": {{"a": {{"Progress": '
            f'{{"tokens_earned": 50}}, "progress": {{"Tokens_Earned": 9, "tokens_earned": 4, "tokens_earned ": 8}}}}}}, '
            f'"Global_Stats": {stats((4, 0, 0))}}}')
    return (rng.choice((0, 3, 9)), 0, 0), text


def escaped(rng, modules):
    """Texts and module names written with escapes. (Not the keys of the way: MariaDB tells keys by how they are
    written, and nobody escapes a plain letter.)"""
    parts = [module(f'"\\u0065{json.dumps(key)[1:]}', triple) for key, triple in modules]
    parts.append(module("digits", ("\"\\u0031\\u0032\"", "\"\\u0033\"", 1)))
    return off(rng, add_up(modules)), document(parts, stats(add_up(modules)), ', "\\u0041": "\\u0042\\u0000"')


def spaced(rng, modules):
    text = document(plain(modules), stats(add_up(modules)))
    for mark in ("{", "}", ",", ":"):
        text = text.replace(mark, rng.choice((" ", "\n", "\t ", "\r\n  ", "")) + mark + rng.choice(("  ", "\n\n", "\t", "")))
    return off(rng, add_up(modules)), f" \n{text}\t "


def large(rng, modules):
    many = [(f"module {at}", (at, at, at)) for at in range(150)]
    text = document(plain(many), stats((1, 1, 1)), f', "essay": {json.dumps("word " * rng.randint(1000, 4000))}')
    return add_up(modules), text


def deep(rng, modules):
    nested = "[" * 12 + '{"x": ' * 10 + "null" + "}" * 10 + "]" * 12
    return off(rng, add_up(modules)), document(plain(modules), stats(add_up(modules)), f', "deep": {nested}')


def counters_swapped(rng, modules):
    t, q, c = add_up(modules)
    return (c, t + 1, q), document(plain(modules), stats((c, t + 1, q)))


def large_counters(rng, modules):
    most = [(key, (10 ** 17 + rng.randint(0, 9), 123456789012345678, 1)) for key, _ in modules]
    return add_up(modules), document(plain(most), stats(add_up(most)))


DRIFTS = (columns_at_zero, one_column_below, columns_raised_only, below_and_above, negative_columns, huge_columns,
          columns_past_counting, no_document, no_object, no_modules, modules_no_object, module_no_object, progress_no_object,
          odd_counter, odd_counter, odd_counter, counter_missing, counters_as_strings, counters_with_fractions, all_odd,
          extra_keys, extra_keys, stats_missing, stats_no_object, stats_odd, stats_one_missing, stats_of_yesterday,
          names_that_paths_trip_over, names_that_paths_trip_over, unattributed_before, look_alikes, escaped, spaced, deep,
          counters_swapped, large_counters)
RARE = large  # 10 KiB and more: one in a thousand


# --- Sound ones ---------------------------------------------------------------------------------------

def sound_odd(rng, modules):
    """Strange to look at, and yet nothing is wrong: not to be touched."""
    totals = add_up(modules)
    return rng.choice((
        lambda: ((0, 0, 0), rng.choice(NOT_OBJECTS + ("{}", '{"modules": null}', '{"global_stats": []}'))),
        lambda: ((0, 0, 0), '{"modules": {' + module("a", (-4, "\"x\"", "null")) + '}}'),
        lambda: (totals, document([module(key, [f'"{v}"' for v in t]) for key, t in modules], stats(totals))),
        lambda: (totals, document([module(key, [f"{v}.25" for v in t]) for key, t in modules], stats(totals))),
        lambda: (totals, document(plain(modules, extra=rng.choice(EXTRAS)), stats(totals, rng.choice(EXTRAS)), rng.choice(EXTRAS))),
        lambda: (totals, document(plain(modules), stats(totals)).replace(", ", " ,\n\t  ")),
        lambda: (totals, document([module(f'"\\u0065{json.dumps(key)[1:]}', t) for key, t in modules], stats(totals))),
        lambda: ((10 ** 18, 5, 5), document(plain(modules), stats((10 ** 18, 5, 5)))),
    ))()


def sound(rng, user_id):
    dice = rng.random()
    if dice < 0.1:
        return Learner(user_id, "new", (0, 0, 0), None, False)
    modules = some_modules(rng)
    if dice < 0.2:
        columns, text = sound_odd(rng, modules)
        return Learner(user_id, "sound_odd", columns, text, False)
    learner = Learner(user_id, "sound", (0, 0, 0), None, False)
    if dice < 0.4:
        learner.kind = "sound_with_history"
        modules = give_history(rng, learner, modules)
    learner.columns = add_up(modules)
    learner.text = written(modules, learner.columns)
    return learner


def give_history(rng, learner, modules):
    """Attempts on some days, on top of what predates Lockstep; the modules with them."""
    day = FIRST_DAY + datetime.timedelta(rng.randrange(200))
    totals = dict(modules)
    learner.attempts = []
    for _ in range(rng.randint(1, 5)):
        key, correct, tokens = rng.choice(modules)[0], rng.random() < 0.7, rng.randint(0, 12)
        learner.attempts.append((day, key, correct, tokens))
        t, q, c = totals[key]
        totals[key] = (t + tokens, q + 1, c + correct)
        day += datetime.timedelta(rng.choice((0, 0, 1, 1, 2)))
    return list(totals.items())


def drifted(rng, user_id):
    make = RARE if rng.random() < 0.001 else rng.choice(DRIFTS)
    modules = some_modules(rng)
    learner = Learner(user_id, make.__name__, (0, 0, 0), None, True)
    if make is columns_raised_only and rng.random() < 0.5:
        modules = give_history(rng, learner, modules)
    learner.columns, learner.text = make(rng, modules)
    learner.columns = tuple(learner.columns)
    return learner


def make(count, first_id=1, seed=1):
    """Every tenth three of them drifted, in no order."""
    rng = random.Random(seed)
    learners = []
    for user_id in range(first_id, first_id + count):
        learner = drifted(rng, user_id) if rng.random() < 0.3 else sound(rng, user_id)
        if rng.random() < 0.002:
            learner.is_gone, learner.is_drifted = True, False
        learners.append(learner)
    return learners


# --- Into the database ---------------------------------------------------------------------------------

def cell(value):
    if value is None:
        return "\\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")


def streaks(days):
    """(current, longest, last) of the days on which something was practised."""
    longest = run = 0
    before = None
    for day in sorted(days):
        run = run + 1 if before is not None and (day - before).days == 1 else 1
        longest, before = max(longest, run), day
    return run, longest, before


def rows_of(learner):
    """(table, row) of everything that is kept of a learner."""
    revision = len(learner.attempts)
    yield "users", (learner.id, f"p-{learner.id}", *learner.columns, learner.text, revision,
                    "2026-03-01 00:00:00" if learner.is_gone else None)
    per_day, per_module = {}, {}
    for at, (day, key, correct, tokens) in enumerate(learner.attempts, 1):
        stamp = f"{day} 10:00:00"
        yield "attempts", (learner.id, at, f"e-{at}", key, int(correct), tokens, day, stamp)
        yield "ledger", (learner.id, at, f"answer:p-{at}", hashlib.sha256(f"{learner.id}/{at}".encode()).hexdigest(),
                         f"user_{learner.id}", "answer", json.dumps([{"what": "tokens", "by": tokens}]), stamp)
        per_day[day] = per_day.get(day, 0) + 1
        total = per_module.setdefault((day, key), [0, 0, 0])
        for place, step in enumerate((1, int(correct), tokens)):
            total[place] += step
    for day, number in per_day.items():
        yield "practice_days", (learner.id, day, "answer", number)
    for (day, key), total in per_module.items():
        yield "daily_totals", (learner.id, day, key, *total)
    if per_day:
        yield "profiles", (learner.id, *streaks(per_day))


COLUMNS = {
    "users": "(id, username, tokens, questions_answered, correct_answers, hidden_grade_asset, revision, deleted_at)",
    "attempts": "(user_id, revision, exercise_id, module, is_correct, tokens, practised_on, created_at)",
    "ledger": "(user_id, revision, op_id, @hash, actor, kind, changes, created_at) SET request_hash = UNHEX(@hash)",
    "practice_days": "(user_id, day, activity, count)",
    "daily_totals": "(user_id, day, module, questions, correct, tokens)",
    "profiles": "(user_id, current_streak, longest_streak, last_practice_date)",
}


def load(connection, learners, directory):
    """Through files that the server reads; `directory` is one that it may look into."""
    paths = {table: os.path.join(directory, f"{table}.rows") for table in COLUMNS}
    files = {table: open(path, "w", encoding="utf-8", newline="\n") for table, path in paths.items()}
    for learner in learners:
        for table, row in rows_of(learner):
            files[table].write("\t".join(map(cell, row)) + "\n")
    for table, file in files.items():
        file.close()
        os.chmod(paths[table], 0o644)
        execute(connection, f"LOAD DATA INFILE '{paths[table]}' INTO TABLE {table} CHARACTER SET utf8mb4 {COLUMNS[table]}")
        os.remove(paths[table])
    execute(connection, "ANALYZE TABLE " + ", ".join(COLUMNS))
