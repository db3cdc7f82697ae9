#!/usr/bin/env bash
# strace, for tests/Crash.Tests: it shows that every answer comes after its flush.
set -uo pipefail
command -v strace > /dev/null && exit 0
if ! command -v apt-get > /dev/null; then
  echo "strace is missing and there is no apt-get: install strace by this system's own means"
  exit 1
fi
as_root=""; [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
$as_root apt-get update -qq && $as_root apt-get install -y -qq strace > /dev/null && command -v strace > /dev/null && exit 0
echo "strace could not be installed: run 'apt-get install strace' as root, with access to the package archive"
exit 1
