#!/bin/sh
# Set up the virtual environment $VENV with everything that `make up`, `make test` and `make train` need. Does nothing
# where that was done already for the same locks; starts anew where an earlier run did not get to its end.
# Usage: VENV=.venv PYTHON=python3 sh tools/install.sh, from the root of the repository.
set -eu

locks="requirements/core.lock requirements/litellm.lock requirements/train.lock requirements/dev.lock"
bin="$VENV/bin"
ready="$VENV/.ready"
wanted="$(cat $locks requirements/encoder.lock pyproject.toml tools/install.sh | cksum) in $PWD"

if [ -f "$ready" ] && [ "$(cat "$ready")" = "$wanted" ] && [ -x "$bin/python" ]; then
    exit 0
fi
"$PYTHON" tools/check_python.py
echo "Setting up $VENV (once, some minutes; nothing is said meanwhile) ..."
if [ -f "$ready" ] && [ -x "$bin/python" ]; then
    rm "$ready"
else
    "$PYTHON" -m venv --clear "$VENV"
fi
pip() {
    "$bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@"
}
set --
for lock in $locks; do
    set -- "$@" -r "$lock"
done
pip --require-hashes "$@"
pip --require-hashes --no-deps -r requirements/encoder.lock
pip --no-deps --no-build-isolation --editable .
"$bin/python" -m compileall -q -j 0 -x '/tests?/|/litellm/proxy/|/botocore/' "$VENV/lib" || true
"$bin/python" -m routeiq.routing.training.encoder_export
echo "$wanted" > "$ready"
