//! SQLite on disk: migrations and one module per table; sees only ciphertext.
