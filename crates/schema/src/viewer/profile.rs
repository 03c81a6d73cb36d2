use agentry_auth::name;
use agentry_db::user_profile::{self, ProfileChanges, UserProfile};
use agentry_db::{Scope, organization, profile};
use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::check::{Checks, optional_field};
use crate::context::{audited, changes as audit_changes};
use crate::failure::{Failure, mutation_result};
use crate::user::User;
use crate::{Action, ApiError, Noun, RequestContext};

/// The most characters of what people say of themselves.
const MAX_BIO: usize = 2_000;

/// What you say of yourself beside your name, and what your programs keep for you.
#[derive(Debug, Clone, SimpleObject)]
pub struct Profile {
    /// What you say of yourself. Whoever shares an organisation with you sees it.
    pub bio: Option<String>,
    /// Where a picture of you is. Whoever shares an organisation with you sees it.
    pub avatar_url: Option<String>,
    /// What your programs keep for you: an object that nobody else sees.
    pub preferences: Value,
    /// When it last changed; null when you never wrote any.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Profile {
    pub(super) async fn load(context: &RequestContext) -> Result<Self, ApiError> {
        let scope = context.read(Noun::Profile).await?;
        Ok(Self::of(user_profile::find(&scope).await?))
    }

    fn of(row: Option<UserProfile>) -> Self {
        let Some(row) = row else {
            return Self {
                bio: None,
                avatar_url: None,
                preferences: Value::Object(Map::new()),
                updated_at: None,
            };
        };
        let UserProfile {
            bio,
            preferences,
            avatar_url,
            updated_at,
        } = row;
        Self {
            bio,
            avatar_url,
            preferences,
            updated_at: Some(updated_at),
        }
    }
}

/// What changes of you. What is left out stays.
#[derive(Debug, Clone, InputObject)]
pub struct UpdateProfileInput {
    /// Your name, 1 to 200 characters. Your personal organisation keeps its own.
    name: MaybeUndefined<String>,
    /// Where your picture is: an http or https address; null takes it away. It is better-auth's own column.
    image: MaybeUndefined<String>,
    /// What you say of yourself, at most 2,000 characters; null takes it away.
    bio: MaybeUndefined<String>,
    /// Where a picture of you is: an http or https address; null takes it away.
    avatar_url: MaybeUndefined<String>,
    /// A JSON object of at most 16 KiB, nested at most 16 deep, in place of the whole of the present one; null empties it.
    preferences: MaybeUndefined<Value>,
}

/// You were changed.
#[derive(Debug, SimpleObject)]
pub struct UpdateProfileSuccess {
    /// You as you are now.
    user: User,
    /// Your profile as it is now.
    profile: Profile,
}

impl UpdateProfileSuccess {
    async fn read(scope: &Scope) -> Result<Self, Failure> {
        let me = organization::find_me(scope).await?;
        Ok(Self {
            user: me.ok_or(ApiError::Unauthenticated)?.into(),
            profile: Profile::of(user_profile::find(scope).await?),
        })
    }
}

/// What the audit trail tells of a person.
fn told(success: &UpdateProfileSuccess) -> Value {
    let UpdateProfileSuccess { user, profile } = success;
    json!({
        "name": user.name,
        "image": user.image,
        "bio": profile.bio,
        "avatarUrl": profile.avatar_url,
    })
}

mutation_result! {
    /// How changing a profile ended.
    UpdateProfileResult = UpdateProfileSuccess | ValidationFailed | Forbidden
}

/// What people change of their profile.
#[derive(Debug, Default)]
pub struct ProfileMutation;

#[Object]
impl ProfileMutation {
    /// Changes your name, your picture or your profile.
    async fn update_profile(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateProfileInput,
    ) -> async_graphql::Result<UpdateProfileResult> {
        UpdateProfileResult::from_outcome(update(RequestContext::of(context)?, input).await)
    }
}

async fn update(
    context: &RequestContext,
    input: UpdateProfileInput,
) -> Result<UpdateProfileSuccess, Failure> {
    context.may(Action::UpdateProfile)?;
    if context.actor()?.is_organization() {
        return Err(Failure::forbidden(
            "A key of an organisation is nobody, and has no profile.",
        ));
    }
    let user = context.tenant()?.user();
    let mut checks = Checks::default();
    let name = checks.required("name", input.name);
    if let Some(Err(why)) = name.as_deref().map(name::check) {
        checks.refuse("name", why.to_string());
    }
    let image = optional_field(input.image).map(|image| checks.link("image", image));
    let changes = ProfileChanges {
        bio: optional_field(input.bio).map(|bio| checks.optional_text("bio", bio, MAX_BIO)),
        avatar_url: optional_field(input.avatar_url).map(|url| checks.link("avatarUrl", url)),
        preferences: optional_field(input.preferences)
            .map(|preferences| checks.metadata("preferences", preferences)),
    };
    checks.finish()?;
    let name = name.as_deref().map(str::trim);
    let image = image.as_ref().map(Option::as_deref);
    let changes = &changes;
    context
        .write(Action::UpdateProfile, |scope| async move {
            let before = UpdateProfileSuccess::read(&scope).await?;
            if name.is_some() || image.is_some() {
                profile::update(&scope, name, image).await?;
            }
            if *changes != ProfileChanges::default() {
                user_profile::update(&scope, changes).await?;
            }
            let after = UpdateProfileSuccess::read(&scope).await?;
            let mut metadata = audit_changes(&told(&before), &told(&after));
            if before.profile.preferences != after.profile.preferences {
                // Nobody else's business, admins' neither.
                metadata["concealed"] = json!(["preferences"]);
            }
            audited(&scope, "User", user.as_str(), metadata).await?;
            Ok(after)
        })
        .await
}
