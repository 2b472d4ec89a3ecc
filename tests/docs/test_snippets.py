"""What documents tell people to paste. Each block of code in them says in a comment above it that it is run, and by
what, or why it is not."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md"] + sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*) -->\n)? *```(?P<language>\w*)\n(?P<code>.*?)\n *```", re.S)
COMMANDS = {"run: node": [str(ROOT / "tests/e2e/node_modules/.bin/node"), "-"], "run: python": [sys.executable, "-"],
            "run: sh": ["bash", "-eu", "-s"]}
# What a session or a page says; an error's answer has neither.
SIGN = re.compile(r"Hello from|\"connect_url\"")


def blocks(document):
    return [match.groupdict() for match in BLOCK.finditer((ROOT / document).read_text(encoding="utf-8"))]


def runnable():
    return [(document, number, each) for document in DOCUMENTS for number, each in enumerate(blocks(document))
            if each["mark"] in COMMANDS]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_is_run_or_says_why_not(document):
    for each in blocks(document):
        mark = each["mark"] or ""
        assert re.match(r"run: (node|python|sh)$|run by tests/\S+$|not run\b.*: .+", mark), each["code"][:60]


def name_of(value):
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize("document, number, block", runnable(), ids=name_of)
def test_a_snippet_works_as_pasted(make_service, tmp_path, document, number, block):
    service = make_service(LOG_LEVEL="warn")
    environment = {**os.environ, "PBAAS": service.url, "NODE_PATH": str(ROOT / "tests/e2e/node_modules")}
    code = block["code"].replace("http://127.0.0.1:8000", service.url).replace("ws://127.0.0.1:8000", service.ws_url)
    done = subprocess.run(COMMANDS[block["mark"]], input=code, capture_output=True, text=True, timeout=120,
                          env=environment, check=False, cwd=tmp_path)
    assert done.returncode == 0 and SIGN.search(done.stdout), done.stdout + done.stderr
