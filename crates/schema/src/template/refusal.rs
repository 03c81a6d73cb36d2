use agentry_template::{Problem, ProblemCode};
use async_graphql::{Enum, SimpleObject};

use crate::failure::Failure;

/// The template is not installed, changed or copied, for one of the reasons that a program may want to tell apart.
#[derive(Debug, Clone, SimpleObject)]
pub struct InstallRefused {
    /// What went wrong, for a person to read.
    pub message: String,
    /// Why, for a program.
    pub code: InstallRefusal,
    /// What stands in the way, by name: slugs of types, or what has not been agreed to.
    pub names: Vec<String>,
}

/// Why a template is not installed, changed or copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum InstallRefusal {
    /// There is no such template, or none that you may install. Nor is there when it has no version like the one asked for.
    TemplateNotFound,
    /// It is not published. Only members of its publisher are told.
    TemplateNotPublic,
    /// What is named is an agent installed from a template, and no template.
    TemplateIsInstance,
    /// The template belongs to the very organisation.
    SelfInstall,
    /// Types that the organisation authored have the same slugs. Only when `strict` is asked for.
    UserAuthoredCollision,
    /// Types of another installed template have the same slugs. Only when `strict` is asked for.
    ManagedByOtherTemplate,
    /// You are not a member of the organisation.
    NotAMember,
    /// It takes an owner or admin of the organisation.
    RequiresAdmin,
    /// You have no personal organisation, and none could be made.
    NoPersonalOrg,
    /// It asks for capabilities that you have not agreed to. Ask again with `acceptCapabilities`.
    CapabilityConsentRequired,
}

impl InstallRefusal {
    /// As it is written in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TemplateNotFound => "TEMPLATE_NOT_FOUND",
            Self::TemplateNotPublic => "TEMPLATE_NOT_PUBLIC",
            Self::TemplateIsInstance => "TEMPLATE_IS_INSTANCE",
            Self::SelfInstall => "SELF_INSTALL",
            Self::UserAuthoredCollision => "USER_AUTHORED_COLLISION",
            Self::ManagedByOtherTemplate => "MANAGED_BY_OTHER_TEMPLATE",
            Self::NotAMember => "NOT_A_MEMBER",
            Self::RequiresAdmin => "REQUIRES_ADMIN",
            Self::NoPersonalOrg => "NO_PERSONAL_ORG",
            Self::CapabilityConsentRequired => "CAPABILITY_CONSENT_REQUIRED",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::TemplateNotFound => {
                "There is no such template to be installed, or no such version of it."
            }
            Self::TemplateNotPublic => "This template is not published.",
            Self::TemplateIsInstance => {
                "This agent is installed from a template itself, and is no template."
            }
            Self::SelfInstall => {
                "A template is not installed in the organisation that publishes it."
            }
            Self::UserAuthoredCollision => {
                "The organisation has types of its own with the same slugs."
            }
            Self::ManagedByOtherTemplate => {
                "Another installed template brings types with the same slugs."
            }
            Self::NotAMember => "You are not a member of this organisation.",
            Self::RequiresAdmin => {
                "Only the organisation's owners and admins install templates in it."
            }
            Self::NoPersonalOrg => "You have no personal organisation. Name one to install it in.",
            Self::CapabilityConsentRequired => {
                "It asks for capabilities that you have not agreed to. Ask again with acceptCapabilities."
            }
        }
    }
}

impl From<InstallRefusal> for Failure {
    fn from(code: InstallRefusal) -> Self {
        Self::refused(code, Vec::new())
    }
}

impl Failure {
    /// For this reason; `names` stand in the way.
    #[must_use]
    pub(crate) fn refused(code: InstallRefusal, names: Vec<String>) -> Self {
        Self::InstallRefused(InstallRefused {
            message: code.message().to_owned(),
            code,
            names,
        })
    }

    /// A definition, or what an install makes of one, is not as it must be.
    #[must_use]
    pub(crate) fn rejected(problems: Vec<Problem>) -> Self {
        let message = match problems.as_slice() {
            [one] => format!("The definition cannot be accepted: {}", one.message),
            several => format!(
                "The definition cannot be accepted: {} problems.",
                several.len()
            ),
        };
        Self::DefinitionRejected(DefinitionRejected {
            message,
            problems: problems.into_iter().map(DefinitionProblem::from).collect(),
        })
    }
}

/// The definition cannot be accepted. Nothing was changed.
#[derive(Debug, Clone, SimpleObject)]
pub struct DefinitionRejected {
    /// What went wrong, for a person to read.
    pub message: String,
    /// Everything that stands in the way, at most twenty things.
    pub problems: Vec<DefinitionProblem>,
}

/// One thing that keeps a definition from being accepted.
#[derive(Debug, Clone, SimpleObject)]
pub struct DefinitionProblem {
    /// What kind of thing.
    pub code: DefinitionProblemCode,
    /// Where, as a JSON Pointer (RFC 6901); empty for the whole document.
    pub path: String,
    /// What is wrong, for a person to read. It never repeats a value.
    pub message: String,
}

/// What keeps a definition from being accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "agentry_template::ProblemCode")]
pub enum DefinitionProblemCode {
    /// It is larger than a definition, or a JSON Schema in one, may be.
    TooLarge,
    /// It nests deeper than a definition, or a JSON Schema in one, may.
    TooDeep,
    /// A member that a definition does not have, or an install may not change.
    UnknownKey,
    /// The slug of a type begins with `$`.
    ReservedType,
    /// A value is not as the definition's own JSON Schema says.
    Invalid,
    /// A name is used that the definition does not declare.
    UnknownReference,
    /// A JSON Schema in it is none.
    InvalidSchema,
    /// A JSON Schema in it refers to something outside itself.
    ForeignReference,
    /// References in a JSON Schema run in a circle.
    CyclicSchema,
    /// A pattern needs more than linear time, or too large a program.
    HostilePattern,
    /// A JSON Schema unfolds to more than can be checked.
    HostileSchema,
}

impl From<Problem> for DefinitionProblem {
    fn from(problem: Problem) -> Self {
        let Problem {
            code,
            path,
            message,
        } = problem;
        let code: ProblemCode = code;
        Self {
            code: code.into(),
            path,
            message,
        }
    }
}
