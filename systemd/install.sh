# shellcheck shell=bash
# The device's half of setup.sh, which sources it: puts pi-reader on a Raspberry Pi as a service,
# keeps it up to date, and takes it off again.
#
# /opt/pi-reader is a link to one of two virtual environments, pi-reader.1 and pi-reader.2. A new
# version is built in the one that is not in use, tried, and then switched to in one step, so that
# there is a whole one at every moment, and a way back. Units come from the environment in use.
# Learned weights and everything else that a box has learned lie in /var/lib/pi-reader, which
# nothing here but `restore` and `uninstall --purge` touches.
#
# PI_READER_ROOT names another system's root folder to look at; only with --dry-run.

root=${PI_READER_ROOT:-}
dry_run=
purge=
ssh_key=
web=

app=/opt/pi-reader
command_link=/usr/local/bin/pi-reader
settings=/etc/pi-reader
state=/var/lib/pi-reader
units=/etc/systemd/system
sshd_part=/etc/ssh/sshd_config.d/pi-reader.conf
start_seconds=400 # three tries of a Zero that each take up to two minutes

needed=(python3-venv python3-setuptools python3-wheel python3-numpy python3-pil python3-tqdm
    libopenblas0-pthread python3-gpiozero python3-luma.oled fonts-dejavu-core)
pi_only=(python3-picamera2 python3-lgpio) # in Raspberry Pi OS; Debian has no such packages
switched_on=(pi-reader.service pi-reader-train.timer pi-reader-train.path pi-reader-poweroff.path)

device() {
    local action=$1
    shift
    umask 022 # whatever root's is: what is installed is for the box's user, who is not root
    take_options "$action" "$@"
    if [ "$action" = check ]; then
        check_device
        return
    fi
    [ -n "$dry_run" ] || [ "$(id -u)" = 0 ] || fail "needs root: sudo ./setup.sh $action"
    [ -n "$dry_run" ] || [ -z "$root" ] || fail "PI_READER_ROOT goes with --dry-run only"
    refuse_overlay
    case $action in
        install) need_system; install_device ;;
        upgrade) need_system; upgrade_device ;;
        uninstall) uninstall_device ;;
        backup) backup_device ;;
        restore) restore_device ;;
    esac
    if [ -n "$dry_run" ]; then say "nothing was changed; this is what $action would do"; fi
}

# Says what came of it, where something has.
outcome() { if [ -z "$dry_run" ]; then say "$@"; fi; }

take_options() {
    local action=$1
    shift
    file=
    while [ $# -gt 0 ]; do
        case $action:$1 in
            check:*) usage ;;
            *:--dry-run) dry_run=yes ;;
            uninstall:--purge) purge=yes ;;
            install:--web) web=on ;;
            install:--no-web) web=off ;;
            install:--ssh-key) ssh_key=${2:-}; [ -n "$ssh_key" ] || usage; shift ;;
            backup:[!-]* | restore:[!-]*) [ -z "$file" ] || usage; file=$(realpath -m "$1") ;;
            *) usage ;;
        esac
        shift
    done
    case $action in backup | restore) [ -n "$file" ] || usage ;; esac
}

# Runs a command, or with --dry-run only says so.
do_it() {
    if [ -n "$dry_run" ]; then
        printf 'would run:%s\n' "$(printf ' %q' "$@")"
    else
        "$@"
    fi
}

# write MODE FILE: puts what comes in there in one step.
write() {
    if [ -n "$dry_run" ]; then
        cat >/dev/null
        printf 'would write: %s\n' "$2"
        return
    fi
    mkdir -p "$(dirname "$2")"
    cat >"$2.new"
    chmod "$1" "$2.new"
    mv "$2.new" "$2"
}

# shellcheck source=systemd/steps.sh
. "$here/systemd/steps.sh"
# shellcheck source=systemd/link.sh
. "$here/systemd/link.sh"
# shellcheck source=systemd/web.sh
. "$here/systemd/web.sh"

