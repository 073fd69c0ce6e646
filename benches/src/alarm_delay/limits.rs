//! What the machine allows: a byte there and back, and a file made durable twice.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Instant;

/// The 99th percentile of one echo and two syncs after one another, in microseconds.
///
/// # Errors
/// A text, if the machine refuses.
pub(super) fn echo_and_two_syncs(folder: &Path, times: usize) -> Result<f64, String> {
    measure(folder, times).map_err(|error| format!("the limit cannot be measured: {error}"))
}

fn measure(folder: &Path, times: usize) -> std::io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let echo = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut byte = [0];
        while stream.read(&mut byte)? == 1 {
            stream.write_all(&byte)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut file = File::create(folder.join("limit"))?;
    let mut delays = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        let mut byte = [1];
        stream.write_all(&byte)?;
        stream.read_exact(&mut byte)?;
        // An alarm waits for two syncs: its report's in the log, and its own in the store.
        for _ in 0..2 {
            file.write_all(&[0; 512])?;
            file.sync_data()?;
        }
        delays.push(began.elapsed().as_secs_f64() * 1e6);
    }
    drop(stream);
    let _ = echo.join();
    Ok(crate::outcome::percentile(&delays, 99))
}
