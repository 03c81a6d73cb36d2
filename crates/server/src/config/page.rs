//! Keeps `docs/configuration.md` in step with the settings.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::cli;

const BEGIN: &str =
    "<!-- settings: written by `AGENTRY_WRITE_DOCS=1 cargo test configuration_page` -->\n";
const END: &str = "<!-- end of settings -->";

/// The table of every setting of the command line.
fn table() -> String {
    let mut text =
        String::from("| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n");
    let mut heading = "";
    let command = cli::command();
    for arg in command
        .get_arguments()
        .filter(|arg| arg.get_env().is_some())
    {
        let group = arg.get_help_heading().unwrap();
        if group != heading {
            writeln!(text, "| **{group}** | | | |").unwrap();
            heading = group;
        }
        let defaults: Vec<&str> = arg
            .get_default_values()
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        let default = if defaults.is_empty() {
            "–".to_owned()
        } else {
            format!("`{}`", defaults.join(","))
        };
        writeln!(
            text,
            "| `--{}` | `{}` | {default} | {} |",
            arg.get_long().unwrap(),
            arg.get_env().unwrap().to_str().unwrap(),
            arg.get_help().unwrap().to_string().replace('|', "\\|"),
        )
        .unwrap();
    }
    text
}

#[test]
fn configuration_page_lists_every_setting_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let wanted = table();
    if std::env::var_os("AGENTRY_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        found, wanted,
        "docs/configuration.md is stale: run AGENTRY_WRITE_DOCS=1 cargo test configuration_page"
    );
}

#[test]
fn every_setting_has_flag_variable_group_and_sentence() {
    let command = cli::command();
    let settings = command
        .get_arguments()
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"));
    for arg in settings {
        let id = arg.get_id();
        let variable = arg
            .get_env()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let known = [
            "DATABASE_URL",
            "DATABASE_OWNER_URL",
            "DATABASE_LISTEN_URL",
            "ENCRYPTION_KEY",
            "AGENTUITY_AUTH_SECRET",
            "BETTER_AUTH_SECRET",
            "BETTER_AUTH_SECRETS",
        ];
        assert!(
            variable.starts_with("AGENTRY_") || known.contains(&variable),
            "{id}: {variable}"
        );
        assert!(
            arg.get_long().is_some()
                && arg.get_help().is_some()
                && arg.get_help_heading().is_some(),
            "{id}"
        );
    }
}

#[test]
fn tables_of_other_pages_show_the_defaults_of_the_settings() {
    let command = cli::command();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut compared = 0;
    for page in ["README.md", "docs/http.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        // "| what | `default` | `VARIABLE` | …"
        for row in text.lines().filter(|line| line.contains("| `AGENTRY_")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let (shown, variable) = (cells[2], cells[3].trim_matches('`'));
            let default = command
                .get_arguments()
                .find(|arg| arg.get_env().is_some_and(|name| name == variable))
                .and_then(|arg| arg.get_default_values().first()?.to_str())
                .map(|default| format!("`{default}`"));
            assert_eq!(Some(shown), default.as_deref(), "{page}: {row}");
            compared += 1;
        }
    }
    assert!(compared > 25, "{compared}");
}