# --- what it runs on ------------------------------------------------------------------------------

need_system() {
    local ID='' VERSION_CODENAME='' PRETTY_NAME='an unknown system'
    # shellcheck source=/dev/null
    if [ -r "$root/etc/os-release" ]; then . "$root/etc/os-release"; fi
    case $ID:$VERSION_CODENAME in
        debian:bookworm | debian:trixie | raspbian:bookworm | raspbian:trixie) ;;
        *) fail "this is $PRETTY_NAME; pi-reader is installed on Raspberry Pi OS or Debian, bookworm" \
            "or trixie. Elsewhere ./setup.sh demo and ./setup.sh run work in place" ;;
    esac
    [ -n "$dry_run" ] || command -v systemctl >/dev/null || fail "needs systemd, which is not here"
}

# With an overlay everything would be gone at the next boot.
refuse_overlay() {
    [ -r "$root/proc/mounts" ] || return 0
    if awk '$2 == "/" && $3 == "overlay" { found = 1 } END { exit !found }' "$root/proc/mounts"; then
        fail "the root file system is an overlay, so every change would be lost at the next boot;" \
            "switch it off (sudo raspi-config nonint disable_overlayfs), reboot, and try again"
    fi
}

is_raspberry_pi_os() { [ -e "$root/etc/rpi-issue" ]; }
is_booted() { [ -d /run/systemd/system ] && [ -z "$dry_run" ]; }
has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# --- what can be asked for ------------------------------------------------------------------------

install_device() {
    check_key
    install_packages
    build
    make_user "$(units_of "$new")"
    put_settings "$(units_of "$new")"
    switch_to "$new"
    migrate_state
    do_it systemctl enable --quiet "${switched_on[@]}"
    put_link "$(units_of "$new")"
    put_web "$(units_of "$new")"
    if [ -n "$ssh_key" ]; then put_key; fi
    start_reader || fail "installed, but the reader does not start: $(why_not)"
    outcome "installed; pi-reader status tells how it is doing, pi-reader doctor what it lacks"
}

# Switches to this version, and back if the reader does not start with it. One that had failed
# before says nothing about the new version, and one that was stopped on purpose stays so.
upgrade_device() {
    local before
    [ -L "$app" ] || [ -n "$dry_run" ] || fail "nothing is installed yet: sudo ./setup.sh install"
    install_packages
    build
    before=$(state_of_reader)
    make_user "$(units_of "$new")"
    switch_to "$new"
    migrate_state
    put_link "$(units_of "$new")"
    put_web "$(units_of "$new")"
    if [ "$before" = inactive ]; then
        outcome "upgraded; the reader was stopped before, and still is"
    elif start_reader; then
        outcome "upgraded and running; what it learned was not touched"
    elif [ "$before" = active ]; then
        say "the new version does not start: $(why_not)"
        switch_to "$old"
        start_reader || fail "the old version is back, but does not start either: $(why_not)"
        fail "the old version is back and runs; what it learned was not touched"
    else
        fail "upgraded, but the reader still does not start: $(why_not)"
    fi
}

