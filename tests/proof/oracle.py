"""What must come of a learner, computed here from the description of the data alone (docs, and the comments
of the rules): who is in breach of which rule, and what columns and document hold after the repair. Values are
compared, not their spelling; numbers are kept as they are written, so that no digit is lost on the way."""

import json
import re

COUNTERS = ("tokens_earned", "total_questions_answered", "correct_answers")
STATS = ("total_tokens_earned", "total_questions_answered", "total_correct_answers")
TOTALS_RULE = "user_totals_match_modules"
STATS_RULE = "global_stats_match_totals"
TOO_MANY = 10 ** 18  # a column of 19 digits is no count of anything
UNATTRIBUTED = "unattributed"
PLAIN = re.compile(r"([0-9]{1,18})(?:\.[0-9]{0,20})?", re.ASCII)


class Number(str):
    """A JSON number as it is written."""

    __slots__ = ()

    def __eq__(self, other):
        return isinstance(other, Number) and str.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def parse(text):
    return None if text is None else json.loads(text, parse_int=Number, parse_float=Number)


def member(value, *path):
    """None where the way breaks off, as where null stands: nobody tells the two apart here."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def count(value):
    """How a counter reads."""
    if not isinstance(value, str):  # a Number is one, too
        return 0
    match = PLAIN.fullmatch(value)
    return int(match.group(1)) if match else 0


def counters(progress):
    return tuple(count(member(progress, name)) for name in COUNTERS)


def sums(document):
    modules = member(document, "modules")
    totals = [0, 0, 0]
    for module in (modules.values() if isinstance(modules, dict) else ()):
        for at, value in enumerate(counters(member(module, "progress"))):
            totals[at] += value
    return tuple(totals)


def stats_stand(document, columns):
    """Each of the three stands there as that very number; what is missing reads as 0."""
    stats = member(document, "global_stats")
    for name, column in zip(STATS, columns):
        if isinstance(stats, dict) and name in stats:
            if stats[name] != Number(column):
                return False
        elif column != 0:
            return False
    return True


def totals_stand(document, columns):
    return max(columns) >= TOO_MANY or columns == sums(document)


def breaches(document, columns):
    """The rules that heal on read which this learner breaks."""
    broken = set()
    if not totals_stand(document, columns):
        broken.add(TOTALS_RULE)
    if not stats_stand(document, columns):
        broken.add(STATS_RULE)
    return broken


def _put(document, way, values):
    """`values` into the object at the end of the way; whatever is no object on it becomes one."""
    document = dict(document) if isinstance(document, dict) else {}
    if way:
        document[way[0]] = _put(document.get(way[0]), way[1:], values)
    else:
        document.update(values)
    return document


def repaired(document, columns):
    """(document, columns) afterwards. The document without last_sync, which is the time of it."""
    if not totals_stand(document, columns):
        found = sums(document)
        missing = tuple(max(column - total, 0) for column, total in zip(columns, found))
        if any(missing):
            before = counters(member(document, "modules", UNATTRIBUTED, "progress"))
            document = _put(document, ("modules", UNATTRIBUTED, "progress"),
                            {name: Number(old + more) for name, old, more in zip(COUNTERS, before, missing)})
        columns = tuple(max(column, total) for column, total in zip(columns, found))
    if not stats_stand(document, columns):
        document = _put(document, ("global_stats",),
                        {name: Number(column) for name, column in zip(STATS, columns)})
        document["global_stats"].pop("last_sync", None)
    return document, columns


def without_time(document):
    """The document without global_stats.last_sync."""
    if isinstance(member(document, "global_stats"), dict) and "last_sync" in document["global_stats"]:
        document = dict(document, global_stats=dict(document["global_stats"]))
        del document["global_stats"]["last_sync"]
    return document


def proven(attempts):
    """(tokens, questions, correct) that attempts prove: [(day, module, correct, tokens)]."""
    return (sum(max(a[3], 0) for a in attempts), len(attempts), sum(1 for a in attempts if a[2]))
