"""Proofs run small within ./test and at full size by `make proof` (LOCKSTEP_PROOF=full)."""

import os

import pytest

from harness.stack import Stack
from harness.tokens import Mint


class Size:
    def __init__(self, full):
        self.is_full = full

    def of(self, small, full):
        return full if self.is_full else small


@pytest.fixture(scope="session")
def size():
    return Size(os.environ.get("LOCKSTEP_PROOF") == "full")


@pytest.fixture
def stack():
    with Stack() as running:
        yield running


@pytest.fixture
def mint(stack):
    return Mint(stack.config)
