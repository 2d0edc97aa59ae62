//! What a call can fail with.

use membrane_model::{ErrorCode, Fault, WireError};

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum SdkError {
    /// The engine answered with a failure.
    #[error("{}", .0.message)]
    Wire(Box<WireError>),
    /// Nothing listens at the address.
    #[error("no engine is running")]
    NotRunning,
    /// The connection broke, or what answered is not the engine.
    #[error("the engine's answer could not be read: {0}")]
    Broken(String),
    /// An id, key or text in the address of the request is longer than any can be.
    #[error("a name or text is too long")]
    TooLong,
    /// The address is not one of this computer.
    #[error("the address is not http://127.0.0.1:PORT")]
    Address,
}

impl SdkError {
    /// Tells it as the failure that it stands for.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        match self {
            Self::Wire(error) => error.into_fault(),
            Self::NotRunning => Fault::new(ErrorCode::EngineNotRunning, "no engine is running"),
            Self::Broken(_) => Fault::new(ErrorCode::Internal, self.to_string()),
            Self::TooLong => Fault::new(ErrorCode::BadRequest, self.to_string()),
            Self::Address => Fault::new(ErrorCode::BadRequest, self.to_string()),
        }
    }
}
