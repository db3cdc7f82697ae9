#!/usr/bin/env bash
# Builds everything and runs every test. Ends with "N passed, N failed, N skipped"; exit code 0 only when nothing failed.
# Usage: tests/run.sh [arguments passed on to dotnet test, e.g. --filter FullyQualifiedName~MlKem]
set -uo pipefail
export DOTNET_CLI_UI_LANGUAGE=en   # the sums below read dotnet's own words
cd "$(dirname "$0")/.."

for step in tests/setup.d/*.sh; do   # each installs what its tests need, and does nothing when that is there
  [ -e "$step" ] || continue
  bash "$step" || { echo "setup step $step failed; its message above says what is missing"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
done

dotnet build Akka.Engine.sln -c Release || { echo "the build failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One test assembly at a time: several start processes and measure them, and two cores are not for sharing.
dotnet test Akka.Engine.sln -c Release --no-build -m:1 "$@" | tee "$log"
status=${PIPESTATUS[0]}

sum() { grep -oE "$1: +[0-9]+" "$log" | awk '{ total += $2 } END { print total + 0 }'; }
passed=$(sum Passed) failed=$(sum Failed) skipped=$(sum Skipped)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi   # an assembly that crashed reports no count
if [ "$passed" -eq 0 ]; then echo "no test ran"; status=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
