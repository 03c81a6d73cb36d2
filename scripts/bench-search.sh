#!/bin/sh
# Measures searchMessages for one person with many messages, before and after the index of words has caught up, beside the plain
# reading of all their messages in the database. Prints a table. See docs/adr/0016-search.md.
#
#   make bench-search                                 200,000 messages
#   BENCH_MESSAGES=20000 BENCH_BINARY=target/debug/agentry make bench-search
set -eu
cd "$(dirname "$0")/.."

messages=${BENCH_MESSAGES:-200000}
users=10
port=${BENCH_PORT:-4319}
binary=${BENCH_BINARY:-}
data=${BENCH_DATA:-$PWD/.agentry-bench/search-$messages}
work=$(mktemp -d)
server=

fail() {
    printf 'bench-search: %s\n' "$1" >&2
    exit 1
}

say() {
    printf '%s\n' "$1" >&2
}

finish() {
    status=$?
    trap - EXIT
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

. scripts/bench/start.sh

# One search for $1, after cursor $2: seconds on the first line, the answer on the second.
search() {
    curl -sS -o "$work/answer" -w '%{time_total}' "http://127.0.0.1:$port/graphql" -H 'Content-Type: application/json' \
        -H "Authorization: Bearer t10000000-1000$fill-d8f1g6h" \
        -d "{\"query\":\"query(\$q: String!, \$a: String) { searchMessages(query: \$q, after: \$a) { edges { snippet highlights { start end } node { id } conversation { title } } pageInfo { hasNextPage endCursor } } }\",\"variables\":{\"q\":\"$1\",\"a\":$2}}"
    printf '\n'
    ! grep -q '"errors"' "$work/answer" || fail "$(cat "$work/answer")"
}

hits() {
    awk '{ print gsub(/"snippet"/, "") }' "$work/answer"
}

# What is still to be read of user 0's.
behind() {
    sql -c "SELECT count(*) FROM conversations c LEFT JOIN conversation_words i ON i.conversation_id = c.id
            WHERE c.user_id = 'u10000000-1000$fill' AND c.last_message_at > coalesce(i.indexed_until, '-infinity')"
}

# The median of nine searches for $1 in milliseconds, of the first page.
row() {
    took=$(for n in 1 2 3 4 5 6 7 8 9; do search "$1" null; done | sort -n | sed -n 5p)
    awk -v q="$1" -v took="$took" -v hits="$(hits)" 'BEGIN { printf "| %s | %.1f | %d |\n", q, took * 1000, hits }'
}

build
start_server
load_data
if [ "$(sql -c "SELECT count(*) FROM conversations WHERE id = 'search-v-0'")" -eq 0 ]; then
    say "writing $messages messages"
    sql -v messages="$messages" -f bench/search.sql >/dev/null
fi
# Afresh, whatever earlier runs left.
sql -c 'TRUNCATE conversation_words'

say "reading everything, nothing kept yet"
cursor=null
pages=0
total=0
found=0
while :; do
    took=$(search xylophone "$cursor")
    total=$(awk -v a="$total" -v b="$took" 'BEGIN { print a + b }')
    pages=$((pages + 1))
    found=$((found + $(hits)))
    grep -q '"hasNextPage":true' "$work/answer" || break
    cursor=$(sed 's/.*"endCursor":\("[^"]*"\).*/\1/' "$work/answer")
done
say "catching up"
began=$(date +%s)
until [ "$(behind)" -eq 0 ]; do
    search zzzz null >/dev/null
    sleep 1
done
caught=$(($(date +%s) - began))
sql -c 'VACUUM (ANALYZE) conversation_words, conversations'

printf '%s messages, %s conversations. All of them read for one word, nothing kept yet: %s pages, %.2f s in all, %s found.\n' \
    "$messages" "$((messages / 50))" "$pages" "$total" "$found"
printf 'To keep their words took about %s s more; they take %s, the messages %s.\n\n' "$caught" \
    "$(sql -c "SELECT pg_size_pretty(pg_total_relation_size('conversation_words'))")" \
    "$(sql -c "SELECT pg_size_pretty(pg_total_relation_size('agent_messages'))")"
printf '| search | first page, ms | hits on it |\n|---|---|---|\n'
for query in xylophone w1 'w1 w2 w3' 'w29000 w1' 'w2900' 'xylophone w29000' zzzz; do row "$query"; done

cat >"$work/scan.sql" <<SQL
BEGIN READ ONLY;
SET LOCAL ROLE agentry_app;
SET LOCAL app.current_user_id = 'u10000000-1000$fill';
SET LOCAL app.current_org_id = 'o10000000-1000$fill';
EXPLAIN (ANALYZE, TIMING OFF)
SELECT m.* FROM conversations c JOIN agent_messages m ON m.organization_id = c.organization_id AND m.conversation_id = c.id
WHERE c.organization_id = 'o10000000-1000$fill' AND c.user_id = 'u10000000-1000$fill' AND m.content ILIKE '%xylophone%'
ORDER BY m.created_at DESC, m.id DESC LIMIT 21;
ROLLBACK;
SQL
printf '\nThe same in the database alone, by ILIKE over all their messages: '
for n in 1 2 3; do sql -f "$work/scan.sql" | sed -n 's/^Execution Time: //p'; done | sort -n | sed -n 2p
