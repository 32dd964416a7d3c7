"""Both embedded servers together, as one folder of data: `.run/data` for the platform, `.run/test` for tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.runtime import postgres, valkey
from portal.runtime.passwords import passwords_of
from portal.runtime.postgres import APP, OWNER, Database
from portal.runtime.supervisor import Child


@dataclass(frozen=True)
class Services:
    """Running servers: addresses for the application, for its owner, and the children to watch."""

    home: Path
    database: Database
    redis_url: str
    children: tuple[Child, ...]

    def environment(self, name: str = "platform", *, owner: bool = False) -> dict[str, str]:
        """Variables for the application. Only with `owner` is the schema owner's address among them."""
        values = {
            "DATABASE_URL": self.database.url(APP, name),
            "DATABASE_APP_ROLE": APP,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": self.database.passwords["secret_key"],
        }
        return values | ({"DATABASE_OWNER_URL": self.database.url(OWNER, name)} if owner else {})


@contextlib.contextmanager
def running(home: Path, *, durable: bool) -> Iterator[Services]:
    """Start both servers on the data in this folder and stop them in order. Durable means fsync on."""
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()  # the servers run with "/" as their folder
    passwords = passwords_of(home)
    with contextlib.ExitStack() as stack:
        database, first = stack.enter_context(
            postgres.running(home, passwords, postgres.DURABLE if durable else postgres.QUICK)
        )
        port, second = stack.enter_context(valkey.running(home, passwords, durable=durable))
        yield Services(home, database, f"redis://:{passwords['redis']}@127.0.0.1:{port}/0", (first, second))
