# W7: replies of a provider on this machine, each followed by somebody of their own; from when a token was written until it was heard.

measures_streams() {
    case " $workloads " in *" w7 "*) return 0 ;; *) return 1 ;; esac
}

# The listeners, and the provider. Once a round; each adds a line to $work/streams: replies, tokens, events, seconds, p50, p95, p99,
# longest, wrong; then milliseconds of CPU of server, database and listeners in that time, and KiB of memory of the server.
measure_streams() {
    measures_streams || return 0
    # A socket for each who listens, and one for each who talks, at either end.
    ulimit -n 8192 2>/dev/null || [ "$(ulimit -n)" -ge $((streams * 2 + 500)) ] || fail "W7 needs $((streams * 2 + 500)) open files: ulimit -n."
    sql -v streams="$streams" -f bench/streams.sql >/dev/null
    stop_server
    # As many workers, and the one address that is not public.
    start_server --run-workers "$streams" --allow-hosts 127.0.0.1
    for round in $(seq "$rounds"); do
        say "round $round of $rounds: w7, $streams replies"
        [ "$round" -eq 1 ] || sql -v streams="$streams" -f bench/streams.sql >/dev/null
        "$streamer" "http://127.0.0.1:$port" "$streams" "$stream_seconds" >"$work/streamer.out" 2>"$work/streamer.err" &
        listening=$!
        await_word BEGIN
        before="$(cpu_of "$server") $(cpu_of_database) $(cpu_of "$listening")"
        await_word END
        after="$(cpu_of "$server") $(cpu_of_database) $(cpu_of "$listening")"
        memory=$(memory_of "$server")
        wait "$listening" || fail "W7: $(tail -n 3 "$work/streamer.err")"
        echo "$(sed -n 's/^RESULT //p' "$work/streamer.out") $before $after $memory" |
            awk '{ print $1, $2, $3, $4, $5, $6, $7, $8, $9, $13 - $10, $14 - $11, $15 - $12, $16 }' >>"$work/streams"
    done
}

# Waits until the listeners say this.
await_word() {
    until grep -q "^$1$" "$work/streamer.out"; do
        kill -0 "$listening" 2>/dev/null || fail "W7 ended before its time: $(tail -n 3 "$work/streamer.err")"
        sleep 0.1
    done
}

# $1: what to print, `table` or `gates`.
report_streams() {
    measures_streams || return 0
    awk -v part="$1" '
        # The round of the lowest p99; what is wrong in any counts.
        { wrong += $9; if (NR == 1 || $7 + 0 < best + 0) { best = $7; line = $0 } }
        function verdict(good) { return good ? "yes" : "no" }
        END {
            split(line, f, " ")
            if (part == "table") {
                print "\n| W7 | |\n|---|---|"
                printf "| replies at once, of as many people | %d |\n", f[1]
                printf "| tokens a second | %d |\n", f[2] / f[4]
                printf "| events a second | %d |\n", f[3] / f[4]
                printf "| from the provider to the client, ms: p50, p95, p99, longest | %s, %s, %s, %s |\n", f[5], f[6], f[7], f[8]
                printf "| CPU of the server, cores | %.2f |\n", f[10] / f[4] / 1000
                printf "| CPU of the database, cores | %.2f |\n", f[11] / f[4] / 1000
                printf "| CPU of provider and clients, cores | %.2f |\n", f[12] / f[4] / 1000
                printf "| memory of the server, MiB | %.0f |\n", f[13] / 1024
            } else {
                printf "| replies of W7 with tokens missing, twice or out of order | %d | 0 | %s |\n", wrong, verdict(wrong == 0)
                printf "| p99 of W7 from the provider to the client, ms | %s | under 250 | %s |\n", f[7], verdict(f[7] < 250)
            }
        }
    ' "$work/streams"
}
