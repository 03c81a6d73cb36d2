//! A browser without a script: it keeps cookies, follows nothing by itself, and posts forms as it finds them.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use tokio::time::timeout;

use crate::support::PATIENCE;

/// One browser's profile.
#[derive(Clone)]
pub struct Browser {
    /// Where the server is; also the origin of its pages.
    pub url: String,
    /// What it has been told to keep.
    pub cookies: BTreeMap<String, String>,
    http: Client,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    /// A header that is there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        value.to_str().unwrap()
    }

    /// Where it leads.
    pub fn location(&self) -> String {
        assert_eq!(self.status, 303, "{}", self.text);
        self.header("location").to_owned()
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> String {
        self.find_field(name)
            .unwrap_or_else(|| panic!("no field {name} in {}", self.text))
    }

    /// The same, if there is one.
    pub fn find_field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\""))?;
        let tag = rest.split('>').next()?;
        let (_, rest) = tag.split_once("value=\"")?;
        Some(rest.split('"').next()?.to_owned())
    }
}

/// A page of which more may be to come.
pub struct Growing {
    pub status: u16,
    pub headers: HeaderMap,
    bytes: Vec<u8>,
    response: Response,
}

impl Growing {
    /// What there is of it.
    pub fn page(&self) -> Page {
        Page {
            status: self.status,
            headers: self.headers.clone(),
            text: String::from_utf8_lossy(&self.bytes).into_owned(),
        }
    }

    /// Reads on until this is there.
    pub async fn until(&mut self, text: &str) -> Page {
        loop {
            let page = self.page();
            if page.text.contains(text) {
                return page;
            }
            assert!(self.more().await, "no {text} in {}", page.text);
        }
    }

    /// Reads on to the end.
    pub async fn whole(&mut self) -> Page {
        while self.more().await {}
        self.page()
    }

    async fn more(&mut self) -> bool {
        let chunk = timeout(PATIENCE, self.response.chunk()).await;
        let chunk = chunk.expect("a page goes on, or ends").unwrap();
        self.bytes
            .extend_from_slice(chunk.as_deref().unwrap_or_default());
        chunk.is_some()
    }
}

impl Browser {
    /// A new profile.
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            cookies: BTreeMap::new(),
            http: Client::builder().redirect(Policy::none()).build().unwrap(),
        }
    }

    /// Opens an address of the server.
    pub async fn open(&mut self, path: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.url));
        self.send(request).await
    }

    /// The same, without waiting for all of it.
    pub async fn grow(&mut self, path: &str) -> Growing {
        let request = self.http.get(format!("{}{path}", self.url));
        self.begin(request).await
    }

    /// As [`Browser::submit`], without waiting for all of the answer.
    pub async fn submit_to_grow(
        &mut self,
        page: &Page,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Growing {
        let form = page.field("form");
        let mut all = vec![("form", form.as_str())];
        all.extend_from_slice(fields);
        let request = self.post(path, &all).header("origin", &self.url);
        self.begin(request).await
    }

    /// Posts what these fields and the page's hidden one come to.
    pub async fn submit(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = page.field("form");
        let mut all = vec![("form", form.as_str())];
        all.extend_from_slice(fields);
        let request = self.post(path, &all).header("origin", &self.url);
        self.send(request).await
    }

    /// A post of these fields and nothing else.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let body: Vec<String> = pairs.collect();
        self.http
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"))
    }

    /// Sends a request with the cookies, and keeps what comes back.
    pub async fn send(&mut self, request: RequestBuilder) -> Page {
        self.begin(request).await.whole().await
    }

    async fn begin(&mut self, request: RequestBuilder) -> Growing {
        let response = request
            .header("cookie", self.cookie())
            .send()
            .await
            .unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Growing {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: Vec::new(),
            response,
        }
    }

    /// The `Cookie` header.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        cookies.join("; ")
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
