"""Holds the database against what the load client was told: nothing acknowledged lost, nothing
counted twice, every place agreeing, every reply the truth of its own revision."""

from harness import truth
from harness.database import query


class Acknowledged:
    """The load client's log, read."""

    def __init__(self, path):
        self.answers = {}  # answerId -> what was acknowledged
        self.unknown = {}
        self.acknowledged_ms = []
        self.failures = []  # (ms, status)
        self.differing = []
        self.refused = []
        with open(path, encoding="utf-8") as file:
            for line in file:
                kind, _, rest = line.rstrip("\n").partition(" ")
                getattr(self, f"_read_{kind}")(rest.split(" "))

    @staticmethod
    def _answer(words):
        learner, _, module, correct, tokens = words[1:6]
        return {"learner": int(learner), "module": module, "correct": int(correct), "tokens": int(tokens)}

    def _read_A(self, words):
        assert words[2] not in self.answers, f"{words[2]} twice in the log"
        self.answers[words[2]] = {**self._answer(words), "revision": int(words[6]), "total": int(words[7])}
        self.acknowledged_ms.append(int(words[0]))

    def _read_U(self, words):
        self.unknown[words[2]] = self._answer(words)

    def _read_F(self, words):
        self.failures.append((int(words[0]), int(words[1])))

    def _read_D(self, words):
        self.differing.append(words[2])

    def _read_R(self, words):
        self.refused.append(" ".join(words))

    def first_after(self, moment_ms):
        """When the next answer was acknowledged after that moment; None when none was."""
        return min((ms for ms in self.acknowledged_ms if ms >= moment_ms), default=None)


def check(connection, log, user_ids):
    """Raises with the first difference; returns how many answers were held against the database."""
    assert not log.refused, f"refused: {log.refused[:5]}"
    assert not log.differing, f"two replies to one answer: {log.differing[:5]}"
    for user_id in user_ids:
        _check_learner(connection, log, user_id)
    return len(log.answers)


def _check_learner(connection, log, user_id):
    rows = query(connection, "SELECT exercise_id, module, is_correct, tokens, revision FROM attempts"
                 " WHERE user_id = %s ORDER BY revision", (user_id,))
    stored = {row["exercise_id"]: row for row in rows}
    assert len(stored) == len(rows), f"learner {user_id}: an answer was counted twice"
    acknowledged = {key: answer for key, answer in log.answers.items() if answer["learner"] == user_id}
    lost = set(acknowledged) - set(stored)
    assert not lost, f"learner {user_id}: {len(lost)} acknowledged answers lost, such as {sorted(lost)[:3]}"
    strange = {key for key in set(stored) - set(acknowledged)
               if log.unknown.get(key, {}).get("learner") != user_id}
    assert not strange, f"learner {user_id}: answers that nobody sent: {sorted(strange)[:3]}"
    total = 0
    for row in rows:
        total += row["tokens"]
        answer = acknowledged.get(row["exercise_id"]) or log.unknown[row["exercise_id"]]
        assert (row["module"], row["is_correct"], row["tokens"]) == \
            (answer["module"], answer["correct"], answer["tokens"]), f"{row} is not {answer}"
        if "revision" in answer:
            assert (answer["revision"], answer["total"]) == (row["revision"], total), \
                f"{row['exercise_id']}: told {answer}, stored {row} at a total of {total}"
    truth.assert_agrees(connection, user_id, truth.attempts_of(connection, user_id))
    operations = query(connection, "SELECT op_id FROM ledger WHERE user_id = %s", (user_id,))
    assert sorted(row["op_id"] for row in operations) == sorted(f"answer:{key}" for key in stored)
