"""The interface's document, held against a public linter, its warnings included."""

import os
import subprocess

from harness.stack import REPOSITORY


def lint(document, tmp_path):
    """The linter's exit code and what it said. It is installed once, beside the test's other state."""
    path = tmp_path / "openapi.json"
    path.write_bytes(document)
    directory = os.path.join(os.environ.get("LOCKSTEP_STATE", str(tmp_path)), "openapi-lint")
    done = subprocess.run([os.path.join(REPOSITORY, "tests", "openapi", "lint"), str(path), directory],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_the_document_passes_the_linter(public, tmp_path):
    code, said = lint(public.get("/api/openapi.json").body, tmp_path)
    assert code == 0, said


def test_the_linter_is_awake(public, tmp_path):
    """A document with a reference to nothing does not pass."""
    document = public.get("/api/openapi.json").body
    broken = document.replace(b"#/components/responses/Problem", b"#/components/responses/Nothing", 1)
    assert broken != document
    code, said = lint(broken, tmp_path)
    assert code == 1 and "no-unresolved-refs" in said, said
