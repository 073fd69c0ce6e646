//! Huge pages: the kernel may give two megabytes where a few kilobytes were asked for. What is kept
//! of things comes and goes in small pieces, so that a fleet would hold a fifth more than it uses.

use rustix::thread::disable_transparent_huge_pages;

/// Asks the kernel for pages of the usual size, for this process. Where that is refused, it runs
/// all the same.
pub fn refuse() {
    if let Err(error) = disable_transparent_huge_pages(true) {
        tracing::warn!("the kernel may give more memory than is used: {error}");
    }
}

#[cfg(test)]
mod tests {
    use rustix::thread::transparent_huge_pages_are_disabled;

    #[test]
    fn the_process_takes_no_huge_pages() {
        super::refuse();
        assert_eq!(transparent_huge_pages_are_disabled(), Ok(true));
    }
}
