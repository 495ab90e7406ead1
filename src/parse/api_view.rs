//! The answer to `plan::ask_api`.

use super::SectionOutput;
use super::key_value::value;
use crate::model::{ApiView, Fact, Reach, clean};

/// How the API server at `endpoint` looks from the node, from the script's one step.
pub fn api_view(endpoint: &str, output: &SectionOutput) -> Fact<ApiView> {
    let text = String::from_utf8_lossy(&output.bytes);
    if let Some(why) = output.too_much {
        return Fact::Unknown(format!("the script that asks the API server {why}"));
    }
    match output.status {
        0 => {}
        64 => {
            return Fact::Unknown(
                "neither curl, wget nor kubectl is on the node to ask the API server with".to_owned(),
            );
        }
        status => {
            let said = clean(text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing"));
            return Fact::Unknown(format!("asking the API server ended with status {status}: {said}"));
        }
    }
    let value = |key| value(&text, key, '=').filter(|value| !value.is_empty());
    let Some(tool) = value("tool") else {
        return Fact::Unknown("the script that asks the API server did not say with what".to_owned());
    };
    let proxy = value("proxy").map(|proxy| without_password(&proxy));
    let status = value("status");
    let said = value("said").unwrap_or_else(|| format!("{tool} said nothing"));
    let reach = if status.is_some() { Fact::Known(Reach::Answers) } else { obstacle(&said, proxy.is_some()) };
    let no_answer = format!("{tool} got no answer");
    Fact::Known(ApiView {
        endpoint: endpoint.to_owned(),
        reach,
        proxy,
        version: match (value("version"), &status) {
            (Some(version), _) => Fact::Known(version),
            (None, Some(status)) => Fact::Unknown(format!("the API server answered {status} and no version")),
            (None, None) => Fact::Unknown(no_answer.clone()),
        },
        token_alive: match (value("token").as_deref(), value("info_status")) {
            (Some("1"), _) => Fact::Known(true),
            (Some("0"), Some(status)) if status == "200" => Fact::Known(false),
            (_, Some(status)) => Fact::Unknown(format!("the API server answered {status} when asked for cluster-info")),
            (_, None) => Fact::Unknown(no_answer.clone()),
        },
        clock_skew: match (value("date").and_then(|d| unix_seconds(&d)), value("clock").and_then(|c| c.parse().ok())) {
            (Some(theirs), Some(ours)) => Fact::Known(i64::saturating_sub(ours, theirs)),
            _ => Fact::Unknown(format!("{tool} did not tell when the API server answered")),
        },
    })
}

/// What stands between, by the words of curl, GNU and busybox wget, and Go (kubectl).
fn obstacle(said: &str, proxy: bool) -> Fact<Reach> {
    const NO_NAME: [&str; 7] = [
        "resolve host", // curl, GNU wget
        "bad address",  // busybox
        "Name or service not known",
        "Temporary failure in name resolution",
        "no such host",
        "no suitable address",
        "server misbehaving",
    ];
    const NO_ROUTE: [&str; 9] = [
        "timed out",
        "timeout",
        "Timeout",
        "deadline exceeded",
        "o route to host",
        "unreachable",
        "Operation not permitted", // a firewall of the node's own
        "operation not permitted",
        "Permission denied",
    ];
    const TLS: [&str; 9] =
        ["SSL", "TLS", "tls", "x509", "handshake", "HTTP response to HTTPS", "reset by peer", "Empty reply", "EOF"];
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let why = said.to_owned();
    if proxy {
        Fact::Known(Reach::Proxy(why)) // whichever of its ways it failed in: who asked was not the API server
    } else if has(&NO_NAME) {
        Fact::Known(Reach::NoName(why))
    } else if has(&["refused"]) {
        Fact::Known(Reach::Refused(why))
    } else if has(&NO_ROUTE) {
        Fact::Known(Reach::NoRoute(why))
    } else if has(&TLS) {
        Fact::Known(Reach::Tls(why))
    } else {
        Fact::Unknown(why)
    }
}

/// `http://user:password@host:port` without what is before the @.
fn without_password(proxy: &str) -> String {
    match (proxy.split_once("://"), proxy.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => proxy.to_owned(),
    }
}

/// An HTTP date.
fn unix_seconds(date: &str) -> Option<i64> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    parser.parse_timestamp(date).ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &str) -> ApiView {
        let output = SectionOutput { bytes: text.as_bytes().to_vec(), ..SectionOutput::default() };
        let Fact::Known(view) = api_view("10.0.0.1:6443", &output) else { panic!("{text}") };
        view
    }

    macro_rules! recorded {
        ($name:literal) => {
            [
                include_str!(concat!("../../tests/fixtures/api-view/curl-", $name, ".txt")),
                include_str!(concat!("../../tests/fixtures/api-view/wget-", $name, ".txt")),
                include_str!(concat!("../../tests/fixtures/api-view/kubectl-", $name, ".txt")),
            ]
            .map(view)
        };
    }

    #[test]
    fn an_api_server_that_answers_tells_version_token_and_clock() {
        for view in recorded!("token-alive") {
            assert_eq!(
                (&view.reach, &view.token_alive),
                (&Fact::Known(Reach::Answers), &Fact::Known(true)),
                "{view:?}"
            );
            assert!(view.version.is_known_and(|v| v.starts_with("v0.0.0-master")), "{view:?}");
            assert!(view.clock_skew.is_known_and(|skew| (0..=1).contains(skew)), "{view:?}");
        }
        for view in recorded!("token-unknown") {
            assert_eq!(view.token_alive, Fact::Known(false), "{view:?}");
        }
        let late = view("tool=curl\nstatus=200\ndate=Sun, 22 Nov 2026 22:44:51 GMT\nclock=1795384191\n");
        assert_eq!(late.clock_skew, Fact::Known(1_795_384_191 - 1_795_387_491), "{late:?}");
    }

    #[test]
    fn what_stands_between_has_a_kind() {
        type Test = fn(&Reach) -> bool;
        let kinds: [(_, Test); 4] = [
            (recorded!("refused"), |reach| matches!(reach, Reach::Refused(_))),
            (recorded!("no-name"), |reach| matches!(reach, Reach::NoName(_))),
            (recorded!("no-route"), |reach| matches!(reach, Reach::NoRoute(_))),
            (recorded!("no-tls"), |reach| matches!(reach, Reach::Tls(_))),
        ];
        for (views, test) in kinds {
            for view in views {
                assert!(view.reach.is_known_and(test), "{view:?}");
                assert!(view.version.known().is_none() && view.token_alive.known().is_none(), "{view:?}");
            }
        }
        let timeout = view("tool=curl\nsaid=curl: (28) Connection timed out after 10001 milliseconds\n");
        assert!(timeout.reach.is_known_and(|reach| matches!(reach, Reach::NoRoute(_))));
        let proxied = view("tool=curl\nproxy=http://me:secret@proxy:3128\nsaid=curl: (7) Connection refused\n");
        assert!(proxied.reach.is_known_and(|reach| matches!(reach, Reach::Proxy(_))));
        assert_eq!(proxied.proxy.as_deref(), Some("http://proxy:3128"));
        assert!(view("tool=busybox wget\nsaid=\n").reach.known().is_none(), "what is not understood is not known");
    }

    #[test]
    fn a_cluster_info_that_is_not_public_tells_nothing_of_the_token() {
        for status in ["403", "404"] {
            let view = view(&format!("tool=curl\nstatus=200\ninfo_status={status}\ntoken=0\n"));
            assert!(matches!(&view.token_alive, Fact::Unknown(why) if why.contains(status)), "{view:?}");
        }
        let without_tools = SectionOutput { status: 64, ..SectionOutput::default() };
        assert!(matches!(api_view("x:1", &without_tools), Fact::Unknown(why) if why.contains("curl")));
    }
}
