# CPU time and memory of processes, from /proc where there is one, from ps elsewhere.

# Milliseconds of CPU that process $1 has used, and those of its children that have ended.
cpu_of() {
    if [ -r "/proc/$1/stat" ]; then
        # What follows the name, which may hold anything but ends at the last parenthesis: utime is field 14, cstime 17.
        sed 's/.*) //' "/proc/$1/stat" 2>/dev/null |
            awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.0f\n", ($12 + $13 + $14 + $15) * 1000 / ticks }'
    else
        # [[dd-]hh:]mm:ss[.cc]
        ps -o time= -p "$1" 2>/dev/null |
            awk '{ n = split($1, t, /[-:]/); s = 0; for (i = 1; i <= n; i++) s = s * (n == 4 && i == 2 ? 24 : 60) + t[i]; printf "%.0f\n", s * 1000 }'
    fi
}

# Milliseconds of CPU that PostgreSQL has used: the postmaster with its ended children, and those that live.
cpu_of_database() {
    for pid in "$postmaster" $(ps -A -o pid= -o ppid= | awk -v parent="$postmaster" '$2 == parent { print $1 }'); do
        cpu_of "$pid" || true
    done | awk '{ sum += $1 } END { print sum }'
}

# KiB of memory that process $1 holds.
memory_of() {
    ps -o rss= -p "$1" | awk '{ print $1 }'
}
