"""Holds every answer a test gets against /openapi.json, loosely: the path, the method and the status are documented,
and the body has the types, the required members and the words the document names. What does not fit is collected
here, for the one test that asserts that nothing is."""
from functools import lru_cache

import requests

violations = []
checked = set()
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
         "null": type(None)}


@lru_cache(maxsize=64)
def document(url):
    return requests.get(url + "/openapi.json", timeout=20, headers={"Connection": "close"}).json()


def check(url, method, path, answer):
    is_head = method == "HEAD"
    method = "GET" if is_head else method  # Which answers the same, without the body.
    spec = document(url)
    if "paths" not in spec:
        violations.append(f"{url}/openapi.json is not there")
        return
    template = find_template(spec, path.split("?")[0])
    if template is None or method.lower() not in spec["paths"][template]:
        if answer.status_code not in (404, 405):
            violations.append(f"{method} {path} answers {answer.status_code} and is not documented")
        return
    responses = spec["paths"][template][method.lower()]["responses"]
    response = responses.get(str(answer.status_code)) or responses.get("default")
    if response is None:
        violations.append(f"{method} {template}: {answer.status_code} is not documented")
        return
    checked.add((method, template, answer.status_code))
    content = resolve(spec, response).get("content", {})
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if is_head:
        return
    if not answer.content:
        if kind.endswith("json"):
            violations.append(f"{method} {template} {answer.status_code}: no JSON in an empty body")
    elif kind not in content:
        violations.append(f"{method} {template} {answer.status_code}: {kind} is not documented")
    elif kind.endswith("json") and "schema" in content[kind] and answer.status_code != 206:  # A part is no document.
        for fault in misfits(spec, content[kind]["schema"], answer.json(), "body"):
            violations.append(f"{method} {template} {answer.status_code}: {fault}")


def find_template(spec, path):
    """The documented path that fits best: the one with the fewest {names}."""
    # The same collections by other names; a trailing slash means nothing.
    parts = path.replace("/sessions", "/session").replace("/workers", "/worker").rstrip("/").split("/")
    parts = parts if len(parts) > 1 else ["", ""]
    fits = [template for template in spec["paths"]
            if len(template.split("/")) == len(parts)
            and all(a == b or (a.startswith("{") and b) for a, b in zip(template.split("/"), parts))]
    return min(fits, key=lambda template: template.count("{"), default=None)


def resolve(spec, node):
    while "$ref" in node:
        target = spec
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def misfits(spec, schema, value, at):
    """What of `value` does not fit `schema`, in words."""
    schema = resolve(spec, schema)
    for part in schema.get("allOf", []):
        yield from misfits(spec, part, value, at)
    for choice in ("anyOf", "oneOf"):
        if choice in schema and all(list(misfits(spec, each, value, at)) for each in schema[choice]):
            yield f"{at} fits none of {choice}: {value!r:.100}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_kind(value, kind) for kind in kinds):
        yield f"{at} is {value!r:.100}, not {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r:.100}, not one of {schema['enum']}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{at} has no {name}"
        known = schema.get("properties", {})
        for name, member in value.items():
            if name in known:
                yield from misfits(spec, known[name], member, f"{at}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{at}.{name} is not documented"
    if isinstance(value, list) and "items" in schema:
        for number, each in enumerate(value):
            yield from misfits(spec, schema["items"], each, f"{at}[{number}]")


def is_kind(value, kind):
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, KINDS[kind])
