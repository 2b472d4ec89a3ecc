"""web/openapi.json as tests read it: its operations, its references, and whether an answer is one it describes."""
import json
from pathlib import Path

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / "web/openapi.json").read_text(encoding="utf-8"))
METHODS = ("get", "put", "post", "delete")
SCHEMA_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


def resolve(node):
    """What a node says, by its own words or by its reference's."""
    while "$ref" in node:
        found = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def walk(node, path="#"):
    """Every (place, value) of the document."""
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in items:
        yield from walk(value, f"{path}/{name}")


class Operation:
    def __init__(self, path, method):
        self.path = path
        self.method = method.upper()
        self.item = DOCUMENT["paths"][path]
        self.own = self.item[method]

    def __repr__(self):
        return f"{self.method} {self.path}"

    @property
    def parameters(self):
        return [resolve(each) for each in self.item.get("parameters", []) + self.own.get("parameters", [])]

    @property
    def is_websocket(self):
        return "101" in self.own["responses"]

    @property
    def is_open(self):
        return self.own.get("security") == []

    @property
    def only_websocket(self):
        return self.is_websocket and "200" not in self.own["responses"]

    @property
    def success(self):
        """The status of an answer when nothing is wrong."""
        return next(int(status) for status in self.own["responses"] if status in ("200", "201", "202", "204", "101"))

    def reasons(self, status):
        """The reasons documented for a status."""
        schema = resolve(self.own["responses"][str(status)])["content"]["application/problem+json"]["schema"]
        return schema["allOf"][1]["properties"]["reason"]["enum"]

    def check(self, status, headers, body):
        """Asserts that this is an answer the document describes; `headers` by lower-case name."""
        responses = self.own["responses"]
        assert str(status) in responses, f"{self} answered {status}, which is not documented: {body[:300]!r}"
        response = resolve(responses[str(status)])
        check_headers(response, headers)
        if "content" not in response:
            return
        content_type = headers["content-type"].partition(";")[0]
        assert content_type in response["content"], f"{self} {status}: {content_type}"
        if content_type.endswith("json") and status != 206:  # A part of a document is none.
            check_json(json.loads(body), response["content"][content_type]["schema"])


def check_headers(response, headers):
    for name, header in response.get("headers", {}).items():
        value = headers.get(name.lower())
        assert value or name == "Retry-After", f"{name} is missing in {headers}"
        schema = resolve(header)["schema"]
        if value and schema["type"] == "integer":
            value = int(value)
        if value:
            check_json(value, schema)


def check_json(value, schema):
    # The components go along, so that references resolve within one schema.
    validator = Draft202012Validator({"allOf": [schema], "components": DOCUMENT["components"]})
    problems = [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in validator.iter_errors(value)]
    assert not problems, problems
    check_no_more(value, schema)


# What is Chromium's own may hold more than is listed.
OPEN_SCHEMAS = {"#/components/schemas/BrowserVersion", "#/components/schemas/Target"}


def check_no_more(value, schema):
    """Asserts that an answer has no field that is not documented."""
    if schema.get("$ref") in OPEN_SCHEMAS:
        return
    for each in schema.get("allOf", [])[:1]:
        check_no_more(value, each)
    schema = resolve(schema)
    if isinstance(value, list) and "items" in schema:
        for each in value:
            check_no_more(each, schema["items"])
    if isinstance(value, dict) and "properties" in schema and "additionalProperties" not in schema:
        assert set(value) <= set(schema["properties"]), set(value) - set(schema["properties"])
        for name, each in value.items():
            check_no_more(each, schema["properties"][name])


OPERATIONS = [Operation(path, method)
              for path, item in DOCUMENT["paths"].items() for method in METHODS if method in item]


def operation(method, path):
    return next(each for each in OPERATIONS if (each.method, each.path) == (method, path))
