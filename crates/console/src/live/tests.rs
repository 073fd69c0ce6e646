use std::time::Duration;

use axum::body::Body;
use fleetward_domain::MetricValue;
use fleetward_environment::Clock;
use fleetward_store::{Tx, Verification};
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::limits::FOLLOWERS;
use crate::routes;
use crate::scene::{open, state, violation};

async fn get(routes: &axum::Router, path: &str) -> Response<Body> {
    get_with(routes, path, &[("host", "127.0.0.1:8470")]).await
}

async fn get_with(routes: &axum::Router, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(HeaderName::from_bytes(name.as_bytes()).unwrap(), *value);
    }
    let service = TowerToHyperService::new(routes.clone());
    service.call(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// The text of the next event.
async fn event(body: &mut Body) -> String {
    let mut text = String::new();
    while !text.ends_with("\n\n") {
        let frame =
            Clock::system().timeout(Duration::from_secs(5), body.frame()).await.expect("an event");
        let data = frame.expect("the stream goes on").unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&data).unwrap());
    }
    text
}

#[tokio::test]
async fn changes_are_pushed_and_come_together() {
    let (state, _close) = state();
    let (store, clock) = (Arc::clone(&state.store), state.clock.clone());
    let routes = routes(state);
    let response = get(&routes, "/console/events").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let first = event(&mut body).await;
    assert!(first.starts_with("event: fleet\nretry: 2000\ndata: "), "{first}");
    assert!(first.contains("Nothing is watched yet"));

    let pushed_at = clock.instant();
    for n in 0..20 {
        let port = MetricValue::Ports(vec![n]);
        open(&*store, vec![violation(&format!("lamp-{n}"), port)]).await;
    }
    let second = event(&mut body).await;
    assert!(second.contains("<b>20</b> open violations"), "{second}");
    assert!(pushed_at.elapsed() >= PUSH_PAUSE - Duration::from_millis(50));
    assert!(second.trim_end().lines().skip(2).all(|line| line.starts_with("data:")), "{second}");

    // An operator's word is a change, too.
    let id = "id of lamp-3";
    let word = Some("seen\rdata: <b>\r\n".to_owned());
    let state = fleetward_domain::VerificationState::TruePositive;
    assert!(store.knows_violation(id).await.unwrap());
    let said = Verification { violation_id: id.to_owned(), state, description: word };
    let tx = Tx { verifications: vec![said], ..Tx::default() };
    store.commit(tx).await.unwrap();
    let third = event(&mut body).await;
    assert!(third.contains("true positive") && !third.contains('\r'), "{third}");
    assert!(third.contains("seen data: &#60;b&#62;"), "{third}");
}

#[tokio::test]
async fn a_commit_that_changes_nothing_to_see_is_not_pushed() {
    let (state, _close) = state();
    let store = Arc::clone(&state.store);
    let routes = routes(state);
    let lamp = violation("lamp", MetricValue::Ports(vec![23]));
    open(&*store, vec![lamp.clone()]).await;
    let mut body = get(&routes, "/console/events").await.into_body();
    event(&mut body).await;
    open(&*store, vec![lamp]).await;
    let pushed = Clock::system().timeout(3 * PUSH_PAUSE, body.frame()).await;
    assert!(pushed.is_err(), "{pushed:?}");
}

#[tokio::test]
async fn followers_are_bounded_and_leave_room_when_they_go() {
    let (state, _close) = state();
    let routes = routes(state);
    let mut following = Vec::new();
    for _ in 0..FOLLOWERS {
        let response = get(&routes, "/console/events").await;
        assert_eq!(response.status(), StatusCode::OK);
        following.push(response);
    }
    let refused = get(&routes, "/console/events").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&routes, "/console").await.status(), StatusCode::OK);
    following.pop();
    assert_eq!(get(&routes, "/console/events").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn streams_end_when_the_server_closes() {
    let (state, close) = state();
    let routes = routes(state);
    let mut body = get(&routes, "/console/events").await.into_body();
    event(&mut body).await;
    close.send(true).unwrap();
    let end = Clock::system().timeout(Duration::from_secs(5), body.frame()).await.unwrap();
    assert!(end.is_none());
}

#[tokio::test]
async fn only_who_means_this_server_gets_an_answer() {
    let (state, _close) = state();
    let closed = routes(crate::ConsoleState { allowed: false, ..state.clone() });
    assert_eq!(get(&closed, "/console").await.status(), StatusCode::FORBIDDEN);

    let routes = routes(state);
    for path in ["/console", "/console/events", "/console/console.js"] {
        for headers in [
            [].as_slice(),
            [("host", "evil.example:8470")].as_slice(),
            [("host", "localhost"), ("host", "evil.example")].as_slice(),
        ] {
            let refused = get_with(&routes, path, headers).await;
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    let from = |site| [("host", "localhost:8470"), ("sec-fetch-site", site)];
    for (path, site, expected) in [
        ("/console", "cross-site", StatusCode::OK),
        ("/console", "none", StatusCode::OK),
        ("/console/events", "same-origin", StatusCode::OK),
        ("/console/events", "cross-site", StatusCode::FORBIDDEN),
        ("/console/events", "same-site", StatusCode::FORBIDDEN),
    ] {
        let answer = get_with(&routes, path, &from(site)).await;
        assert_eq!(answer.status(), expected, "{path} from {site}");
    }
}

#[tokio::test]
async fn everything_carries_the_security_headers() {
    let (state, _close) = state();
    let routes = routes(state);
    for (path, kind) in [
        ("/console", "text/html; charset=utf-8"),
        ("/console/console.js", "text/javascript; charset=utf-8"),
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ] {
        let response = get(&routes, path).await;
        let headers = response.headers();
        assert_eq!(headers["content-type"], kind);
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(
            headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'")
        );
    }
}
