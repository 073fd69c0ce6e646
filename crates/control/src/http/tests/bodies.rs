use super::*;

/// The error of a signed request to create a profile.
async fn refused(path: &str, body: &[u8]) -> String {
    let server = Server::start(Auth::SigV4).await;
    server.signed("POST", path, body).await.error()
}

#[tokio::test]
async fn a_body_that_is_not_json_is_invalid() {
    for body in [&b"{"[..], b"{\"behaviors\":}", b"\xff\xfe", b"nonsense", b"[1]"] {
        let told = refused("/security-profiles/p", body).await;
        assert!(told.starts_with("400 InvalidRequestException The request body"), "{told}");
    }
    let deep = [b"{\"tags\":".to_vec(), vec![b'['; 100_000]].concat();
    let told = refused("/security-profiles/p", &deep).await;
    assert!(told.starts_with("400 InvalidRequestException"), "{told}");
}

#[tokio::test]
async fn a_value_of_a_wrong_type_is_named() {
    for (body, member) in [
        (json!({"behaviors": "b"}), "behaviors"),
        (json!({"behaviors": [{"name": 1}]}), "behaviors.1.member.name"),
        (json!({"alertTargets": []}), "alertTargets"),
    ] {
        let told = refused("/security-profiles/p", body.to_string().as_bytes()).await;
        assert!(told.starts_with("400 InvalidRequestException"), "{told}");
        assert!(told.contains(member), "{told}");
    }
}

#[tokio::test]
async fn names_that_are_too_long_are_told_all_at_once() {
    let long = "x".repeat(129);
    let body = json!({"behaviors": [{"name": long}, {"name": "a b"}]}).to_string();
    let told = refused(&format!("/security-profiles/{long}"), body.as_bytes()).await;
    assert!(told.starts_with("400 InvalidRequestException 3 validation errors"), "{told}");
    for path in ["securityProfileName", "behaviors.1.member.name", "behaviors.2.member.name"] {
        assert!(told.contains(&format!("at '{path}'")), "{told}");
    }
}

#[tokio::test]
async fn members_that_are_unknown_are_ignored() {
    let server = Server::start(Auth::SigV4).await;
    let body = json!({"unknown": {"deep": [1]}, "securityProfileDescription": "d",
        "behaviors": [{"name": "a", "unknown": 1}]});
    let path = "/security-profiles/p";
    let answer = server.signed("POST", path, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.error());
    let described = server.signed("GET", path, b"").await;
    assert_eq!(described.body["behaviors"], json!([{"name": "a", "suppressAlerts": false}]));
}

#[tokio::test]
async fn a_body_of_ten_megabytes_gets_an_answer() {
    let told = refused("/security-profiles/p", &vec![b' '; 10 * 1024 * 1024]).await;
    let expected = "400 InvalidRequestException The request body has 10485760 bytes or more; \
                    the limit is 524288 bytes.";
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_in_chunks_gets_an_answer() {
    let server = Server::start(Auth::SigV4).await;
    let mut bytes = b"POST /things/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..10 {
        bytes.extend_from_slice(b"100000\r\n");
        bytes.extend_from_slice(&vec![b' '; 0x10_0000]);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    let told = server.exchange(&bytes).await.error();
    assert!(told.ends_with("the limit is 524288 bytes."), "{told}");
}

#[tokio::test]
async fn a_body_that_breaks_off_harms_nobody() {
    let server = Server::start(Auth::Off).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = b"POST /things/a HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head).await.unwrap();
    drop(stream);
    let answer = server.send("GET", "/things/a", &[], b"").await;
    assert_eq!(answer.status, 404, "the thing was not created");
}
