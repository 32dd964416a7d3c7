"""What the twin remembers, in one SQLite file that survives a restart."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    shelf TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_place ON entry (shelf, name, id);
CREATE TABLE IF NOT EXISTS repeated (key TEXT PRIMARY KEY, entry INTEGER NOT NULL);
"""


class Store:
    """Shelves of named entries, newest last. Safe between threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def add(self, shelf: str, name: str, body: dict[str, Any], *, key: str = "") -> int:
        """Keep an entry and return its number; with a key that was used before, the number of then."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                number = self._add(shelf, name, body, f"{shelf}:{key}" if key else "")
                self._base.execute("COMMIT")
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
        return number

    def _add(self, shelf: str, name: str, body: dict[str, Any], key: str) -> int:
        known = (
            self._base.execute("SELECT entry FROM repeated WHERE key = ?", (key,)).fetchone() if key else None
        )
        if known:
            return int(known[0])
        text = json.dumps(body, ensure_ascii=False)
        row = self._base.execute(
            "INSERT INTO entry (shelf, name, body) VALUES (?, ?, ?)", (shelf, name, text)
        )
        number = int(row.lastrowid or 0)
        if key:
            self._base.execute("INSERT INTO repeated (key, entry) VALUES (?, ?)", (key, number))
        return number

    def put(self, shelf: str, name: str, body: dict[str, Any]) -> None:
        """Keep one entry under this name, in place of an earlier one."""
        with self._lock:
            self._base.execute("DELETE FROM entry WHERE shelf = ? AND name = ?", (shelf, name))
            text = json.dumps(body, ensure_ascii=False)
            self._base.execute("INSERT INTO entry (shelf, name, body) VALUES (?, ?, ?)", (shelf, name, text))

    def take(self, shelf: str, name: str) -> None:
        """Remove what stands under this name."""
        with self._lock:
            self._base.execute("DELETE FROM entry WHERE shelf = ? AND name = ?", (shelf, name))

    def get(self, shelf: str, name: str) -> dict[str, Any] | None:
        """The newest entry of this name."""
        entries = self.all(shelf, name, limit=1)
        return entries[0] if entries else None

    def all(self, shelf: str, name: str = "", *, limit: int = 200) -> list[dict[str, Any]]:
        """Entries of a shelf, newest first, each with its `id`, `name` and `at`."""
        sql = "SELECT id, name, at, body FROM entry WHERE shelf = ? AND (? = '' OR name = ?) ORDER BY id DESC LIMIT ?"
        with self._lock:
            rows = self._base.execute(sql, (shelf, name, name, limit)).fetchall()
        return [
            {**json.loads(body), "id": number, "name": called, "at": at} for number, called, at, body in rows
        ]
