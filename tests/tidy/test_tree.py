"""The rules of the tree: layers go one way, doors are the only way out, files stay of a size one can read."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# Which layers each layer may include.
ALLOWED = {
    "base": set(),
    "env": {"base"},
    "storage": {"base", "env"},
    "graph": {"base", "env", "storage"},
    "raft": {"base", "env"},
    "replication": {"base", "env", "storage", "graph", "raft"},
    "cypher": {"base", "env", "storage", "graph"},
    "server": {"base", "env", "storage", "graph", "raft", "replication", "cypher"},
    "sim": {"base", "env", "storage", "graph", "raft", "replication", "cypher", "server"},
    "tools": {"base", "env", "storage", "graph", "replication", "cypher", "server"},
}

# Only src/env/ may touch these: everything else goes through the five doors.
DOOR_ONLY = re.compile(
    r"std::(?:jthread|thread|async|random_device|mt19937\w*|this_thread)\b"
    r"|std::chrono::(?:system|steady|high_resolution)_clock"
    r"|\b(?:fopen|fdatasync|fsync|pread|pwrite|mmap|gettimeofday|clock_gettime|getrandom|pthread_create|epoll_wait)\s*\("
    r"|#include\s*<(?:thread|fstream|boost/[^>]*|sys/socket\.h|filesystem)>")

# env/ and sim/ are the doors, real and simulated; these files serve tests only.
TEST_SUPPORT = re.compile(r"(_test\.cc|_test_util\.h|/test_\w+\.h|/fault_files\.h|/memory_file_system\.(h|cc)|/in_process_database\.h)$")

INCLUDE = re.compile(r'^#include "([^"/]+)/', re.M)


def sources():
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if line.endswith((".h", ".cc"))]


def test_layers_go_one_way():
    wrong = []
    for path in sources():
        layer = path.relative_to(SRC).parts[0]
        for included in INCLUDE.findall(path.read_text()):
            allowed = ALLOWED[layer] | {layer}
            if path.name.endswith("_test.cc"):
                allowed = allowed | {"sim"}  # simulated doors serve as test doubles
            if included not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} includes {included}/")
    assert not wrong, "\n".join(wrong)


def test_only_the_doors_touch_the_outside():
    wrong = []
    for path in sources():
        if path.relative_to(SRC).parts[0] in ("env", "sim") or TEST_SUPPORT.search(str(path)):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if DOOR_ONLY.search(line.split("//")[0]):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_no_file_is_two_things_in_one_room():
    long = [f"{p.relative_to(ROOT)}: {n} lines" for p in sources() if (n := len(p.read_text().splitlines())) > 1000]
    assert not long, "\n".join(long)
