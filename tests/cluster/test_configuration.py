"""Bad configurations: an error that names key, value and remedy; exit code not 0; within a second; nothing written."""
import json
import pathlib
import socket
import subprocess

import pytest
from harness import PROGRAM, Cluster, Server, free_ports, wait_for

PEERS = [{"bolt_raft_node_id": i, "ip": f"127.0.0.{i + 1}", "bolt_raft_port": 9688, "bolt_port": 9687} for i in (1, 2, 3)]


@pytest.fixture
def base(tmp_path):
    bolt, raft, http = free_ports("127.0.0.1", 3)
    return {"directory": str(tmp_path / "data"), "log_dir": str(tmp_path / "log"), "host": "127.0.0.1", "port": http,
            "bolt_port": bolt, "bolt_raft_port": raft, "bolt_raft_node_id": 1}


def run(tmp_path, config, *flags, timeout=10):
    path = tmp_path / "lgraph.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return subprocess.run([PROGRAM, "-c", str(path), "-d", "run", *flags], capture_output=True, text=True, timeout=timeout)


BAD = [
    ({"bolt_prot": 7687}, ["bolt_prot", "bolt_port"]),
    ({"nonsense_key_that_is_far_from_all": 1}, ["nonsense_key_that_is_far_from_all"]),
    ({"enable_ha": True}, ["enable_ha", "bolt_raft"]),
    ({"ha_node_join_group_s": 10}, ["ha_node_join_group_s", "bolt_raft"]),
    ({"ha_conf": "127.0.0.1:9090"}, ["ha_conf", "bolt_raft"]),
    ({"bolt_port": "7687"}, ["bolt_port"]),
    ({"bolt_port": 70000}, ["bolt_port", "70000"]),
    ({"bolt_port": -1}, ["bolt_port", "-1"]),
    ({"bolt_raft_node_id": 0}, ["bolt_raft_node_id", "0"]),
    ({"verbose": 3}, ["verbose", "3"]),
    ({"directory": ""}, ["directory"]),
    ({"disable_auth": "yes"}, ["disable_auth"]),
    ({"ssl_auth": True}, ["server_cert"]),
    ({"ssl_auth": True, "server_cert": "/nonexistent/cert.pem", "server_key": "/nonexistent/key.pem"}, ["/nonexistent/"]),
    ({"directory": "/proc/graft-cannot-write-here"}, ["/proc/graft-cannot-write-here"]),
    ({"bolt_raft_tick_interval": 0}, ["bolt_raft_tick_interval"]),
    ({"bolt_raft_init_peers": "x"}, ["bolt_raft_init_peers"]),
    ({"bolt_raft_init_peers": PEERS[:1] + PEERS[:1]}, ["bolt_raft_node_id"]),
    ({"bolt_raft_init_peers": PEERS[1:]}, ["bolt_raft_init_peers", "1"]),
    ({"bolt_raft_init_peers": [dict(PEERS[0], extra=1)]}, ["extra"]),
    ({"bolt_raft_init_peers": [{k: v for k, v in PEERS[0].items() if k != "ip"}]}, ["ip"]),
    ({"host": "127.0.0.2", "bolt_port": 9999, "bolt_raft_port": 9688, "bolt_raft_init_peers": PEERS}, ["bolt_port"]),
]


@pytest.mark.parametrize("change, words", BAD, ids=lambda x: json.dumps(x)[:60] if isinstance(x, dict) else None)
def test_bad_configuration(tmp_path, base, change, words):
    result = run(tmp_path, {**base, **change})
    text = result.stdout + result.stderr
    assert result.returncode not in (0, None) and result.returncode > 0, text
    for word in words:
        assert word in text
    assert not pathlib.Path(base["directory"]).exists(), "something was written"


def test_equal_ports(tmp_path, base):
    result = run(tmp_path, {**base, "bolt_raft_port": base["bolt_port"]})
    assert result.returncode > 0 and "bolt_port" in result.stderr + result.stdout and "bolt_raft_port" in result.stderr + result.stdout


