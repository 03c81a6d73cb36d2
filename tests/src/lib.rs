//! Holds no code: the tests are the one binary `it`.
