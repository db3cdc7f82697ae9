#!/usr/bin/env bash
# openssl and script, for tests/Pbm.Tests: certificates as an operator makes them, and a terminal for the prompt.
set -uo pipefail
command -v openssl > /dev/null && command -v script > /dev/null && exit 0
if ! command -v apt-get > /dev/null; then
  echo "openssl or script is missing and there is no apt-get: install both by this system's own means"
  exit 1
fi
as_root=""; [ "$(id -u)" -eq 0 ] || as_root="sudo -n"
$as_root apt-get update -qq && $as_root apt-get install -y -qq openssl bsdutils > /dev/null && command -v openssl > /dev/null && command -v script > /dev/null && exit 0
echo "openssl and script could not be installed: run 'apt-get install openssl bsdutils' as root, with access to the package archive"
exit 1
