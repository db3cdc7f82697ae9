#!/usr/bin/env bash
# Kills nodes with SIGKILL 210 times (or as often as the first argument says) under durable traffic both ways, at steps chosen before, and checks that
# every message arrived once, in order and unchanged. Takes some minutes. Exit code 0 only when that held and each step was hit at least five times.
set -euo pipefail
cd "$(dirname "$0")"
dotnet build -c Release Kyberium.Crash.csproj -v quiet -nologo
exec dotnet exec bin/Release/net10.0/Kyberium.Crash.dll run "${1:-210}" 5
