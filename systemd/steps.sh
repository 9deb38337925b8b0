# shellcheck shell=bash disable=SC2154 # install.sh and setup.sh, which source this, set the variables
# The steps of putting pi-reader on a device: packages, user, environment, units, settings, a key.
# Each may be done again, and does nothing with --dry-run but say what it would do.

missing_packages() {
    local package packages=("${needed[@]}")
    if is_raspberry_pi_os; then packages+=("${pi_only[@]}"); fi
    for package in "${packages[@]}"; do
        has_package "$package" || printf '%s\n' "$package"
    done
}

# With all of them there, no network is needed.
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ -n "$(dpkg --audit 2>/dev/null)" ]; then # apt was killed half-way, and refuses to go on
        say "finishing what apt had begun"
        do_it env DEBIAN_FRONTEND=noninteractive dpkg --configure -a \
            || say "dpkg could not finish it; apt says why"
    fi
    say "installing ${missing[*]}"
    do_it apt-get update -qq || say "apt could not refresh its lists; trying with the old ones"
    do_it env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" || fail "apt could not install ${missing[*]}; is there a network?"
}

# Makes the user, and lets it at those devices whose group exists here (see the file).
make_user() {
    local kind user group
    while read -r kind user group; do
        if [ "$kind" != m ] || getent group "$group" >/dev/null; then
            printf '%s\n' "$kind $user $group"
        fi
    done < <(grep -v '^#' "$1/pi-reader.sysusers.conf") | write 644 /etc/sysusers.d/pi-reader.conf
    do_it systemd-sysusers /etc/sysusers.d/pi-reader.conf
    # No password fits, but the account is not locked, which sshd would take for closed.
    do_it usermod --password '*' --expiredate '' pi-reader
    if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
        do_it usermod -aG pi-reader "$SUDO_USER"
        say "$SUDO_USER may ask the box from the next login on (group pi-reader)"
    fi
}

# Builds this checkout into the environment that is not in use, and tries it; sets new and old.
build() {
    local copy
    old=$(readlink "$app" || true)
    new=$app.1
    [ "$old" != "$app.1" ] || new=$app.2
    if [ -e "$app" ] && [ -z "$old" ]; then
        fail "$app is there and was not made by setup.sh; move it away"
    fi
    if [ -e "$command_link" ] && ! is_our_command; then
        fail "$command_link is there and was not made by setup.sh; move it away"
    fi
    say "building $new"
    # From a copy: a build leaves things behind, which here would belong to root. All of it happens in
    # a folder that is made anew each time, so that one that is killed leaves nothing elsewhere.
    copy=$app.build
    do_it rm -rf "$new" "$copy"
    do_it mkdir -p "$copy"
    do_it env TMPDIR="$copy" /usr/bin/python3 -I -m venv --system-site-packages "$new"
    [ -n "$dry_run" ] || (cd "$here" && cp -r pyproject.toml README.md LICENSE pi_reader systemd \
        weights "$copy")
    do_it env TMPDIR="$copy" "$new/bin/python" -I -m pip install --quiet --disable-pip-version-check \
        --no-cache-dir --no-index --no-deps --no-build-isolation "$copy" \
        || fail "could not build; is the disk full?"
    do_it rm -rf "$copy"
    # Isolated: what lies in a user's home, such as the box's state, is none of Python's business.
    do_it sed -i '1s/ -I$//; 1s/$/ -I/' "$new/bin/pi-reader"
    do_it "$new/bin/python" -I -c 'import pi_reader.reading.reader, PIL.Image, tqdm' \
        || fail "the new version does not even load; nothing was changed"
}

# Gives the state of earlier versions, where the group could write, to the box's user alone.
migrate_state() {
    if [ -e "$root$state" ] || [ -n "$dry_run" ]; then
        do_it "$app/bin/python" -I -m pi_reader.box.migrate
    fi
}

# Where the units of an environment lie.
units_of() {
    if [ -n "$dry_run" ]; then printf '%s\n' "$here/systemd"; return; fi
    printf '%s\n' "$1"/lib/python3*/site-packages/pi_reader/systemd
}

# switch_to ENVIRONMENT: from one moment to the next.
switch_to() {
    do_it ln -sfn "$1" "$app.next"
    do_it mv -T "$app.next" "$app"
    do_it ln -sfn "$app/bin/pi-reader" "$command_link"
    put_units "$(units_of "$1")"
}

# The names of all units of ours in a folder, of whatever kind.
units_in() {
    find "$1" -maxdepth 1 -type f -name 'pi-reader*' \
        -regex '.*\.\(service\|socket\|timer\|path\|target\|mount\|slice\)' -printf '%f\n' 2>/dev/null | sort
}

