use fleetward_domain::{MetricValue, VerificationState};
use fleetward_store::Kind;

use super::*;
use crate::scene::{AT_MS, open, put, state, violation};
use crate::{ConsoleState, view};

async fn rendered(state: &ConsoleState) -> String {
    let view = view::read(state).await.unwrap();
    render_page(&view, AT_MS + 180_000).unwrap()
}

#[tokio::test]
async fn a_violation_is_told_in_words() {
    let (state, _close) = state();
    let mut seen = violation("lamp-7", MetricValue::Ports(vec![23, 4444]));
    seen.behavior.suppress_alerts = true;
    open(&*state.store, vec![seen]).await;
    let html = rendered(&state).await;
    for part in [
        "<b>1</b> open violation on 1 thing",
        "lamp-7",
        "listening TCP ports must be in 22, 8883",
        "known-ports",
        "23, 4444",
        "3 min ago",
        "2 min ago",
        "2023-11-14 22:13:20 UTC",
        "not reviewed",
        "suppressed",
        "in alarm",
        r#"data-open="1""#,
    ] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

#[tokio::test]
async fn whatever_devices_and_operators_say_stays_text() {
    const HOSTILE: &str = r#"<script>alert(1)</script>"'&--><svg onload=x>"#;
    let (state, _close) = state();
    let mut hostile = violation(HOSTILE, MetricValue::Strings(vec![HOSTILE.to_owned()]));
    hostile.id = HOSTILE.to_owned();
    hostile.verification = VerificationState::BenignPositive;
    hostile.verification_description = Some(format!("{HOSTILE}\r\n\r\ndata: x"));
    let turned = violation("evil\u{202e}txt", MetricValue::Ports(vec![1]));
    open(&*state.store, vec![hostile, turned]).await;
    let html = rendered(&state).await;
    assert!(!html.contains("<script>"), "{html}");
    assert!(!html.contains("<svg"), "{html}");
    // Nothing of it ends the attribute that it stands in, either.
    assert!(!html.contains(r#"</script>""#), "{html}");
    assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
    assert!(html.contains("<bdi>evil\u{202e}txt</bdi>"), "{html}");
    // Only our own script and style, by name; nothing inline.
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("style="), "{html}");
    assert!(!html.contains("http-equiv=\"refresh\" content=\"5\"></noscript>\n<script>"));
}

#[tokio::test]
async fn the_list_is_bounded_and_says_so() {
    let (state, _close) = state();
    let many = |n: usize| violation(&format!("lamp-{n:04}"), MetricValue::Ports(vec![23]));
    open(&*state.store, (0..VIOLATIONS_SHOWN).map(many).collect()).await;
    let html = rendered(&state).await;
    assert!(html.contains("<b>100</b> open violations on 100 things"), "{html}");
    assert_eq!(html.matches("<li>").count(), EVENTS_SHOWN);

    open(&*state.store, vec![many(VIOLATIONS_SHOWN)]).await;
    let html = rendered(&state).await;
    assert!(html.contains("<b>100+</b> open violations"), "{html}");
    assert!(html.contains("the 100 that opened first"), "{html}");
    assert_eq!(html.matches("data-id=").count(), VIOLATIONS_SHOWN);
    assert!(!html.contains(r#"data-id="id of lamp-0100""#));
}

#[tokio::test]
async fn where_nothing_is_wrong_the_next_step_is_told() {
    let (state, _close) = state();
    let html = rendered(&state).await;
    assert!(html.contains("create-security-profile --endpoint-url http://127.0.0.1:8470"));
    assert!(html.contains("arn:aws:iot:us-east-1:123456789012:all/things"));

    put(&*state.store, Kind::SecurityProfile, "lamps").await;
    let html = rendered(&state).await;
    assert!(!html.contains("create-security-profile"));
    assert!(html.contains("attach-security-profile"));

    put(&*state.store, Kind::TargetOfProfile, "lamps\0all").await;
    let html = rendered(&state).await;
    assert!(html.contains("All quiet"));
    assert!(html.contains("1 security profile watches the fleet"), "{html}");
}
