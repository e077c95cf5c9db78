//! Webhooks over real sockets: what is sent, what is believed, what is never shown.

use crate::server::{Answer, Server, answer};
use crate::world::{Counting, Memory, StandingClock, alert, at};
use breakglass_alert::{
    Outbox, Receiver, ReceiverError, WebhookChannel, WebhookSettings, channels, signature,
};
use breakglass_model::design::{ChannelDesign, ChannelKind};
use breakglass_model::{Secret, Severity};
use breakglass_ops::port::{AlertSink, Channel, Clock};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "k3y-with-enough-characters";
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn clock() -> Arc<StandingClock> {
    Arc::default()
}

fn channel(url: &str, key: Option<&str>, clock: &Arc<StandingClock>) -> WebhookChannel {
    let settings = WebhookSettings { key: key.map(Secret::new), ..WebhookSettings::new("soc", url) };
    WebhookChannel::new(settings, clock.clone()).unwrap()
}

async fn receiver(key: Option<&str>, clock: &Arc<StandingClock>) -> Receiver {
    Receiver::start(LOOPBACK, key.map(Secret::new), clock.clone()).await.unwrap()
}

#[tokio::test]
async fn a_signed_alert_is_taken_acknowledged_and_its_repeat_dropped() {
    let clock = clock();
    let receiver = receiver(Some(KEY), &clock).await;
    let channel = channel(&receiver.url(), Some(KEY), &clock);
    let sent = alert("a", Severity::Critical);
    let first = channel.send(&sent).await.unwrap();
    assert_eq!((first.channel.as_str(), first.sent_at, first.acknowledged_at), ("soc", at(0), Some(at(0))));
    clock.set(60);
    let again = channel.send(&sent).await.unwrap();
    assert_eq!(
        (again.sent_at, again.acknowledged_at),
        (at(60), Some(at(0))),
        "it was acknowledged the first time"
    );
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!((&received[0].alert, received[0].at, received[0].repeats), (&sent, at(0), 1));
    assert_eq!(receiver.wait_for(|a| a.id == "a").await, received[0]);
    receiver.stop().await;
    assert!(channel.send(&sent).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_wrong_key_no_key_and_an_old_message_are_refused() {
    let clock = clock();
    let receiver = receiver(Some(KEY), &clock).await;
    for key in [Some("another-key-of-some-length"), None] {
        let error =
            channel(&receiver.url(), key, &clock).send(&alert("a", Severity::High)).await.unwrap_err();
        assert!(error.to_string().contains("401"), "{error}");
        assert!(error.to_string().contains("compare the key files"), "{error}");
    }
    // The clock of the sender is an hour behind: as good as a message that was recorded and sent again.
    let late = Arc::new(StandingClock::default());
    late.set(-3_600);
    assert!(channel(&receiver.url(), Some(KEY), &late).send(&alert("a", Severity::High)).await.is_err());
    assert!(receiver.received().is_empty());
    assert_eq!(receiver.refused(), 3);
}

#[tokio::test]
async fn a_receiver_without_a_key_takes_everything_but_what_is_no_alert() {
    let clock = clock();
    let receiver = receiver(None, &clock).await;
    channel(&receiver.url(), Some(KEY), &clock).send(&alert("a", Severity::High)).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post =
        async |body: Vec<u8>| http.post(receiver.url()).body(body).send().await.unwrap().status().as_u16();
    assert_eq!(post(b"{}".to_vec()).await, 400);
    assert_eq!(post(vec![b' '; 300 * 1024]).await, 413);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_receiver_listens_on_this_machine_only() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = Receiver::start(everywhere, None, clock()).await.unwrap_err();
    assert!(matches!(error, ReceiverError::NotLoopback(_)), "{error}");
    let taken = receiver(None, &clock()).await;
    let address: SocketAddr = taken.url()["http://".len()..].trim_end_matches("/alerts").parse().unwrap();
    assert!(matches!(Receiver::start(address, None, clock()).await, Err(ReceiverError::Listen { .. })));
}

/// What is on the wire, for whoever writes a receiver.
#[tokio::test]
async fn the_message_is_the_alert_with_one_line_for_chats() {
    let clock = clock();
    let server = Server::plain(vec![answer(204, "")]).await;
    let delivery =
        channel(&server.url, Some(KEY), &clock).send(&alert("a", Severity::Critical)).await.unwrap();
    assert_eq!(delivery.acknowledged_at, None, "taken, but nobody has taken note");
    let request = server.seen().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        head.lines()
            .find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)))
            .map(|(_, v)| v)
    };
    assert_eq!(header("idempotency-key"), Some("a"));
    assert_eq!(header("content-type"), Some("application/json"));
    let (time, signed) = (header(signature::TIMESTAMP), header(signature::SIGNATURE));
    assert_eq!(signature::verify(&Secret::new(KEY), time, signed, body.as_bytes(), at(0)), Ok(()));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["text"], "[critical] `ea-01` signed in (a)");
    assert_eq!(body["details"]["ip"], "203.0.113.7");
    assert_eq!(body["event_at"], at(-20).to_string());
}

