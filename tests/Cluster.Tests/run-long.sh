#!/usr/bin/env bash
# Kills, pauses and restarts the nodes of a cluster 200 times (or as often as the first argument says) under durable traffic through all of them, and checks that every message
# arrived once, in order and under the number that its sender was told. Takes some 8 s a fault. Exit code 0 only when that held.
set -euo pipefail
cd "$(dirname "$0")"
bash ../setup.d/postgresql.sh
KYBERIUM_CLUSTER_ROUNDS="${1:-200}" dotnet test -c Release --filter "FullyQualifiedName~lose_nothing" --logger "console;verbosity=detailed"
