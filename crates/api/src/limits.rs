//! What one client may take of the API at once and over time, so that a script gone wild starves nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use membrane_engine::Caller;
use membrane_model::{ErrorCode, Fault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests a client may make per second, over time.
const RATE: f64 = 500.0;
/// How many it may make in one go after a rest.
const BURST: f64 = 1000.0;
/// How many may be under way at once; a stream counts until it has begun.
const AT_ONCE: usize = 64;
/// A client that was silent for this long is forgotten.
const FORGET: Duration = Duration::from_secs(60);

struct Account {
    left: f64,
    at: Instant,
    places: Arc<Semaphore>,
}

/// What all clients have left.
#[derive(Default)]
pub(crate) struct Limits(Mutex<HashMap<String, Account>>);

impl Limits {
    /// Takes one request of a client's; it is under way until the permit is dropped.
    pub(crate) fn take(&self, caller: &Caller, now: Instant) -> Result<Option<OwnedSemaphorePermit>, Fault> {
        let name = match caller {
            Caller::Console | Caller::Terminal => return Ok(None),
            Caller::Client { id, .. } => id.to_string(),
            Caller::Page(page) => format!("page {:p}", Arc::as_ptr(page)),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() > 64 {
            all.retain(|_, account| now.duration_since(account.at) < FORGET);
        }
        let account = all.entry(name).or_insert_with(|| Account {
            left: BURST,
            at: now,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        });
        account.left = (account.left + now.duration_since(account.at).as_secs_f64() * RATE).min(BURST);
        account.at = now;
        if account.left < 1.0 {
            let mut fault = Fault::new(ErrorCode::RateLimited, "this client makes more than 500 requests a second");
            fault.retry_after = Some(1);
            return Err(fault);
        }
        account.left -= 1.0;
        let place = Arc::clone(&account.places).try_acquire_owned();
        place.map(Some).map_err(|_| {
            let mut fault = Fault::new(ErrorCode::RateLimited, "this client has 64 requests under way already");
            fault.retry_after = Some(1);
            fault
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_model::{ClientId, TenantId};

    fn client() -> Caller {
        Caller::Client { id: ClientId::generate(), name: "a".into(), tenant: TenantId::own(), may_get_tokens: false }
    }

    #[test]
    fn r70_a_client_that_goes_wild_is_held_back_and_others_are_not() {
        let (limits, wild, calm, now) = (Limits::default(), client(), client(), Instant::now());
        for _ in 0..1000 {
            assert!(limits.take(&wild, now).is_ok());
        }
        let refused = limits.take(&wild, now).unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (ErrorCode::RateLimited, Some(1)));
        assert!(limits.take(&calm, now).is_ok());
        assert!(limits.take(&wild, now + Duration::from_secs(1)).is_ok());
        assert!(limits.take(&Caller::Terminal, now).is_ok());
    }

    #[test]
    fn r70_sixty_four_requests_at_once_are_enough() {
        let (limits, client, now) = (Limits::default(), client(), Instant::now());
        let held: Vec<_> = (0..64).map(|_| limits.take(&client, now).unwrap()).collect();
        assert!(limits.take(&client, now).is_err());
        drop(held);
        assert!(limits.take(&client, now).is_ok());
    }
}
