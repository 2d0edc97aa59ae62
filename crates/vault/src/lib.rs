//! The master key, the keychain that holds it, and the envelope that seals records under it.
