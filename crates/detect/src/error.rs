//! Why stored state cannot be read.

/// Why a partition cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// A chunk is not what this version wrote.
    #[error("chunk {chunk} of the detection state cannot be read: {problem}")]
    Malformed {
        /// Which chunk; 0 is the header.
        chunk: u32,
        /// The decoder's words.
        problem: String,
    },
    /// A chunk holds what a newer release wrote.
    #[error(
        "chunk {chunk} of the detection state holds what a newer release wrote ({what}): start \
         that release, or a newer one"
    )]
    HoldsNewer {
        /// Which chunk; 0 is the header.
        chunk: u32,
        /// What it is.
        what: String,
    },
    /// A chunk was written in a format that this version does not know.
    #[error(
        "chunk {chunk} of the detection state has format {found}, and this release reads formats \
         1 to {known}: start the release that wrote it, or a newer one"
    )]
    Format {
        /// Which chunk; 0 is the header.
        chunk: u32,
        /// The format in the chunk.
        found: u8,
        /// The newest format that this version knows.
        known: u8,
    },
    /// A thing's state does not fit the behaviors in the header: chunks of different commits.
    #[error("chunk {chunk} of the detection state does not fit its header: thing {thing}")]
    Mismatch {
        /// Which chunk.
        chunk: u32,
        /// The first thing that does not fit.
        thing: String,
    },
    /// There are chunks but no chunk 0.
    #[error("the detection state has chunks but no header")]
    NoHeader,
}
