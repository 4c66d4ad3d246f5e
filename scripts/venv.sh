# shellcheck shell=sh
# Builds .venv with the locked packages and Hato itself in place. Sourced by scripts/up and
# scripts/test, which have changed to the project's root before. Honours whatever pip is configured
# to use on this machine; names no index of its own.

# Prints how fast a Python parses, or fails if it cannot carry Hato.
python_probe='
import sys, time
if sys.version_info < (3, 11) or sys.implementation.name != "cpython":
    raise SystemExit(1)
import ensurepip, ssl, venv
commands = b"RETR 1\r\nTOP 22 0\r\nUIDL\r\nDELE 333\r\n" * 20
rounds, end = 0, time.perf_counter() + 0.2
while time.perf_counter() < end:
    for line in commands.split(b"\r\n"):
        verb, _, argument = line.partition(b" ")
        if verb.upper() == b"RETR" and argument.isdigit():
            number = int(argument)
    rounds += 1
print(rounds)
'

# Sets `python` to the fastest Python that can make a virtual environment. Builds of the same
# version differ by a third, so a short loop decides, not the name.
choose_python() {
    if [ -n "${HATO_PYTHON:-}" ]; then
        python=$HATO_PYTHON
        "$python" -c "$python_probe" >/dev/null 2>&1 && return
        echo "HATO_PYTHON=$python is no CPython 3.11 or newer with venv and ssl." >&2
        exit 1
    fi
    python=
    best=0
    for name in python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3; do
        speed=$("$name" -c "$python_probe" 2>/dev/null) || continue
        if [ "$speed" -gt "$best" ]; then
            best=$speed
            python=$name
        fi
    done
    [ -n "$python" ] && return
    cat >&2 <<'MESSAGE'
Hato needs Python 3.11 or newer with its venv module, and found none.
On Debian or Ubuntu: apt-get install python3 python3-venv
Elsewhere, name one: HATO_PYTHON=/path/to/python3 scripts/up
MESSAGE
    exit 1
}

# What .venv was built from: the folder (a moved .venv is broken), the locked packages, the settings.
venv_stamp() {
    pwd
    cat pyproject.toml "requirements/$1.txt" | cksum
}

# prepare_venv runtime|test: does nothing when .venv is as it should be.
prepare_venv() {
    kind=$1
    stamp=.venv/hato-$kind.stamp
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(venv_stamp "$kind")" ]; then
        return
    fi
    if ! same_place || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        choose_python
        echo "Building .venv with $("$python" --version) ($(command -v "$python"))" >&2
        "$python" -m venv --clear .venv
    fi
    echo "Installing the locked packages (requirements/$kind.txt)" >&2
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input \
        --require-hashes -r "requirements/$kind.txt"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation -e .
    venv_stamp "$kind" >"$stamp"
}

# A virtual environment knows its own folder and does not work when it was moved or copied.
same_place() {
    [ -x .venv/bin/python ] &&
        .venv/bin/python -c 'import os, sys; sys.exit(not os.path.samefile(sys.prefix, ".venv"))' &&
        .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' &&
        head -n 3 .venv/bin/pip 2>/dev/null | grep -qF "$(pwd)/.venv/"
}
