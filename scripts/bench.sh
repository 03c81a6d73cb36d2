#!/bin/sh
# Measures Agentry against its own database: wrk on the release binary, pgbench on the very statements the binary sends, in the
# same transactions, on the same data, in the same run. Writes bench/results.md. See docs/performance.md.
#
#   make bench                                   everything, about twenty minutes
#   BENCH_WORKLOADS="w1 w3" BENCH_SECONDS=5 BENCH_ROUNDS=1 BENCH_SCALE=0.1 make bench
set -eu
cd "$(dirname "$0")/.."

# Of 1,000 users and 1,000,000 messages.
scale=${BENCH_SCALE:-1}
# Of one measurement.
seconds=${BENCH_SECONDS:-10}
# How often each is repeated; the best counts, for either side.
rounds=${BENCH_ROUNDS:-2}
workloads=${BENCH_WORKLOADS:-w1 w2 w3 w4 w5 w6 w7 templates whatsapp}
# Replies at once in W7, and for how long they are measured.
streams=${BENCH_STREAMS:-500}
stream_seconds=${BENCH_STREAM_SECONDS:-$((seconds * 2))}
port=${BENCH_PORT:-4317}
binary=${BENCH_BINARY:-}
# What W7 listens with; needed where a binary is named.
streamer=${BENCH_STREAMER:-}
results=${BENCH_RESULTS:-bench/results.md}

users=$(awk -v scale="$scale" 'BEGIN { n = int(1000 * scale + 0.5); print (n < 10 ? 10 : n) }')
data=${BENCH_DATA:-$PWD/.agentry-bench/$users}
work=$(mktemp -d)
server=
listening=

fail() {
    printf 'bench: %s\n' "$1" >&2
    exit 1
}

say() {
    printf '%s\n' "$1" >&2
}

finish() {
    status=$?
    trap - EXIT
    for pid in $listening $server; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [ "$status" -eq 0 ] || { [ -f "$work/server.log" ] && tail -n 3 "$work/server.log" >&2; }
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

. scripts/bench/processes.sh
. scripts/bench/start.sh
. scripts/bench/measure.sh
. scripts/bench/templates.sh
. scripts/bench/streams.sh
. scripts/bench/whatsapp.sh
. scripts/bench/report.sh

for tool in wrk curl; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing: apt-get install $tool, or brew install $tool."
done
build
start_server
load_data
check_answers
load_templates
load_whatsapp
: >"$work/server"
: >"$work/pgbench"
: >"$work/whatsapp"
for round in $(seq "$rounds"); do
    for workload in $workloads; do
        case $workload in w7 | templates | whatsapp) continue ;; esac
        say "round $round of $rounds: $workload"
        # Side by side, so that both see the machine in the same state.
        for connections in 1 8 32; do
            measure_pgbench "$workload" "$connections"
            measure_server "$workload" "$connections"
        done
    done
    measure_identity
    measure_templates
    measure_whatsapp
done
count_statements
measure_memory
# Last: it starts the server anew, with settings of its own.
measure_streams
report
