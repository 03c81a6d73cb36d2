//! How each mutation is called, at what.

/// The mutation; its targets, of which each takes the place of `%`; its input, in GraphQL, with the ids of a
/// [`super::stage::World`]. `-` has no target. An empty input is none. A new mutation needs a line here.
pub(super) const MUTATIONS: &[(&str, &str, &str)] = &[
    (
        "acceptInvitation",
        "own peer",
        r##"{ id: "#invitation-%" }"##,
    ),
    (
        "appendMessage",
        "own hosted private shared",
        r##"{ conversationId: "#conversation-%", role: USER, content: "Hello" }"##,
    ),
    (
        "archiveConversation",
        "own hosted private shared",
        r##"{ id: "#conversation-%", archived: true }"##,
    ),
    ("archiveEntityType", "own", r##"{ id: "#type-%" }"##),
    (
        "cancelInvitation",
        "owner admin member",
        r##"{ id: "#offer-%" }"##,
    ),
    (
        "cancelRun",
        "own hosted private shared",
        r##"{ runId: "#run-%" }"##,
    ),
    (
        "changeEmail",
        "-",
        r##"{ newEmail: "#new@example.com", currentPassword: "correct horse battery" }"##,
    ),
    (
        "changePassword",
        "-",
        r#"{ currentPassword: "correct horse battery", newPassword: "battery horse correct" }"#,
    ),
    (
        "createAgent",
        "-",
        r#"{ name: "New", systemPrompt: "Answer." }"#,
    ),
    (
        "createApiConnection",
        "-",
        r#"{ name: "New", service: "openai", apiKey: "sk-0123456789" }"#,
    ),
    ("createApiKey", "-", r#"{ name: "New" }"#),
    (
        "createApiKey",
        "OWNER ADMIN MEMBER",
        r#"{ name: "New", owner: ORGANIZATION, role: % }"#,
    ),
    (
        "createConversation",
        "own private shared",
        r##"{ agentId: "#agent-%" }"##,
    ),
    ("createEntityType", "-", r#"{ slug: "new", name: "New" }"#),
    (
        "createOrganization",
        "-",
        r##"{ name: "New", slug: "#new" }"##,
    ),
    (
        "decideToolCalls",
        "own hosted private shared",
        r##"{ messageId: "#calls-%", decisions: [{ toolCallId: "asks", decision: APPROVE }] }"##,
    ),
    (
        "deleteAccount",
        "-",
        r#"{ password: "correct horse battery" }"#,
    ),
    (
        "deleteAgent",
        "own private shared",
        r##"{ id: "#agent-%" }"##,
    ),
    (
        "deleteApiConnection",
        "own private shared",
        r##"{ id: "#connection-%" }"##,
    ),
    (
        "deleteApiKey",
        "own peer high low foreign",
        r##"{ id: "#key-%" }"##,
    ),
    (
        "deleteConversation",
        "own hosted private shared",
        r##"{ id: "#conversation-%" }"##,
    ),
    (
        "deleteOrganization",
        "team elsewhere club home",
        r##"{ id: "#%" }"##,
    ),
    (
        "deleteTemplate",
        "draft published offered",
        r##"{ id: "#template-%" }"##,
    ),
    (
        "duplicateAgent",
        "own private shared",
        r##"{ id: "#agent-%" }"##,
    ),
    (
        "forkTemplate",
        "own private shared",
        r##"{ installId: "#install-%" }"##,
    ),
    ("forkTemplate", "offered", r##"{ slug: "#%" }"##),
    (
        "editMessage",
        "own hosted private shared",
        r##"{ messageId: "#message-%", content: "Hello", onBusy: ENQUEUE }"##,
    ),
    (
        "forkConversation",
        "own hosted private shared",
        r##"{ messageId: "#message-%" }"##,
    ),
    (
        "giveFeedback",
        "own hosted private shared",
        r##"{ messageId: "#message-%", rating: DOWN }"##,
    ),
    (
        "installTemplate",
        "team elsewhere club home",
        r##"{ slug: "#offered", organizationId: "#%" }"##,
    ),
    (
        "inviteMember",
        "OWNER ADMIN MEMBER",
        r##"{ email: "#new@example.com", role: % }"##,
    ),
    (
        "inviteMember",
        "owner admin member",
        r##"{ email: "#%@elsewhere.example", resend: true }"##,
    ),
    ("leaveOrganization", "-", ""),
    (
        "linkApiConnection",
        "agent-own agent-private agent-shared",
        r##"{ agentId: "#%", apiConnectionId: "#connection-own" }"##,
    ),
    (
        "linkApiConnection",
        "connection-private connection-shared",
        r##"{ agentId: "#agent-own", apiConnectionId: "#%" }"##,
    ),
    ("linkWhatsApp", "-", r#"{ phone: "+447123456789" }"#),
    (
        "publishTemplateVersion",
        "published offered",
        r##"{ slug: "#%", definition: { name: "New", agent: { systemPrompt: "Answer." } } }"##,
    ),
    (
        "registerWhatsAppNumber",
        "published offered",
        r##"{ templateId: "#template-%", appSecret: "0123456789abcdef",
              via: { gateway: { url: "https://gateway.example.com/out", phone: "{phone}" } } }"##,
    ),
    (
        "removeWhatsAppNumber",
        "own foreign",
        r##"{ id: "#number-%" }"##,
    ),
    (
        "rotateWhatsAppNumber",
        "own foreign",
        r##"{ id: "#number-%", newVerifyToken: true }"##,
    ),
    (
        "regenerateMessage",
        "own hosted private shared",
        r##"{ messageId: "#message-%", onBusy: ENQUEUE }"##,
    ),
    (
        "rejectInvitation",
        "own peer",
        r##"{ id: "#invitation-%" }"##,
    ),
    (
        "removeMember",
        "coowner coadmin peer stranger ~",
        r##"{ userId: "#%" }"##,
    ),
    (
        "renameConversation",
        "own hosted private shared",
        r##"{ id: "#conversation-%", title: "New" }"##,
    ),
    (
        "requestPasswordReset",
        "-",
        r##"{ email: "#~@example.com" }"##,
    ),
    (
        "resendInvitation",
        "owner admin member",
        r##"{ id: "#offer-%" }"##,
    ),
    (
        "resetOverride",
        "own private shared",
        r##"{ installId: "#install-%" }"##,
    ),
    (
        "resetPassword",
        "-",
        r#"{ token: "v2m0O4oSnYRQMZwN2o1dJzhI", newPassword: "battery horse correct" }"#,
    ),
    (
        "restoreAgentVersion",
        "own private shared",
        r##"{ agentId: "#agent-%", version: 1 }"##,
    ),
    ("revokeAllSessions", "-", ""),
    ("revokeOtherSessions", "-", ""),
    ("revokeSession", "own peer", r##"{ id: "#session-%" }"##),
    (
        "rotateApiConnectionKey",
        "own private shared",
        r##"{ id: "#connection-%", apiKey: "sk-0123456789" }"##,
    ),
    (
        "rotateApiKey",
        "own peer high low foreign",
        r##"{ id: "#key-%" }"##,
    ),
    (
        "selectBranch",
        "own hosted private shared",
        r##"{ messageId: "#message-%" }"##,
    ),
    (
        "sendMessage",
        "own hosted private shared",
        r##"{ conversationId: "#conversation-%", content: "Hello", onBusy: ENQUEUE }"##,
    ),
    (
        "sendVerificationEmail",
        "-",
        r##"{ email: "#~@example.com" }"##,
    ),
    (
        "setActiveOrganization",
        "team elsewhere club home",
        r##"{ id: "#%" }"##,
    ),
    ("setBudget", "-", "{ monthlyTokens: 1000000 }"),
    (
        "setTemplateStatus",
        "published offered",
        r##"{ id: "#template-%", status: WITHDRAWN }"##,
    ),
    (
        "signIn",
        "-",
        r##"{ email: "#~@example.com", password: "correct horse battery" }"##,
    ),
    ("signOut", "-", ""),
    (
        "signUp",
        "-",
        r##"{ name: "New", email: "#new@example.com", password: "correct horse battery" }"##,
    ),
    (
        "submitToolResults",
        "own hosted private shared",
        r##"{ messageId: "#calls-%", results: [{ toolCallId: "free", content: "x" }] }"##,
    ),
    (
        "takeOverAgents",
        "gone peer stranger",
        r##"{ formerOwnerId: "#%", newOwnerId: "#coadmin" }"##,
    ),
    (
        "testApiConnection",
        "own private shared",
        r##"{ id: "#connection-%" }"##,
    ),
    (
        "transferAgent",
        "own private shared",
        r##"{ id: "#agent-%", newOwnerId: "#coadmin" }"##,
    ),
    (
        "transferOwnership",
        "coowner coadmin peer stranger ~",
        r##"{ userId: "#%" }"##,
    ),
    (
        "uninstallTemplate",
        "own private shared",
        r##"{ installId: "#install-%" }"##,
    ),
    (
        "unlinkApiConnection",
        "own private shared",
        r##"{ agentId: "#agent-%", apiConnectionId: "#linked-%" }"##,
    ),
    (
        "unlinkApiConnection",
        "connection-lent",
        r##"{ agentId: "#agent-shared", apiConnectionId: "#%" }"##,
    ),
    ("unlinkWhatsApp", "-", "{}"),
    (
        "updateAgent",
        "own private shared",
        r##"{ id: "#agent-%", name: "New" }"##,
    ),
    (
        "updateApiConnection",
        "own private shared",
        r##"{ id: "#connection-%", name: "New" }"##,
    ),
    (
        "updateApiConnection",
        "lent->private shared->private",
        r##"{ id: "#connection-%", visibility: PRIVATE }"##,
    ),
    (
        "updateApiKey",
        "own peer high low foreign",
        r##"{ id: "#key-%", name: "New" }"##,
    ),
    (
        "updateEntityType",
        "own",
        r##"{ id: "#type-%", name: "New" }"##,
    ),
    (
        "updateInstall",
        "own private shared",
        r##"{ installId: "#install-%", name: "New" }"##,
    ),
    (
        "updateMemberRole",
        "coowner->OWNER coowner->ADMIN coowner->MEMBER coadmin->OWNER coadmin->ADMIN coadmin->MEMBER peer->OWNER peer->ADMIN peer->MEMBER ~->OWNER ~->ADMIN ~->MEMBER stranger->MEMBER",
        r##"{ userId: "#%", role: > }"##,
    ),
    ("updateOrganization", "-", r#"{ name: "New" }"#),
    ("updateProfile", "-", r#"{ name: "New" }"#),
    ("verifyEmail", "-", r#"{ token: "something" }"#),
    (
        "upgradeTemplate",
        "own private shared",
        r##"{ installId: "#install-%" }"##,
    ),
    (
        "withdrawFeedback",
        "own hosted private shared",
        r##"{ messageId: "#message-%" }"##,
    ),
    (
        "yankTemplateVersion",
        "published offered",
        r##"{ id: "#template-%", version: 1 }"##,
    ),
];