put_units() {
    local unit
    for unit in $(units_in "$units"); do
        if [ ! -e "$1/$unit" ]; then
            if is_booted; then systemctl disable --quiet --now "$unit" || true; fi
            do_it rm -f "$units/$unit"
        fi
    done
    for unit in $(units_in "$1"); do
        # shellcheck disable=SC2094 # two files of the same name
        write 644 "$units/$unit" <"$1/$unit"
    done
    if [ "$(systemd_version)" -ge 254 ]; then
        write 644 "$units/pi-reader.service.d/direct.conf" <"$1/pi-reader-direct.conf"
    fi
    write 644 /etc/tmpfiles.d/pi-reader.conf <"$1/pi-reader.tmpfiles.conf"
    do_it systemd-tmpfiles --create /etc/tmpfiles.d/pi-reader.conf
    if is_booted; then systemctl daemon-reload; fi
}

systemd_version() { systemctl --version | awk 'NR == 1 { print int($2) }'; }

# Settings that are there stay as they are. Where no camera can be, drawn pages are read instead.
put_settings() {
    if [ -e "$root$settings/config.toml" ]; then
        say "keeping $settings/config.toml"
        return
    fi
    if is_raspberry_pi_os || has_package python3-picamera2; then
        write 644 "$settings/config.toml" <"$1/config.toml"
        return
    fi
    say "no python3-picamera2 in this system: the camera is a simulated one (camera.kind = \"desk\")"
    sed 's/^# kind = "pi"$/kind = "desk"/' "$1/config.toml" | write 644 "$settings/config.toml"
}

check_key() {
    [ -n "$ssh_key" ] || return 0
    [ -r "$ssh_key" ] || fail "$ssh_key: cannot be read"
    if grep -q 'PRIVATE KEY' "$ssh_key"; then fail "$ssh_key: is a private key; give the .pub file"; fi
    ssh-keygen -l -f "$ssh_key" >/dev/null 2>&1 || fail "$ssh_key: is no public key of ssh"
    [ -x /usr/sbin/sshd ] || fail "--ssh-key needs sshd: sudo apt install openssh-server"
}

# Lets a key say the words of `pi-reader ssh`, and makes sure that sshd goes by it.
put_key() {
    local line rules
    if [ -n "$dry_run" ]; then
        printf 'would write: %s\n' "$settings/authorized_keys" "$sshd_part"
        return
    fi
    line=$("$app/bin/pi-reader" ssh --show-line "$ssh_key")
    { grep -vxF "$line" "$settings/authorized_keys" 2>/dev/null || true; printf '%s\n' "$line"; } \
        | write 644 "$settings/authorized_keys"
    write 644 "$sshd_part" <"$(units_of "$new")/pi-reader.sshd.conf"
    mkdir -p /run/sshd
    rules=$(/usr/sbin/sshd -T -C user=pi-reader,host=localhost,addr=127.0.0.1 2>&1) || true
    if ! grep -qx "forcecommand $app/bin/pi-reader ssh" <<<"$rules"; then
        rm "$sshd_part"
        fail "sshd does not follow $sshd_part; does /etc/ssh/sshd_config include that folder?"
    fi
    reload_sshd
    say "the key may now: ssh pi-reader@$(uname -n) status"
}

reload_sshd() { if is_booted; then systemctl try-reload-or-restart ssh.service; fi; }

# active, inactive if it was stopped, failed or activating if something is wrong.
state_of_reader() {
    if ! is_booted; then
        printf 'inactive\n'
    elif systemctl is-active --quiet pi-reader-fault.service; then
        printf 'failed\n' # the lamp has forgiven it for systemd, so that it may be started by hand
    else
        systemctl is-active pi-reader.service || true
    fi
}

# Starts the reader and waits until it says that it reads, or until it has given up.
start_reader() {
    local second
    if ! is_booted; then
        outcome "systemd is not running here; the reader starts at the next boot"
        return 0
    fi
    systemctl reset-failed "pi-reader*" 2>/dev/null || true
    systemctl start "${switched_on[@]:1}"
    systemctl stop pi-reader-fault.service
    systemctl restart --no-block pi-reader.service
    for ((second = 0; second < start_seconds; second++)); do
        sleep 1
        case $(state_of_reader) in
            active) return 0 ;;
            failed) return 1 ;;
        esac
    done
    return 1
}

version_here() { sed -n 's/^__version__ = "\(.*\)"/\1/p' "$here/pi_reader/__init__.py"; }
is_our_command() { [ "$(readlink "$command_link" || true)" = "$app/bin/pi-reader" ]; }

# The reader's own last word before it ended.
why_not() {
    journalctl -u pi-reader.service -n 50 -o cat --no-pager | grep '^pi-reader: ' | tail -n 1 \
        || printf 'see journalctl -u pi-reader\n'
}
