#!/bin/sh
# Fills .venv: `tools/environment.sh` with what runs Kitline, `tools/environment.sh dev` with
# everything for development too. Nothing is installed outside .venv.
set -eu
cd "$(dirname "$0")/.."
wanted=".${1:+[$1]}"

fits() { # $1 is a Python of 3.11 or later that has venv
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

say_what_is_missing() {
  for python in python3.14 python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "kitline: $python has no venv: install it (Debian, Ubuntu: apt-get install python3-venv)." >&2
      exit 1
    fi
  done
  echo "kitline: Python 3.11 or later is needed, with venv (Debian 12: apt-get install python3 python3-venv)." >&2
  exit 1
}

if ! fits .venv/bin/python; then
  for python in python3.13 python3.12 python3.11 python3 none; do
    [ "$python" = none ] && say_what_is_missing
    if fits "$python"; then break; fi
  done
  "$python" -m venv --clear .venv
fi

if ! uv="$(command -v uv)" || ! "$uv" --version >/dev/null 2>&1; then
  uv=.venv/bin/uv
  "$uv" --version >/dev/null 2>&1 || .venv/bin/python -m pip install --quiet uv
fi
"$uv" pip install --quiet --python .venv/bin/python -c constraints.txt -e "$wanted"
