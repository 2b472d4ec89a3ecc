"""web/openapi.json agrees with itself and with the program's sources. No service is needed."""
import re
from itertools import chain

import pytest
from jsonschema import Draft202012Validator

from document import DOCUMENT, METHODS, OPERATIONS, check_json, resolve, source, walk

SCHEMAS = DOCUMENT["components"]["schemas"]
OPTIONS = SCHEMAS["SessionOptions"]["properties"]


def test_it_is_openapi_3_1_with_all_an_operation_needs():
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert {"title", "version", "description"} <= set(DOCUMENT["info"])
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for each in OPERATIONS:
        assert each.own["summary"] and set(each.own["tags"]) <= tags, each
        assert each.own["responses"], each
    for path, item in DOCUMENT["paths"].items():
        assert path.startswith("/")
        assert set(item) <= {"parameters", *METHODS}, path


def test_operation_ids_are_unique():
    ids = [each.own["operationId"] for each in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_every_reference_resolves():
    references = [node for _, node in walk(DOCUMENT) if isinstance(node, dict) and "$ref" in node]
    assert len(references) > 100
    for each in references:
        resolve(each)


def test_every_component_is_used():
    used = {node["$ref"] for _, node in walk(DOCUMENT) if isinstance(node, dict) and "$ref" in node}
    for kind in ("schemas", "parameters", "headers", "responses", "examples"):
        for name in DOCUMENT["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


def test_every_schema_is_a_json_schema():
    schemas = [node["schema"] for _, node in walk(DOCUMENT) if isinstance(node, dict) and "schema" in node]
    for each in [*schemas, *SCHEMAS.values()]:
        Draft202012Validator.check_schema(each)


def test_every_name_in_a_path_is_a_parameter():
    for each in OPERATIONS:
        declared = {parameter["name"] for parameter in each.parameters if parameter["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", each.path)), each


def test_examples_are_what_their_schemas_say():
    media = [node for _, node in walk(DOCUMENT) if isinstance(node, dict) and {"schema", "examples"} <= set(node)]
    assert len(media) > 5
    for node in media:
        for example in node["examples"].values():
            check_json(resolve(example)["value"], node["schema"])
    for schema in [*SCHEMAS.values(), *OPTIONS.values()]:
        for example in schema.get("examples", []):
            check_json(example, schema)


def faults():
    rows = re.findall(r'Row\{Fault::\w+, (\d+), "(\w+)"', source("src/base/error.cc"))
    return {word: int(status) for status, word in rows}


def test_the_reasons_are_those_of_the_program():
    assert set(SCHEMAS["Reason"]["enum"]) == set(faults()) - {"cancelled"}


def test_the_example_of_a_reason_has_the_title_of_the_program():
    titles = dict(re.findall(r'Row\{Fault::\w+, \d+, "(\w+)",\s+"([^"]*)"', source("src/base/error.cc")))
    for reason, example in DOCUMENT["components"]["examples"].items():
        assert (example["value"]["reason"], example["value"]["title"]) == (reason, titles[reason])


def test_every_reason_stands_under_its_own_status():
    statuses = faults()
    for each in OPERATIONS:
        for status in each.own["responses"]:
            if int(status) < 400:
                continue
            for reason in each.reasons(status):
                assert statuses[reason] == int(status), (each, reason)


def test_every_reason_is_of_some_operation_or_of_every_path():
    documented = {reason for each in OPERATIONS for status in each.own["responses"] if int(status) >= 400
                  for reason in each.reasons(status)}
    # A wrong method is no operation of the document.
    assert set(faults()) - documented == {"cancelled", "method_not_allowed"}


def test_the_endings_are_those_of_the_program():
    rows = re.findall(r'Row\{EndReason::\w+, "(\w+)", (\d+)\}', source("src/session/end_reason.cc"))
    assert SCHEMAS["EndReason"]["enum"] == [word for word, _ in rows]
    documented = [(each["reason"], str(each["code"])) for each in DOCUMENT["x-close-codes"]["session"]]
    assert documented == rows
    for each in chain(*DOCUMENT["x-close-codes"].values()):
        assert f"| {each['code']} | `{each['reason']}` |" in DOCUMENT["info"]["description"]


def test_the_ends_of_a_connection_are_those_of_the_program():
    frames = "".join(source(f"src/net/{name}.cc") for name in ("frame_walker", "relay", "relay_loop"))
    said = {(int(code), reason) for code, reason in re.findall(r'\{(\d{4}), "(\w+)"\}', frames)}
    assert {(each["code"], each["reason"]) for each in DOCUMENT["x-close-codes"]["connection"]} == said


def test_the_fields_of_a_session_are_those_of_the_program():
    shown = re.findall(r'object\["(\w+)"\] =', source("src/session/session_json.cc") + source("src/session/options.cc"))
    assert set(SCHEMAS["Session"]["properties"]) == set(shown)
    assert set(SCHEMAS["Session"]["required"]) == set(shown)


def test_the_options_are_those_of_the_program():
    read = re.findall(r'OptionField\{"(\w+)",', source("src/session/option_fields.cc"))
    assert list(OPTIONS) != [] and set(OPTIONS) == set(read)


def test_the_parameters_of_a_list_are_those_of_the_program():
    read = re.findall(r'\{"(\w+)", .+, read_\w+\}', source("src/gateway/session_routes.cc"))
    listed = DOCUMENT["paths"]["/session"]["get"]["parameters"]
    documented = [resolve(each)["name"] for each in listed]
    assert sorted(documented) == sorted([*read, "metadata"]) and "worker" in read


def constant(name):
    return float(re.search(rf"{name} = ([\d.]+);", source("src/session/option_fields.cc"))[1])


def setting_range(variable):
    least, most = re.search(rf'setting\("{variable}", "\D*(\d+) to (\d+)', source("src/base/config.cc")).groups()
    return int(least), int(most)


def test_the_limits_of_options_are_those_of_the_program():
    viewport = SCHEMAS["Viewport"]["properties"]
    for side in ("width", "height"):
        assert viewport[side]["minimum"] == constant("kPixelsMin")
        assert viewport[side]["maximum"] == constant("kPixelsMax")
    scale = viewport["device_scale_factor"]
    assert (scale["minimum"], scale["maximum"]) == (constant("kScaleMin"), constant("kScaleMax"))
    assert OPTIONS["user_agent"]["maxLength"] == constant("kUserAgentBytesMax")
    assert OPTIONS["args"]["maxItems"] == constant("kArgsMax")
    assert OPTIONS["metadata"]["maxProperties"] == constant("kMetadataPairsMax")
    assert OPTIONS["metadata"]["propertyNames"]["maxLength"] == constant("kMetadataKeyBytesMax")
    assert OPTIONS["metadata"]["additionalProperties"]["maxLength"] == constant("kMetadataValueBytesMax")


@pytest.mark.parametrize("option, variable", [
    ("timeout", "SESSION_TIMEOUT"), ("idle_timeout", "IDLE_TIMEOUT"), ("queue_timeout", "QUEUE_TIMEOUT")])
def test_the_times_of_options_are_those_of_the_settings(option, variable):
    assert (OPTIONS[option]["minimum"], OPTIONS[option]["maximum"]) == setting_range(variable)


def test_the_flags_are_those_of_the_program():
    allowed = dict(re.findall(r'\{"(--[\w-]+)", "([^"]*)", \w+\}', source("src/session/chromium_args.cc")))
    assert len(allowed) > 20
    plain, *valued = SCHEMAS["ChromiumArg"]["anyOf"]
    assert set(plain["enum"]) == {name for name, takes in allowed.items() if not takes}
    named = {each["pattern"].lstrip("^").partition("=")[0] for each in valued}
    assert named == {name for name, takes in allowed.items() if takes}


PATH = r'((?:session|collection|"[^"]*")(?: \+ "[^"]*")*), '
ADDED = [re.compile(r'router\.add\("(\w+)", ' + PATH), re.compile(r"router\.(add_upgrade)\(" + PATH)]
FILE = re.compile(r'add_file\(router, "([^"]+)", ')


def routes():
    """(method, path) of every route in the sources."""
    found = set()
    for name in ("session", "recording", "connect", "discovery", "service"):
        text = source(f"src/gateway/{name}_routes.cc")
        added = [row for pattern in ADDED for row in pattern.findall(text)]
        # add_file is told its path, so its own line names none.
        assert len(added) == len(re.findall(r"router\.add(?:_upgrade)?\((?!\"GET\", path,)", text)), name
        for method, pattern in added:
            root = {"s": "/session/{id}", "c": "/session"}.get(pattern[0], "")
            path = root + "".join(re.findall(r'"([^"]*)"', pattern))
            found.add(("GET" if method == "add_upgrade" else method, path))
        found |= {("GET", path) for path in FILE.findall(text)}
    return found


def test_every_route_of_the_program_is_documented_and_no_other():
    documented = {(each.method, each.path) for each in OPERATIONS}
    served = {("GET", "/docs/swagger-ui.css"), ("GET", "/docs/swagger-ui-bundle.js")}
    assert routes() | served == documented | {("GET", "/workers")}
