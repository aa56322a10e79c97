#!/bin/sh
# Installs Debian's Chromium for the browser tests, where this machine lets us. Never fails: without
# a browser those tests are skipped, or fail where REQUIRE_BROWSER=1.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium for the browser tests (apt-get) ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null
fi
command -v chromium >/dev/null 2>&1 || echo "No Chromium here: the browser tests cannot run (apt-get install chromium)."
exit 0
