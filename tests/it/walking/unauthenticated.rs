//! Every root field of the schema, called by nobody.

use serde_json::json;

use super::calls::Writer;
use super::printed_schema::text;
use crate::support::{Caller, Server};

/// What nobody may call, and why.
const PUBLIC: [(&str, &str); 9] = [
    ("templates", "the catalogue is public"),
    ("template", "a template's page is public"),
    ("viewer", "null tells a page that nobody is signed in"),
    ("signUp", "makes the credential"),
    ("signIn", "makes the credential"),
    ("requestPasswordReset", "for who cannot sign in"),
    ("resetPassword", "the link of a message is the credential"),
    ("sendVerificationEmail", "for who cannot sign in yet"),
    ("verifyEmail", "the link of a message is the credential"),
];

#[tokio::test]
async fn nobody_is_told_who_is_missing_at_every_field_that_is_not_public() {
    let server = Server::start().await;
    let nobody = Caller::nobody(&server);
    let fit = Writer::of(&server).await;
    // Nobody is told what is wrong with what they may not send either.
    let unfit = Writer::of(&server).await.with_text("");
    walk(&nobody, &fit).await;
    walk(&nobody, &unfit).await;
}

async fn walk(nobody: &Caller, writer: &Writer) {
    let (mut open, mut calls) = (Vec::new(), 0);
    for field in ["Query", "Mutation"]
        .map(|root| writer.fields(root))
        .iter()
        .flatten()
    {
        let (root, name) = (field.root, &field.name);
        let answer = nobody.answer(&field.document, json!({})).await;
        calls += 1;
        let code = text(&answer["errors"][0]["extensions"], "code");
        assert_ne!(code, "GRAPHQL_VALIDATION_FAILED", "{root}.{name}: {answer}");
        let public = PUBLIC.iter().any(|(public, _)| public == name);
        if (code == "UNAUTHENTICATED") == public {
            open.push(format!("{root}.{name}: {answer}"));
        }
    }
    assert!(
        open.is_empty(),
        "not as the list of public fields says: {open:#?}"
    );
    assert!(calls > 10, "the walk went astray: {calls}");
}
