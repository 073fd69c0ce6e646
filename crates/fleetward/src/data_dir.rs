//! The data folder: made with least rights, and holder of the master key.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use fleetward_environment::Chance;

use crate::failure::Failure;

/// Length of the master key, which encrypts the secrets in the store.
pub(crate) const MASTER_KEY_BYTES: usize = 32;

/// A data folder that exists.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Makes the folder, readable by its owner only, if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Failure::of(&format!("cannot make the data folder {}", path.display())))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder of a server that ran already.
    ///
    /// # Errors
    /// A sentence that names the folder, where there is none or it holds no store.
    pub(crate) fn existing(path: &Path) -> Result<Self, Failure> {
        let data = Self(path.to_owned());
        if data.store().exists() {
            return Ok(data);
        }
        Err(Failure::new(format!(
            "there is no data folder of Fleetward in {}: --data names it",
            path.display()
        )))
    }

    /// What is left of the folder of a server that ran already: a store or an event log. Only to
    /// be read or repaired, for half of a folder is none to go on with.
    ///
    /// # Errors
    /// A sentence that names the folder, where neither is there.
    pub(crate) fn remains(path: &Path) -> Result<Self, Failure> {
        let data = Self(path.to_owned());
        if data.log().exists() { Ok(data) } else { Self::existing(path) }
    }

    /// That the store is not there, in a sentence.
    pub(crate) fn lost_store(&self) -> String {
        format!(
            "the store {} is missing, which knows all that is registered and who may ask for it",
            self.store().display()
        )
    }

    /// That the event log is not there, in a sentence.
    pub(crate) fn lost_log(&self) -> String {
        format!("the event log {} is missing, from which detection goes on", self.log().display())
    }

    /// The folder as it is written after `--data` in a shell.
    pub(crate) fn as_argument(&self) -> String {
        let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
        let shown = self.0.display().to_string();
        match !shown.is_empty() && shown.chars().all(plain) {
            true => shown,
            false => format!("'{}'", shown.replace('\'', r"'\''")),
        }
    }

    /// The store's file.
    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("fleetward.db")
    }

    /// The detection state's file.
    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// The event log's folder.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    /// Gives a log that cannot be opened another name, if it is there: `log.damaged`. One that was
    /// put aside before is never overwritten.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn put_log_aside(&self) -> Result<(), Failure> {
        let (log, aside) = (self.log(), self.0.join("log.damaged"));
        let tried = format!("cannot put the log aside as {}", aside.display());
        if !log.exists() {
            return Ok(());
        }
        if aside.exists() {
            return Err(Failure::new(format!("{tried}: it is there already, move it away")));
        }
        fs::rename(log, &aside).map_err(Failure::of(&tried))
    }

    /// Writes the certificate that devices trust, and says where.
    pub(crate) fn write_ca(&self, pem: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join("ca.pem");
        write_whole(&path, pem.as_bytes(), 0o644)?;
        fs::canonicalize(&path).map_err(Failure::of("cannot find the CA file again"))
    }

    /// The master key's file.
    pub(crate) fn master_key_file(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// The master key, made on the first call.
    pub(crate) fn master_key(&self, chance: &Chance) -> Result<[u8; MASTER_KEY_BYTES], Failure> {
        let path = self.master_key_file();
        if !path.exists() {
            let key: [u8; MASTER_KEY_BYTES] =
                chance.bytes().map_err(Failure::of("cannot make a master key"))?;
            write_whole(&path, &key, 0o600)?;
        }
        let bytes = fs::read(&path)
            .map_err(Failure::of(&format!("cannot read the master key {}", path.display())))?;
        bytes.try_into().map_err(|_| {
            Failure::new(format!("the master key {} is not 32 bytes long", path.display()))
        })
    }
}

/// Writes through a file beside it, so that a crash leaves the old file or the new one, and syncs
/// both the file and its folder.
fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let tried = format!("cannot write {}", path.display());
    let fresh = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&fresh)
        .map_err(Failure::of(&tried))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Failure::of(&tried))?;
    fs::rename(&fresh, path).map_err(Failure::of(&tried))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|dir| dir.sync_all()).map_err(Failure::of(&tried))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_quoted_where_a_shell_would_take_it_for_something_else() {
        for (folder, argument) in [
            ("/var/lib/fleetward", "/var/lib/fleetward"),
            ("my data", "'my data'"),
            ("it's", r"'it'\''s'"),
            ("$HOME;", "'$HOME;'"),
        ] {
            assert_eq!(DataDir(PathBuf::from(folder)).as_argument(), argument);
        }
    }
}
