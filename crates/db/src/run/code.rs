/// Declares the codes, each with the word it is kept as.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $word:literal,)+) => {
        /// Why a run failed. The words are kept in rows and told to clients: they never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])* $code,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// As it is kept.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $word,)+
                }
            }
        }
    };
}

codes! {
    /// Its user is no member of the organisation any more.
    NotAMember = "NOT_A_MEMBER",
    /// The agent is gone, or its user may not use it any more.
    AgentGone = "AGENT_GONE",
    /// No linked connection serves the model.
    NoConnection = "NO_CONNECTION",
    /// The connection's key does not open.
    KeyUnreadable = "KEY_UNREADABLE",
    /// The worker was lost after the provider had been asked.
    Interrupted = "INTERRUPTED",
    /// The organisation's budget is spent.
    BudgetExceeded = "BUDGET_EXCEEDED",
    /// A fault of ours.
    Internal = "INTERNAL",
    /// The service needs a key, and the connection has none.
    ProviderKeyMissing = "PROVIDER_KEY_MISSING",
    /// The key holds characters that a key cannot have.
    ProviderKeyMalformed = "PROVIDER_KEY_MALFORMED",
    /// The connection needs a base URL.
    ProviderBaseUrlMissing = "PROVIDER_BASE_URL_MISSING",
    /// The address is one that is not called.
    ProviderAddressRefused = "PROVIDER_ADDRESS_REFUSED",
    /// The connection failed too often lately.
    ProviderCircuitOpen = "PROVIDER_CIRCUIT_OPEN",
    /// Nobody could be reached.
    ProviderUnreachable = "PROVIDER_UNREACHABLE",
    /// The provider refused the key.
    ProviderUnauthorized = "PROVIDER_UNAUTHORIZED",
    /// The account has no credit left.
    ProviderPaymentRequired = "PROVIDER_PAYMENT_REQUIRED",
    /// The provider is asked too often.
    ProviderRateLimited = "PROVIDER_RATE_LIMITED",
    /// The provider has no such model.
    ProviderModelNotFound = "PROVIDER_MODEL_NOT_FOUND",
    /// The conversation is longer than the model takes.
    ProviderContextTooLong = "PROVIDER_CONTEXT_TOO_LONG",
    /// The provider refused the request.
    ProviderBadRequest = "PROVIDER_BAD_REQUEST",
    /// The provider answered with a redirect.
    ProviderRedirected = "PROVIDER_REDIRECTED",
    /// The provider failed.
    ProviderServerError = "PROVIDER_SERVER_ERROR",
    /// No word of the answer in time.
    ProviderTimedOutBeforeFirstToken = "PROVIDER_TIMED_OUT_BEFORE_FIRST_TOKEN",
    /// The answer stopped in the middle.
    ProviderTimedOutBetweenTokens = "PROVIDER_TIMED_OUT_BETWEEN_TOKENS",
    /// The call took too long.
    ProviderTimedOut = "PROVIDER_TIMED_OUT",
    /// The answer was cut off.
    ProviderStreamCut = "PROVIDER_STREAM_CUT",
    /// The provider reported a fault in the middle of its answer.
    ProviderBrokeOff = "PROVIDER_BROKE_OFF",
    /// The answer cannot be read.
    ProviderMalformed = "PROVIDER_MALFORMED",
    /// The answer is too large.
    ProviderTooLarge = "PROVIDER_TOO_LARGE",
}

impl ErrorCode {
    /// The code of this word; a fault of ours when there is none.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let found = Self::ALL.iter().find(|code| code.as_str() == word);
        found.copied().unwrap_or(Self::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn a_word_is_read_back_and_an_unknown_one_is_a_fault_of_ours() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::of(code.as_str()), *code);
        }
        assert_eq!(ErrorCode::of("ELSE"), ErrorCode::Internal);
    }
}
