#!/bin/sh
# Runs tests/clients: Agentry under the clients people use, in a real browser, beside better-auth, under pgrls, and its phone numbers
# beside Google's.
#
#   scripts/test-clients.sh            starts target/debug/agentry with a PostgreSQL of its own, and tests it
#   scripts/test-clients.sh picture    the same, but only takes docs/graphiql.png
#
# Needs Node 20.19 or newer with npm, Python 3.10 or newer with venv, and Chromium or Chrome, which it
# installs with apt-get where there is one. AGENTRY names another binary, CHROMIUM another browser.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
clients=$root/tests/clients
agentry=${AGENTRY:-${CARGO_TARGET_DIR:-$root/target}/debug/agentry}

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    have apt-get || return 1
    echo "Installing $* with apt-get"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" || {
        as_root apt-get update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
    }
}

have_browser() {
    [ -z "${CHROMIUM:-}" ] || return 0
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        if have "$name"; then return 0; fi
    done
    for app in "Google Chrome" Chromium; do
        if [ -x "/Applications/$app.app/Contents/MacOS/$app" ]; then return 0; fi
    done
    return 1
}

new_node() {
    have node && have npm && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

[ -x "$agentry" ] || fail "No $agentry: run cargo build first."
new_node || fail "The client tests need Node 20.19 or newer with npm: install it from your package manager or nodejs.org."
have_browser || apt_install chromium || fail "The client tests need Chromium or Chrome: install one, or set CHROMIUM to its path."

cd "$clients"
npm ci --no-progress
# Each generation of better-auth has a folder of its own: their packages go by the same names.
if [ "${1:-}" != picture ]; then
    for generation in better-auth/[0-9]*; do
        (cd "$generation" && npm ci --no-progress)
    done
fi
if [ "${1:-}" != picture ] && { ! .venv/bin/python -m pip freeze 2>/dev/null | grep -q "^pgrls==$(sed -n 's/^pgrls==//p' pgrls/requirements.txt)$" ||
    ! .venv/bin/python -m pip freeze 2>/dev/null | grep -q "^$(grep ^phonenumbers phones/requirements.txt)$"; }; then
    python3 -m venv --clear .venv 2>/dev/null || { apt_install python3-venv && python3 -m venv --clear .venv; } ||
        fail "The client tests need Python 3.10 or newer with venv."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement pgrls/requirements.txt --requirement phones/requirements.txt
fi

work=$(mktemp -d)
# As root, PostgreSQL runs as another user, who must be able to enter the data folder.
chmod 755 "$work"
server=

# shellcheck disable=SC2329  # called by the traps
stop() {
    code=$?
    trap - EXIT INT TERM
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || { [ "$code" -ne 0 ] || code=1; }
    fi
    if [ "$code" -ne 0 ]; then
        echo "--- the end of the server's log" >&2
        tail -n 40 "$work/server.log" >&2 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
# Nothing of the caller's own set-up may leak in: not a database, not a setting.
for name in $(env | sed -n 's/^\(AGENTRY_[A-Z_]*\)=.*/\1/p'); do
    [ "$name" = AGENTRY_PG_BIN ] || unset "$name"
done
unset DATABASE_URL
AGENTRY_BIND=127.0.0.1:$port AGENTRY_DATA_DIR=$work/data AGENTRY_SIGN_UP_PER_ADDRESS=10000 \
    "$agentry" serve >"$work/server.log" 2>&1 &
server=$!

AGENTRY_URL=http://127.0.0.1:$port
# What suites start servers of their own from.
AGENTRY=$agentry
# What reads numbers for the comparison with Google's libphonenumber.
READ_NUMBERS=${READ_NUMBERS:-${CARGO_TARGET_DIR:-$root/target}/debug/examples/read_numbers}
export AGENTRY_URL AGENTRY READ_NUMBERS
waited=0
until node -e 'fetch(process.env.AGENTRY_URL + "/readyz").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))'; do
    kill -0 "$server" 2>/dev/null || fail "Agentry ended before it was ready."
    waited=$((waited + 1))
    [ "$waited" -lt 240 ] || fail "Agentry was not ready in two minutes."
    sleep 0.5
done

# Lines 4 and 5 of PostgreSQL's lock file: its port and the folder of its socket.
lock=$(find "$work/data" -name postmaster.pid | head -n 1)
[ -n "$lock" ] || fail "No postmaster.pid below the data folder."
pg_port=$(sed -n 4p "$lock")
pg_socket=$(sed -n 5p "$lock")
AGENTRY_OWNER_URL="postgresql://agentry_owner@localhost:$pg_port/agentry?host=$(node -p 'encodeURIComponent(process.argv[1])' "$pg_socket")&sslmode=disable"
export AGENTRY_OWNER_URL

if [ "${1:-}" = picture ]; then
    node picture.mjs "$root/docs/graphiql.png"
else
    # Generated clients are made from what the server says of itself, and it must say what is in the repository.
    node -e 'fetch(process.env.AGENTRY_URL + "/schema.graphql").then((r) => r.text()).then((t) => process.stdout.write(t))' | cmp - "$root/schema.graphql" || fail "The server's schema is not schema.graphql: run make schema."
    node --test --test-reporter=spec suites/*.test.mjs
fi
