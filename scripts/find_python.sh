#!/bin/sh
# Prints the path of a Python that can make the environment: $PYTHON if set, else the first good
# one on PATH. The plain `python3` may be older than what is needed, so the others are asked too.
set -eu

probe='import ssl, sys, urllib.request, venv, zipfile
print(sys.executable if sys.version_info >= (3, 11) else "")
print("%d.%d.%d" % sys.version_info[:3])'

seen=""
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    path=$(command -v "$name" 2>/dev/null) || continue
    # A launcher of a version manager may be there and still not run: only the answer counts.
    answer=$("$path" -c "$probe" 2>/dev/null) || { seen="$seen
  $path does not run, or lacks part of its standard library (ssl, venv)"; continue; }
    executable=$(printf '%s\n' "$answer" | sed -n 1p)
    if [ -n "$executable" ]; then
        printf '%s\n' "$executable"
        exit 0
    fi
    seen="$seen
  $path is Python $(printf '%s\n' "$answer" | sed -n 2p)"
done

cat >&2 <<EOF
Windlass needs Python 3.11 or newer, and none was found.${seen:+
Looked at:$seen}
Install one (Debian: apt-get install python3; macOS: brew install python@3.13),
or name one: make PYTHON=/path/to/python3.13 install
EOF
exit 1
