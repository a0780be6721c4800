"""The browser client by itself: its own tests, its declarations, what is packed and what is served of it."""

import json
import os
import re
import subprocess

import pytest

from harness.stack import REPOSITORY, build_directory

CLIENT = os.path.join(REPOSITORY, "src", "web", "client")


@pytest.mark.parametrize("name", ["client", "offline", "react", "sync", "property"])
def test_its_own_tests_pass(client_command, name):
    code, said, complaints = client_command("test", f"{name}.test.js")
    assert code == 0 and "\n# pass 0\n" not in said, said + complaints


def test_the_declarations_hold(client_command):
    code, said, complaints = client_command("types")
    assert code == 0, said + complaints


def test_the_generated_files_are_current(client_command):
    """Run `make client-types` after endpoints or fields have changed."""
    document = subprocess.run([os.path.join(build_directory(), "lockstepctl"), "openapi"], check=True, capture_output=True).stdout
    code, said, complaints = client_command("check", document=document)
    assert code == 0, said + complaints
    value = json.loads(document)
    value["paths"]["/api/new"] = {"post": {**value["paths"]["/api/answer"]["post"], "operationId": "postNew"}}
    code, _, complaints = client_command("check", document=json.dumps(value).encode())
    assert code == 1 and "api.d.ts, idempotent.js" in complaints


def test_what_is_packed(client_command):
    code, said, complaints = client_command("pack")
    assert code == 0, said + complaints
    first, *files = said.splitlines()
    version = subprocess.run([os.path.join(build_directory(), "lockstepctl"), "--version"], check=True, capture_output=True,
                             text=True).stdout.split()[-1]
    assert first == f"lockstep-client {version}"
    there = {name for name in os.listdir(CLIENT) if name.endswith((".js", ".d.ts"))}
    assert set(files) == there | {"README.md", "package.json"}


def test_an_application_that_installs_the_package(client_command):
    """What docs/frontend.md says of React, as it stands there, under the types that are packed."""
    with open(os.path.join(REPOSITORY, "docs", "frontend.md"), encoding="utf-8") as file:
        example = re.search(r"```jsx\n(.*?)```", file.read(), re.DOTALL).group(1)
    code, said, complaints = client_command("consume", document=example.encode())
    assert code == 0, said + complaints
    code, said, _ = client_command("consume", document=example.replace("totalPoints} points", "totalPionts} points").encode())
    assert code != 0 and "totalPionts" in said


def test_it_needs_nothing_but_itself():
    """A page imports it as it is served: every import is a file beside it, but for React's own entry."""
    for name in os.listdir(CLIENT):
        if not name.endswith(".js"):
            continue
        with open(os.path.join(CLIENT, name), encoding="utf-8") as file:
            imports = [line.rsplit(" from ", 1)[1].strip().strip("';") for line in file if " from '" in line]
        for path in imports:
            assert os.path.exists(os.path.join(CLIENT, path)) or (name, path) == ("react.js", "react"), (name, path)
