//! Numbers on WhatsApp.

use agentry_phone::Region;
use clap::Args;

/// How numbers on WhatsApp are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "WhatsApp")]
pub struct WhatsAppConfig {
    /// Where phone numbers are from that begin with no country's code, when the caller does not say: two letters of ISO 3166-1
    #[arg(long, env = "AGENTRY_DEFAULT_REGION", value_name = "REGION", default_value = "GB", value_parser = region)]
    pub default_region: Region,
}

fn region(text: &str) -> Result<Region, String> {
    let unknown = || "expected the two letters of a country or area with phone numbers, such as GB";
    Region::parse(text).ok_or_else(|| unknown().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::cli;
    use crate::config::tests::config;

    #[test]
    fn the_region_is_one_that_has_phone_numbers() {
        let region = |args: &[&str]| config(args).whatsapp.default_region.to_string();
        assert_eq!(region(&[]), "GB");
        assert_eq!(region(&["--default-region=us"]), "US");
        for wrong in ["", "UK", "GBR", "1"] {
            let flag = format!("--default-region={wrong}");
            assert!(cli::tests::parse(&[flag.as_str()]).is_err(), "{wrong}");
        }
    }
}
