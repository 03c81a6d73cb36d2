# Templates: what an install costs whatever the template's size, and what reading an installed agent costs beside a plain one.
# Each install is by somebody who has installed nothing yet.

# More than can be installed in one measurement.
installers=$((seconds * 2000))

measures_templates() {
    case " $workloads " in *" templates "*) return 0 ;; *) return 1 ;; esac
}

load_templates() {
    measures_templates || return 0
    say "writing two templates and $installers people who may install them"
    sql -v users="$users" -v installers="$installers" -f bench/templates.sql >/dev/null
    uninstall_all
    for kind in plain installed; do
        [ "$kind" = plain ] && agent=1000 || agent=1001
        expect w1 "{\"id\":\"a$(number 1000000)-$agent$fill\"}" '"systemPrompt":"You are a patient expert' 1 "$(number 1000000)"
    done
    for types in 1 500; do
        expect "i$types" "{\"input\":{\"slug\":\"bench-$types\",\"acceptCapabilities\":true}}" '"created":true' 1 "$(number 2000000)"
    done
}

# The number in the ids of user $1, as in bench/data.sql.
number() {
    echo $((10000000 + $1 * 7919 % 10000019))
}

# As if nobody had installed anything, or come too often.
uninstall_all() {
    sql -c "DELETE FROM agents a USING \"organization\" o WHERE o.\"id\" = a.organization_id AND o.\"slug\" LIKE 'bench-installer-%'" \
        -c "DELETE FROM rate_limits" -c "VACUUM (ANALYZE) agents, template_installs, template_uses, rate_limits"
}

# Installs of the template of $1 types over $2 connections. An answer may be a refusal, so what was installed is counted.
measure_installs() {
    uninstall_all
    measure_server "i$1" "$2"
    made=$(sql -c "SELECT count(*) FROM template_installs i JOIN \"organization\" o ON o.\"id\" = i.organization_id WHERE o.\"slug\" LIKE 'bench-installer-%'")
    [ "$made" -ge "${result%% *}" ] || fail "${result%% *} requests made $made installs, by $installers people."
}

measure_templates() {
    measures_templates || return 0
    cp "$work/server" "$work/server.kept"
    : >"$work/server"
    # Side by side, as the others.
    for connections in 1 8; do
        measure_installs 1 "$connections"
        measure_installs 500 "$connections"
        measure_server plain "$connections"
        measure_server installed "$connections"
    done
    cat "$work/server" >>"$work/templates"
    mv "$work/server.kept" "$work/server"
    for types in Small Large; do
        grep "\"operation\":\"Install$types\".*\"code\":\"ok\"" "$work/server.log" | tail -n 1 | sed "s/.*\"statements\":\([0-9]*\).*/$types \1/" >>"$work/install_statements"
    done
}

# $1: what to print, `table` or `gates`.
report_templates() {
    measures_templates || return 0
    awk -v part="$1" '
        FILENAME ~ /install_statements$/ { statements[$1] = $2; next }
        # The best round of each, by rate; of the times the lowest.
        {
            k = $1 " " $2
            if ($3 > rate[k]) { rate[k] = $3; line[k] = $0 }
            if (!(k in p50) || $4 < p50[k]) p50[k] = $4
            errors += $8
        }
        function verdict(good) { return good ? "yes" : "no" }
        END {
            if (part == "table") {
                print "\n| | connections | requests/s | p50 ms | p99 ms | server CPU ms per 1,000 | database CPU ms per 1,000 |\n|---|---|---|---|---|---|---|"
                n = split("i1=install a template of 1 type,i500=install a template of 500 types,plain=read a plain agent,installed=read an installed agent", rows, ",")
                for (i = 1; i <= n; i++) {
                    split(rows[i], row, "=")
                    for (c = 1; c <= 8; c += 7) {
                        split(line[row[1] " " c], f, " ")
                        printf "| %s | %d | %s | %s | %s | %s | %s |\n", row[2], c, f[3], f[4], f[5], f[6], f[7]
                    }
                }
            } else {
                printf "| failed requests to templates | %d | 0 | %s |\n", errors, verdict(errors == 0)
                printf "| p50 of an install of 500 types at 8 connections, ms | %.2f | 1.2 times %.2f at most | %s |\n", p50["i500 8"], p50["i1 8"], verdict(p50["i500 8"] <= 1.2 * p50["i1 8"])
                printf "| installs of 500 types a second at 8 connections | %d | 300 at least | %s |\n", rate["i500 8"], verdict(rate["i500 8"] >= 300)
                printf "| statements of an install of 500 types | %d | as many as of 1 | %s |\n", statements["Large"], verdict(statements["Large"] > 0 && statements["Large"] == statements["Small"])
                cost = rate["plain 8"] / rate["installed 8"]
                printf "| cost of reading an installed agent, in plain ones, at 8 connections | %.2f | 1.3 at most | %s |\n", cost, verdict(cost <= 1.3)
            }
        }
    ' "$work/install_statements" "$work/templates"
}
