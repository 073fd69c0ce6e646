//! The checked-in code is what the checked-in facts give.

use super::{stale_files, workspace_root};

#[test]
fn generating_again_changes_nothing() {
    let stale = stale_files(&workspace_root()).expect("the generator runs");
    assert_eq!(stale, Vec::<String>::new(), "run `cargo xtask model --rust-only`");
}
