"""Writes beside what a test does, and how long each took."""
import statistics
import threading
import time

import neo4j


class Writes(threading.Thread):
    """Runs the statement, with the next of ids as $id, again and again and remembers the seconds that each write took."""

    def __init__(self, cluster, statement, ids):
        super().__init__(daemon=True)
        self.cluster, self.statement, self.ids = cluster, statement, ids
        self.stop_asked, self.took, self.error = threading.Event(), [], None

    def run(self):
        try:
            with self.cluster.driver() as driver, driver.session() as session:
                while not self.stop_asked.is_set():
                    started = time.monotonic()
                    session.run(self.statement, id=next(self.ids)).consume()
                    self.took.append(time.monotonic() - started)
        except neo4j.exceptions.Neo4jError as error:
            self.error = error

    def finish(self):
        self.stop_asked.set()
        self.join(60)
        assert self.error is None, self.error
        return self.took


def described(took):
    ordered = sorted(took)
    at = lambda q: ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1000  # noqa: E731
    return f"{len(took)} writes, mean {statistics.mean(took) * 1000:.1f} ms, p50 {at(.5):.1f}, p99 {at(.99):.1f}, max {ordered[-1] * 1000:.1f} ms"
