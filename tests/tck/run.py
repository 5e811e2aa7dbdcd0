#!/usr/bin/env python3
"""Runs the openCypher TCK, where ../shared/tck is present, over Bolt against a standalone server."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cluster"))
from harness import Server  # noqa: E402

TCK = ROOT.parent / "shared" / "tck"


def main():
    if not (TCK / "tck_run.py").exists():
        print(f"skipped: no TCK at {TCK}")
        return 0
    with Server.standalone(test_procedures=True) as server:
        server.wait_serving()
        command = [sys.executable, str(TCK / "tck_run.py"), "--features", str(TCK), "--uri", server.bolt_uri,
                   "--user", "admin", "--password", "73@TuGraph", "--strict-phase", "--ignored",
                   "--proc-hook", "CALL graft.test.registerProcedure($signature, $columns, $rows)", *sys.argv[1:]]
        return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
