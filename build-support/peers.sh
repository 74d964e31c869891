#!/usr/bin/env bash
# What `make bench` compares with: scanners of the distribution, and sslyze and ssh-audit from PyPI in an environment of their own,
# .peers/.
# Run again it changes nothing. A peer that cannot be had is said to be missing, and its rows are left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PYTHON=${PYTHON:-python3}
PATH=$PATH:/usr/sbin:/sbin
venv=$PWD/.peers

say() { printf 'peers: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

missing=()
has sslscan || missing+=(sslscan)
has nmap || missing+=(nmap)
has testssl || missing+=(testssl.sh)
has openssl || missing+=(openssl)
has unshare || missing+=(util-linux)
has ip || missing+=(iproute2)
if [ ${#missing[@]} -gt 0 ]; then
    if has apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
        say "installing from the distribution: ${missing[*]}"
        as_root apt-get update -qq || say "apt-get update failed; going on with the lists that are there"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            -o DPkg::Lock::Timeout=120 "${missing[@]}" >/dev/null
    else
        say "missing, and not installed (the names are Debian's): ${missing[*]}"
    fi
fi

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" --quiet; }

state=$({ echo "$PWD"; cat build-support/peers.sh build-support/peers.lock; } | cksum)
if [ "$(cat "$venv/set-up" 2>/dev/null)" != "$state" ]; then
    say "installing sslyze and ssh-audit in .peers/"
    "$PYTHON" -m venv --clear "$venv"
    # sslyze comes as source only; pip and setuptools are those of the lock file, so that its build fetches nothing else.
    sed -n '/^pip==/,$p' build-support/peers.lock >"$venv/tools.lock"
    pip install --require-hashes -r "$venv/tools.lock"
    pip install --no-build-isolation --require-hashes -r build-support/peers.lock
    echo "$state" >"$venv/set-up"
fi
