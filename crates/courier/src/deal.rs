//! One message: whose it is, and what is done for it.

use agentry_db::DbError;
use agentry_db::whatsapp::inbox::Inbound;
use agentry_db::whatsapp_link::{self, Observed, Outcome, Route};
use agentry_phone::{Code, Sender};
use chrono::{TimeDelta, Utc};

use crate::ask::{Asked, ask};
use crate::counts::one;
use crate::say::{answer, hint, seldom, silently};
use crate::shared::Shared;
use crate::words;

/// How long after a message its sender may be written to.
const WINDOW: TimeDelta = TimeDelta::hours(24);

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
    let redeemed = match &code {
        Some(code) => Some(redeem(shared, inbound, &senders, code).await?),
        None => None,
    };
    // Nobody asks an agent a code. Within a sentence it may be anything that looks like one.
    let is_all = code.is_some() && Code::is_all_of(text);
    match redeemed {
        Some(Redeemed::Told) => return Ok(()),
        Some(Redeemed::Unknown) if is_all => return code_unknown(shared, inbound).await,
        Some(Redeemed::TooMany) if is_all => return too_many_codes(shared, inbound).await,
        Some(Redeemed::Unknown | Redeemed::TooMany) | None => {}
    }
    let (by, routes) = routes(shared, inbound, &senders).await?;
    let by = by.unwrap_or(sender);
    let template = &inbound.template_name;
    match choose(routes) {
        Chosen::One(route) => match &inbound.content {
            Some(text) => to_agent(shared, inbound, &route, (sender, by), text).await,
            None => hint(shared, inbound, "no_text", words::ONLY_TEXT.to_owned()).await,
        },
        Chosen::None if matches!(redeemed, Some(Redeemed::Unknown)) => {
            code_unknown(shared, inbound).await
        }
        Chosen::None if matches!(redeemed, Some(Redeemed::TooMany)) => {
            too_many_codes(shared, inbound).await
        }
        Chosen::None if is_linked(shared, inbound, &senders).await? => {
            let text = words::not_installed(template, &install_link(shared, inbound));
            hint(shared, inbound, "not_installed", text).await
        }
        Chosen::None => {
            let text = words::not_linked(template, &install_link(shared, inbound));
            hint(shared, inbound, "not_linked", text).await
        }
        Chosen::Several => {
            let text = words::several(template, &install_link(shared, inbound));
            hint(shared, inbound, "several", text).await
        }
    }
}

async fn code_unknown(shared: &Shared, inbound: &Inbound) -> Result<(), DbError> {
    let text = words::CODE_UNKNOWN.to_owned();
    answer(shared, inbound, "code_unknown", text).await
}

async fn too_many_codes(shared: &Shared, inbound: &Inbound) -> Result<(), DbError> {
    let text = words::TOO_MANY_CODES.to_owned();
    seldom(shared, inbound, "too_many_codes", text).await
}

/// What became of a code.
enum Redeemed {
    /// Its sender is told.
    Told,
    /// There is no such code, and what was written may be an ordinary message.
    Unknown,
    /// Too many came for this one to be looked up.
    TooMany,
}

/// Uses a code up.
async fn redeem(
    shared: &Shared,
    inbound: &Inbound,
    senders: &[Sender],
    code: &Code,
) -> Result<Redeemed, DbError> {
    let [sender, others @ ..] = senders else {
        return Ok(Redeemed::Unknown);
    };
    let trusted = &shared.settings.publishers;
    let observed = Observed {
        publisher: &inbound.publisher,
        sender,
        scoped: others.first(),
        code,
    };
    let verified = whatsapp_link::verify(&shared.db, trusted, &observed).await?;
    let (outcome, text) = match verified {
        Outcome::Verified(_) => {
            one(&shared.counters.linked);
            welcome(shared, inbound, senders).await?;
            return Ok(Redeemed::Told);
        }
        // It was used up when this was dealt with before, by whoever was lost before it could be said.
        Outcome::Unknown
            if inbound.attempts > 1
                && is_linked(shared, inbound, std::slice::from_ref(sender)).await? =>
        {
            welcome(shared, inbound, senders).await?;
            return Ok(Redeemed::Told);
        }
        Outcome::Unknown => {
            one(&shared.counters.codes_refused);
            return Ok(Redeemed::Unknown);
        }
        Outcome::TooMany(_) => {
            one(&shared.counters.codes_refused);
            return Ok(Redeemed::TooMany);
        }
        Outcome::Expired(_) => ("code_expired", words::CODE_EXPIRED),
        Outcome::SenderMismatch(_) => ("code_of_another", words::CODE_OF_ANOTHER),
        Outcome::AlreadyLinked(_) => ("linked_elsewhere", words::LINKED_ELSEWHERE),
    };
    one(&shared.counters.codes_refused);
    answer(shared, inbound, outcome, text.to_owned()).await?;
    Ok(Redeemed::Told)
}

/// Tells who has just shown the sender to be theirs what becomes of what they write next.
async fn welcome(shared: &Shared, inbound: &Inbound, senders: &[Sender]) -> Result<(), DbError> {
    let (_, routes) = routes(shared, inbound, senders).await?;
    let (template, link) = (&inbound.template_name, install_link(shared, inbound));
    let text = match choose(routes) {
        Chosen::One(_) => words::linked(template),
        Chosen::None => words::linked_alone(template, &link),
        Chosen::Several => words::linked_several(template, &link),
    };
    answer(shared, inbound, "linked", text).await
}

/// Whether anybody has shown one of these to be theirs.
async fn is_linked(
    shared: &Shared,
    inbound: &Inbound,
    senders: &[Sender],
) -> Result<bool, DbError> {
    let (trusted, publisher) = (&shared.settings.publishers, &inbound.publisher);
    for sender in senders {
        if whatsapp_link::is_linked(&shared.db, trusted, publisher, sender).await? {
            return Ok(true);
        }
    }
    Ok(false)
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
        return hint(shared, inbound, "too_long", words::TOO_LONG.to_owned()).await;
    }
    let user = route.tenant.user();
    let counted = shared.auth.count_run(user, shared.settings.runs_per_minute);
    if counted.await?.is_err() {
        return hint(shared, inbound, "too_often", words::TOO_OFTEN.to_owned()).await;
    }
    match ask(shared, inbound, route, senders, text).await? {
        Asked::Done => {
            one(&shared.counters.asked);
            Ok(())
        }
        Asked::Lost => Ok(()),
        Asked::Busy => hint(shared, inbound, "busy", words::BUSY.to_owned()).await,
        Asked::Gone => hint(shared, inbound, "agent_gone", words::GONE.to_owned()).await,
        Asked::NoConnection { model, slug } => {
            let page = slug.map(|slug| page(shared, &[&slug, "agents", route.agent.as_str()]));
            let text = words::no_connection(&model, page.as_deref());
            hint(shared, inbound, "no_connection", text).await
        }
    }
}

/// Where the template is installed and a number linked.
fn install_link(shared: &Shared, inbound: &Inbound) -> String {
    page(shared, &["install", &inbound.template_slug])
}

fn page(shared: &Shared, parts: &[&str]) -> String {
    let mut link = shared.settings.app.clone();
    if let Ok(mut path) = link.path_segments_mut() {
        path.pop_if_empty();
        path.extend(parts);
    }
    link.into()
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
