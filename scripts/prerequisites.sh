#!/bin/sh
# Makes sure that what `make run` needs is there: cargo, a C compiler, PostgreSQL's server programs, and the tools named as
# arguments. Installs all but cargo with apt-get or brew when they are missing; says in one line what to do where it cannot.
set -eu

minimum=15

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Whether folder $1 holds a server that is new enough.
new_enough() {
    [ -x "$1/postgres" ] || return 1
    # "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    major=$("$1/postgres" --version 2>/dev/null | awk '{ print int($3) }')
    [ "${major:-0}" -ge "$minimum" ]
}

# The places Agentry itself looks in.
have_postgres() {
    if have postgres && new_enough "$(dirname "$(command -v postgres)")"; then return 0; fi
    if have pg_config && new_enough "$(pg_config --bindir)"; then return 0; fi
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        if new_enough "$folder"; then return 0; fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "Run this as root, then make run again: $*"
    fi
}

apt_install() {
    echo "Installing $* with apt-get"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" || {
        as_root apt-get update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
    }
}

install_postgres() {
    if have apt-get; then
        # Debian's package would also set up and start a server of its own on port 5432, which nobody asked for.
        if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
            apt_install postgresql-common
            as_root sed -i 's/^#* *create_main_cluster *=.*/create_main_cluster = false/' \
                /etc/postgresql-common/createcluster.conf
        fi
        apt_install postgresql
    elif have brew; then
        echo "Installing postgresql@17 with brew"
        brew install postgresql@17
    else
        fail "PostgreSQL $minimum or newer is missing: install its server with your package manager, set AGENTRY_PG_BIN to the folder of its programs, or set DATABASE_URL to a running server."
    fi
}

have "${CARGO:-cargo}" || fail "cargo is missing: install Rust from https://rustup.rs, then run make run again."

if ! have cc; then
    if have apt-get; then
        apt_install gcc libc6-dev
    else
        fail "A C compiler is missing: install one (on macOS: xcode-select --install), then run make run again."
    fi
fi

for tool; do
    if have "$tool"; then continue; fi
    if have apt-get; then
        apt_install "$tool"
    else
        fail "$tool is missing: install it, then run make again."
    fi
done

if [ -z "${DATABASE_URL:-}" ] && [ -z "${AGENTRY_PG_BIN:-}" ] && ! have_postgres; then
    install_postgres
    have_postgres || fail "The package manager has no PostgreSQL $minimum or newer: see https://www.postgresql.org/download/, or set DATABASE_URL to a running server."
fi
