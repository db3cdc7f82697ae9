#!/usr/bin/env bash
# Has 200 faults (or as many as the first argument says) of all kinds happen to a cluster of real processes under durable traffic, drawn from a seed that is printed (or the second argument),
# with nodes that go to another version and back, and checks what docs/contributing/cluster-results.md says. Needs root. Exit code 0 only when everything held.
set -euo pipefail
cd "$(dirname "$0")/../.."
bash tests/setup.d/postgresql.sh
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
KyberiumArtifacts="$other/artifacts" dotnet publish src/Host -c Release -p:Version=0.2.0 -p:RunAnalyzers=false -o "$other/programs"
touch "$other/report"
tail -f "$other/report" &
trap 'kill %1; rm -rf "$other"' EXIT
KYBERIUM_CLUSTER_REPORT="$other/report" KYBERIUM_CLUSTER_ROUNDS="${1:-200}" KYBERIUM_CLUSTER_SEED="${2:-}" KYBERIUM_CLUSTER_OTHER_VERSION="$other/programs" \
  dotnet test tests/Cluster.Tests -c Release --filter "FullyQualifiedName~Whatever_happens" --logger "console;verbosity=detailed"
