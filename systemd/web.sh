# shellcheck shell=bash disable=SC2154 # install.sh, which sources this, sets the variables
# The page: its user, its units, its name in the network. All of it is there only after
# `setup.sh install --web`, and until `setup.sh install --no-web`.

web_units=(pi-reader-clerk.socket pi-reader-web.socket)
web_state=/var/lib/pi-reader-web
web_sysusers=/etc/sysusers.d/pi-reader-web.conf
web_tmpfiles=/etc/tmpfiles.d/pi-reader-web.conf
avahi_service=/etc/avahi/services/pi-reader.service

is_web() { [ -e "$root$web_sysusers" ]; }

# put_web FOLDER: switches the page on or off where that was asked for; else brings it up to date.
put_web() {
    local unit
    if [ "$web" = off ]; then drop_web; return; fi
    [ "$web" = on ] || is_web || return 0
    if ! has_package python3-segno; then
        do_it env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            python3-segno || say "without python3-segno the display shows the code, but no QR code"
    fi
    write 644 "$web_sysusers" <"$1/pi-reader-web.sysusers.conf"
    do_it systemd-sysusers "$web_sysusers"
    write 644 "$web_tmpfiles" <"$1/pi-reader-web.tmpfiles.conf"
    do_it systemd-tmpfiles --create "$web_tmpfiles"
    for unit in "${web_units[@]}" pi-reader-clerk.service pi-reader-web.service; do
        write 644 "$units/$unit" <"$1/$unit"
    done
    if [ -d "$root$(dirname "$avahi_service")" ]; then
        write 644 "$avahi_service" <"$1/pi-reader-avahi.xml"
    fi
    if is_booted; then systemctl daemon-reload; fi
    do_it systemctl enable --quiet "${web_units[@]}"
    if is_booted; then
        systemctl stop pi-reader-web.service pi-reader-clerk.service
        systemctl restart "${web_units[@]}" \
            || fail "port 80 is taken; who has it: ss -ltnp 'sport = :80'"
    fi
    outcome "the page is at http://$(uname -n).local/; sudo pi-reader web code lets you in"
}

drop_web() {
    is_web || return 0
    do_it systemctl disable --quiet --now pi-reader-web.socket pi-reader-web.service 2>/dev/null || true
    do_it rm -f "$web_sysusers" "$web_tmpfiles" "$avahi_service"
    is_linked || do_it systemctl disable --quiet --now pi-reader-clerk.socket 2>/dev/null || true
}

purge_web() {
    do_it rm -rf "$web_state" /run/pi-reader-web
    if getent passwd pi-reader-web >/dev/null; then do_it userdel pi-reader-web; fi
}

check_web() {
    local unit
    is_web || return 0
    check "user pi-reader-web" getent passwd pi-reader-web
    for unit in "${web_units[@]}"; do
        check "$unit switched on" systemctl is-enabled --quiet "$unit"
        check "$unit listens" systemctl is-active --quiet "$unit"
    done
    [ "$(id -u)" = 0 ] || return 0 # nobody else can look with its eyes
    check "the page may see how the box is doing" \
        runuser -u pi-reader-web -- test -r /run/pi-reader/status.json
}
