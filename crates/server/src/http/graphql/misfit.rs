//! What is wrong with a value, in words that do not repeat it.

/// What is wrong, and where inside the value, innermost step first.
pub(super) struct Misfit {
    pub(super) what: String,
    steps: Vec<String>,
}

impl Misfit {
    pub(super) fn null() -> Self {
        Self::new("must not be null")
    }

    pub(super) fn missing() -> Self {
        Self::new("is required and was not given")
    }

    pub(super) fn scalar(name: &str) -> Self {
        Self::new(format!("expects a value of type \"{name}\""))
    }

    pub(super) fn value_of(name: &str) -> Self {
        Self::new(format!("expects one of the values of \"{name}\""))
    }

    pub(super) fn object(name: &str) -> Self {
        Self::new(format!("expects an object of type \"{name}\""))
    }

    pub(super) fn unknown_field(name: &str) -> Self {
        Self::new(format!("has a field that \"{name}\" does not have"))
    }

    pub(super) fn one_of(name: &str) -> Self {
        Self::new(format!(
            "expects exactly one field of \"{name}\", and not null"
        ))
    }

    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            steps: Vec::new(),
        }
    }

    /// The same, seen from one step further out.
    pub(super) fn inside(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }

    /// Where it is, seen from `start`.
    pub(super) fn place(&self, start: String) -> String {
        self.steps
            .iter()
            .rev()
            .fold(start, |place, step| place + step)
    }
}
