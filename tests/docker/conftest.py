"""The stack that these tests share: up once, with one gateway and one worker, and gone when they end."""
import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "redteam")]

from stack import Stack  # noqa: E402

if "DOCKER_HOST" not in os.environ:
    sys.exit("tests/docker/run starts the engine that these tests need")


@pytest.fixture(scope="session")
def stack():
    made = Stack()
    made.down()
    try:
        yield made.up()
    finally:
        made.down()


@pytest.fixture
def three_workers(stack):
    stack.up("--scale", "worker=3", "--no-recreate")
    return stack
