use super::*;
use crate::keys::KeyStatus;

const TARGET: &str = "/things/a";

async fn asked(server: &Server, change: impl FnOnce(&mut Signing<'_>)) -> String {
    let secret = Secret::new(server.key.secret.as_str());
    let mut signing = server.signing(&secret);
    change(&mut signing);
    let headers = server.headers("POST", TARGET, b"{}", &signing);
    server.send("POST", TARGET, &headers, b"{}").await.error()
}

#[tokio::test]
async fn a_request_must_be_signed() {
    let server = Server::start(Auth::SigV4).await;
    let answer = server.send("POST", TARGET, &[], b"not json").await;
    let told = "403 MissingAuthenticationTokenException Missing Authentication Token";
    assert_eq!(answer.error(), told);
    let header = [("authorization", "Bearer x".to_owned())];
    let answer = server.send("POST", TARGET, &header, b"").await;
    assert!(answer.error().starts_with("403 IncompleteSignature"), "{}", answer.error());
}

#[tokio::test]
async fn a_signature_with_another_secret_is_refused() {
    let server = Server::start(Auth::SigV4).await;
    let other = Secret::new("another");
    let told = {
        let signing = Signing { secret: &other, ..server.signing(&other) };
        let headers = server.headers("POST", TARGET, b"{}", &signing);
        server.send("POST", TARGET, &headers, b"{}").await.error()
    };
    assert!(told.starts_with("403 InvalidSignatureException The request signature"), "{told}");
}

#[tokio::test]
async fn a_request_that_was_changed_after_signing_is_refused() {
    let server = Server::start(Auth::SigV4).await;
    let secret = Secret::new(server.key.secret.as_str());
    let headers = server.headers("POST", TARGET, b"{}", &server.signing(&secret));
    for (method, target, body) in [
        ("POST", TARGET, &b"{ }"[..]),
        ("POST", "/things/b", b"{}"),
        ("POST", "/things/a?x=1", b"{}"),
        ("GET", TARGET, b"{}"),
    ] {
        let told = server.send(method, target, &headers, body).await.error();
        assert!(told.starts_with("403 InvalidSignatureException"), "{target}: {told}");
    }
    assert_eq!(server.send("POST", TARGET, &headers, b"{}").await.status, 200);
}

#[tokio::test]
async fn a_clock_may_be_five_minutes_off() {
    let server = Server::start(Auth::SigV4).await;
    for (seconds, expected) in [
        (-299, "200 "),
        (299, "200 "),
        (-301, "403 InvalidSignatureException Signature expired"),
        (301, "403 InvalidSignatureException Signature not yet current"),
    ] {
        let told = asked(&server, |signing| signing.at_epoch_seconds += seconds).await;
        assert!(told.starts_with(expected), "{seconds}: {told}");
    }
}

#[tokio::test]
async fn keys_that_are_unknown_or_disabled_are_not_recognised() {
    let server = Server::start(Auth::SigV4).await;
    let told = asked(&server, |signing| signing.access_key_id = "AKIANOBODY").await;
    assert!(told.starts_with("403 UnrecognizedClientException"), "{told}");
    assert!(asked(&server, |_| ()).await.starts_with("200"));
    server.keys.set_status(&server.key.key.id, KeyStatus::Disabled).await.unwrap();
    let told = asked(&server, |_| ()).await;
    assert!(told.starts_with("403 UnrecognizedClientException"), "{told}");
}

#[tokio::test]
async fn a_signature_for_another_service_or_region_is_refused() {
    let server = Server::start(Auth::SigV4).await;
    for told in [
        asked(&server, |signing| signing.service = "iotdata").await,
        asked(&server, |signing| signing.region = "eu-west-1").await,
    ] {
        assert!(told.starts_with("403 InvalidSignatureException Credential"), "{told}");
    }
}

#[tokio::test]
async fn a_presigned_request_is_served() {
    let server = Server::start(Auth::SigV4).await;
    let secret = Secret::new(server.key.secret.as_str());
    let host = server.address.to_string();
    let headers = vec![("host", host.as_bytes())];
    let request = Request { method: "GET", raw_path: "/endpoint", raw_query: "", headers };
    let query = presign(&request, Payload::Bytes(b""), &server.signing(&secret), 60).unwrap();
    let answer = server.send("GET", &format!("/endpoint?{query}"), &[], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.error());
    let changed = query.replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    let answer = server.send("GET", &format!("/endpoint?{changed}"), &[], b"").await;
    assert!(answer.error().starts_with("403 InvalidSignature"), "{}", answer.error());
}

#[tokio::test]
async fn a_key_may_do_what_its_policy_says() {
    let server = Server::start(Auth::SigV4).await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Action":"iot:DescribeEndpoint","Resource":"*"}]}"#;
    let limited = server.keys.create("limited", policy).await.unwrap();
    let server = Server { key: limited, ..server };
    assert_eq!(server.signed("GET", "/endpoint", b"").await.status, 200);
    // What it may not do it is told before what is wrong with its input.
    let answer = server.signed("POST", "/things/a%20b", b"{}").await;
    let told = format!(
        "403 AccessDeniedException User: arn:aws:iam::123456789012:user/{} is not authorized to \
         perform: iot:CreateThing on resource: arn:aws:iot:us-east-1:123456789012:thing/a b",
        server.key.key.id
    );
    assert_eq!(answer.error(), told);
}

#[tokio::test]
async fn without_signatures_anyone_is_the_operator() {
    let server = Server::start(Auth::Off).await;
    assert_eq!(server.send("POST", TARGET, &[], b"").await.status, 200);
    let header = [("authorization", "AWS4-HMAC-SHA256 nonsense".to_owned())];
    assert_eq!(server.send("GET", TARGET, &header, b"").await.status, 200);
}
