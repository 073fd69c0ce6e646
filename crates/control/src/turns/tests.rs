use std::sync::Arc;

use super::*;

fn over(key: &str) -> Precondition {
    Precondition::VersionIs(Kind::SecurityProfile, key.to_owned(), 1)
}

fn commit(keys: &[&str]) -> Tx {
    Tx { preconditions: keys.iter().map(|key| over(key)).collect(), ..Tx::default() }
}

#[tokio::test]
async fn who_comes_later_stands_in_line_behind_who_lost() {
    let turns = Turns::default();
    let mut loser = turns.begin();
    loser.wait_after_losing(&over("p")).await;
    let mut newcomer = turns.begin();
    let other = commit(&["q"]);
    assert!(!newcomer.wait_behind_others(&other).await, "nobody queues for the other");
    let tx = commit(&["p"]);
    {
        let mut waiting = std::pin::pin!(newcomer.wait_behind_others(&tx));
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("it went before the one that lost"),
            () = tokio::task::yield_now() => {}
        }
        drop(loser);
        assert!(waiting.await, "it waited and must read again");
    }
    assert!(!newcomer.wait_behind_others(&tx).await, "it is its turn");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_line() {
    let turns = Turns::default();
    let mut first = turns.begin();
    first.wait_after_losing(&over("p")).await;
    {
        let mut second = turns.begin();
        let over = over("p");
        let waiting = second.wait_after_losing(&over);
        tokio::select! {
            biased;
            () = waiting => panic!("it did not wait"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(first);
    assert!(!turns.begin().wait_behind_others(&commit(&["p"])).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_need_the_same_two_in_another_order_do_not_wait_for_each_other() {
    let turns = Arc::new(Turns::default());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..64 {
        let turns = Arc::clone(&turns);
        tasks.spawn(async move {
            let mut keys = ["a", "b", "c"];
            keys.rotate_left(number % 3);
            let mut turn = turns.begin();
            for key in keys {
                turn.wait_after_losing(&over(key)).await;
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}
