//! One message: whose it is, and what is done for it.

use std::time::Duration;

use agentry_db::DbError;
use agentry_db::rate_limit::{self, RateLimit};
use agentry_db::whatsapp::inbox::{self, Inbound};
use agentry_db::whatsapp_link::{self, Observed, Outcome, Route};
use agentry_phone::{Code, Sender};
use chrono::{TimeDelta, Utc};

use crate::ask::{Asked, ask};
use crate::counts::one;
use crate::shared::Shared;
use crate::words;

/// How long after a message its sender may be written to.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// How often the bot itself speaks to one sender.
const SAYS: RateLimit = RateLimit {
    count: 6,
    window: Duration::from_mins(10),
};

pub(crate) async fn deal(shared: &Shared, inbound: &Inbound) -> Result<(), DbError> {
    let senders = [Some(&inbound.sender), inbound.scoped_id.as_ref()];
    let senders = senders.into_iter().flatten();
    let mut senders: Vec<Sender> = senders.filter_map(|id| Sender::parse(id).ok()).collect();
    senders.dedup();
    let Some(sender) = senders.first() else {
        return silently(shared, inbound, "no_person").await;
    };
    if Utc::now() - inbound.sent_at > WINDOW {
        return silently(shared, inbound, "too_late").await;
    }
    let text = inbound.content.as_deref().unwrap_or_default();
    let code = Code::find_in(text);
    let is_code = code.is_some();
    if let Some(code) = code {
        if redeem(shared, inbound, &senders, (&code, text)).await? {
            return Ok(());
        }
        // Nobody asks an agent that. Within a sentence it may be anything that looks like a code.
        if Code::is_all_of(text) {
            let text = words::CODE_UNKNOWN.to_owned();
            return say(shared, inbound, "code_unknown", text).await;
        }
    }
    let (by, routes) = routes(shared, inbound, &senders).await?;
    let by = by.unwrap_or(sender);
    match choose(routes) {
        Chosen::One(route) => match &inbound.content {
            Some(text) => to_agent(shared, inbound, &route, (sender, by), text).await,
            None => say(shared, inbound, "no_text", words::ONLY_TEXT.to_owned()).await,
        },
        Chosen::None if is_code => {
            say(
                shared,
                inbound,
                "code_unknown",
                words::CODE_UNKNOWN.to_owned(),
            )
            .await
        }
        Chosen::None => {
            let text = words::not_linked(&inbound.template_name, &install_link(shared, inbound));
            say(shared, inbound, "not_linked", text).await
        }
        Chosen::Several => {
            let text = words::several(&inbound.template_name, &install_link(shared, inbound));
            say(shared, inbound, "several", text).await
        }
    }
}

/// Uses a code up. False: there is no such code, and what was written may be an ordinary message.
async fn redeem(
    shared: &Shared,
    inbound: &Inbound,
    senders: &[Sender],
    (code, text): (&Code, &str),
) -> Result<bool, DbError> {
    let [sender, others @ ..] = senders else {
        return Ok(false);
    };
    let trusted = &shared.settings.publishers;
    let observed = Observed {
        publisher: &inbound.publisher,
        sender,
        scoped: others.first(),
        code,
    };
    let counters = &shared.counters;
    let refused = match whatsapp_link::verify(&shared.db, trusted, &observed).await? {
        Outcome::Verified(_) => {
            one(&counters.linked);
            return answer(
                shared,
                inbound,
                "linked",
                words::linked(&inbound.template_name),
            )
            .await
            .map(|()| true);
        }
        // It was used up when this was dealt with before, by whoever was lost before it could be said.
        Outcome::Unknown
            if inbound.attempts > 1
                && whatsapp_link::is_linked(&shared.db, trusted, &inbound.publisher, sender)
                    .await? =>
        {
            return answer(
                shared,
                inbound,
                "linked",
                words::linked(&inbound.template_name),
            )
            .await
            .map(|()| true);
        }
        Outcome::Unknown => None,
        Outcome::Expired(_) => Some(("code_expired", words::CODE_EXPIRED)),
        Outcome::SenderMismatch(_) => Some(("code_of_another", words::CODE_OF_ANOTHER)),
        Outcome::AlreadyLinked(_) => Some(("linked_elsewhere", words::LINKED_ELSEWHERE)),
        // What only looks like a code in passing is said to the agent.
        Outcome::TooMany(_) if !Code::is_all_of(text) => None,
        Outcome::TooMany(_) => Some(("too_many_codes", words::TOO_MANY_CODES)),
    };
    one(&counters.codes_refused);
    let Some((outcome, text)) = refused else {
        return Ok(false);
    };
    say(shared, inbound, outcome, text.to_owned()).await?;
    Ok(true)
}

