"""What the documents for people say in tables is what the sources say. No service is needed."""
import re

import pytest

from document import ROOT, source

DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/api.md",
             "docs/browser-flags.md", "docs/egress.md", "docs/operations.md", "docs/recordings.md", "docs/sandbox.md",
             *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs/adr").glob("*.md")))]
CALL = re.compile(r'\bsetting\(((?:\s*"[^"]*",){4})')


def settings():
    """(variable, takes, default, what it is) of every setting."""
    return [re.findall(r'"([^"]*)"', call) for call in CALL.findall(source("src/base/config.cc"))]


def rows(document, first):
    """The cells of each row of the table whose head begins with `first`."""
    table = source(document).split(f"| {first} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_settings_in_the_readme_are_those_of_the_program():
    found = settings()
    assert len(found) == source("src/base/config.cc").count("setting(\"")
    shown = [f"| `{variable}` | {f'`{default}`' if default else ''} | {takes} | {about} |"
             for variable, takes, default, about in found]
    table = source("README.md").split("| variable |", 1)[1].split("\n\n", 1)[0]
    assert table.splitlines()[2:] == shown


def test_the_metrics_in_the_operations_guide_are_those_of_the_program():
    found = re.findall(r'{Kind::k\w+, "(\w+)"', source("src/base/metrics.cc"))
    assert [row[0].strip("`") for row in rows("docs/operations.md", "metric")] == found


def test_the_log_events_in_the_operations_guide_are_those_of_the_program():
    sources = [path for path in (ROOT / "src").rglob("*.cc") if not path.name.endswith("_test.cc")]
    logged = {event for path in sources
              for event in re.findall(r'\blog::(?:info|warn|error)\(\s*"([^"]+)"', path.read_text(encoding="utf-8"))}
    shown = {event for row in rows("docs/operations.md", "event") for event in re.findall(r"`([^`]+)`", row[0])}
    assert shown == logged


def test_the_flags_in_the_document_are_those_that_chromium_is_started_with():
    code = source("src/browser/command_line.cc") + source("src/egress/egress_flags.cc")
    given = re.findall(r'"(--[a-z][a-z-]*)', re.sub(r"//.*", "", code))
    shown = [row[0].strip("`") for row in rows("docs/browser-flags.md", "a flag")]
    assert len(shown) == len(set(shown)) and set(shown) == set(given)


@pytest.mark.parametrize("document", ["README.md", "docs/api.md"])
def test_the_endings_in_a_document_are_those_of_the_program(document):
    ends = re.findall(r'Row\{EndReason::\w+, "(\w+)", (\d+)\}', source("src/session/end_reason.cc"))
    assert [(row[0].strip("`"), row[-1]) for row in rows(document, "`end_reason`")] == ends


def test_the_layers_in_the_architecture_are_those_that_link():
    for folder, allowed, _ in rows("ARCHITECTURE.md", "folder"):
        if folder == "main":
            continue
        build = source(f"src/{folder}/CMakeLists.txt")
        layer = re.search(rf"pbaas_layer\({folder} LINKS ([^)]*?)(?:PRIVATE_LINKS|\))", build)[1]
        linked = set(re.findall(r"pbaas_(\w+)", layer))
        layers = r"\b(base|net|session|store|egress|browser|recording|worker|gateway)\b"
        assert linked == set(re.findall(layers, allowed)), folder


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", source(document)):
        if "://" not in target:
            assert ((ROOT / document).parent / target).exists(), target
