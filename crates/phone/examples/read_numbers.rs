//! Reads a region, a tab and a number from each line, and answers with the number in E.164 or nothing: for comparing with others.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for tests, which may stop at what it did not expect"
)]

use std::io::{self, BufRead as _};

use agentry_phone::{Phone, Region};

fn main() {
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let (region, text) = line.split_once('\t').unwrap();
        let phone = Phone::parse(text, Region::parse(region).unwrap());
        println!("{}", phone.map(|phone| phone.e164()).unwrap_or_default());
    }
}
