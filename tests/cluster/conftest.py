import pathlib
import subprocess
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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate and its key."""
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = directory / "key.pem", directory / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return {"ssl_auth": True, "server_key": str(key), "server_cert": str(certificate)}
