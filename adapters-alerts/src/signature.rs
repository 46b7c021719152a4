//! The signature of a webhook: by it a receiver knows that a message is ours, whole, and of now.
//!
//! `Ackord-Signature` is `v1=` and, in hex, the HMAC-SHA256 with the shared secret of the `Ackord-Timestamp` header, a dot, and
//! the body, byte for byte as they were sent.

use std::time::Duration;

use ackord::time::{self, Timestamp};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What the signatures of this form begin with.
const FORM: &str = "v1=";

/// The length of a signature, in bytes.
const LENGTH: usize = 32;

/// A message that a receiver is not to believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The signature or the timestamp has another form.
    #[error("the signature or its timestamp can't be read")]
    Unreadable,
    /// It was not made with this secret, or not of this timestamp and body.
    #[error("the signature is not of this message with this secret")]
    Wrong,
    /// The message is ours, and was sent too long ago or is dated too far ahead.
    #[error("the message was signed too far from now")]
    Stale,
}

/// Checks a message as its receiver does, in constant time: `timestamp` and `signature` are the values of the headers
/// `Ackord-Timestamp` and `Ackord-Signature`, `body` is the body as it arrived, `now` the receiver's clock. The timestamp may be
/// as far from it as `tolerance`, five minutes for example.
///
/// ```
/// use std::time::Duration;
///
/// use ackord_alerts::verify;
///
/// let signature = "v1=6c16fa1f9695fde6a84553265e34f7a7fa187b46a68852a2d9dacd1e93ddbc6b";
/// let now = "2026-11-23T08:00:00Z".parse().unwrap();
/// verify(&"a secret".into(), "1795420800", b"{}", signature, now, Duration::from_secs(300))?;
/// # Ok::<(), ackord_alerts::SignatureError>(())
/// ```
///
/// # Errors
/// A [`SignatureError`] for a message that is not to be believed.
pub fn verify(
    secret: &SecretString,
    timestamp: &str,
    body: &[u8],
    signature: &str,
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let at = timestamp
        .parse::<i64>()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(SignatureError::Unreadable)?;
    let given = signature
        .strip_prefix(FORM)
        .and_then(from_hex)
        .ok_or(SignatureError::Unreadable)?;
    let signer = Signer::new(secret).ok_or(SignatureError::Wrong)?;
    signer
        .mac(timestamp, body)
        .verify_slice(&given)
        .map_err(|_| SignatureError::Wrong)?;
    if time::until(at, now).max(time::until(now, at)) > tolerance {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// Signs with one secret.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// `None` for a secret that no key can be made from; there is none such.
    pub(crate) fn new(secret: &SecretString) -> Option<Self> {
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            .ok()
            .map(Self)
    }

    /// The value of the signature header.
    pub(crate) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let bytes = self.mac(timestamp, body).finalize().into_bytes();
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        std::iter::once(FORM.to_owned()).chain(digits).collect()
    }

    fn mac(&self, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        self.0
            .clone()
            .chain_update(timestamp)
            .chain_update(".")
            .chain_update(body)
    }
}

fn from_hex(text: &str) -> Option<[u8; LENGTH]> {
    if text.len() != 2 * LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-shared-secret-of-some-length";
    const AT: &str = "1795420800";
    const BODY: &[u8] = b"{\"title\":\"x\"}";
    const TOLERANCE: Duration = Duration::from_secs(300);

    fn check(secret: &str, timestamp: &str, body: &[u8], signature: &str, now: i64) -> Result<(), SignatureError> {
        let now = Timestamp::from_second(now).unwrap();
        verify(&secret.into(), timestamp, body, signature, now, TOLERANCE)
    }

    fn signature() -> String {
        Signer::new(&SECRET.into()).unwrap().sign(AT, BODY)
    }

    #[test]
    fn the_signature_is_an_hmac_sha256_as_others_make_it() {
        // printf '%s' '1795420800.{"title":"x"}' | openssl dgst -sha256 -hmac 'a-shared-secret-of-some-length'
        assert_eq!(
            signature(),
            "v1=773ce9de86cf84b68d97f60fbb02d51c27b1898606c55e0baf1ba33ebd8ddc2f"
        );
    }

    #[test]
    fn what_was_signed_is_believed() {
        assert_eq!(check(SECRET, AT, BODY, &signature(), 1_795_420_800), Ok(()));
        let in_capitals = signature().to_uppercase().replacen("V1", "v1", 1);
        assert_eq!(check(SECRET, AT, BODY, &in_capitals, 1_795_420_800), Ok(()));
    }

    #[test]
    fn a_changed_body_timestamp_secret_or_signature_is_not() {
        let signature = signature();
        let (signature, other) = (signature.as_str(), format!("v1={}", "0f".repeat(32)));
        for (secret, timestamp, body, signature) in [
            (SECRET, AT, &b"{\"title\":\"y\"}"[..], signature),
            (SECRET, "1795420801", BODY, signature),
            (SECRET, "+1795420800", BODY, signature),
            ("another-secret-of-some-length", AT, BODY, signature),
            (SECRET, AT, BODY, other.as_str()),
        ] {
            let checked = check(secret, timestamp, body, signature, 1_795_420_800);
            assert_eq!(checked, Err(SignatureError::Wrong), "{secret} {timestamp} {signature}");
        }
    }

    #[test]
    fn a_message_of_another_time_is_stale() {
        for (now, checked) in [
            (1_795_421_100, Ok(())),
            (1_795_420_500, Ok(())),
            (1_795_421_101, Err(SignatureError::Stale)),
            (1_795_420_499, Err(SignatureError::Stale)),
        ] {
            assert_eq!(check(SECRET, AT, BODY, &signature(), now), checked, "{now}");
        }
    }

    #[test]
    fn what_has_another_form_can_not_be_read() {
        let signature = signature();
        let signature = signature.as_str();
        let (cut, odd) = (&signature[..signature.len() - 1], format!("v1={}", "é".repeat(32)));
        let other_form = signature.replacen("v1", "v2", 1);
        for (timestamp, signature) in [
            ("soon", signature),
            ("", signature),
            ("99999999999999", signature),
            (AT, ""),
            (AT, "v1="),
            (AT, cut),
            (AT, other_form.as_str()),
            (AT, odd.as_str()),
        ] {
            let checked = check(SECRET, timestamp, BODY, signature, 1_795_420_800);
            assert_eq!(checked, Err(SignatureError::Unreadable), "{timestamp} {signature}");
        }
    }
}
