"""Holds every JSON reply against the service's own OpenAPI document, strictly: what the document
does not name must not be in a reply either."""

import re

import jsonschema
from jsonschema.validators import Draft202012Validator, RefResolver


class Contract:
    def __init__(self, document):
        self.document = document
        self.resolver = RefResolver.from_schema(document)
        self.paths = [(re.compile("^" + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$"), path)
                      for path in document["paths"]]
        self.seen = set()

    def operations(self):
        """{(method, path)} that the document names."""
        methods = {"get", "put", "post", "delete", "patch"}
        return {(method.upper(), path) for path, item in self.document["paths"].items()
                for method in item if method in methods}

    def path_of(self, path):
        path = path.split("?", 1)[0]
        return next((name for pattern, name in self.paths if pattern.match(path)), None)

    def _deref(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def response(self, method, path, status):
        """The response object of an operation's status, or None where the document has none."""
        name = self.path_of(path)
        operation = self.document["paths"].get(name, {}).get(method.lower()) if name else None
        if operation is None:
            return None
        responses = operation["responses"]
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX") or responses.get("default")
        return None if response is None else self._deref(response)

    def check(self, reply):
        """Asserts that a reply is what the document says of it. Replies to what is not an operation
        (404, 405) are checked as problem documents only, by the client's hook."""
        method = "GET" if reply.method == "HEAD" else reply.method
        name = self.path_of(reply.path)
        if name is None or method.lower() not in self.document["paths"][name]:
            return
        response = self.response(method, reply.path, reply.status)
        assert response is not None, f"{method} {name}: status {reply.status} is not in the document"
        self.seen.add((method, name, reply.status))
        if reply.method == "HEAD" or not reply.body:
            return
        content = response.get("content", {})
        assert reply.content_type in content, \
            f"{method} {name} {reply.status}: {reply.content_type} is not among {sorted(content)}"
        if reply.is_json:
            schema = content[reply.content_type]["schema"]
            value = reply.json()
            try:
                Draft202012Validator(schema, resolver=self.resolver).validate(value)
            except jsonschema.ValidationError as error:
                raise AssertionError(f"{reply}: {error.message} at {list(error.absolute_path)}") from None
            self.check_names(schema, value, f"{method} {name} {reply.status}")

    def check_names(self, schema, value, where):
        schema = self._deref(schema)
        variants = [schema] + [self._deref(part) for word in ("allOf", "anyOf", "oneOf")
                               for part in schema.get(word, [])]
        if isinstance(value, dict):
            properties = {}
            for variant in variants:
                properties.update(variant.get("properties", {}))
            if not properties:
                return  # any JSON
            is_open = any(variant.get("additionalProperties") not in (None, False) for variant in variants)
            for name, item in value.items():
                if name in properties:
                    self.check_names(properties[name], item, f"{where}.{name}")
                else:
                    assert is_open, f"{where}: {name} is in the reply but not in the document"
        elif isinstance(value, list):
            for variant in variants:
                if "items" in variant:
                    for at, item in enumerate(value):
                        self.check_names(variant["items"], item, f"{where}[{at}]")


def check_problem(reply):
    """Every error is a whole problem document (RFC 9457), with what the documents' clients read."""
    assert reply.content_type == "application/problem+json", f"not a problem document: {reply}"
    problem = reply.json()
    assert problem["status"] == reply.status, reply
    for name in ("type", "title", "detail", "requestId", "message", "error"):
        assert isinstance(problem[name], str) and problem[name], f"{name} of {reply}"
    if problem["type"] == "about:blank" and problem["instance"] == "":
        pass  # nginx itself, of an address that it could not read
    else:
        assert problem["instance"] == reply.path.split("?")[0], reply
    assert problem["success"] is False, reply
    assert problem["message"] == problem["error"], reply
    assert problem["requestId"] == reply.headers["X-Request-Id"], reply
    assert isinstance(problem["errors"], list), reply
    for item in problem["errors"]:
        assert set(item) == {"field", "message"}, reply
    for secret in ("SELECT ", "UPDATE ", "mysql", "MariaDB", ".c:", "ledger.", "users."):
        assert secret not in reply.body.decode("utf-8"), f"{secret!r} leaks: {reply}"
    return problem
