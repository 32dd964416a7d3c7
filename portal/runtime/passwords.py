"""The generated passwords and keys of one data folder, in a file that only its owner reads."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

NAMES = ("superuser", "owner", "app", "redis", "secret_key", "metrics_token")


def passwords_of(home: Path) -> dict[str, str]:
    """Read `secrets` in this folder, made at the first call with mode 0600."""
    file = home / "secrets"
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in NAMES if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(48 if name == "secret_key" else 24) for name in missing}
        draft = file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump(kept, out)
        draft.replace(file)
    return kept
