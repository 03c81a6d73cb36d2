# Builds and starts the server, finds its PostgreSQL, and gives it the data.

build() {
    if [ -z "$binary" ]; then
        "${CARGO:-cargo}" build --release --quiet --bin agentry --example streams
        binary=${CARGO_TARGET_DIR:-target}/release/agentry
    fi
    streamer=${streamer:-$(dirname "$binary")/examples/streams}
    ! measures_streams || [ -x "$streamer" ] || fail "$streamer is missing: cargo build --release --example streams, or name it in BENCH_STREAMER."
}

# With these settings besides.
start_server() {
    mkdir -p "$data"
    # PostgreSQL does not run as root: its user must be able to pass through.
    [ "$(id -u)" -ne 0 ] || chmod 711 "$(dirname "$data")" "$data"
    # Nothing but defaults: what is measured is what people get. Only that sign-ins must be able to come from everywhere.
    for name in $(env | sed -n -E 's/^((AGENTRY|DATABASE)_[A-Z_]*|ENCRYPTION_KEY|AGENTUITY_AUTH_SECRET|BETTER_AUTH_SECRET)=.*/\1/p'); do
        [ "$name" = AGENTRY_PG_BIN ] || unset "$name"
    done
    # No flag of these holds white space, and none may name files.
    set -f
    # shellcheck disable=SC2046
    "$binary" serve --data-dir "$data" --bind "127.0.0.1:$port" --trust-proxy true $(whatsapp_flags) "$@" >"$work/server.out" 2>"$work/server.log" &
    server=$!
    set +f
    tries=0
    until curl -sf "http://127.0.0.1:$port/readyz" >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || fail "the server did not start."
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "the server was not ready within a minute."
        sleep 0.2
    done
    postmaster=$(sed -n 1p "$data/postgres/postmaster.pid")
    socket=$(sed -n 5p "$data/postgres/postmaster.pid")
    postgres=$(sed 's/^"\{0,1\}\([^" ]*\)"\{0,1\} .*/\1/' "$data/postgres/postmaster.opts")
    programs=$(dirname "$postgres")
    [ -x "$programs/pgbench" ] || fail "pgbench is missing beside $postgres: install PostgreSQL's client programs."
    version=$("$postgres" --version)
}

stop_server() {
    kill "$server"
    wait "$server" || fail "the server did not stop well."
    server=
}

# The end of every id, as in bench/data.sql.
fill=-k3v9w2m7q

# Runs SQL as the owner.
sql() {
    PGOPTIONS='-c client_min_messages=warning' "$programs/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$socket" -U agentry_owner -d agentry "$@"
}

load_data() {
    present=$(sql -c "SELECT count(*) FROM \"user\" WHERE \"email\" LIKE 'user%@bench.example'")
    if [ "$present" -eq 0 ]; then
        say "writing $users users and their messages into $data"
        sql -v users="$users" -f bench/data.sql >/dev/null
    elif [ "$present" -ne "$users" ]; then
        fail "$data holds $present users, not $users: remove it, or name another folder in BENCH_DATA."
    else
        # What earlier runs appended. All that was loaded is older.
        sql -c "DELETE FROM agent_messages WHERE created_at >= '2026-02-01'" -c "VACUUM (ANALYZE) agent_messages" -c "VACUUM conversations"
    fi
    # All of it into memory, or the first measurements would be of the disk. Some packages leave this extension out.
    sql -c "CREATE EXTENSION IF NOT EXISTS pg_prewarm" -c "SELECT sum(pg_prewarm(oid, 'read')) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace" >/dev/null ||
        say "pg_prewarm is missing: the first measurements may wait for the disk."
}

# The answer to workload $1 with variables $2, as the user of number $3 in ids, or user 0.
ask() {
    document=$(tr '\n' ' ' <"bench/documents/$1.graphql" | sed 's/"/\\"/g')
    curl -sS "http://127.0.0.1:$port/graphql" -H 'Content-Type: application/json' \
        -H "Authorization: Bearer t${3:-10000000}-1000$fill-d8f1g6h" -d "{\"query\":\"$document\",\"variables\":$2}"
}

# The answer to workload $1 with variables $2 must hold $4 times $3, and no errors; asked as the user of number $5 in ids, or user 0.
expect() {
    answer=$(ask "$1" "$2" "${5:-}")
    found=$(printf '%s' "$answer" | awk -v text="$3" '{ n += gsub(text, "") } END { print n + 0 }')
    case $answer in
    *'"errors"'*) fail "$1 is answered with $answer" ;;
    esac
    [ "$found" -eq "$4" ] || fail "$1 has $found times $3, not $4: $answer"
}

# What is fast and wrong is not measured.
check_answers() {
    for workload in $workloads; do
        case $workload in
        w1) expect w1 "{\"id\":\"a10000000-1000$fill\"}" '"systemPrompt"' 1 ;;
        w2) expect w2 '{}' '"node"' 20 ;;
        w3)
            expect w3 '{"agents":20}' '"service"' 40
            expect w3 '{"agents":20}' '"content"' 100
            expect w3 '{"agents":20}' '"rating"' 10
            ;;
        w4) expect w4 "{\"conversation\":\"v10000000-1000$fill\",\"after\":\"$(cursor 200)\"}" '"content"' 50 ;;
        w5) expect w5 "{\"input\":{\"conversationId\":\"v10000000-1000$fill\",\"role\":\"USER\",\"content\":\"Hello\"}}" '"createdAt"' 1 ;;
        esac
    done
}

# The cursor behind message $1 of user 0's long conversation, as wrk.lua makes it.
cursor() {
    printf 'm:m%s%s:%s' "10000000-$((1000 + $1))" "$fill" "$(((1767225600 + $1 * 60) * 1000000))" | base64 | tr -d '\n=' | tr '+/' '-_'
}
