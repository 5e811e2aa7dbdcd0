"""One database behind the official driver, as the differential tests see it: run a statement, get rows or an error."""
import dataclasses
import logging

import neo4j
import neo4j.exceptions

logging.getLogger("neo4j").setLevel(logging.CRITICAL)


@dataclasses.dataclass
class Answer:
    columns: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    code: str = ""       # of the error; "" when it succeeded
    message: str = ""

    @property
    def failed(self):
        return bool(self.code)

    @property
    def title(self):
        return self.code.rsplit(".", 1)[-1]


class Database:
    def __init__(self, uri, user=None, password=None):
        self.uri = uri
        auth = (user, password) if user else None
        self.driver = neo4j.GraphDatabase.driver(uri, auth=auth, connection_timeout=10.0, notifications_min_severity="OFF")
        self.session = self.driver.session()
        self.transaction = None

    def close(self):
        self.rollback()
        self.session.close()
        self.driver.close()

    def begin(self, timeout=20.0):
        self.transaction = self.session.begin_transaction(timeout=timeout)

    def commit(self):
        transaction, self.transaction = self.transaction, None
        try:
            transaction.commit()
            return Answer()
        except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError) as error:
            return failure(error)

    def rollback(self):
        transaction, self.transaction = self.transaction, None
        if transaction is not None:
            try:
                transaction.rollback()
            except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError):
                pass
            transaction.close()

    def run(self, text, parameters=None):
        """In the open transaction, or as a statement of its own."""
        try:
            in_transaction = self.transaction is not None
            result = self.transaction.run(text, parameters or {}) if in_transaction else self.session.run(neo4j.Query(text, timeout=20.0), parameters or {})
            columns = result.keys()
            rows = [list(record.values()) for record in result]
            result.consume()
            return Answer(list(columns), rows)
        except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError, neo4j.exceptions.BrokenRecordError) as error:
            return failure(error)

    def clear(self):
        """Nothing in it any more: no constraints, no indexes, no nodes."""
        self.rollback()
        for row in self.run("SHOW CONSTRAINTS YIELD name").rows:
            self.run(f"DROP CONSTRAINT `{row[0]}`")
        for row in self.run("SHOW INDEXES YIELD name, type").rows:
            if row[1] != "LOOKUP":
                self.run(f"DROP INDEX `{row[0]}`")
        self.run("MATCH (n) DETACH DELETE n")


def failure(error):
    code = getattr(error, "code", None) or "Driver." + type(error).__name__
    return Answer(code=code, message=getattr(error, "message", None) or str(error))
