#!/usr/bin/env python3
"""Answers what a reconciliation asks a consumer that is written in Python: `mesh.reconcile.<consumer>`.

    python3 reconcile.py nats://127.0.0.1:4222 contacts-in-python contacts.db

It needs nothing but Python 3.8: of the NATS protocol a service speaks six words. A program that has a NATS client
already takes `Contacts` and subscribes with that.

The table is the consumer's own. It keeps, beside each contact, the version that it applied last, the contact's place (the
last token of the event's subject) and what both add to digests; an edit behind its back spoils that, by a trigger:

    applied = apply(database, event, subject)      # in the consumer's handler
"""
import hashlib
import json
import socket
import sqlite3
import sys
from urllib.parse import unquote

SETUP = """
CREATE TABLE IF NOT EXISTS contacts (
  tenant TEXT, connection TEXT, place TEXT, version INTEGER, digest INTEGER, email TEXT,
  PRIMARY KEY (tenant, connection, place));
CREATE INDEX IF NOT EXISTS contacts_by_place ON contacts (tenant, connection, place, version, digest);
CREATE TRIGGER IF NOT EXISTS contacts_edited AFTER UPDATE OF email, version ON contacts
  WHEN NEW.digest = OLD.digest AND (NEW.email IS NOT OLD.email OR NEW.version IS NOT OLD.version)
  BEGIN UPDATE contacts SET digest = -1
    WHERE tenant = NEW.tenant AND connection = NEW.connection AND place = NEW.place; END;
"""
RANGE = "FROM contacts WHERE tenant = ? AND connection = ? AND place >= ? AND place < ?"
END = "\x7f"  # behind every place


def digest_mark(place, mark):
    """The first 40 bits of a SHA-256, as the mesh counts them."""
    return int.from_bytes(hashlib.sha256(f"{place}\t{mark}".encode()).digest()[:5], "big")


def apply(database, event, subject):
    """One event of a contact, as it came on its subject: crm.<tenant>.<connection>.contact.<action>.<place>.

    A repair has the version that is there already, and overwrites it.
    """
    _, _, connection, _, action, place = subject.split(".")
    tenant, connection, version = event["tenant"], unquote(connection), event["recordversion"]
    if action in ("deleted", "erased"):
        database.execute("DELETE FROM contacts WHERE tenant = ? AND connection = ? AND place = ?", (tenant, connection, place))
        return
    overwritten = "<=" if event["origin"] == "repair" else "<"
    database.execute(
        "INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version,"
        f" digest = excluded.digest, email = excluded.email WHERE contacts.version {overwritten} excluded.version",
        (tenant, connection, place, version, digest_mark(place, version), event["data"].get("email")),
    )


class Contacts:
    """What lies in the table, as docs/reconciliation.md wants it."""

    def __init__(self, database):
        self.database = database

    def answer(self, question):
        if question["ask"] == "holdings":
            return {"entities": ["contact"], "marks": "version", "events": ["contact.*"], "digests": True}
        if question.get("entity") != "contact":
            raise ValueError("only contacts are held here")
        if question["ask"] == "digests":
            return {"digests": [self.digest(question, part) for part in question["ranges"]]}
        return self.page(question)

    def digest(self, scope, part):
        values = (scope["tenant"], scope["connection"], part["from"], part.get("to", END))
        records, total = self.database.execute(f"SELECT count(*), coalesce(sum(digest), 0) {RANGE}", values).fetchone()
        return {"records": records, "digest": str(total)}

    def page(self, question):
        values = (question["tenant"], question["connection"], question["from"], question.get("to", END), question["limit"])
        rows = self.database.execute(f"SELECT place, version, digest {RANGE} ORDER BY place LIMIT ?", values).fetchall()
        packed = "\n".join(f"{place}\t{version}{'' if digest >= 0 else '!'}" for place, version, digest in rows)
        return {"packed": packed, "after": rows[-1][0]} if len(rows) == question["limit"] else {"packed": packed}


def reply(contacts, payload):
    """JSON in, JSON out; what goes wrong is told to who asked."""
    try:
        return json.dumps(contacts.answer(json.loads(payload)))
    except Exception as error:  # whatever it is: the other side waits for an answer
        return json.dumps({"error": {"code": type(error).__name__, "message": str(error)}})


def serve(url, consumer, contacts):
    """The service: a queue group, so that of several processes one answers."""
    host, port = url.split("://")[-1].split(":")
    connection = socket.create_connection((host, int(port)))
    lines = connection.makefile("rb")
    lines.readline()  # INFO
    options = {"verbose": False, "pedantic": False, "lang": "python", "name": f"{consumer} (Python)"}
    connection.sendall(f"CONNECT {json.dumps(options)}\r\nSUB mesh.reconcile.{consumer} q 1\r\n".encode())
    while line := lines.readline():
        words = line.decode().split()
        if words[0] == "PING":
            connection.sendall(b"PONG\r\n")
        elif words[0] == "-ERR":
            raise ConnectionError(line.decode().strip())
        elif words[0] == "MSG":  # MSG <subject> <sid> <reply-to> <bytes>
            payload = lines.read(int(words[-1]))
            lines.readline()
            answer = reply(contacts, payload).encode()
            connection.sendall(b"PUB %s %d\r\n%s\r\n" % (words[3].encode(), len(answer), answer))


if __name__ == "__main__":
    own = sqlite3.connect(sys.argv[3], isolation_level=None)
    own.executescript(SETUP)
    serve(sys.argv[1], sys.argv[2], Contacts(own))
