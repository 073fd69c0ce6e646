use axum::body::Body;
use axum::http::Response;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::address::AddressKind;
use crate::payload::Message;
use crate::receiver::{Answer, Receiver};
use crate::target::Webhook;

fn loopback() -> Vec<IpNet> {
    vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
}

fn message() -> Message {
    Message {
        id: "5a7b".into(),
        topic_arn: "arn:aws:sns:us-east-1:123456789012:alarms".into(),
        body: Bytes::from_static(br#"{"thingName":"lamp","violationEventType":"in-alarm"}"#),
    }
}

async fn post(allow: Vec<IpNet>, url: &str) -> Result<(), AlertsError> {
    let dialler = Dialler::new(allow, vec![], Clock::system()).unwrap();
    Webhook::parse(url).unwrap().deliver(&dialler, &message()).await
}

#[tokio::test]
async fn a_message_arrives_as_a_raw_delivery_of_sns() {
    let receiver = Receiver::listen(|_, _| Answer::Status(202)).await;
    let url = format!("http://{}/hook?token=t", receiver.address);
    post(loopback(), &url).await.unwrap();
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/hook?token=t");
    assert_eq!(seen[0].summary(), "lamp in-alarm");
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("x-amz-sns-message-type", "Notification"),
        ("x-amz-sns-topic-arn", "arn:aws:sns:us-east-1:123456789012:alarms"),
        ("x-amz-sns-message-id", "5a7b"),
        ("x-amz-sns-rawdelivery", "true"),
        ("host", &receiver.address.to_string()),
    ] {
        assert_eq!(seen[0].headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn inward_addresses_are_not_dialled_unless_allowed() {
    let receiver = Receiver::listen(|_, _| Answer::Status(200)).await;
    let port = receiver.address.port();
    let elsewhere = vec!["10.0.0.0/8".parse().unwrap()];
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let error = post(elsewhere.clone(), &format!("{scheme}://{host}:{port}/")).await;
            let kind = match error.unwrap_err() {
                AlertsError::AddressRefused { kind, .. } => kind,
                other => panic!("{host}: {other}"),
            };
            assert!(matches!(kind, AddressKind::Loopback | AddressKind::Unspecified), "{host}");
        }
    }
    let error = post(elsewhere, &format!("http://127.1:{port}/")).await.unwrap_err();
    assert!(matches!(error, AlertsError::AddressRefused { .. }), "{error}");
    assert_eq!(receiver.seen().len(), 0);
    post(loopback(), &format!("http://localhost:{port}/")).await.unwrap();
    post(loopback(), &format!("http://[::ffff:127.0.0.1]:{port}/")).await.unwrap();
    assert_eq!(receiver.seen().len(), 2);
}

#[tokio::test]
async fn plain_http_goes_to_allowed_addresses_only() {
    let error = post(loopback(), "http://1.1.1.1/").await.unwrap_err();
    assert!(matches!(error, AlertsError::PlainHttpRefused { .. }), "{error}");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let receiver = Receiver::listen(|_, _| {
        let moved = Response::builder().status(307).header("location", "/elsewhere");
        Answer::Response(moved.body(Body::from("gone\r\n\u{7}there")).unwrap())
    })
    .await;
    let error = post(loopback(), &format!("http://{}/", receiver.address)).await.unwrap_err();
    assert_eq!(error.to_string(), "answered with status 307: gonethere");
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn a_long_answer_is_read_in_part_only() {
    let receiver = Receiver::listen(|_, before| {
        let response = Response::builder().status(500);
        Answer::Response(if before == 0 {
            let endless = futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 4096]))
            });
            response.body(Body::from_stream(endless)).unwrap()
        } else {
            response.header("x-long", "y".repeat(64 * 1024)).body(Body::empty()).unwrap()
        })
    })
    .await;
    let url = format!("http://{}/", receiver.address);
    let error = post(loopback(), &url).await.unwrap_err();
    assert!(matches!(&error, AlertsError::Status { status: 500, excerpt } if excerpt.len() == 162));
    let error = post(loopback(), &url).await.unwrap_err();
    assert!(matches!(error, AlertsError::Http(_)), "{error}");
}

#[tokio::test]
async fn interim_responses_without_end_are_a_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let receiver = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {}
    });
    let error = post(loopback(), &format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(error, AlertsError::Http(_)), "{error}");
    receiver.await.unwrap();
}

#[tokio::test]
async fn who_does_not_listen_is_told_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = post(loopback(), &format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(error, AlertsError::Connect { .. }), "{error}");
    let error = post(loopback(), "https://no-such-host.invalid/").await.unwrap_err();
    assert!(matches!(error, AlertsError::Resolve { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_a_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let error = post(loopback(), &format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(error, AlertsError::Timeout), "{error}");
    let error = post(loopback(), &format!("https://{address}/")).await.unwrap_err();
    assert!(matches!(error, AlertsError::Timeout), "{error}");
}

#[tokio::test]
async fn certificates_are_checked() {
    let (receiver, authority) = Receiver::listen_tls("localhost").await;
    let port = receiver.address.port();
    let url = format!("https://localhost:{port}/");
    let error = post(loopback(), &url).await.unwrap_err();
    assert!(matches!(error, AlertsError::Handshake(_)), "{error}");

    let trusting = Dialler::new(loopback(), vec![authority], Clock::system()).unwrap();
    let other_name = Webhook::parse(&format!("https://127.0.0.1:{port}/")).unwrap();
    let error = other_name.deliver(&trusting, &message()).await.unwrap_err();
    assert!(matches!(error, AlertsError::Handshake(_)), "{error}");
    assert_eq!(receiver.seen().len(), 0);

    Webhook::parse(&url).unwrap().deliver(&trusting, &message()).await.unwrap();
    assert_eq!(receiver.seen().len(), 1);
}
