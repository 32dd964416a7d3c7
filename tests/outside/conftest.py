"""The twin for the clients' own tests."""

from tests.sandbox import sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]
