//! Why we close a socket.

use axum::extract::ws::CloseFrame;

/// The close codes of the protocol and the few of RFC 6455 that we use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// The server stops.
    GoingAway,
    /// A message exceeds the limit.
    TooBig,
    /// The credential cannot be checked now, or was used too often.
    TryAgainLater,
    /// A message that the protocol does not know.
    BadMessage(&'static str),
    /// An operation before `connection_init` was acknowledged.
    Unauthorized,
    /// The credential is refused, or no longer good.
    Forbidden,
    /// The client did not choose our protocol.
    Subprotocol,
    /// No `connection_init` in time.
    InitTimeout,
    /// An operation's id is in use.
    Subscriber(String),
    /// `connection_init` twice.
    TooManyInits,
    /// The caller has too many sockets.
    TooManySockets,
    /// Our fault.
    Internal,
}

/// The longest reason a close frame can carry (RFC 6455, 5.5).
const REASON_BYTES: usize = 123;

impl Close {
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::TooBig => 1009,
            Self::TryAgainLater => 1013,
            Self::BadMessage(_) => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::Subprotocol => 4406,
            Self::InitTimeout => 4408,
            Self::Subscriber(_) => 4409,
            Self::TooManyInits | Self::TooManySockets => 4429,
            Self::Internal => 4500,
        }
    }

    pub(super) fn frame(&self) -> CloseFrame {
        let mut reason = match self {
            Self::GoingAway => "Going away".to_owned(),
            Self::TooBig => "Message too big".to_owned(),
            Self::TryAgainLater => "Try again later".to_owned(),
            Self::BadMessage(what) => (*what).to_owned(),
            Self::Unauthorized => "Unauthorized".to_owned(),
            Self::Forbidden => "Forbidden".to_owned(),
            Self::Subprotocol => "Subprotocol not acceptable".to_owned(),
            Self::InitTimeout => "Connection initialisation timeout".to_owned(),
            // The words are the protocol's, the id included.
            Self::Subscriber(id) => format!("Subscriber for {id} already exists"),
            Self::TooManyInits => "Too many initialisation requests".to_owned(),
            Self::TooManySockets => "Too many open sockets".to_owned(),
            Self::Internal => "Internal server error".to_owned(),
        };
        let end = (0..=REASON_BYTES.min(reason.len()))
            .rev()
            .find(|end| reason.is_char_boundary(*end));
        reason.truncate(end.unwrap_or(0));
        CloseFrame {
            code: self.code(),
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reason_is_cut_between_characters() {
        let frame = Close::Subscriber("é".repeat(200)).frame();
        assert_eq!(frame.code, 4409);
        assert!(frame.reason.len() <= REASON_BYTES);
        assert!(frame.reason.ends_with('é'));
    }
}
