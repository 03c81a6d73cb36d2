//! Where a sealed value lives, and the associated data made of it.

/// The one place a sealed value belongs to.
///
/// It is not stored with the value: whoever opens it says where they found it, and a value found anywhere else than
/// where it was sealed does not open. Use the stored names (`api_connections`, `api_key`) and ids as text, the same when
/// sealing and when opening, for as long as the value lives: renaming a table or column means re-sealing what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// The table's name, without its schema.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The id of the organisation, our tenant, the row belongs to.
    pub organization: &'a str,
    /// The row's own id.
    pub row: &'a str,
}

impl Place<'_> {
    /// The associated data (AAD) of NIST SP 800-38D: for table, column, organisation and row in this order, the length
    /// in bytes as an unsigned 64-bit big-endian number, then the UTF-8 bytes.
    ///
    /// The lengths are what makes it unambiguous: without them `("ab", "c")` and `("a", "bc")` would be one place.
    pub(crate) fn associated_data(&self) -> Vec<u8> {
        let parts = [self.table, self.column, self.organization, self.row];
        let size = parts.iter().map(|part| size_of::<u64>() + part.len()).sum();
        let mut data = Vec::with_capacity(size);
        for part in parts {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn associated_data_is_the_documented_bytes() {
        let place = Place {
            table: "t",
            column: "",
            organization: "é",
            row: "row",
        };
        let expected = [
            &[0, 0, 0, 0, 0, 0, 0, 1][..],
            b"t",
            &[0, 0, 0, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 0, 2],
            "é".as_bytes(),
            &[0, 0, 0, 0, 0, 0, 0, 3],
            b"row",
        ]
        .concat();
        assert_eq!(place.associated_data(), expected);
    }
}
