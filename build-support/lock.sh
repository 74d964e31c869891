#!/usr/bin/env bash
# Writes the lock files anew: versions that are locked stay, unless --upgrade (or --upgrade-package NAME) is given.
# Only the public index is asked, so that the files are the same wherever they are made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PIP_CONFIG_FILE=/dev/null CUSTOM_COMPILE_COMMAND="make lock"
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CONSTRAINT

compile() {
    .venv/bin/python -m piptools compile --quiet --strip-extras --no-emit-index-url --no-emit-trusted-host \
        --no-emit-find-links "$@"
}

compile --generate-hashes -o requirements.lock "$@" pyproject.toml
compile --generate-hashes -c requirements.lock --extra dev --allow-unsafe -o requirements-dev.lock "$@" pyproject.toml
compile --generate-hashes -c requirements-dev.lock --allow-unsafe -o build-support/build-tools.lock "$@" build-support/build-tools.in
compile --generate-hashes --allow-unsafe -o build-support/peers.lock "$@" build-support/peers.in

# No hashes, and none of the GPU libraries of the index's own build: any build of this PyTorch will do, a CPU build best.
compile -c requirements-dev.lock --extra train --allow-unsafe --no-annotate -o requirements-train.lock "$@" pyproject.toml
sed -i -E '/^(nvidia|cuda|triton)/d; s/^(torch==[0-9.]+)\+.*/\1/' requirements-train.lock
