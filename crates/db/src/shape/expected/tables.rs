//! The tables themselves.

use super::Kind::{Flag, Integer, Moment, Text};
use super::{Column, Insert, Key, Table, Trigger, column, loose};

const ID: Column = column("id", Text);
const USER_ID: Column = column("userId", Text);
const EXPIRES: Column = column("expiresAt", Moment);
const CREATED: Column = column("createdAt", Moment).born("NOT NULL DEFAULT now()");
const UPDATED: Column = column("updatedAt", Moment).born("NOT NULL DEFAULT now()");
const OVERDUE: &str = "streams go on for up to --recheck after what they act by is gone";
const SOCIAL: &str = "better-auth's sign-in with other providers";

const NOTHING: Table = Table {
    name: "",
    columns: &[],
    insert: Insert::Nobody,
    keys: &[],
    references: &[],
    triggers: &[],
    policy: None,
    grants: &[],
    deletes: false,
};

/// In the order in which they can be made.
pub(in crate::shape) const TABLES: [Table; 9] = [
    USER,
    SESSION,
    ACCOUNT,
    VERIFICATION,
    ORGANIZATION,
    MEMBER,
    INVITATION,
    JWKS,
    APIKEY,
];

const USER: Table = Table {
    name: "user",
    columns: &[
        ID,
        column("name", Text),
        column("email", Text),
        column("emailVerified", Flag).born("NOT NULL DEFAULT false"),
        loose("image", Text),
        CREATED,
        UPDATED,
        loose("service_organization_id", Text)
            .ours()
            .born("UNIQUE REFERENCES \"organization\" (\"id\") ON DELETE CASCADE"),
    ],
    insert: Insert::Limits("signUp fails here"),
    keys: &[
        Key {
            column: "email",
            without: "signUp fails, and one address may have two accounts",
            vital: true,
        },
        Key {
            column: "service_organization_id",
            without: "an organisation may act by its keys under two identities",
            vital: true,
        },
    ],
    references: &[("service_organization_id", "organization")],
    triggers: &[
        Trigger {
            name: "user_say_revoked",
            ddl: "CREATE TRIGGER user_say_revoked AFTER UPDATE ON \"user\" FOR EACH ROW EXECUTE FUNCTION user_say_revoked()",
            without: "streams go on for up to --recheck after a ban",
        },
        Trigger {
            name: "user_identify",
            ddl: "CREATE TRIGGER user_identify AFTER UPDATE ON \"user\" FOR EACH ROW EXECUTE FUNCTION user_identify()",
            without: "people go on being known by addresses that they have changed",
        },
    ],
    policy: Some((
        "user_self",
        "FOR SELECT TO agentry_app USING (\"id\" = app_current_user())",
    )),
    grants: &[(
        "SELECT",
        "id name email emailVerified image createdAt updatedAt",
    )],
    ..NOTHING
};

const SESSION: Table = Table {
    name: "session",
    columns: &[
        ID,
        EXPIRES,
        column("token", Text),
        CREATED,
        UPDATED,
        loose("ipAddress", Text),
        loose("userAgent", Text),
        USER_ID,
        loose("activeOrganizationId", Text),
    ],
    insert: Insert::Limits("signIn and signUp fail here"),
    keys: &[Key {
        column: "token",
        without: "every request of a session reads the whole table",
        vital: false,
    }],
    references: &[("userId", "user")],
    triggers: &[Trigger {
        name: "session_say_revoked",
        ddl: "CREATE TRIGGER session_say_revoked AFTER UPDATE OR DELETE ON \"session\" FOR EACH ROW EXECUTE FUNCTION session_say_revoked()",
        without: OVERDUE,
    }],
    ..NOTHING
};

