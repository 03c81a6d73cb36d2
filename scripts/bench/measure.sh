# One measurement a call; each adds a line to $work/server or $work/pgbench.

# Workload $1 over $2 connections against the server:
# workload, connections, requests a second, p50, p99, CPU of server and of database per 1,000 requests, failures.
measure_server() {
    server_before=$(cpu_of "$server")
    database_before=$(cpu_of_database)
    result=$(wrk -t 1 -c "$2" -d "${3:-$seconds}" --timeout 10s -s bench/wrk.lua "http://127.0.0.1:$port" -- "$1" "$users" bench/documents |
        sed -n 's/^RESULT //p')
    server_after=$(cpu_of "$server")
    database_after=$(cpu_of_database)
    [ -n "$result" ] || fail "wrk gave no result for $1."
    echo "$1 $2 $result $((server_after - server_before)) $((database_after - database_before))" |
        awk '{ printf "%s %d %.0f %.2f %.2f %.0f %.0f %d\n", $1, $2, $3 / $4, $5, $6, $8 * 1000 / $3, $9 * 1000 / $3, $7 }' >>"$work/server"
}

# The scripts of a workload, with their weights in W6 the same as in wrk.lua.
scripts_of() {
    case $1 in
    w6) echo "-f bench/pgbench/w1.sql@3 -f bench/pgbench/w2.sql@2 -f bench/pgbench/w3.sql@1 -f bench/pgbench/w4.sql@3 -f bench/pgbench/w5.sql@1" ;;
    *) echo "-f bench/pgbench/$1.sql" ;;
    esac
}

# Workload $1 over $2 connections by pgbench, as the service's login:
# workload, connections, transactions a second, CPU of database per 1,000 transactions.
measure_pgbench() {
    database_before=$(cpu_of_database)
    # -M simple: what opens a transaction must be one message, which -M prepared cannot send; the statements are prepared by the
    # scripts themselves, once a connection.
    # shellcheck disable=SC2046
    "$programs/pgbench" -n -M simple -c "$2" -j 1 -T "$seconds" -D users="$users" -D ready_w1=0 -D ready_w2=0 -D ready_w3=0 -D ready_w4=0 -D ready_w5=0 $(scripts_of "$1") \
        -h "$socket" -U agentry_service agentry >"$work/pgbench.out" 2>"$work/pgbench.err" || fail "pgbench: $(tail -n 3 "$work/pgbench.err")"
    database_after=$(cpu_of_database)
    awk -v workload="$1" -v connections="$2" -v cpu="$((database_after - database_before))" '
        /^tps/ { tps = $3 }
        /^number of transactions actually processed/ { sub("/.*", "", $6); n = $6 }
        /^number of failed transactions/ { failed = $5 }
        END { if (!n || failed + 0) exit 1; printf "%s %d %.0f %.0f\n", workload, connections, tps, cpu * 1000 / n }
    ' "$work/pgbench.out" >>"$work/pgbench" || fail "pgbench: $(cat "$work/pgbench.out")"
}

# What authentication adds to a request, and what sign-ins do to those of others: W1 at 8 connections, alone and while 16 more
# keep the hashing of passwords busy. One line a round in $work/identity: server CPU of 1,000 requests with and without a
# session, p99 alone and beside sign-ins, sign-ins a second.
measure_identity() {
    case " $workloads " in *" w1 "*) ;; *) return 0 ;; esac
    cp "$work/server" "$work/server.kept"
    for load in authenticated anonymous w1; do
        measure_server "$load" 8
        tail -n 1 "$work/server" >"$work/$load"
    done
    wrk -t 1 -c 16 -d "$((seconds + 2))" --timeout 30s -s bench/wrk.lua "http://127.0.0.1:$port" -- signin "$users" bench/documents \
        >"$work/signin" &
    signing=$!
    sleep 1
    measure_server w1 8
    tail -n 1 "$work/server" >"$work/beside"
    wait "$signing" || fail "wrk could not sign in."
    mv "$work/server.kept" "$work/server"
    echo "$(cut -d' ' -f6 "$work/authenticated") $(cut -d' ' -f6 "$work/anonymous") $(cut -d' ' -f5 "$work/w1") $(cut -d' ' -f5 "$work/beside")" \
        "$(sed -n 's/^RESULT //p' "$work/signin" | awk '{ printf "%.1f %d", $1 / $2, $5 }')" >>"$work/identity"
}

# Statements of one operation, begin and credential included, as the server's own log tells: for W3 with 5 and with 20 agents.
count_statements() {
    case " $workloads " in *" w3 "*) ;; *) return 0 ;; esac
    for agents in 5 20; do
        ask w3 "{\"agents\":$agents}" >/dev/null
        grep '"operation":"Overview"' "$work/server.log" | tail -n 1 |
            sed "s/.*\"statements\":\([0-9]*\).*/$agents \1/" >>"$work/statements"
    done
}

# What the server holds at 128 connections, before and after 100,000 requests of the mixed workload (of the first one measured,
# when the mix is not).
measure_memory() {
    case " $workloads " in
    *" w6 "*) load=w6 ;;
    *" w"[1-5]*) load=$(printf '%s\n' $workloads | grep -m 1 '^w[1-5]') ;;
    *) return 0 ;;
    esac
    say "memory: 100,000 requests over 128 connections"
    cp "$work/server" "$work/server.kept"
    measure_server "$load" 128 20
    memory_before=$(memory_of "$server")
    requests=0
    while [ "$requests" -lt 100000 ]; do
        measure_server "$load" 128 10
        requests=$((requests + $(tail -n 1 "$work/server" | awk '{ print $3 * 10 }')))
    done
    memory_after=$(memory_of "$server")
    mv "$work/server.kept" "$work/server"
}