def test_port_in_use(tmp_path, base):
    with socket.create_server(("127.0.0.1", base["bolt_port"])):
        result = run(tmp_path, base)
    assert result.returncode > 0 and "bolt_port" in result.stderr + result.stdout
    assert str(base["bolt_port"]) in result.stderr + result.stdout


def test_json_errors_have_line_and_column(tmp_path):
    result = run(tmp_path, '{\n  "bolt_port": 7687,\n  "host" 1\n}')
    assert result.returncode > 0
    assert "line 3" in result.stderr + result.stdout and "column" in result.stderr + result.stdout


def test_missing_file():
    result = subprocess.run([PROGRAM, "-c", "/nonexistent/lgraph.json"], capture_output=True, text=True, timeout=10)
    assert result.returncode > 0 and "/nonexistent/lgraph.json" in result.stderr + result.stdout


def test_tugraphs_other_keys_are_one_warning(tmp_path):
    with Server.standalone(tmp_path, durable=True, optimistic_txn=False, enable_rpc=False, bolt_io_thread_num=1) as server:
        server.wait_serving()
        lines = [line for line in server.console().splitlines() if "optimistic_txn" in line]
        assert len(lines) == 1 and all(k in lines[0] for k in ("durable", "enable_rpc", "bolt_io_thread_num"))


def test_another_nodes_directory(tmp_path):
    with Server.standalone(tmp_path / "a") as server:
        server.wait_serving()
        data = server.config["directory"]
        bolt, raft, http = free_ports("127.0.0.1", 3)
        result = run(tmp_path, {**server.config, "bolt_port": bolt, "bolt_raft_port": raft, "port": http})
        assert result.returncode > 0 and data in result.stderr + result.stdout  # in use
        assert server.stop() == 0
    result = run(tmp_path, {**server.config, "bolt_raft_node_id": 7})
    assert result.returncode > 0
    assert "bolt_raft_node_id" in result.stderr + result.stdout


def test_flags_win(tmp_path, base):
    server = Server(tmp_path / "n", base)
    bolt = free_ports("127.0.0.1", 1)[0]
    process = subprocess.Popen([PROGRAM, "-c", server.config_path, "-d", "run", "--bolt_port", str(bolt)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: socket.create_connection(("127.0.0.1", bolt), timeout=1), "the flag's port is open")
    finally:
        process.terminate()
        assert process.wait(30) == 0


def daemon(server, command):
    return subprocess.run([PROGRAM, "-c", server.config_path, "-d", command], capture_output=True, text=True, timeout=30)


def test_start_stop_restart(tmp_path, base):
    server = Server(tmp_path / "n", base)
    started = daemon(server, "start")
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        socket.create_connection(server.address, timeout=1).close()
        wait_for(lambda: server.query("RETURN 1 AS one", access="WRITE"), "serves")
        assert daemon(server, "start").returncode > 0
        assert daemon(server, "restart").returncode == 0
        wait_for(lambda: server.query("RETURN 1 AS one", access="WRITE"), "serves again")
    finally:
        assert daemon(server, "stop").returncode == 0
    with pytest.raises(OSError):
        socket.create_connection(server.address, timeout=1)
    assert daemon(server, "stop").returncode > 0


def test_version_and_help():
    assert subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).returncode == 0
    text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    for key in ("bolt_raft_init_peers", "bolt_port", "log_dir", "verbose"):
        assert key in text


def test_ids_of_another_cluster_member_are_not_taken(tmp_path):
    """A fourth server that lists the members but was never added says what to do."""
    cluster = Cluster(tmp_path)
    with cluster:
        stranger = cluster.add(4).start()
        wait_for(lambda: "addraftnode" in stranger.console().lower(), "it names addRaftNode", 20)
        assert len(cluster.leader().raft_nodes()) == 3
