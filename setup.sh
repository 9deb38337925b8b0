#!/usr/bin/env bash
# Sets pi-reader up, on a desktop or as a service on a Raspberry Pi. Safe to run as often as you
# like; ./setup.sh without anything else says what it can do.
#
# On a desktop everything goes into the folder .venv here (PI_READER_VENV names another). PYTHON
# names the interpreter to use where the newest one found is not wanted. What happens on a device
# stands in systemd/install.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${PI_READER_VENV:-$here/.venv}

# Raspberry Pi OS bookworm's versions: what must go on working.
older_packages=("numpy==1.24.2" "pillow==9.4.0")
check_minutes=13 # all tests with both sets of packages

say() { printf '%s\n' "$*" >&2; }
fail() { say "setup.sh: $*"; exit 1; }

usage() {
    cat >&2 <<'TEXT'
usage: ./setup.sh demo | test | run ARGS...          on a desktop, in this folder
  demo       show the reader at work on drawn pages
  test       run all checks: ruff, mypy, shellcheck and the tests
  run        run the command pi-reader: ./setup.sh run read photo.jpg

       sudo ./setup.sh ACTION [--dry-run]            on a Raspberry Pi, for the whole system
  install [--ssh-key FILE] [--web | --no-web]
                             install and start the service; that key may ask it for a few things;
                             the page in a browser is switched on or off
  upgrade                    switch to this version, or back if it does not start
  uninstall [--purge]        remove it; --purge also removes settings and all that it learned
  backup FILE                write settings and all that it learned into one file
  restore FILE               put them back, all or nothing
  check                      say what is installed, and what is not as it should be
  --dry-run                  only print what would be done
TEXT
    exit 2
}

# Prints an interpreter that is new enough; the one named by PYTHON, and no other, if it is set.
find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
            || fail "PYTHON is $PYTHON, which is not Python 3.11 or newer; name another or unset it"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "needs Python 3.11 or newer; on Debian or Raspberry Pi OS: sudo apt install python3 python3-venv"
}

# Debian ships Python without venv and pip; as root that can be mended here.
need_venv() {
    local python=$1
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Python's venv is missing; installing python3-venv"
        apt-get update -qq || say "apt could not refresh its lists; trying with the old ones"
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            python3-venv python3-pip >/dev/null || fail "apt could not install python3-venv"
        if "$python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    fi
    fail "Python's venv is missing; install it with: sudo apt install python3-venv python3-pip"
}

# make_venv FOLDER MARK REQUIREMENT...: a virtual environment with those packages. The mark is
# written last, so that one that was interrupted or is for other requirements is made anew.
make_venv() {
    local folder=$1 python mark
    shift
    python=$(find_python)
    mark="$("$python" -c 'import sys; print(sys.version)') $* $(cat "$here/pyproject.toml")"
    if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.made-for" 2>/dev/null)" = "$mark" ]; then
        return
    fi
    need_venv "$python"
    say "setting up $folder (once)"
    "$python" -m venv --clear "$folder" || fail "could not make $folder; is the disk full?"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" \
        || fail "could not install the packages; is there a network? run it again when there is"
    printf '%s' "$mark" >"$folder/.made-for"
}

# run_tests VENV WORDS...: pytest; what fails beside others is run once more, alone, and must pass.
run_tests() {
    local folder=$1 failed=0
    shift
    say "tests with $("$folder/bin/python" -c \
        'import sys, numpy, PIL; print("Python", sys.version.split()[0], "numpy", numpy.__version__, "Pillow", PIL.__version__)')"
    "$folder/bin/python" -m pytest -q -n auto --maxprocesses 8 --dist worksteal "$@" || failed=$?
    [ "$failed" = 1 ] || return "$failed"
    say "what failed, once more: a machine that is busy is late for tests that wait"
    "$folder/bin/python" -m pytest -q --last-failed --maxfail 3 "$@" -n 0
}

# The tools and newest packages in one environment, bookworm's packages in another. Words given are
# pytest's: ./setup.sh test -m quick, ./setup.sh test -n 0 -s tests/test_run.py
run_checks() {
    local tools=$venv-dev
    cd "$here"
    [ $# -gt 0 ] || say "all checks take about $check_minutes minutes on two cores," \
        "and the first time some more to fetch the packages"
    make_venv "$tools" -e "${here}[dev]"
    "$tools/bin/ruff" check .
    "$tools/bin/ruff" format --check .
    "$tools/bin/mypy"
    "$tools/bin/shellcheck" -x -a setup.sh .ci/run
    run_tests "$tools" "$@"
    if "$tools/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        make_venv "$venv-older" "${older_packages[@]}" -e "$here" pytest pytest-xdist gpiozero==1.6.2 \
            paho-mqtt==1.6.1
        run_tests "$venv-older" "$@"
    fi
}

[ $# -gt 0 ] || usage
action=$1
shift
case $action in
    demo) make_venv "$venv" -e "$here"; exec "$venv/bin/pi-reader" demo "$@" ;;
    run) make_venv "$venv" -e "$here"; exec "$venv/bin/pi-reader" "$@" ;;
    test) run_checks "$@" ;;
    install | upgrade | uninstall | backup | restore | check)
        # shellcheck source=systemd/install.sh
        . "$here/systemd/install.sh"
        device "$action" "$@"
        ;;
    *) usage ;;
esac
