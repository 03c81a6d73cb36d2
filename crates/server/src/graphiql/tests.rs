#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "tests of our own files, whose names we choose"
)]

use super::*;
use axum::http::Method;
use axum::http::header::IF_NONE_MATCH;
use http_body_util::BodyExt;
use std::path::Path;
use tower::ServiceExt;

async fn ask(method: Method, path: &str, if_none_match: Option<&str>) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(tag) = if_none_match {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let request = request.body(Body::empty()).unwrap();
    router().oneshot(request).await.unwrap()
}

async fn get_text(path: &str) -> String {
    let body = ask(Method::GET, path, None).await.into_body();
    let bytes = body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &axum::http::HeaderName) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

/// The values of `src="…"` and of `href="…"` on elements that load.
fn loaded_by(page: &str) -> Vec<&str> {
    page.split('<')
        .filter(|element| {
            ["script", "link", "img", "iframe"]
                .iter()
                .any(|name| element.starts_with(name))
        })
        .flat_map(|element| ["src=\"", "href=\""].map(|key| element.split_once(key)))
        .flatten()
        .map(|(_, rest)| rest.split_once('"').expect("a closing quote").0)
        .collect()
}

#[tokio::test]
async fn page_loads_only_files_that_exist_here() {
    let page = get_text("/").await;
    let loaded = loaded_by(&page);
    assert!(
        loaded.len() >= 3,
        "script, style sheet and icon: {loaded:?}"
    );
    for path in loaded {
        assert!(path.starts_with(ASSET_PREFIX), "{path} is not ours");
        assert_eq!(
            ask(Method::GET, path, None).await.status(),
            StatusCode::OK,
            "{path}"
        );
    }
}

#[tokio::test]
async fn page_has_no_inline_script_or_handler() {
    let page = get_text("/").await;
    for script in page.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        assert!(attributes.contains("src="), "inline script");
        assert!(rest.starts_with("</script>"), "script with a body");
    }
    assert!(!page.contains(" onload="), "inline handler");
}

#[test]
fn style_sheets_reach_for_nothing_elsewhere() {
    for asset in ASSETS.iter().filter(|asset| asset.path.ends_with(".css")) {
        let text = std::str::from_utf8(asset.bytes).unwrap();
        for target in text.split("url(").skip(1) {
            let target = target.trim_start_matches(['"', '\'']);
            assert!(
                target.starts_with(ASSET_PREFIX) || target.starts_with("data:image/"),
                "{}: {}",
                asset.path,
                target.get(..60).unwrap_or(target)
            );
        }
        assert!(!text.contains("@import"), "{}", asset.path);
    }
}

#[test]
fn scripts_import_nothing_from_elsewhere() {
    for asset in ASSETS.iter().filter(|asset| asset.path.ends_with(".js")) {
        let text = std::str::from_utf8(asset.bytes).unwrap();
        for quote in ['"', '\'', '`'] {
            for opening in ["from", "import", "import(", "importScripts(", "new Worker("] {
                for scheme in ["http:", "https:", "//"] {
                    let found = format!("{opening}{quote}{scheme}");
                    assert!(!text.contains(&found), "{} holds {found}", asset.path);
                }
            }
        }
    }
}

#[test]
fn table_lists_exactly_what_was_built() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("graphiql/dist");
    let mut built = Vec::new();
    let mut folders = vec![dist.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                built.push(format!("/{}", path.strip_prefix(&dist).unwrap().display()));
            }
        }
    }
    built.sort();
    let mut listed: Vec<_> = ASSETS.iter().map(|asset| asset.path.to_owned()).collect();
    listed.sort();
    assert_eq!(listed, built);
}

#[tokio::test]
async fn every_file_carries_the_policy_and_its_type() {
    for asset in ASSETS.iter().filter(|asset| asset.path != "/index.html") {
        let response = ask(Method::GET, asset.path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{}", asset.path);
        assert_eq!(header(&response, &CONTENT_SECURITY_POLICY), CONTENT_POLICY);
        assert_eq!(header(&response, &CONTENT_TYPE), asset.content_type);
        assert_eq!(header(&response, &X_CONTENT_TYPE_OPTIONS), "nosniff");
    }
}

#[test]
fn policy_allows_no_foreign_origin_and_no_inline_script() {
    let scripts = CONTENT_POLICY
        .split(';')
        .find(|directive| directive.trim().starts_with("script-src"))
        .unwrap();
    assert_eq!(scripts.trim(), "script-src 'self'");
    for loose in ["unsafe-eval", "http:", "https:", "blob:", "*"] {
        assert!(!CONTENT_POLICY.contains(loose), "{loose}");
    }
}

#[tokio::test]
async fn hashed_names_are_kept_for_ever_and_the_page_is_asked_for_again() {
    let page = ask(Method::GET, "/", None).await;
    assert_eq!(header(&page, &CACHE_CONTROL), REVALIDATE);
    let hashed = ASSETS
        .iter()
        .find(|asset| asset.path.starts_with(ASSET_PREFIX))
        .unwrap();
    let file = ask(Method::GET, hashed.path, None).await;
    assert_eq!(header(&file, &CACHE_CONTROL), IMMUTABLE);
}

#[tokio::test]
async fn known_page_is_not_sent_again() {
    let page = ask(Method::GET, "/", None).await;
    let tag = header(&page, &ETAG).to_owned();
    for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let again = ask(Method::GET, "/", Some(&held)).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{held}");
        assert_eq!(
            again.into_body().collect().await.unwrap().to_bytes().len(),
            0
        );
    }
    let other = ask(Method::GET, "/", Some("\"other\"")).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn unknown_names_and_methods_are_refused() {
    for path in [
        "/assets/graphiql/none.js",
        "/assets/graphiql/..%2findex.html",
        "/index.html",
    ] {
        assert_eq!(
            ask(Method::GET, path, None).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(
        ask(Method::POST, "/", None).await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(ask(Method::HEAD, "/", None).await.status(), StatusCode::OK);
}
