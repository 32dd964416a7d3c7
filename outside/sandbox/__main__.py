"""`python -m outside.sandbox --port P --data DIR`: run the twin. Needs no settings."""

import argparse
import signal
from pathlib import Path

from outside.sandbox.server import serve


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt


parser = argparse.ArgumentParser(description="The sandbox twin of all outside systems.")
parser.add_argument("--port", type=int, default=8900)
parser.add_argument("--data", type=Path, required=True)
options = parser.parse_args()
signal.signal(signal.SIGTERM, _stop)
serve(options.data, options.port)
