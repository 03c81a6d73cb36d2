# Webhook intake: how many deliveries of one message each are stored a second, and how soon they are answered. What was stored is
# counted in the database.

whatsapp_secret=bench-secret-0123456789

measures_whatsapp() {
    case " $workloads " in *" whatsapp "*) return 0 ;; *) return 1 ;; esac
}

# Flags of the server, for this case alone: that numbers may be registered, that everyone may write, and that nobody deals with
# what came in, for intake alone is measured.
whatsapp_flags() {
    measures_whatsapp || return 0
    echo "--whatsapp-publishers * --whatsapp-per-sender 1000000000 --whatsapp-workers 0"
}

load_whatsapp() {
    measures_whatsapp || return 0
    sql -c "DELETE FROM whatsapp_numbers n USING templates t WHERE t.id = n.template_id AND t.slug = 'bench-whatsapp'" \
        -c "DELETE FROM templates WHERE slug = 'bench-whatsapp'" \
        -c "INSERT INTO templates (id, publisher_org_id, slug, name) SELECT 'benchwhatsapp', m.\"organizationId\", 'bench-whatsapp', 'Bench' FROM \"member\" m JOIN \"session\" s ON s.\"userId\" = m.\"userId\" WHERE s.\"token\" = 't10000000-1000$fill-d8f1g6h' LIMIT 1" >/dev/null
    whatsapp_number=$(ask whatsapp "{\"input\":{\"templateId\":\"benchwhatsapp\",\"appSecret\":\"$whatsapp_secret\",\"via\":{\"gateway\":{\"url\":\"https://gateway.example.com\",\"phone\":\"+447900000001\"}}}}" |
        sed -n 's/.*"whatsAppNumber":{"id":"\([^"]*\)".*/\1/p')
    [ -n "$whatsapp_number" ] || fail "no number could be registered."
}

measure_whatsapp() {
    measures_whatsapp || return 0
    for connections in 1 8 32; do
        sql -c "TRUNCATE whatsapp_inbox CASCADE" >/dev/null
        server_before=$(cpu_of "$server")
        database_before=$(cpu_of_database)
        result=$(wrk -t 1 -c "$connections" -d "$seconds" --timeout 10s -s bench/whatsapp.lua "http://127.0.0.1:$port" -- \
            "/webhooks/whatsapp/$whatsapp_number" "$whatsapp_secret" | sed -n 's/^RESULT //p')
        server_after=$(cpu_of "$server")
        database_after=$(cpu_of_database)
        [ -n "$result" ] || fail "wrk gave no result for the webhook."
        stored=$(sql -c "SELECT count(*) FROM whatsapp_inbox")
        [ "$stored" -ge "${result%% *}" ] || fail "${result%% *} deliveries were answered, and $stored stored."
        echo "$connections $result $((server_after - server_before)) $((database_after - database_before))" |
            awk '{ printf "%d %.0f %.2f %.2f %.0f %.0f %d\n", $1, $2 / $3, $4, $5, $7 * 1000 / $2, $8 * 1000 / $2, $6 }' >>"$work/whatsapp"
    done
    # Or whoever starts the server next has it deal with them, beside whatever is measured then.
    sql -c "TRUNCATE whatsapp_inbox CASCADE" >/dev/null
}

# $1: what to print, `table` or `gates`.
report_whatsapp() {
    measures_whatsapp || return 0
    awk -v part="$1" '
        { if ($2 > rate[$1]) { rate[$1] = $2; line[$1] = $0 } errors += $7 }
        function verdict(good) { return good ? "yes" : "no" }
        END {
            split(line[32], f, " ")
            if (part == "table") {
                print "\n| | connections | deliveries/s | p50 ms | p99 ms | server CPU ms per 1,000 | database CPU ms per 1,000 |\n|---|---|---|---|---|---|---|"
                for (c = 1; c <= 32; c = (c == 1 ? 8 : c * 4)) {
                    split(line[c], g, " ")
                    printf "| WhatsApp: store a delivery | %d | %s | %s | %s | %s | %s |\n", c, g[2], g[3], g[4], g[5], g[6]
                }
            } else {
                printf "| failed deliveries | %d | 0 | %s |\n", errors, verdict(errors == 0)
                printf "| deliveries stored a second, at 32 connections | %d | 2,000 at least | %s |\n", rate[32], verdict(rate[32] >= 2000)
                printf "| p99 of a delivery at 32 connections, ms | %.2f | under 100 | %s |\n", f[4], verdict(f[4] < 100)
            }
        }
    ' "$work/whatsapp"
}
