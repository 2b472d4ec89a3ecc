"""What every Python test shares: the service under test, and a factory for services with settings of their own."""
import os
import pwd
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests/support/python"))

from fleet import Fleet  # noqa: E402  The path above comes first.
from radosgw import RadosGateway  # noqa: E402
from recorded import Site  # noqa: E402
from service import Api, Service  # noqa: E402


def pytest_collection_modifyitems(items):
    """What the whole run is held against comes last; the order is otherwise kept."""
    items.sort(key=lambda item: item.path.name == "test_documented.py")


@pytest.fixture(scope="session")
def service():
    """The service at PBAAS_URL (with PBAAS_TOKEN), else one started for this run."""
    if url := os.environ.get("PBAAS_URL"):
        yield Api(url, os.environ.get("PBAAS_TOKEN"))
        return
    own = Service(LOG_LEVEL="warn")
    try:
        yield own.start()
        own.stop()
        own.wait_nothing_left(5)
    finally:
        own.remove()


@pytest.fixture
def local(service):
    """The shared service where it is a process of this machine that can be looked into, else None."""
    return service if isinstance(service, Service) else None


@pytest.fixture
def make_service():
    """make_service(MAX_CONTEXTS=2) starts a service that ends with the test."""
    made = []

    def make(**settings):
        made.append(Service(**settings))
        return made[-1].start()

    yield make
    for each in made:
        each.remove()


@pytest.fixture
def make_fleet():
    """make_fleet(gateways=2, capacities=(4, 4), SESSION_TIMEOUT=5) starts a fleet that ends with the test."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip("PostgreSQL does not start for a user without a name")
    made = []

    def make(**settings):
        made.append(Fleet(**settings))
        return made[-1].start()

    yield make
    for each in made:
        each.remove()


@pytest.fixture(scope="session")
def object_store():
    """A real S3 server for this run. Where it cannot start the tests that need it fail, and say why."""
    server = RadosGateway()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def bucket():
    """A name that no test before has used; whoever needs the bucket makes it."""
    return f"test-{uuid.uuid4().hex[:16]}"


@pytest.fixture
def site():
    """A web site of the test's own that knows what it served."""
    made = Site()
    yield made
    made.close()
