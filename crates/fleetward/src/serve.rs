//! `fleetward serve`: the server, until SIGTERM or Ctrl-C.

use fleetward_domain::FormatLevel;
use fleetward_environment::{Chance, Clock};
use fleetward_store::Documents;
use tokio::signal::unix::{SignalKind, signal};

use crate::command_line::ServeArguments;
use crate::embedded;
use crate::failure::Failure;
use crate::settings::{Auth, Settings};

/// Runs until told to stop, then drains.
///
/// # Errors
/// A sentence, if it cannot start or a role fails.
pub(crate) fn run(arguments: Box<ServeArguments>) -> Result<(), Failure> {
    crate::tracing_output::start("info");
    let settings = Settings::resolve(*arguments)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::of("cannot start"))?;
    let outcome = runtime.block_on(serve(settings));
    // What still runs has nobody to wait for it: a disk that hangs must not hold the process.
    runtime.shutdown_background();
    outcome
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::of("no signals"))?;
    let auth = settings.auth;
    let ready_file = settings.ready_file.clone();
    let mut server = embedded::start(settings, Clock::system(), Chance::system()).await?;
    greet(&server, auth);
    if let Some(path) = &ready_file {
        crate::ready_file::write(path, &server.ready)?;
    }
    let outcome = tokio::select! {
        failure = server.failed() => Err(failure),
        _ = terminate.recv() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    tracing::info!("draining");
    let drained = server.shutdown().await;
    outcome.and(drained)
}

fn greet(server: &embedded::Running, auth: Auth) {
    let ready = &server.ready;
    println!("Fleetward is ready.");
    println!("  API and console  http://{}  http://{}/console", ready.api, ready.api);
    println!("  MQTT             {}", ready.mqtt);
    for address in &ready.mqtts_all {
        println!("  MQTT over TLS    {address}");
    }
    println!("  CA of devices    {}", ready.ca_file);
    let level = server.store.format_level();
    if level < FormatLevel::CURRENT {
        println!("  The data is at format level {level}, which an older release can still open.");
        println!("  When none is to: stop the server and run `fleetward upgrade finish`.");
    }
    if auth == Auth::Off {
        println!("  Signatures are not checked (auth off).");
    }
    if let Some(secret) = &server.new_secret {
        println!("Administrator key, shown this once:");
        println!("  AWS_ACCESS_KEY_ID={}", ready.access_key_id);
        println!("  AWS_SECRET_ACCESS_KEY={secret}");
    }
}
