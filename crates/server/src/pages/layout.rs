//! What every page has around it.

use agentry_db::organization::User;
use maud::{DOCTYPE, Markup, html};

use super::assets::{ICON, STYLE};
use super::visit::Visit;

/// What is said of a page where it is not shown whole.
#[derive(Default)]
pub(super) struct Head<'a> {
    /// Its title.
    pub(super) title: &'a str,
    /// What it is about.
    pub(super) description: Option<&'a str>,
    /// Its address, for those who show it elsewhere (Open Graph); none for what is nobody else's business.
    pub(super) address: Option<String>,
    /// Whether search engines are to leave it out.
    pub(super) noindex: bool,
}

/// A page. `account` stands in its header.
pub(super) fn page(head: &Head<'_>, account: Option<&Markup>, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" content="#f6f6f9" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#0e0f14" media="(prefers-color-scheme: dark)";
                title { (head.title) " · Agentry" }
                @if let Some(description) = head.description { meta name="description" content=(description); }
                @if head.noindex { meta name="robots" content="noindex"; }
                (open_graph(head))
                link rel="icon" type="image/svg+xml" href=(ICON.path);
                link rel="stylesheet" href=(STYLE.path);
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.bar {
                    div.brand { img src=(ICON.path) alt="" width="28" height="28"; span { "Agentry" } }
                    @if let Some(account) = account { (account) }
                }
                main #main { (main) }
                footer.foot { "Served by Agentry" }
            }
        }
    }
}

/// The Open Graph protocol: what others show of a link to this page.
fn open_graph(head: &Head<'_>) -> Markup {
    html! {
        @if let Some(address) = &head.address {
            link rel="canonical" href=(address);
            meta property="og:type" content="website";
            meta property="og:site_name" content="Agentry";
            meta property="og:title" content=(head.title);
            meta property="og:url" content=(address);
            @if let Some(description) = head.description { meta property="og:description" content=(description); }
            meta name="twitter:card" content="summary";
        }
    }
}

/// Who is signed in, and the way out.
pub(super) fn account(visit: &Visit, user: &User) -> Markup {
    html! {
        form.account method="post" action=(visit.path) {
            (visit.token.field())
            span.who { span.muted { "Signed in as " } strong { (display_name(user)) } }
            button.quiet type="submit" name="as" value="sign-out" { "Sign out" }
        }
    }
}

/// What somebody is called, as far as is known.
fn display_name(user: &User) -> &str {
    let name = user.name.trim();
    if name.is_empty() { &user.email } else { name }
}
