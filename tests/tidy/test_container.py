"""The container's list of packages holds what the server is linked with."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER = ROOT / "build" / "bin" / "lgraph_server"
IN_EVERY_DEBIAN = {"libc6", "libgcc-s1", "libstdc++6"}


@pytest.mark.skipif(not SERVER.exists() or shutil.which("dpkg") is None, reason="needs the built server and dpkg")
def test_the_containers_packages_hold_what_the_server_links_with():
    libraries = re.findall(r"=> (/\S+)", subprocess.run(["ldd", SERVER], capture_output=True, text=True, check=True).stdout)
    assert libraries
    owners = set()
    for library in libraries:
        name = pathlib.Path(library).resolve().name  # /lib is a link to /usr/lib: dpkg knows either path
        found = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True, check=True).stdout
        owners.add(found.splitlines()[0].split(":")[0])
    listed = {line for line in (ROOT / "docker" / "packages.txt").read_text().splitlines() if line and not line.startswith("#")}
    assert owners - IN_EVERY_DEBIAN <= listed
