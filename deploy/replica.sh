#!/bin/bash
# Written, not run. A standby that clones the primary at its first start, then follows it.
set -euo pipefail
export PGDATA=/var/lib/postgresql/18/docker
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  pg_basebackup --host=database --username=platform_replication --pgdata="$PGDATA" --wal-method=stream \
    --write-recovery-conf --create-slot --slot="replica_$(hostname | tr -c 'a-z0-9\n' '_')" --checkpoint=fast
  chmod 0700 "$PGDATA"
fi
exec postgres -c hot_standby=on -c hot_standby_feedback=on -c max_standby_streaming_delay=60s -c listen_addresses='*' -c max_connections=200
