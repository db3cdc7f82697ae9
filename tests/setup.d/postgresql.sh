#!/usr/bin/env bash
# PostgreSQL and PgBouncer for tests/Engine.PostgreSql.Tests, from Debian's packages. The tests start servers of their own; none is left running here.
set -euo pipefail
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && [ -x /usr/sbin/pgbouncer ] && exit 0
as=(); [ "$(id -u)" = 0 ] || as=(sudo -n)
"${as[@]}" mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" | "${as[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
"${as[@]}" apt-get update -q && "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql pgbouncer || {
  echo "PostgreSQL could not be installed: install the packages postgresql and pgbouncer (or put initdb and postgres below /usr/lib/postgresql/VERSION/bin)"
  exit 1
}
