//! The words that are kept for searching: they change how quickly a message is found, and nothing else.

use serde_json::json;

use super::{found, say};
use crate::conversations::{Team, agent, conversation, mutate};
use crate::support::{Server, pool, until};

/// Which words are kept, when all conversations have been read to their ends: searching has them read.
async fn words(server: &Server, caller: &crate::support::Caller) -> Vec<String> {
    let root = pool(&server.database.root).await;
    until("all that was said has been read", || async {
        found(caller, "zzz", json!({})).await;
        let behind: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM conversations c LEFT JOIN conversation_words i ON i.conversation_id = c.id
             WHERE c.user_id = $1 AND c.last_message_at > coalesce(i.indexed_until, '-infinity')",
        )
        .bind(&caller.user_id)
        .fetch_one(&root)
        .await
        .unwrap();
        (behind == 0).then_some(())
    })
    .await;
    sqlx::query_scalar("SELECT DISTINCT word FROM conversation_words, regexp_split_to_table(trim(words), ' ') AS word ORDER BY word")
        .fetch_all(&root)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_found_does_not_depend_on_what_is_kept() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let helper = agent(&ada, "Guide", "PRIVATE").await;
    let (one, two) = (
        conversation(&ada, &helper).await,
        conversation(&ada, &helper).await,
    );
    say(&ada, &one, "USER", "Red apples, green pears").await;
    say(&ada, &two, "USER", "Green apples in 東京").await;
    let queries = ["apples", "gre", "red app", "green 東", "pears in", "京"];
    let mut before = Vec::new();
    for query in queries {
        before.push(found(&ada, query, json!({})).await);
    }
    assert_eq!(before[1].len(), 2);
    let kept = words(&server, &ada).await;
    assert_eq!(
        kept,
        ["apples", "green", "in", "pears", "red", "京", "東京"]
    );
    for (query, before) in queries.iter().zip(&before) {
        assert_eq!(found(&ada, query, json!({})).await, *before, "{query}");
    }
    // What is said next is found at once.
    say(&ada, &one, "USER", "Blue apples").await;
    assert_eq!(found(&ada, "blue", json!({})).await, ["Blue apples"]);
    assert!(words(&server, &ada).await.contains(&"blue".to_owned()));
    assert_eq!(found(&ada, "blue apples", json!({})).await, ["Blue apples"]);
    // Neither kept nor found once it is gone.
    for id in [&one, &two] {
        let input = json!({ "id": id });
        mutate(&ada, "deleteConversation", "deletedConversationId", input).await;
    }
    assert_eq!(found(&ada, "apples", json!({})).await, [""; 0]);
    assert_eq!(words(&server, &ada).await, [""; 0]);
}

#[tokio::test]
async fn a_kept_conversation_that_lacks_a_word_is_not_read() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    say(&ada, &talk, "USER", "hello world").await;
    words(&server, &ada).await;
    let root = pool(&server.database.root).await;
    // If it were read, it would be found.
    sqlx::query("UPDATE conversation_words SET words = ' hello '")
        .execute(&root)
        .await
        .unwrap();
    assert_eq!(found(&ada, "world", json!({})).await, [""; 0]);
    assert_eq!(found(&ada, "hello", json!({})).await, ["hello world"]);
    sqlx::query("UPDATE conversation_words SET is_partial = true")
        .execute(&root)
        .await
        .unwrap();
    assert_eq!(found(&ada, "world", json!({})).await, ["hello world"]);
}

#[tokio::test]
async fn words_are_kept_of_ones_own_conversations_alone() {
    let team = Team::start().await;
    say(&team.bob, &team.bobs, "USER", "a secret").await;
    assert_eq!(words(&team.server, &team.ada).await, [""; 0]);
    assert_eq!(words(&team.server, &team.bob).await, ["a", "secret"]);
}

#[tokio::test]
async fn more_than_one_page_may_read_goes_on_with_the_next() {
    let server = Server::start().await;
    let ada = server.sign_up("Ada").await;
    let talk = conversation(&ada, &agent(&ada, "Guide", "PRIVATE").await).await;
    say(&ada, &talk, "USER", "needle").await;
    let root = pool(&server.database.root).await;
    let more = "INSERT INTO agent_messages (organization_id, conversation_id, id, agent_id, agent_user_id, user_id, role, content, created_at)
                SELECT m.organization_id, m.conversation_id, 'hay' || n, m.agent_id, m.agent_user_id, m.user_id, 'user', 'hay ' || n,
                       m.created_at + n * interval '1 millisecond' FROM agent_messages m CROSS JOIN generate_series(1, 7000) n";
    sqlx::query(more).execute(&root).await.unwrap();
    sqlx::query(
        "UPDATE conversations SET last_message_at = (SELECT max(created_at) FROM agent_messages)",
    )
    .execute(&root)
    .await
    .unwrap();
    let page = |after: Option<String>| {
        let variables = json!({ "query": "needle", "after": after });
        let ada = ada.clone();
        async move { ada.query(super::SEARCH, variables).await["searchMessages"].take() }
    };
    let first = page(None).await;
    assert_eq!(first["edges"], json!([]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let second = page(first["pageInfo"]["endCursor"].as_str().map(str::to_owned)).await;
    assert_eq!(second["edges"][0]["node"]["content"], "needle");
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(found(&ada, "hay 6999", json!({})).await, ["hay 6999"]);
}
