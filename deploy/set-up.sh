#!/bin/sh
# What ./mensa needs on a machine and how it gets there. Read in by ./mensa when a job is not set up;
# run as "sh set-up.sh PACKAGE..." by root, it installs these Debian packages and nothing else.
# Nothing here starts a service, makes a database cluster or leaves a setting behind.
# shellcheck disable=SC2154 # root, job, level, log and step are those of ./mensa

uv_version=0.13.9 # for machines without uv 0.8 or newer

packages() { # Debian's package, the jobs that need it, what for
    cat <<'EOF'
python3-venv    all             Python 3.11 or newer with venv
python3-dev     all             Python's headers: pyscard is compiled here, Linux has no wheel of it
gcc             all             compiles pyscard
libc6-dev       all             compiles pyscard
pkg-config      all             finds PC/SC for pyscard
libpcsclite-dev all             PC/SC, the way to card readers
ca-certificates all             proves who the package servers are
pcscd           demo,test,bench the reader service; started privately, for virtual cards
tmux            test            a real terminal for the kiosk's screen
aqbanking-tools test            a foreign FinTS client: it and the product see the same lines
postgresql      test,bench      server programs; the tests make and remove a ledger of their own
npm             foreign         fetches the bank that others wrote, for test --foreign
EOF
}

have() { # is what this package brings here, wherever it came from?
    case $1 in
        python3-*) find_python ;;
        libc6-dev) [ -e /usr/include/stdio.h ] ;;
        libpcsclite-dev) [ -e /usr/include/PCSC/winscard.h ] ;;
        ca-certificates) [ -s /etc/ssl/certs/ca-certificates.crt ] ;;
        pcscd) [ -x /usr/sbin/pcscd ] ;;
        aqbanking-tools) command -v aqbanking-cli ;;
        postgresql) command -v initdb || ls /usr/lib/postgresql/*/bin/initdb ;;
        *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

find_python() {
    for python in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        python=$("$python" -c 'import ensurepip, os, sys, sysconfig, venv
assert sys.version_info >= (3, 11) and os.path.exists(sysconfig.get_path("include") + "/Python.h")
print(sys.executable)' 2>/dev/null) && return
    done
    return 1
}

missing() {
    packages | while read -r package jobs purpose; do
        case ,$jobs, in
            *,all,* | *",$job,"* | *",${level##*-},"*) have "$package" || printf '  %-16s%s\n' "$package" "$purpose" ;;
        esac
    done
}

install_packages() (
    policy=/usr/sbin/policy-rc.d
    cluster=/etc/postgresql-common/createcluster.d/mensa.conf
    tidy() {
        ! grep -qs mensa-set-up "$policy" || rm -f "$policy"
        [ ! -e "$cluster" ] || { rm -f "$cluster" && rmdir -p "${cluster%/*}" 2>/dev/null || :; }
    }
    tidy # what a killed one left
    trap tidy EXIT
    trap 'exit 69' HUP INT TERM
    [ -e "$policy" ] || { # forbids service starts while this process lives, and no longer
        printf '#!/bin/sh\n# mensa-set-up\nkill -0 %s 2>/dev/null || exit 0\nexit 101\n' $$ >"$policy"
        chmod 755 "$policy"
    }
    case " $* " in *' postgresql '*) mkdir -p "${cluster%/*}" && echo 'create_main_cluster = false' >"$cluster" ;; esac
    export DEBIAN_FRONTEND=noninteractive
    dpkg --configure -a # what an installation that was cut off left
    apt-get update || :
    apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" || exit
    mkdir -p /run/pcscd # the private pcscd of a plain user cannot make it
)

install_missing() {
    lacks=$(missing)
    [ -n "$lacks" ] || { find_python && return; }
    say 'for this job the machine lacks:'
    printf '%s\n' "$lacks" >&2
    if ! command -v apt-get >/dev/null 2>&1 || [ ! -e /etc/debian_version ]; then
        say 'this is not Debian: install what brings the same, then start again'
        exit 69
    fi
    # shellcheck disable=SC2046 # names of packages
    set -- $(printf '%s\n' "$lacks" | sed 's/^ *//; s/ .*//')
    if [ "$(id -u)" = 0 ]; then
        step 'installing them' install_packages "$@"
    else
        ask_for_sudo "$@"
    fi
    lacks=$(missing)
    [ -z "$lacks" ] || {
        say 'installed, yet not here (the oldest Debian that will do is 12):'
        printf '%s\n' "$lacks" >&2
        exit 69
    }
    find_python
}

