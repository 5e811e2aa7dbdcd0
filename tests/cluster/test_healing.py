"""Members whose files are damaged or lost get well without an operator."""
import pathlib
import shutil

from harness import wait_for

NODES = 20000


def write(cluster, first, count):
    cluster.leader().write("UNWIND range($from, $to) AS i CREATE (:big {id: i, text: 'text of ' + toString(i)})", {"from": first, "to": first + count - 1})


def healed(cluster, server, total):
    """The server has served, all the data is there, and its sums are the others'."""
    wait_for(lambda: server.query("MATCH (n:big) RETURN count(n) AS n") == [{"n": total}], f"node {server.node_id} serves all", 60)
    cluster.wait_applied(60)

    def equal():
        statuses = [s.raft_status() for s in cluster.alive()]
        return len(statuses) == 3 and all(s["state"] == "serving" for s in statuses) and len({str(s["stateSums"]) for s in statuses}) == 1
    wait_for(equal, "equal state sums", 60)
    assert not (pathlib.Path(server.config["directory"]) / "healing").exists()


def damage(path):
    """A bit of every 4 KiB of the pages."""
    with open(path, "r+b") as file:
        size = file.seek(0, 2)
        for at in range((1 << 20) + 100, size, 4096):
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 4]))


def test_damaged_pages_a_lost_log_and_a_lost_store(cluster):
    write(cluster, 0, NODES)
    cluster.wait_applied(60)
    total = NODES

    server = cluster.followers()[0]
    directory = pathlib.Path(server.config["directory"])
    assert server.stop() == 0
    current = (directory / "store" / "CURRENT").read_text()
    damage(directory / "store" / current / "pages.graft")
    write(cluster, total, 100)
    total += 100
    server.start()
    healed(cluster, server, total)
    assert (directory / "damaged-1" / "store").exists()

    server = cluster.followers()[1]
    directory = pathlib.Path(server.config["directory"])
    server.kill()
    shutil.rmtree(directory / "log")
    server.start()
    write(cluster, total, 100)
    total += 100
    healed(cluster, server, total)

    # The leader loses its store: another one leads, and fills it.
    server = cluster.leader()
    directory = pathlib.Path(server.config["directory"])
    server.kill()
    shutil.rmtree(directory / "store")
    write(cluster, total, 100)
    total += 100
    server.start()
    healed(cluster, server, total)
    write(cluster, total, 100)
    cluster.wait_applied(60)