const ACCOUNT: Table = Table {
    name: "account",
    columns: &[
        ID,
        column("accountId", Text),
        column("providerId", Text),
        USER_ID,
        loose("accessToken", Text).of(SOCIAL),
        loose("refreshToken", Text).of(SOCIAL),
        loose("idToken", Text).of(SOCIAL),
        loose("accessTokenExpiresAt", Moment).of(SOCIAL),
        loose("refreshTokenExpiresAt", Moment).of(SOCIAL),
        loose("scope", Text).of(SOCIAL),
        loose("password", Text).always().open("nobody signs up with another provider through better-auth"),
        CREATED,
        UPDATED,
        loose("issuer", Text)
            .of("the sign-in of better-auth 1.7.0 to 1.7.2")
            .open("better-auth 1.7.3 and later refuse to start, and older ones store no account")
            .fill("UPDATE \"account\" SET \"issuer\" = 'local:credential' WHERE \"issuer\" IS NULL AND \"providerId\" = 'credential'"),
    ],
    insert: Insert::Limits("signUp fails here"),
    references: &[("userId", "user")],
    triggers: &[Trigger {
        name: "account_fill_issuer",
        ddl: "CREATE TRIGGER account_fill_issuer BEFORE INSERT ON \"account\" FOR EACH ROW EXECUTE FUNCTION account_fill_issuer()",
        without: "better-auth 1.7.0 to 1.7.2 cannot sign in who signed up elsewhere",
    }],
    ..NOTHING
};

const VERIFICATION: Table = Table {
    name: "verification",
    columns: &[
        ID,
        column("identifier", Text),
        column("value", Text),
        EXPIRES,
        CREATED,
        UPDATED,
    ],
    insert: Insert::Limits("verifying addresses and resetting passwords fail here"),
    ..NOTHING
};

const ORGANIZATION: Table = Table {
    name: "organization",
    columns: &[
        ID,
        column("name", Text),
        column("slug", Text),
        loose("logo", Text),
        CREATED,
        loose("metadata", Text).of("better-auth's organisations"),
        loose("personal_user_id", Text)
            .ours()
            .born("UNIQUE REFERENCES \"user\" (\"id\") ON DELETE CASCADE"),
    ],
    insert: Insert::Vital("no personal organisation can be made, so new users can do nothing"),
    keys: &[
        Key {
            column: "slug",
            without: "no organisation can be made",
            vital: true,
        },
        Key {
            column: "personal_user_id",
            without: "no personal organisation can be made",
            vital: true,
        },
    ],
    references: &[("personal_user_id", "user")],
    triggers: &[
        Trigger {
            name: "apikey_end_with_organization",
            ddl: "CREATE TRIGGER apikey_end_with_organization AFTER DELETE ON \"organization\" FOR EACH ROW EXECUTE FUNCTION apikey_end_with_organization()",
            without: "API keys of an organisation stay behind when it is deleted; they are refused",
        },
        Trigger {
            name: "organization_identify",
            ddl: "CREATE TRIGGER organization_identify AFTER INSERT OR UPDATE ON \"organization\" FOR EACH ROW EXECUTE FUNCTION organization_identify()",
            without: "people are not known by their account and address in their personal organisation",
        },
    ],
    policy: Some((
        "organization_current",
        "FOR SELECT TO agentry_app USING (\"id\" = app_current_org())",
    )),
    grants: &[("SELECT", "id name slug logo createdAt personal_user_id")],
    ..NOTHING
};

const MEMBER: Table = Table {
    name: "member",
    columns: &[
        ID,
        column("organizationId", Text),
        USER_ID,
        column("role", Text),
        CREATED,
    ],
    insert: Insert::Vital("nobody can become a member, not even of their own organisation"),
    references: &[("organizationId", "organization"), ("userId", "user")],
    policy: Some((
        "member_self",
        "FOR SELECT TO agentry_app USING (\"userId\" = app_current_user())",
    )),
    grants: &[("SELECT", "id organizationId userId role createdAt")],
    triggers: &[Trigger {
        name: "member_say_revoked",
        ddl: "CREATE TRIGGER member_say_revoked AFTER UPDATE OR DELETE ON \"member\" FOR EACH ROW EXECUTE FUNCTION member_say_revoked()",
        without: OVERDUE,
    }],
    ..NOTHING
};

const INVITATION: Table = Table {
    name: "invitation",
    columns: &[
        ID,
        column("organizationId", Text),
        column("email", Text),
        loose("role", Text).always(),
        column("status", Text),
        EXPIRES,
        CREATED,
        loose("teamId", Text).of("inviting through Agentuity Auth 2"),
        column("inviterId", Text),
    ],
    insert: Insert::Limits("inviteMember fails here"),
    references: &[("organizationId", "organization"), ("inviterId", "user")],
    ..NOTHING
};

