"""Proof: 64 clients answer for 50 learners at once, half of the answers sent twice. Afterwards
every place that keeps a total agrees exactly with what was acknowledged."""

import os

from harness import acknowledged
from harness.tools import Load, create_learners, write_learners


def test_nothing_lost_nothing_doubled(stack, mint, size):
    connection = stack.connect()
    user_ids = create_learners(connection, 50)
    learners = write_learners(os.path.join(stack.directory, "learners"), mint, user_ids)
    run = Load("answers", stack.port, stack.directory, learners=learners, connections=64,
               seconds=size.of(5, 30), twice=50)
    figures = run.finish()
    print(figures)
    log = acknowledged.Acknowledged(run.log_path)
    assert figures["failed"] == figures["unknown"] == figures["refused"] == 0, (figures, log.failures[:5])
    assert acknowledged.check(connection, log, user_ids) == figures["done"] > size.of(500, 5000)
