//! Somebody at a page: who they are, what their forms carry, and which cookies their answer sets.

use std::sync::Arc;

use agentry_auth::SignedIn;
use agentry_db::ids::OrganizationId;
use agentry_schema::RequestContext;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::live::Held;
use super::token::FormToken;
use crate::front::{Front, fault};
use crate::gate::caller_of;
use crate::http::{Caller, Fault, Presented, csrf};

/// One request to a page.
pub(super) struct Visit {
    /// Whoever it is.
    pub(super) context: Arc<RequestContext>,
    /// The page's own address.
    pub(super) path: String,
    /// What its forms carry.
    pub(super) token: FormToken,
    front: Front,
    caller: Caller,
    origin: Option<String>,
    cookies: Vec<SecretString>,
}

impl Visit {
    /// Whoever the browser's cookie says. No other credential counts on a page.
    ///
    /// # Errors
    /// As [`Front::open`].
    pub(super) async fn open(
        front: &Front,
        parts: &Parts,
        caller: Caller,
        token: FormToken,
        path: String,
    ) -> Result<Self, Fault> {
        let context = front.open(presented(&caller, None)).await?;
        let actor = context.find_actor();
        let cookies = actor.map_or_else(Vec::new, |actor| actor.renewed_cookies().to_vec());
        Ok(Self {
            context,
            path,
            token,
            front: front.clone(),
            caller,
            origin: origin(front, &parts.headers),
            cookies,
        })
    }

    /// Acts in this organisation from now on. Whether they may.
    ///
    /// # Errors
    /// As [`Front::open`].
    pub(super) async fn act_in(&mut self, organization: &OrganizationId) -> Result<bool, Fault> {
        let acting = self.context.tenant().ok();
        if acting.is_some_and(|tenant| tenant.organization() == organization) {
            return Ok(true);
        }
        // One request never holds two connections.
        self.context.release().await;
        let there = presented(&self.caller, Some(organization.to_string()));
        match self.front.open(there).await {
            Ok(context) => self.context = context,
            Err(fault) if fault.code == agentry_schema::code::FORBIDDEN => return Ok(false),
            Err(fault) => return Err(fault),
        }
        Ok(self.context.find_actor().is_some())
    }

    /// The data of an operation of the API, as whoever this is.
    ///
    /// # Errors
    /// As [`Front::run`].
    pub(super) async fn run(
        &self,
        document: &'static str,
        variables: Value,
    ) -> Result<Value, Fault> {
        self.front.run(&self.context, document, variables).await
    }

    /// A place among the open streams of whoever this is; `None` when they have as many as they may.
    pub(super) fn hold(&self) -> Option<Held> {
        let shared = Arc::clone(self.front.shared());
        let context = caller_of(Arc::clone(&self.context));
        let mut open = shared.streams.open();
        let key = self.caller.stream_key(&*context);
        shared.streams.claim(&mut open, key).then_some(Held {
            shared,
            context,
            open,
        })
    }

    /// Goes on as whoever has just signed in.
    pub(super) fn enter(&mut self, session: SignedIn) {
        let services = self.context.shared_services();
        let client = self.context.client().clone();
        self.cookies.extend(session.set_cookies);
        let context = RequestContext::new(services, Some(session.actor), client, None);
        self.context = Arc::new(context);
    }

    /// Ends the session, if there is one, and forgets it.
    ///
    /// # Errors
    /// The fault of a database that does not answer.
    pub(super) async fn sign_out(&mut self) -> Result<(), Fault> {
        self.context.release().await;
        let auth = &self.context.services().auth;
        if let Some(actor) = self.context.find_actor() {
            let ended = auth.sign_out(actor).await;
            ended.map_err(|error| fault(&error.into()))?;
        }
        self.cookies = auth.clear_cookies();
        Ok(())
    }

    /// The whole address of the page, for those who show it elsewhere.
    pub(super) fn address(&self) -> Option<String> {
        let origin = self.origin.as_ref()?;
        Some(format!("{origin}{}", self.path))
    }

    /// The answer with the cookies it has to set.
    pub(super) fn dress(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        for cookie in &self.cookies {
            if let Ok(value) = HeaderValue::from_str(cookie.expose_secret()) {
                headers.append(header::SET_COOKIE, value);
            }
        }
        if let Some(cookie) = self.token.set_cookie() {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }
}

fn presented(caller: &Caller, organization: Option<String>) -> Presented {
    Presented {
        api_key: None,
        authorization: None,
        organization,
        ..caller.presented()
    }
}

/// Where browsers find us: as set, else where this request went.
fn origin(front: &Front, headers: &HeaderMap) -> Option<String> {
    if let Some(public) = &front.options().public_origin {
        return csrf::normal(public);
    }
    let scheme = if front.secure() { "https" } else { "http" };
    let host = headers.get(header::HOST)?.to_str().ok()?;
    csrf::normal(&format!("{scheme}://{host}"))
}