const JWKS: Table = Table {
    name: "jwks",
    columns: &[
        ID,
        column("publicKey", Text),
        column("privateKey", Text),
        CREATED,
        loose("expiresAt", Moment),
        loose("alg", Text).never(),
        loose("crv", Text).of("better-auth 1.7"),
    ],
    ..NOTHING
};

const APIKEY: Table = Table {
    name: "apikey",
    columns: &[
        ID,
        loose("configId", Text)
            .always()
            .born("NOT NULL DEFAULT 'default'")
            .default("'default'", "better-auth 1.4, which does not write it, makes no API key"),
        loose("name", Text).always(),
        loose("start", Text).always(),
        loose("prefix", Text).always(),
        column("key", Text),
        loose("userId", Text)
            .always()
            .open("better-auth 1.5 and later make no API key")
            .fill("UPDATE \"apikey\" a SET \"userId\" = a.\"referenceId\" WHERE a.\"userId\" IS NULL AND EXISTS (SELECT FROM \"user\" u WHERE u.\"id\" = a.\"referenceId\")"),
        loose("referenceId", Text)
            .always()
            .born("NOT NULL DEFAULT ''")
            .default("''", "better-auth 1.4, which does not write it, makes no API key")
            .fill("UPDATE \"apikey\" SET \"referenceId\" = \"userId\" WHERE \"referenceId\" = '' AND \"userId\" IS NOT NULL"),
        loose("refillInterval", Integer),
        loose("refillAmount", Integer),
        loose("lastRefillAt", Moment),
        loose("enabled", Flag).always().born("NOT NULL DEFAULT true"),
        loose("rateLimitEnabled", Flag).always().born("NOT NULL DEFAULT true"),
        loose("rateLimitTimeWindow", Integer).always().born("NOT NULL DEFAULT 86400000"),
        loose("rateLimitMax", Integer).always().born("NOT NULL DEFAULT 10"),
        loose("requestCount", Integer).always().born("NOT NULL DEFAULT 0"),
        loose("remaining", Integer),
        loose("lastRequest", Moment).never(),
        loose("expiresAt", Moment),
        CREATED,
        UPDATED,
        loose("permissions", Text),
        loose("metadata", Text),
        loose("organization_role", Text).ours().born(
            "CHECK (organization_role IN ('owner', 'admin', 'member'))",
        ),
    ],
    insert: Insert::Limits("createApiKey fails here"),
    references: &[("userId", "user")],
    triggers: &[Trigger {
        name: "apikey_fill_owner",
        ddl: "CREATE TRIGGER apikey_fill_owner BEFORE INSERT OR UPDATE ON \"apikey\" FOR EACH ROW EXECUTE FUNCTION apikey_fill_owner()",
        without: "API keys made by one version of better-auth are unknown to the others, and do not show in the list here",
    }, Trigger {
        name: "apikey_say_revoked",
        ddl: "CREATE TRIGGER apikey_say_revoked AFTER UPDATE OR DELETE ON \"apikey\" FOR EACH ROW EXECUTE FUNCTION apikey_say_revoked()",
        without: OVERDUE,
    }],
    policy: Some((
        "apikey_self",
        "FOR ALL TO agentry_app USING (\"userId\" = app_current_user()) WITH CHECK (\"userId\" = app_current_user())",
    )),
    grants: &[
        (
            "SELECT",
            "id configId name start prefix userId referenceId refillInterval refillAmount lastRefillAt enabled rateLimitEnabled rateLimitTimeWindow rateLimitMax requestCount remaining lastRequest expiresAt createdAt updatedAt permissions metadata",
        ),
        (
            "INSERT",
            "id configId name start prefix key userId referenceId refillInterval refillAmount lastRefillAt enabled rateLimitEnabled rateLimitTimeWindow rateLimitMax requestCount remaining expiresAt createdAt updatedAt permissions metadata",
        ),
        (
            "UPDATE",
            "name refillInterval refillAmount enabled rateLimitEnabled rateLimitTimeWindow rateLimitMax remaining expiresAt updatedAt permissions",
        ),
    ],
    deletes: true,
    ..NOTHING
};
