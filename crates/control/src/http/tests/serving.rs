use super::*;

#[tokio::test]
async fn an_answer_carries_what_aws_clients_read() {
    let server = Server::start(Auth::SigV4).await;
    let created = server.signed("POST", "/things/a%3Ab", b"").await;
    assert_eq!((created.status, &created.body["thingName"]), (200, &json!("a:b")));
    let again = server.signed("GET", "/things/a%3Ab", b"").await;
    assert_eq!(again.body["thingArn"], "arn:aws:iot:us-east-1:123456789012:thing/a:b");
    for answer in [&created, &again] {
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(!answer.headers.contains_key("x-amzn-errortype"));
    }
    let id = |answer: &Answer| answer.headers["x-amzn-requestid"].clone();
    assert_eq!(id(&again).len(), 36);
    assert_ne!(id(&created), id(&again));
}

#[tokio::test]
async fn an_error_carries_its_code_and_the_resource() {
    let server = Server::start(Auth::SigV4).await;
    let body = br#"{"behaviors":[]}"#;
    assert_eq!(server.signed("POST", "/security-profiles/p", body).await.status, 200);
    let answer = server.signed("POST", "/security-profiles/p", body).await;
    let told = "409 ResourceAlreadyExistsException Security profile p already exists.";
    assert_eq!(answer.error(), told);
    assert_eq!(answer.body["resourceId"], "p");
    assert_eq!(answer.headers["x-amzn-requestid"].len(), 36);
    let answer = server.signed("GET", "/security-profiles/q", b"").await;
    let told = "404 ResourceNotFoundException Security profile q does not exist.";
    assert_eq!(answer.error(), told);
}

#[tokio::test]
async fn a_query_decides_like_a_body() {
    let server = Server::start(Auth::SigV4).await;
    for name in ["p", "q"] {
        server.signed("POST", &format!("/security-profiles/{name}"), b"{}").await;
    }
    let page = server.signed("GET", "/security-profiles?maxResults=1", b"").await;
    let token = page.body["nextToken"].as_str().unwrap();
    let next = format!("/security-profiles?maxResults=1&nextToken={token}");
    let page = server.signed("GET", &next, b"").await;
    assert_eq!(page.body["securityProfileIdentifiers"][0]["name"], "q");
    assert_eq!(page.body.get("nextToken"), None);
    let delete = server.signed("DELETE", "/security-profiles/p?expectedVersion=2", b"").await;
    assert!(delete.error().starts_with("409 VersionConflictException"), "{}", delete.error());
    let events = "/violation-events?startTime=2026-11-01T00%3A00%3A00Z\
                  &endTime=2026-11-02T00%3A00%3A00Z";
    assert_eq!(server.signed("GET", events, b"").await.body, json!({"violationEvents": []}));
}

#[tokio::test]
async fn what_is_no_operation_is_unknown_whoever_asks() {
    let server = Server::start(Auth::SigV4).await;
    for (method, path) in [("GET", "/"), ("GET", "/nothing/here"), ("BREW", "/things")] {
        for answer in
            [server.signed(method, path, b"").await, server.send(method, path, &[], b"").await]
        {
            assert!(
                answer.error().starts_with("404 UnknownOperationException"),
                "{path}: {}",
                answer.error()
            );
        }
    }
}

#[tokio::test]
async fn an_operation_that_is_not_served_says_so_to_those_who_may_call() {
    let server = Server::start(Auth::SigV4).await;
    let answer = server.signed("PUT", "/jobs/j", b"{}").await;
    let told = "400 NotImplementedException CreateJob is not implemented by Fleetward.";
    assert_eq!(answer.error(), told);
    let unsigned = server.send("PUT", "/jobs/j", &[], b"{}").await;
    assert_eq!(unsigned.status, 403);
}

#[tokio::test]
async fn several_requests_go_over_one_connection() {
    let server = Server::start(Auth::Off).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /endpoint HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        assert_eq!(parse(&answer[..length]).body["endpointAddress"], "iot.example");
    }
}

#[tokio::test]
async fn what_is_not_http_ends_its_connection_and_no_other() {
    let server = Server::start(Auth::Off).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(server.send("GET", "/endpoint", &[], b"").await.status, 200);
}

#[tokio::test]
async fn a_server_that_stops_takes_no_more_connections() {
    let server = Server::start(Auth::Off).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(server.send("GET", "/endpoint", &[], b"").await.status, 200);
    server.stop.send(()).unwrap();
    server.stopped.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn no_more_connections_are_taken_than_there_is_room_for_and_the_next_waits() {
    let server = Server::start_with(Auth::Off, 2).await;
    let idle = [
        TcpStream::connect(server.address).await.unwrap(),
        TcpStream::connect(server.address).await.unwrap(),
    ];
    let (address, asked) = (server.address, b"GET /endpoint HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut next = TcpStream::connect(address).await.unwrap();
    next.write_all(asked).await.unwrap();
    let mut answer = vec![0; 4096];
    // Nothing else would make it be served: it is served because one of the others went.
    let [first, second] = idle;
    drop(first);
    let length = next.read(&mut answer).await.unwrap();
    assert_eq!(parse(&answer[..length]).status, 200);
    let mut last = TcpStream::connect(address).await.unwrap();
    last.write_all(asked).await.unwrap();
    assert!(last.try_read(&mut answer).is_err(), "there is no room for it");
    drop((second, next));
    let length = last.read(&mut answer).await.unwrap();
    assert_eq!(parse(&answer[..length]).status, 200);
}