#[tokio::test]
async fn a_server_that_fails_and_then_recovers_gets_the_alert_by_the_outbox() {
    let clock = clock();
    let fine = format!(r#"{{"acknowledged_at": "{}"}}"#, at(90));
    let server = Server::plain(vec![answer(500, "oops"), answer(503, ""), answer(200, &fine)]).await;
    let channels: Vec<Arc<dyn Channel>> = vec![Arc::new(channel(&server.url, Some(KEY), &clock))];
    let outbox = Outbox::new(Arc::new(Memory::default()), channels, Arc::new(Counting::default()));
    outbox.enqueue(&alert("a", Severity::Critical)).await.unwrap();
    let mut failures = Vec::new();
    for second in [0, 30, 60] {
        clock.set(second);
        failures.extend(outbox.deliver_due(at(second)).await.unwrap().failed.into_iter().map(|f| f.error));
    }
    assert_eq!(
        failures,
        [
            "it answered 500 Internal Server Error; it is tried again",
            "it answered 503 Service Unavailable; it is tried again"
        ]
    );
    let clock = outbox.entry("a").await.unwrap().unwrap().stage_clock();
    assert_eq!((clock.sent_at, clock.acknowledged_at), (Some(at(60)), Some(at(90))));
    let keys = server.seen().iter().filter(|r| r.to_lowercase().contains("idempotency-key: a\r")).count();
    assert_eq!(keys, 3, "the same id every time");
}

#[tokio::test]
async fn a_slow_receiver_is_given_up_and_the_answer_is_not_awaited_for_ever() {
    let slow = Answer { after: Duration::from_secs(60), ..answer(200, "") };
    let server = Server::plain(vec![slow]).await;
    let settings =
        WebhookSettings { timeout: Duration::from_millis(150), ..WebhookSettings::new("soc", &server.url) };
    let channel = WebhookChannel::new(settings, clock()).unwrap();
    let error = channel.send(&alert("a", Severity::High)).await.unwrap_err();
    assert!(error.to_string().contains("timed out"), "{error}");
}

#[tokio::test]
async fn redirects_are_not_followed_and_long_answers_not_read() {
    let elsewhere = Server::plain(vec![answer(200, "")]).await;
    let redirect = Answer { headers: "location: http://localhost:1/\r\n", ..answer(302, "") };
    let server = Server::plain(vec![redirect, answer(200, &"x".repeat(1_000_000))]).await;
    let channel = channel(&server.url, None, &clock());
    let error = channel.send(&alert("a", Severity::High)).await.unwrap_err();
    assert!(error.to_string().contains("redirects are not followed"), "{error}");
    assert!(elsewhere.seen().is_empty());
    assert_eq!(channel.send(&alert("a", Severity::High)).await.unwrap().acknowledged_at, None);
}

#[tokio::test]
async fn a_private_ca_is_trusted_when_it_is_named_and_only_then() {
    let server = Server::tls(vec![answer(200, "")]).await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, server.ca.as_ref().unwrap()).unwrap();
    let with = |ca: Option<&Path>| {
        let settings = WebhookSettings {
            ca_bundle: ca.map(Path::to_path_buf),
            ..WebhookSettings::new("soc", &server.url)
        };
        WebhookChannel::new(settings, clock())
    };
    with(Some(&bundle)).unwrap().send(&alert("a", Severity::High)).await.unwrap();
    let error = with(None).unwrap().send(&alert("a", Severity::High)).await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("certificate"), "{error}");
    assert_eq!(server.seen().len(), 1);
    for (file, text) in [("empty.pem", ""), ("absent.pem", "")] {
        let file = folder.path().join(file);
        if file.ends_with("empty.pem") {
            std::fs::write(&file, text).unwrap();
        }
        let error = with(Some(&file)).unwrap_err();
        assert!(error.to_string().contains("the CA bundle"), "{error}");
    }
}

#[tokio::test]
async fn secrets_are_in_no_error_and_no_debug() {
    let server = Server::plain(vec![answer(500, KEY)]).await;
    let clock = clock();
    let shown = channel(&server.url, Some(KEY), &clock);
    let refused = shown.send(&alert("a", Severity::High)).await.unwrap_err();
    // Port 1 answers nobody.
    let gone = channel("http://127.0.0.1:1/hooks/s3cr3t-path", Some(KEY), &clock);
    let unreachable = gone.send(&alert("a", Severity::High)).await.unwrap_err();
    let plain = WebhookSettings {
        key: Some(Secret::new(KEY)),
        ..WebhookSettings::new("soc", "http://example.com/s3cr3t-path")
    };
    let address = WebhookChannel::new(plain, clock.clone()).unwrap_err();
    let receiver = receiver(Some(KEY), &clock).await;
    let outbox =
        Outbox::new(Arc::new(Memory::default()), vec![Arc::new(gone)], Arc::new(Counting::default()));
    for text in [
        format!("{shown:?} {outbox:?} {receiver:?}"),
        format!("{refused} {refused:?}"),
        format!("{unreachable} {unreachable:?}"),
        format!("{address} {address:?}"),
    ] {
        assert!(!text.contains(KEY) && !text.contains("s3cr3t-path"), "{text}");
    }
    assert!(address.to_string().contains("begin it with `https://`"), "{address}");
}

#[tokio::test]
async fn channels_of_a_design_find_their_keys_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let receiver = receiver(Some(KEY), &clock).await;
    let design = |key_file: Option<&str>| ChannelDesign {
        name: "soc".into(),
        kind: ChannelKind::Webhook { url: receiver.url(), key_file: key_file.map(str::to_owned) },
    };
    std::fs::write(folder.path().join("soc.key"), format!("{KEY}\n")).unwrap();
    std::fs::write(folder.path().join("short.key"), "1234\n").unwrap();
    let from = |file| {
        WebhookChannel::from_design(&design(Some(file)), folder.path(), None, clock.clone() as Arc<dyn Clock>)
    };
    from("soc.key").unwrap().send(&alert("a", Severity::High)).await.unwrap();
    let error = from("short.key").unwrap_err().to_string();
    assert!(error.contains("it holds 4 characters") && error.contains("openssl rand"), "{error}");
    assert!(from("absent.key").unwrap_err().to_string().contains("absent.key"));
    assert_eq!(receiver.received().len(), 1);
    let _: fn(&breakglass_model::design::Design, &Path, Option<&Path>, &Arc<dyn Clock>) -> _ = channels;
}
