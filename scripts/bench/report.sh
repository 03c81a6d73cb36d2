# Puts what was measured into bench/results.md and on the screen.

# What the server must reach at 32 connections, as a share of what pgbench reaches at 8.
required='w1 0.40 w2 0.28 w3 0.42 w4 0.35 w5 0.55 w6 0.40'

names='w1=one agent by id
w2=my 20 agents
w3=20 agents, connections, 5 messages each
w4=50 messages, deep in a conversation
w5=append a message
w6=90 % reads, 10 % writes'

machine() {
    if [ -r /proc/cpuinfo ]; then
        model=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
        memory=$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)
    else
        model=$(sysctl -n machdep.cpu.brand_string)
        memory=$(sysctl -n hw.memsize | awk '{ printf "%.0f GiB", $1 / 1073741824 }')
    fi
    printf '%s, %s cores, %s, %s\n' "${model:-$(uname -m)}" "$(getconf _NPROCESSORS_ONLN)" "$memory" "$(uname -sr)"
}

report() {
    {
        echo '# Results of the last benchmark'
        echo
        echo 'Written by `make bench`; [docs/performance.md](../docs/performance.md) says what the columns mean.'
        echo
        echo "- Machine: $(machine)"
        echo "- Database: $version, started by Agentry with its defaults; $users users, $((users * 1000)) messages"
        echo "- Each measurement: $seconds s, best of $rounds"
        echo "- Commit: $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $(date -u +%Y-%m-%d)"
        echo
        table
    } >"$work/results.md"
    cp "$work/results.md" "$results"
    cat "$results"
    if grep -q '| no |' "$results"; then fail "something is slower, or larger, than it may be."; fi
}

table() {
    printf '%s\n' "$names" | tr '=' '\t' >"$work/names"
    [ -f "$work/statements" ] || : >"$work/statements"
    [ -f "$work/identity" ] || : >"$work/identity"
    awk -v required="$required" -v before="${memory_before:-0}" -v after="${memory_after:-0}" -v requests="${requests:-0}" '
        BEGIN { n = split(required, r, " "); for (i = 1; i < n; i += 2) need[r[i]] = r[i + 1] }
        FILENAME ~ /names$/ { split($0, f, "\t"); name[f[1]] = f[2]; next }
        FILENAME ~ /statements$/ { statements[$1] = $2; next }
        # The lowest of each, and the sign-ins of the last round.
        FILENAME ~ /identity$/ {
            rounds++
            if (rounds == 1 || $1 - $2 < added) added = $1 - $2
            if (rounds == 1 || $3 < alone) alone = $3
            if (rounds == 1 || $4 < beside) beside = $4
            signins = $5; errors += $6; next
        }
        # The best round of each, by rate.
        FILENAME ~ /pgbench$/ { k = $1 " " $2; if ($3 > tps[k]) { tps[k] = $3; pgcpu[k] = $4 }; next }
        { k = $1 " " $2; if ($3 > rate[k]) { rate[k] = $3; line[k] = $0 } errors += $8; if (!($1 in seen)) { seen[$1]; order[++count] = $1 } }
        function verdict(good) { return good ? "yes" : "no" }
        END {
            print "| | workload | connections | requests/s | p50 ms | p99 ms | server CPU ms per 1,000 | database CPU ms per 1,000 | pgbench/s | its database CPU |"
            print "|---|---|---|---|---|---|---|---|---|---|"
            for (i = 1; i <= count; i++) {
                w = order[i]
                for (c = 1; c <= 32; c = (c == 1 ? 8 : c * 4)) {
                    k = w " " c; split(line[k], f, " ")
                    printf "| %s | %s | %d | %d | %s | %s | %s | %s | %d | %s |\n", toupper(w), name[w], c, f[3], f[4], f[5], f[6], f[7], tps[k], pgcpu[k]
                }
            }
            print "\n| | server at 32 | pgbench at 8 | ratio | required | reached |\n|---|---|---|---|---|---|"
            for (i = 1; i <= count; i++) {
                w = order[i]; ratio = rate[w " 32"] / tps[w " 8"]
                printf "| %s | %d | %d | %.2f | %s | %s |\n", toupper(w), rate[w " 32"], tps[w " 8"], ratio, need[w], verdict(ratio >= need[w])
            }
            print "\n| | measured | required | reached |\n|---|---|---|---|"
            printf "| failed requests | %d | 0 | %s |\n", errors, verdict(errors == 0)
            if (20 in statements) {
                # The credential and the opening of the transaction are not counted against the limit.
                printf "| statements of W3 with 5 agents | %d | as many as with 20 | %s |\n", statements[5], verdict(statements[5] == statements[20])
                printf "| statements of W3 with 20 agents | %d | 5 at most | %s |\n", statements[20], verdict(statements[20] <= 5)
            }
            if (rounds) {
                printf "| server CPU that a session adds to a request, microseconds | %d | 60 at most | %s |\n", added, verdict(added <= 60)
                printf "| p99 of W1 at 8 connections beside %.1f sign-ins a second, ms | %.2f | twice %.2f at most | %s |\n", signins, beside, alone, verdict(beside <= 2 * alone)
            }
            if (requests) printf "| server memory at 128 connections, MiB | %.0f | under 120 | %s |\n", after / 1024, verdict(after < 120 * 1024)
            if (requests) printf "| its growth over %d requests, MiB | %.1f | under 4 | %s |\n", requests, (after - before) / 1024, verdict(after - before < 4096)
        }
    ' "$work/names" "$work/statements" "$work/identity" "$work/pgbench" "$work/server"
    report_templates gates
    report_streams gates
    report_whatsapp gates
    report_templates table
    report_streams table
    report_whatsapp table
}
