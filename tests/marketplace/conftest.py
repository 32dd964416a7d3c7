"""The twin of the outside world for tests that reach registers, bank or phones."""

from tests.sandbox import sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]
