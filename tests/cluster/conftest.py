import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "drivers"))  # bolt.py
from harness import PROGRAM, Cluster, Server  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def program():
    assert PROGRAM.exists(), f"{PROGRAM} is not built: run `make build`"


@pytest.fixture
def cluster(tmp_path):
    with Cluster(tmp_path) as c:
        yield c


@pytest.fixture
def standalone(tmp_path):
    with Server.standalone(tmp_path) as server:
        yield server.wait_serving()
