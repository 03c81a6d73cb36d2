//! What an operator can set about the HTTP face. Plain values: reading them from flags is the binary's business.

use std::time::Duration;

/// Everything the HTTP face can be told. The defaults are those of the settings and of `docs/http.md`.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The origin browsers know this server by (`https://api.example.com`), no path. Without it, same origin means the
    /// `Host` the request was sent to.
    pub public_origin: Option<String>,
    /// Origins, beside our own, whose pages may use a cookie here.
    pub trusted_origins: Vec<String>,
    /// Origins whose pages may read our answers (CORS). They may use a cookie too. `*` alone opens reading to any page,
    /// without credentials.
    pub cors_origins: Vec<String>,
    /// Take the client's address from the last entry of `X-Forwarded-For`. Only behind a proxy that sets it.
    pub forwarded_for: bool,
    /// Answer `__schema` and `__type`, and suggest names in error messages.
    pub introspection: bool,
    /// Serve the schema's text at `/schema.graphql`.
    pub publish_schema: bool,
    /// The largest request body, in bytes.
    pub body_bytes: usize,
    /// Limits on a document and its variables, checked before anything is executed.
    pub limits: DocumentLimits,
    /// How many parsed and checked documents are kept. Zero keeps none.
    pub cached_documents: usize,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Limits on sockets and event streams.
    pub sockets: SocketLimits,
}

impl HttpOptions {
    /// Every setting that must be an origin.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        let listed = self.trusted_origins.iter().chain(&self.cors_origins);
        listed
            .chain(&self.public_origin)
            .map(String::as_str)
            .filter(|origin| *origin != "*")
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            public_origin: None,
            trusted_origins: Vec::new(),
            cors_origins: Vec::new(),
            forwarded_for: false,
            introspection: true,
            publish_schema: true,
            body_bytes: 1024 * 1024,
            limits: DocumentLimits::default(),
            cached_documents: 512,
            timeouts: Timeouts::default(),
            sockets: SocketLimits::default(),
        }
    }
}

/// Limits on a document. Fragments count as often as they are spread.
#[derive(Clone, Copy, Debug)]
pub struct DocumentLimits {
    /// Bytes of the document's text.
    pub bytes: usize,
    /// Lexical tokens.
    pub tokens: usize,
    /// Fields inside fields.
    pub depth: usize,
    /// The same inside `__schema` and `__type`, whose standard query is deep.
    pub introspection_depth: usize,
    /// Fields with an alias.
    pub aliases: usize,
    /// Fields at the root of an operation.
    pub root_fields: usize,
    /// Directives.
    pub directives: usize,
    /// Fields, spreads and inline fragments after every spread is written out.
    pub selections: usize,
    /// Lists and objects inside each other, in literals and in variables.
    pub input_depth: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            bytes: 64 * 1024,
            tokens: 5_000,
            depth: 12,
            introspection_depth: 20,
            aliases: 30,
            root_fields: 20,
            directives: 50,
            selections: 1_000,
            input_depth: 64,
        }
    }
}

/// Time limits.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From a connection being ready for a request to the end of that request's head.
    pub header: Duration,
    /// From the head to the end of the body.
    pub body: Duration,
    /// One query or mutation. Subscriptions have none.
    pub operation: Duration,
    /// From the signal to stop to the connections being cut.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            body: Duration::from_secs(20),
            operation: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

/// Limits on sockets; `per_user`, `keep_alive` and `recheck` hold for event streams too.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// From the handshake to `connection_init`.
    pub init: Duration,
    /// Between two signs of life from us. A socket silent for two of these is dropped.
    pub keep_alive: Duration,
    /// Between two checks that the credential is still good.
    pub recheck: Duration,
    /// The longest a client may take to accept one message.
    pub write: Duration,
    /// Operations open at once on one socket.
    pub operations: usize,
    /// Sockets and event streams open at once for one user, or for one address without one.
    pub per_user: usize,
    /// Bytes of one message from the client.
    pub message_bytes: usize,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(10),
            keep_alive: Duration::from_secs(20),
            recheck: Duration::from_secs(30),
            write: Duration::from_secs(10),
            operations: 50,
            per_user: 20,
            message_bytes: 256 * 1024,
        }
    }
}
