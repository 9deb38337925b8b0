# shellcheck shell=bash disable=SC2154 # install.sh, which sources this, sets the variables
# The link to a broker or a web address: its user, its units, its password's rights. All of it is
# there only while the settings say link.on = true.

link_units=(pi-reader-clerk.socket pi-reader-link.service)
link_state=/var/lib/pi-reader-link
link_sysusers=/etc/sysusers.d/pi-reader-link.conf

is_linked() {
    [ -r "$root$settings/config.toml" ] || return 1
    awk '/^[[:space:]]*\[/ { inside = ($1 == "[link]") }
        inside && /^[[:space:]]*on[[:space:]]*=[[:space:]]*true/ { found = 1 }
        END { exit !found }' "$root$settings/config.toml"
}

# put_link FOLDER: switches the link on or off, as the settings say; the units are in that folder.
put_link() {
    local file
    if ! is_linked; then
        if [ -e "$link_sysusers" ]; then drop_link; fi
        return 0
    fi
    if ! has_package python3-paho-mqtt; then
        do_it env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            python3-paho-mqtt || fail "apt could not install python3-paho-mqtt; is there a network?"
    fi
    write 644 "$link_sysusers" <"$1/pi-reader-link.sysusers.conf"
    do_it systemd-sysusers "$link_sysusers"
    for file in link-password link-secret; do
        [ -e "$root$settings/$file" ] || continue
        do_it chown root:pi-reader-link "$settings/$file"
        do_it chmod 0640 "$settings/$file"
    done
    for file in pi-reader-clerk.socket pi-reader-clerk.service pi-reader-link.service; do
        write 644 "$units/$file" <"$1/$file"
    done
    if is_booted; then systemctl daemon-reload; fi
    do_it systemctl enable --quiet "${link_units[@]}"
    if is_booted; then systemctl restart "${link_units[@]}"; fi
    outcome "the link is on; sudo -u pi-reader-link pi-reader link test tries it"
}

drop_link() {
    do_it systemctl disable --quiet --now pi-reader-link.service 2>/dev/null || true
    do_it rm -f "$link_sysusers"
    is_web || do_it systemctl disable --quiet --now pi-reader-clerk.socket 2>/dev/null || true
}

# Takes the box away from its broker, and with that from Home Assistant, as far as it can be reached.
forget_link() {
    [ -e "$link_sysusers" ] || return 0
    drop_link # first: on its way out it says once more that it is offline
    is_linked || return 0
    do_it timeout 30 "$app/bin/pi-reader" link remove \
        || say "the broker could not be told; it still shows the box"
}

purge_link() {
    do_it rm -rf "$link_state"
    if getent passwd pi-reader-link >/dev/null; then do_it userdel pi-reader-link; fi
}

check_link() {
    local unit
    is_linked || return 0
    check "user pi-reader-link" getent passwd pi-reader-link
    for unit in "${link_units[@]}"; do
        check "$unit switched on" systemctl is-enabled --quiet "$unit"
    done
    check "the link runs" systemctl is-active --quiet pi-reader-link.service
    [ "$(id -u)" = 0 ] || return 0 # nobody else can look with its eyes
    check "the link may see how the box is doing" \
        runuser -u pi-reader-link -- test -r /run/pi-reader/status.json
}
