use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Cover, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::{Fault, SmtpSettings, Tls, Transport};
use crate::Message;
use crate::sender::Sender;

/// Messages go to a mail server (RFC 5321), one connection each: a connection whose last exchange was cut off half-way is never
/// used again that way.
#[derive(Debug)]
pub(super) struct Smtp(SmtpSettings);

impl Smtp {
    pub(super) const fn new(settings: SmtpSettings) -> Self {
        Self(settings)
    }

    fn connect(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Fault> {
        let SmtpSettings {
            host,
            port,
            tls,
            login,
        } = &self.0;
        let keys = || TlsParameters::new(host.clone()).map_err(fault);
        let cover = match tls {
            Tls::Implicit => Cover::Wrapper(keys()?),
            Tls::StartTls => Cover::Required(keys()?),
            Tls::None => Cover::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(cover)
            // The queue has a limit of its own around the whole exchange.
            .timeout(None);
        if let Some((user, password)) = login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(builder.build())
    }
}

#[async_trait]
impl Transport for Smtp {
    async fn deliver(&self, sender: &Sender, message: &Message) -> Result<(), Fault> {
        let mime = message.mime(sender)?;
        self.connect()?.send(mime).await.map_err(fault)?;
        tracing::debug!(mail.kind = message.kind().as_str(), "a message was sent");
        Ok(())
    }
}

/// What a server says may repeat the recipient: only its code is kept.
#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn fault(error: Error) -> Fault {
    if let Some(code) = error.status() {
        let why = format!("the mail server answers {code}");
        return if error.is_permanent() {
            Fault::Permanent(why)
        } else {
            Fault::Temporary(why)
        };
    }
    if error.is_client() {
        // Ours to say: no STARTTLS where it is required, no way to sign in that both know, no SMTPUTF8.
        return Fault::Permanent(error.to_string());
    }
    Fault::Temporary(
        if error.is_tls() {
            "the mail server's TLS is not accepted"
        } else if error.is_response() {
            "the mail server's answer is not SMTP"
        } else {
            "the mail server cannot be reached"
        }
        .to_owned(),
    )
}
