//! What the server is started with. Given on its command line, so the cluster's own files stay as `initdb` wrote them.

use std::path::Path;

/// The `name=value` pairs of one start, later ones winning.
pub(crate) fn settings(
    socket_dir: &Path,
    durable: bool,
    extra: &[(String, String)],
) -> Vec<String> {
    let mut all: Vec<String> = [
        // Nobody reaches this server but through the socket, in a folder closed to everyone else.
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "timezone=UTC",
        "log_timezone=UTC",
        "lc_messages=C",
        "logging_collector=off",
        "log_destination=stderr",
        // Errors of statements go to the client, which is Agentry, and are logged there with care. In PostgreSQL's own log
        // they would carry values: statement texts, failing rows. What remains is about the server itself.
        "log_min_messages=log",
        "log_min_error_statement=panic",
        "log_error_verbosity=terse",
        "log_parameter_max_length=0",
        "log_statement=none",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(format!("unix_socket_directories={}", quoted(socket_dir)));
    if !durable {
        // A cluster that is thrown away need not survive a power cut.
        all.extend(
            [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
            ]
            .map(str::to_owned),
        );
    }
    all.extend(extra.iter().map(|(name, value)| format!("{name}={value}")));
    all
}

/// The setting is a list: a comma or a quote in a path must not end the item.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}
