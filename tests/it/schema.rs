//! The contract in the repository.

/// `agentry schema > schema.graphql` writes it anew.
const KEPT: &str = include_str!("../../schema.graphql");

#[test]
fn the_kept_schema_is_the_one_served() {
    assert!(
        KEPT.trim_end() == agentry_schema::sdl().trim_end(),
        "schema.graphql is stale: run make schema"
    );
}