uninstall_device() {
    local unit group
    forget_link
    drop_web
    do_it systemctl disable --quiet --now "${switched_on[@]}" 2>/dev/null || true
    if is_booted; then systemctl stop 'pi-reader*'; fi
    for unit in $(units_in "$units"); do
        do_it systemctl disable --quiet --now "$unit" 2>/dev/null || true
        do_it rm -f "$units/$unit"
    done
    do_it rm -f /etc/sysusers.d/pi-reader.conf /etc/tmpfiles.d/pi-reader.conf \
        "$units/pi-reader.service.d/direct.conf"
    do_it rmdir "$units/pi-reader.service.d" 2>/dev/null || true
    if [ -e "$sshd_part" ]; then
        do_it rm -f "$sshd_part"
        reload_sshd
    fi
    if is_our_command; then do_it rm -f "$command_link"; fi
    do_it rm -rf "$app" "$app.1" "$app.2" "$app.next" "$app.build" /run/pi-reader
    if is_booted; then
        systemctl daemon-reload
        systemctl reset-failed 'pi-reader*' 2>/dev/null || true
    fi
    if [ -z "$purge" ]; then
        say "kept: $settings, $state and the user pi-reader; --purge removes them, too"
        return
    fi
    do_it rm -rf "$settings" "$state" "$state.before-restore" "$units"/pi-reader*.d
    purge_link
    purge_web
    if getent passwd pi-reader >/dev/null; then
        end_connections
        do_it userdel pi-reader
    fi
    for group in pi-reader pi-reader-view; do
        if getent group "$group" >/dev/null; then do_it groupdel "$group"; fi
    done
    outcome "removed everything of pi-reader; apt's packages stay"
}

# What a key has left open would keep the user from being removed.
end_connections() {
    local tenth
    do_it pkill -KILL -u pi-reader || return 0
    for ((tenth = 0; tenth < 100; tenth++)); do
        if [ -n "$dry_run" ] || ! pgrep -u pi-reader >/dev/null; then return 0; fi
        sleep 0.1
    done
}

backup_device() {
    need_installation
    do_it "$app/bin/python" -I -m pi_reader.service.backup save "$file"
}

# The backup is looked through before anything is stopped; whatever comes of it, the box then runs
# again, unless it was stopped before.
restore_device() {
    need_installation
    do_it "$app/bin/python" -I -m pi_reader.service.backup check "$file"
    if is_booted; then
        if [ "$(state_of_reader)" != inactive ]; then
            trap 'systemctl start --no-block "${switched_on[@]}"' EXIT
        fi
        systemctl stop 'pi-reader*'
        systemctl reset-failed 'pi-reader*' 2>/dev/null || true
    fi
    do_it "$app/bin/python" -I -m pi_reader.service.backup restore "$file"
    do_it systemd-tmpfiles --create /etc/tmpfiles.d/pi-reader.conf
    outcome "restored; what was there before lies in $state.before-restore"
}

need_installation() {
    [ -x "$app/bin/python" ] || [ -n "$dry_run" ] \
        || fail "nothing is installed yet: sudo ./setup.sh install"
}

check_device() {
    local name problems=
    # check WORDS COMMAND...: a line that says whether the command succeeds.
    check() {
        if "${@:2}" >/dev/null 2>&1; then printf 'ok       %s\n' "$1"; return; fi
        printf 'MISSING  %s\n' "$1"
        problems=yes
    }
    (need_system) || problems=yes
    while read -r name; do check "package $name" false; done < <(missing_packages)
    check "user pi-reader" getent passwd pi-reader
    check "group pi-reader-view" getent group pi-reader-view
    check "pi-reader $(version_here) in $app" test "$("$app/bin/pi-reader" --version 2>/dev/null)" \
        = "pi-reader $(version_here)"
    check "command $command_link" is_our_command
    for name in $(units_in "$here/systemd"); do
        check "unit $name, as it is here" cmp "$here/systemd/$name" "$units/$name"
    done
    for name in "${switched_on[@]}"; do
        check "$name switched on" systemctl is-enabled --quiet "$name"
    done
    check "settings that can be used" "$app/bin/python" -I -c \
        'from pi_reader.config import *; load_settings(find_folders().settings)'
    if [ -e "$settings/authorized_keys" ]; then check "$sshd_part" test -e "$sshd_part"; fi
    check "the reader runs" systemctl is-active --quiet pi-reader.service
    check_link
    check_web
    [ -z "$problems" ] || fail "not all is as it should be; sudo ./setup.sh install mends most of it"
    say "all is as it should be; pi-reader doctor looks at camera, pins and display"
}
