//! The provider of cryptography for TLS: ring, where the process has not chosen one.

/// Sees to it that the process has a provider; without one, to set up a client panics.
pub(crate) fn ensure_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only where another thread was quicker, and then there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