/// By the number first, and else by the id that is good for this business alone: by which of them, and where to.
async fn routes<'a>(
    shared: &Shared,
    inbound: &Inbound,
    senders: &'a [Sender],
) -> Result<(Option<&'a Sender>, Vec<Route>), DbError> {
    let trusted = &shared.settings.publishers;
    for sender in senders {
        let routes = whatsapp_link::route(&shared.db, trusted, &inbound.template, sender).await?;
        if !routes.is_empty() {
            return Ok((Some(sender), routes));
        }
    }
    Ok((None, Vec::new()))
}

enum Chosen {
    None,
    One(Box<Route>),
    Several,
}

/// The personal one, or the only one.
fn choose(mut routes: Vec<Route>) -> Chosen {
    let personal = routes.iter().position(|route| route.is_personal);
    match (personal, routes.len()) {
        (Some(at), _) => Chosen::One(Box::new(routes.swap_remove(at))),
        (None, 0) => Chosen::None,
        (None, 1) => Chosen::One(Box::new(routes.swap_remove(0))),
        (None, _) => Chosen::Several,
    }
}

async fn to_agent(
    shared: &Shared,
    inbound: &Inbound,
    route: &Route,
    senders: (&Sender, &Sender),
    text: &str,
) -> Result<(), DbError> {
    if text.chars().count() > shared.settings.message_characters {
        return say(shared, inbound, "too_long", words::TOO_LONG.to_owned()).await;
    }
    let user = route.tenant.user();
    let counted = shared.auth.count_run(user, shared.settings.runs_per_minute);
    if counted.await?.is_err() {
        return say(shared, inbound, "too_often", words::TOO_OFTEN.to_owned()).await;
    }
    match ask(shared, inbound, route, senders, text).await? {
        Asked::Done => {
            one(&shared.counters.asked);
            Ok(())
        }
        Asked::Lost => Ok(()),
        Asked::Busy => say(shared, inbound, "busy", words::BUSY.to_owned()).await,
        Asked::Gone => say(shared, inbound, "agent_gone", words::GONE.to_owned()).await,
        Asked::NoConnection(model) => {
            say(
                shared,
                inbound,
                "no_connection",
                words::no_connection(&model),
            )
            .await
        }
    }
}

fn install_link(shared: &Shared, inbound: &Inbound) -> String {
    let mut link = shared.settings.app.clone();
    if let Ok(mut path) = link.path_segments_mut() {
        path.pop_if_empty();
        path.extend(["install", &inbound.template_slug]);
    }
    link.into()
}

/// Closes the message with words of the bot's own; without any, when it has said enough to this sender lately.
async fn say(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
    text: String,
) -> Result<(), DbError> {
    let key = format!("whatsapp:say:{}:{}", inbound.number, inbound.sender);
    if rate_limit::hit(&shared.db, &key, SAYS).await?.is_err() {
        return silently(shared, inbound, outcome).await;
    }
    answer(shared, inbound, outcome, text).await
}

/// Closes the message with words of the bot's own.
async fn answer(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
    text: String,
) -> Result<(), DbError> {
    let (db, worker) = (&shared.db, &shared.worker);
    if inbox::answer(db, worker, inbound.place, outcome, &[text]).await? {
        one(&shared.counters.answered);
        shared.due.notify_one();
        told(inbound, outcome);
    }
    shared.came.notify_one();
    Ok(())
}

async fn silently(
    shared: &Shared,
    inbound: &Inbound,
    outcome: &'static str,
) -> Result<(), DbError> {
    if inbox::close(&shared.db, &shared.worker, inbound.place, outcome).await? {
        one(&shared.counters.silent);
        told(inbound, outcome);
    }
    shared.came.notify_one();
    Ok(())
}

/// Neither who wrote nor what is in the log.
fn told(inbound: &Inbound, outcome: &'static str) {
    tracing::info!(
        number.id = %inbound.number,
        message.place = inbound.place,
        kind = inbound.kind,
        outcome,
        "a message on WhatsApp was dealt with"
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use agentry_db::{Role, Tenant};

    use super::*;

    fn route(agent: &str, is_personal: bool) -> Route {
        Route {
            tenant: Tenant::new("user".into(), "org".into(), Role::Member).unwrap(),
            agent: agent.into(),
            install: "install".into(),
            is_personal,
        }
    }

    fn chosen(routes: Vec<Route>) -> String {
        match choose(routes) {
            Chosen::None => "none".to_owned(),
            Chosen::One(route) => route.agent.into_string(),
            Chosen::Several => "several".to_owned(),
        }
    }

    #[test]
    fn the_personal_agent_comes_first_and_among_others_none_is_guessed() {
        assert_eq!(chosen(vec![]), "none");
        assert_eq!(chosen(vec![route("a", false)]), "a");
        assert_eq!(chosen(vec![route("a", false), route("b", true)]), "b");
        assert_eq!(
            chosen(vec![route("a", false), route("b", false)]),
            "several"
        );
    }
}
