/// A fresh cuid2: 24 lower-case letters and digits, the first a letter.
#[must_use]
pub fn new_id<I: From<String>>() -> I {
    I::from(cuid2::create_id())
}
