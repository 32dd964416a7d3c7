"""gunicorn in production. Written, not run. Threads, because a slow reader must not hold a whole worker; the proxy buffers."""

import os
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

bind = "0.0.0.0:8000"  # inside the container network only; the proxy is the way in
workers = int(os.environ.get("WEB_WORKERS", "4"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "portal.runtime.web_worker.PatientWorker"
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
keepalive = 65  # longer than the proxy's own
timeout = 60
graceful_timeout = 30
max_requests = 5000
max_requests_jitter = 500
forwarded_allow_ips = "*"  # nothing but the proxy reaches this port

# every process counts for itself, /metrics adds up
metrics = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/tmp/metrics"))
metrics.mkdir(exist_ok=True)


def child_exit(_server: Any, worker: Any) -> None:
    """A worker that ended stops counting as alive."""
    multiprocess.mark_process_dead(worker.pid)
