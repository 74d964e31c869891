#!/usr/bin/env bash
# Runs pytest, with the arguments given, as a user without any capability. No second account has to be made for it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
test=(-m pytest --numprocesses auto --dist loadfile -p no:cacheprovider "$@")

if [ "$(id -u)" != 0 ]; then
    exec .venv/bin/python "${test[@]}"
fi
if unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then
    # Seen from inside, what root owns belongs to user 1000: the checkout and .venv can be read wherever they lie.
    exec unshare --user --map-user=1000 --map-group=1000 setpriv --no-new-privs .venv/bin/python "${test[@]}"
fi

# Containers often forbid user namespaces, and another user may not enter root's folders: so in a copy, as nobody.
# Dropping root's capabilities alone would not do: sshd takes user 0 for root and fails.
echo "unprivileged: no user namespaces here; the tests run in a copy, as user 65534" >&2
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar --exclude=./.git --exclude=./runs --exclude=./dist --exclude=__pycache__ -cf - . | tar -xf - -C "$copy"
mkdir "$copy/tmp"
chown -R 65534:65534 "$copy"
cd "$copy"
HOME=$copy/tmp TMPDIR=$copy/tmp PYTHONDONTWRITEBYTECODE=1 \
    setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    .venv/bin/python "${test[@]}"
