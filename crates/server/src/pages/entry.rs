//! Signing up and in, in a form of a page: the same service, limits and cookies as by GraphQL.

use agentry_auth::SignUp;
use agentry_auth::cookie::Remember;
use agentry_schema::failure::Failure;
use agentry_schema::viewer::{enter, join};
use maud::{Markup, html};
use secrecy::SecretString;

use super::form::Form;
use super::password;
use super::problems::Problems;
use super::visit::Visit;

/// The fields that [`fields`] makes, by name.
pub(super) const FIELDS: [&str; 3] = ["name", "email", "password"];

/// How somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// With a new account.
    SignUp,
    /// With the account they have.
    SignIn,
}

impl Entry {
    /// As a form's button says it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SignIn => "sign-in",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        [Self::SignUp, Self::SignIn]
            .into_iter()
            .find(|entry| entry.word() == word)
    }
}

/// The way in that is open: where nobody has an organisation of their own, nobody signs up.
pub(super) fn offered(visit: &Visit, entry: Entry) -> Entry {
    let auth = &visit.context.services().auth;
    if auth.gives_personal_organizations() {
        entry
    } else {
        Entry::SignIn
    }
}

/// What was typed and is kept when a form is shown again. Never the password.
#[derive(Default)]
pub(super) struct Typed {
    name: String,
    email: String,
}

impl Typed {
    pub(super) fn of(form: &Form) -> Self {
        let text = |name| form.text(name).to_owned();
        Self {
            name: text("name"),
            email: text("email"),
        }
    }
}

/// Comes in. An account that is there already, with its very password, is as good as a new one: somebody pressed twice.
///
/// # Errors
/// As the use cases.
pub(super) async fn come_in(
    visit: &mut Visit,
    entry: Entry,
    form: &mut Form,
) -> Result<(), Failure> {
    let password = form.take_secret("password");
    let email = form.text("email");
    let session = match entry {
        Entry::SignIn => sign_in(visit, email, password).await?,
        Entry::SignUp => {
            let new = SignUp {
                name: form.text("name").to_owned(),
                email: email.to_owned(),
                password: password.clone(),
            };
            match join(&visit.context, new).await {
                Err(Failure::Conflict(taken)) => sign_in(visit, email, password)
                    .await
                    .map_err(|_| Failure::Conflict(taken))?,
                joined => joined?,
            }
        }
    };
    visit.enter(session);
    Ok(())
}

async fn sign_in(
    visit: &Visit,
    email: &str,
    password: SecretString,
) -> Result<agentry_auth::SignedIn, Failure> {
    enter(&visit.context, email, password, Remember::Yes).await
}

/// The fields to come in by.
pub(super) fn fields(
    visit: &Visit,
    entry: Entry,
    typed: &Typed,
    problems: Option<&Problems>,
) -> Markup {
    let new = entry == Entry::SignUp;
    let about = |field: &str| problems.and_then(|problems| problems.about(field));
    html! {
        @if new {
            (label("name", "Name", about("name"), &html! {
                input #name type="text" name="name" value=(typed.name) autocomplete="name" maxlength="200" required
                    aria-invalid=[about("name").map(|_| "true")] aria-describedby=[about("name").map(|_| "name-problem")];
            }))
        }
        (email_field(&typed.email, problems))
        (password_field(new, problems))
        @if !new { (password::link(visit)) }
    }
}

/// The address that somebody signs in with.
pub(super) fn email_field(typed: &str, problems: Option<&Problems>) -> Markup {
    let problem = problems.and_then(|problems| problems.about("email"));
    label(
        "email",
        "E-mail address",
        problem,
        &html! {
            input #email type="email" name="email" value=(typed) autocomplete="username" inputmode="email" required
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "email-problem")];
        },
    )
}

/// Their password, or the one that is to be theirs.
pub(super) fn password_field(new: bool, problems: Option<&Problems>) -> Markup {
    let problem = problems.and_then(|problems| problems.about("password"));
    let name = if new {
        "Password, at least 8 characters"
    } else {
        "Password"
    };
    label(
        "password",
        name,
        problem,
        &html! {
            input #password type="password" name="password" maxlength="128" required
                autocomplete=(if new { "new-password" } else { "current-password" }) minlength=[new.then_some("8")]
                aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "password-problem")];
        },
    )
}

fn label(id: &str, text: &str, problem: Option<&str>, input: &Markup) -> Markup {
    html! {
        div.field {
            label for=(id) { (text) }
            (input)
            @if let Some(problem) = problem { p.problem id={ (id) "-problem" } { (problem) } }
        }
    }
}
