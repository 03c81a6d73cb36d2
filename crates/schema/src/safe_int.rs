use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// A whole number as GraphQL's `Int` does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafeInt(pub i64);

impl SafeInt {
    /// The largest: 2⁵³ - 1, beyond which a double-precision number (IEEE 754) is not exact.
    pub const MAX: i64 = (1 << 53) - 1;

    /// What is beyond is as large as it can be.
    #[must_use]
    pub fn clamped(number: i64) -> Self {
        Self(number.clamp(-Self::MAX, Self::MAX))
    }
}

/// A whole number between -9007199254740991 and 9007199254740991, which every client reads exactly; written as a JSON number. `Int` ends
/// at 2147483647: 2,147 dollars in millionths.
#[Scalar]
impl ScalarType for SafeInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        let fits = number.filter(|number| (-Self::MAX..=Self::MAX).contains(number));
        // The usual error would repeat the value.
        fits.map(Self).ok_or_else(|| {
            InputValueError::custom("It must be a whole number that a double holds exactly.")
        })
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::Number(number) if number.is_i64() || number.is_u64())
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_double_does_not_hold_is_refused() {
        let parse = |number: i64| <SafeInt as ScalarType>::parse(Value::Number(number.into())).ok();
        assert_eq!(parse(SafeInt::MAX), Some(SafeInt(9_007_199_254_740_991)));
        assert_eq!(parse(SafeInt::MAX + 1), None);
        assert_eq!(parse(-1), Some(SafeInt(-1)));
        let text = <SafeInt as ScalarType>::parse(Value::String("1".to_owned()));
        assert!(text.is_err());
        assert_eq!(SafeInt::clamped(i64::MAX), SafeInt(SafeInt::MAX));
    }
}
