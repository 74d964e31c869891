#!/usr/bin/env bash
# Sets a checkout up: programs of the distribution, a virtual environment, the locked dependencies, llama.cpp compiled.
# Run again it changes nothing, and takes a moment. `setup.sh lab` adds the servers that the demonstration
# and the tests start, `setup.sh tests` also a browser and what builds networks, `setup.sh train` the libraries that only training imports. PYTHON names another interpreter than python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
purpose=${1:-run}
PYTHON=${PYTHON:-python3}
PATH=$PATH:/usr/sbin:/sbin
venv=$PWD/.venv

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }

has() { command -v "$1" >/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_install() { has apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }

# Whether .venv can be used: an upgrade of the distribution may have taken its interpreter away, and its scripts name the
# folder that it was made in.
sound() {
    "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
        grep -qF "$venv/bin/" "$venv/bin/pip" 2>/dev/null
}

# --- Programs -------------------------------------------------------------------------------------------------------

needed=() # without these there is no set-up
wanted=() # without these something says what it cannot do, or is not tested

list_missing() {
    sound || "$PYTHON" -c 'import ensurepip' 2>/dev/null || needed+=("$(basename "$PYTHON")-venv")
    has c++ || needed+=(g++)
    has nmap || wanted+=(nmap)
    [ "$purpose" = lab ] || [ "$purpose" = tests ] || return 0
    has sshd || wanted+=(openssh-server)
    has openssl || wanted+=(openssl)
    has nginx || wanted+=(nginx-light)
    [ -x /usr/lib/dovecot/imap-login ] || wanted+=(dovecot-imapd)
    has postgres || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || wanted+=(postgresql)
    [ "$purpose" = tests ] || return 0
    has ip || wanted+=(iproute2)
    has chromium || has google-chrome || wanted+=(chromium)
}

# A service that a package brings is neither started now nor at the next boot: tests/lab starts its own servers.
install() {
    local no_starts=/usr/sbin/policy-rc.d had_policy=yes
    say "installing from the distribution: $*"
    [ -e $no_starts ] || had_policy=no
    if [ $had_policy = no ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $no_starts >/dev/null
        as_root chmod 755 $no_starts
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    as_root apt-get update -qq || say "apt-get update failed; going on with the lists that are there"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$@" >/dev/null
    local service
    for service in ssh:openssh-server nginx:nginx-light dovecot:dovecot-imapd postgresql:postgresql; do
        case " $* " in *" ${service#*:} "*) as_root update-rc.d "${service%%:*}" disable >/dev/null 2>&1 || true ;; esac
    done
    if [ $had_policy = no ]; then
        as_root rm -f $no_starts
        trap - EXIT
    fi
}

programs() {
    list_missing
    [ ${#needed[@]} -gt 0 ] || [ ${#wanted[@]} -gt 0 ] || return 0
    if may_install; then
        install "${needed[@]}" "${wanted[@]}"
        return
    fi
    local all=("${needed[@]}" "${wanted[@]}")
    if has apt-get; then
        say "missing, and this user may not install it; type: sudo apt-get install -y --no-install-recommends ${all[*]}"
    else
        say "missing; install it with the package manager of this system (the names are Debian's): ${all[*]}"
    fi
    if [ ${#needed[@]} -gt 0 ] || [ -n "${CI:-}" ]; then exit 1; fi
}

# --- Virtual environment ----------------------------------------------------------------------------------------------

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" --quiet; }

# Of the packages that are compiled here only llama-cpp-python takes long. Its wheel stays in pip's cache.
dependencies() {
    pip install --require-hashes -r build-support/build-tools.lock
    "$venv/bin/python" -c 'import llama_cpp' 2>/dev/null ||
        say "installing the locked dependencies; llama.cpp is compiled for this machine, once: some minutes"
    CMAKE_ARGS="-DLLAVA_BUILD=OFF '-DCMAKE_PROJECT_llama_cpp_INCLUDE=$PWD/build-support/llama-trim.cmake' ${CMAKE_ARGS:-}" \
    CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)} \
        pip install --no-build-isolation --require-hashes -r requirements-dev.lock
    pip install --no-build-isolation --no-deps --editable .
}

state_of() { { echo "$PWD"; cat build-support/setup.sh "$@"; } | cksum; }
is_done() { [ "$(cat "$venv/$1" 2>/dev/null)" = "$2" ]; }

sound || "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    stop "netassist needs Python 3.11 or newer, and $PYTHON is $("$PYTHON" -V 2>&1); type: make PYTHON=python3.11 setup"
programs
sound || "$PYTHON" -m venv --clear "$venv"

state=$(state_of pyproject.toml requirements-dev.lock build-support/build-tools.lock build-support/llama-trim.cmake)
if ! is_done set-up "$state"; then
    dependencies
    echo "$state" >"$venv/set-up"
    say "done"
fi

if [ "$purpose" = train ]; then
    state=$(state_of requirements-train.lock)
    if ! is_done set-up-train "$state"; then
        say "installing what training needs (PyTorch)"
        pip install -r requirements-train.lock
        echo "$state" >"$venv/set-up-train"
    fi
fi