ask_for_sudo() {
    case " $* " in *' postgresql '*)
        say 'the first line keeps PostgreSQL from making and starting a cluster'
        echo '  echo create_main_cluster=false | sudo install -Dm644 /dev/stdin /etc/postgresql-common/createcluster.d/mensa.conf' >&2
        ;;
    esac
    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends $*" >&2
    [ -t 0 ] && [ -t 2 ] && command -v sudo >/dev/null 2>&1 || exit 69
    printf 'mensa: shall sudo do this now? [y/N] ' >&2
    read -r answer || :
    case $answer in [yYjJ]*) ;; *) exit 69 ;; esac
    sudo -v || exit 69
    step 'installing them' sudo sh "$root/deploy/set-up.sh" "$@"
}

unpack_vpcd() ( # never installed: its package would open this machine's reader service to the network
    new=$root/.mensa/vpcd.new
    rm -rf "$new" && mkdir -p "$new/deb" && cd "$new/deb" || exit
    apt-get download vsmartcard-vpcd libqrencode4 ||
        { [ "$(id -u)" = 0 ] && apt-get update && apt-get download vsmartcard-vpcd libqrencode4; } ||
        { echo 'are the package lists here and fresh? sudo apt-get update' && exit 1; }
    for deb in *.deb; do dpkg -x "$deb" "$new" || exit; done
    cd "$root" && rm -rf "$new/deb" "$root/.mensa/vpcd" && mv "$new" "$root/.mensa/vpcd"
)

find_uv() {
    for uv in "$(command -v uv)" "$root/.mensa/uv/bin/uv"; do
        case $("$uv" --version 2>/dev/null) in '' | 'uv 0.'[0-7].*) ;; *) return 0 ;; esac
    done
    return 1
}

fetch_uv() {
    store=/etc/ssl/certs/ca-certificates.crt # Debian 12's pip would look into its own
    [ ! -s "$store" ] || export PIP_CERT="${PIP_CERT:-$store}"
    rm -rf "$root/.mensa/uv" && "$python" -m venv "$root/.mensa/uv" &&
        "$root/.mensa/uv/bin/pip" install --disable-pip-version-check "uv==$uv_version"
}

sync() { # the locked packages into .venv; one that was killed half-way is begun anew
    syncing=$root/.mensa/syncing
    if [ -e "$syncing" ] || ! "$root/.venv/bin/python" -c ''; then rm -rf "$root/.venv"; fi
    export UV_PROJECT_ENVIRONMENT="$root/.venv" UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
    [ -n "${UV_CACHE_DIR-}" ] || [ -w "${HOME-}" ] || export UV_CACHE_DIR="$root/.mensa/cache" # a service's user
    unset UV_PYTHON
    [ -e "$root/.venv" ] || export UV_PYTHON="$python"
    case $level in
        check | test | test-foreign | bench) set -- --all-extras --group dev ;;
        *postgresql) set -- --inexact --extra postgresql ;;
        *) # a smaller level throws nothing away, and keeps the database driver in step with the rest
            set -- --inexact
            ! ls -d "$root"/.venv/lib/python3*/site-packages/psycopg || set -- "$@" --extra postgresql
            ;;
    esac
    : >"$syncing"
    status=0
    "$uv" sync --project "$root" --locked "$@" || status=$?
    rm -f "$syncing"
    return "$status"
}

case ${0##*/} in set-up.sh) install_packages "$@" ;; esac
