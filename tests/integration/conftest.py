"""The service under test, callers of every role, and learners made by SQL."""

import os
import subprocess

import pytest
import yaml

from harness import database, truth, worker
from harness.client import Client
from harness.openapi import Contract, check_problem
from harness.stack import Stack
from harness.tokens import Mint


class Service:
    """A running Lockstep as the tests see it: its URL, its database, its configuration."""

    def __init__(self, url, socket, config, config_path, control):
        self.url = url
        self.socket = socket
        self.config = config
        self.config_path = config_path
        self.control = control
        self.mint = Mint(config)
        self.contract = Contract(Client(url).get("/api/openapi.json").json())

    def see(self, reply):
        """Every reply of every test comes by here."""
        if reply.status >= 400 and reply.method != "HEAD":
            if reply.path.split("?")[0] not in ("/readyz", "/api/sync/health"):
                check_problem(reply)
        assert reply.headers["X-Request-Id"], f"no request id: {reply}"
        self.contract.check(reply)

    def client(self, token=None):
        return Client(self.url, token, on_reply=self.see)

    def connect(self):
        return database.connect(self.socket, self.config["database"]["name"])


def service_of(stack):
    return Service(stack.url, stack.database.socket, stack.config, stack.config_path, stack.control)


def _service_of_environment():
    with open(os.environ["LOCKSTEP_CONFIG"], encoding="utf-8") as file:
        config = yaml.safe_load(file)
    program = os.path.join(os.environ["LOCKSTEP_BUILD"], "lockstepctl")

    def control(*arguments, check=True):
        outcome = subprocess.run([program, "--config", os.environ["LOCKSTEP_CONFIG"], *arguments],
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert not check or outcome.returncode == 0, outcome.stderr
        return outcome

    return Service(os.environ["LOCKSTEP_URL"].rstrip("/"), os.environ["LOCKSTEP_SOCKET"], config,
                   os.environ["LOCKSTEP_CONFIG"], control)


@pytest.fixture(scope="session")
def service():
    """The service that ./test started, or one of its own where there is none."""
    if "LOCKSTEP_URL" in os.environ:
        yield _service_of_environment()
        return
    with Stack() as stack:
        yield service_of(stack)


@pytest.fixture(scope="session")
def mint(service):
    return service.mint


@pytest.fixture
def db(service):
    connection = service.connect()
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def sync_worker(service, tmp_path_factory):
    connection = service.connect()
    with worker.sync_worker(connection, service.config_path, tmp_path_factory.mktemp("sync")):
        yield
    connection.close()


class Learner:
    def __init__(self, service, connection, user_id, role="student"):
        self.id = user_id
        self.db = connection
        self.token = service.mint.sign(service.mint.claims(user_id, role))
        self.api = service.client(self.token)

    def answer(self, module="math", correct=True, tokens=1, **fields):
        body = {"exerciseId": "ex-unknown", "module": module, "isCorrect": correct, "tokens": tokens, **fields}
        return self.api.post("/api/answer", body)

    def progress(self):
        reply = self.api.get("/api/progress")
        assert reply.status == 200, reply
        return reply.json()

    def row(self):
        return truth.user_row(self.db, self.id)

    def checksum(self):
        return truth.checksum(self.db, self.id)

    def agrees(self, tokens=None, questions=None, correct=None):
        expected = None if tokens is None else truth.triple(tokens, questions, correct)
        truth.assert_agrees(self.db, self.id, expected)


@pytest.fixture
def new_learner(service, db):
    """Makes learners: new_learner(document=…, tokens=…, time_zone=…)."""
    made = []

    def make(role="student", **columns):
        learner = Learner(service, db, truth.create_learner(db, role=role, **columns), role)
        made.append(learner)
        return learner

    yield make
    for learner in made:
        learner.api.close()


@pytest.fixture
def learner(new_learner):
    return new_learner()


@pytest.fixture
def admin(new_learner):
    return new_learner(role="admin")


@pytest.fixture
def public(service):
    client = service.client()
    yield client
    client.close()


# A second service whose site has decided otherwise wherever it may.

OTHER_ORIGIN = "https://app.example.org"


@pytest.fixture(scope="session")
def other_keys():
    """{kid: (algorithm, private key)} of the other service."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    def pem(key):
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption())

    return {
        "spring": ("HS256", "the-spring-secret-of-another-site-0001"),
        "summer": ("HS256", "the-summer-secret-of-another-site-0002"),
        "rsa": ("RS256", pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))),
        "curve": ("ES256", pem(ec.generate_private_key(ec.SECP256R1()))),
    }


@pytest.fixture(scope="session")
def other_public_keys(other_keys):
    from cryptography.hazmat.primitives import serialization

    return {kid: serialization.load_pem_private_key(key, None).public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            for kid, (algorithm, key) in other_keys.items() if algorithm != "HS256"}


@pytest.fixture(scope="session")
def other(other_keys, other_public_keys, tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    keys = []
    for kid, (algorithm, key) in other_keys.items():
        if algorithm == "HS256":
            keys.append({"kid": kid, "algorithm": algorithm, "secret": key})
        else:
            path = directory / f"{kid}.pem"
            path.write_bytes(other_public_keys[kid])
            keys.append({"kid": kid, "algorithm": algorithm, "public_key_file": str(path)})
    overrides = {
        "workers": {"processes": 1, "threads": 4},
        "auth": {"keys": keys, "issuer": "https://issuer.example.org", "audience": "lockstep-tests",
                 "anonymous_per_minute": 3},
        "http": {"cors_origins": [OTHER_ORIGIN, "https://second.example.org"], "metrics_from": []},
        "progress": {"goal_tokens": 500},
        "answers": {"trust_client": False},
        "rules": {"surplus": "drop"},
        "events": {"settle_confidence_percent": 101, "duplicate_window_s": 10, "occasion_window_s": 3600,
                   "time_tolerance_percent": 50},
    }
    with Stack(overrides, buffer_pool_mb=64) as stack:
        yield service_of(stack)


@pytest.fixture
def other_db(other):
    connection = other.connect()
    yield connection
    connection.close()


@pytest.fixture
def new_other_learner(other, other_db):
    return lambda **columns: Learner(other, other_db, truth.create_learner(other_db, **columns))


@pytest.fixture
def other_learner(new_other_learner):
    return new_other_learner()
