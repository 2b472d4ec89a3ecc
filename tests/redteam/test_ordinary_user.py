"""The walls stand where the service is not root's, too: tests/as_ordinary_user, with a few of the attacks. By hand it
runs all suites so."""
import os
import subprocess
import sys

import pytest

from pbaas_process import ROOT

ATTACKS = "test_the_gateway or profile_of_a_neighbour or namespaces_of_its_own"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_attacks_fail_as_well_where_the_service_is_an_ordinary_users():
    said = subprocess.run([ROOT / "tests/as_ordinary_user", sys.executable, "-m", "pytest", "-q", "tests/redteam",
                           "-k", ATTACKS], capture_output=True, text=True, timeout=300, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert " passed" in said.stdout and "failed" not in said.stdout
