use crate::support::Agentry;

#[tokio::test]
async fn schema_prints_the_contract_and_needs_no_database() {
    let ended = Agentry::bare().run(&["schema"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout.trim_end(), agentry_schema::sdl().trim_end());
}
