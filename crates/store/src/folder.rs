//! The data folder: private to the person, or not used at all.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::StoreError;

/// Makes the folder where it isn't there, and refuses one that others own or can read.
pub(crate) fn prepare(folder: &Path) -> Result<(), StoreError> {
    if !folder.exists() {
        if let Some(parent) = folder.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    check(folder, 0o077)
}

/// Makes the file where it isn't there, readable by nobody else from its first moment on.
pub(crate) fn prepare_file(file: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => check(file, 0o077),
        Err(error) => Err(error.into()),
    }
}

fn check(path: &Path, forbidden: u32) -> Result<(), StoreError> {
    let found = std::fs::symlink_metadata(path)?;
    let unsafe_because = |why| Err(StoreError::UnsafeFolder { path: path.to_owned(), why });
    if found.is_symlink() {
        return unsafe_because("is a symbolic link");
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return unsafe_because("belongs to somebody else");
    }
    if found.mode() & forbidden != 0 {
        return unsafe_because("can be read by others");
    }
    Ok(())
}
