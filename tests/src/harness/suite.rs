//! A suite: cases for one adapter, with the way to a fresh fixture for each.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use libtest_mimic::{Completion, Failed, Trial};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::panics::caught;
use super::{Case, SetupError};

/// How long a case may take, its fixture included, unless the suite says otherwise.
const LIMIT: Duration = Duration::from_secs(120);

/// How long tasks that a case left running may take to end.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);

type Setup<F> = dyn Fn() -> LocalBoxFuture<'static, Result<F, SetupError>> + Send + Sync;

/// The cases of a contract, for one adapter.
pub struct Suite<F> {
    adapter: String,
    cases: Vec<Case<F>>,
    setup: Arc<Setup<F>>,
    limit: Duration,
}

impl<F: 'static> Suite<F> {
    /// Cases for the adapter of that name, each on a fixture of its own that `setup` makes.
    pub fn new<S, R>(adapter: impl Into<String>, cases: Vec<Case<F>>, setup: S) -> Self
    where
        S: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<F, SetupError>> + 'static,
    {
        Self {
            adapter: adapter.into(),
            cases,
            setup: Arc::new(move || Box::pin(setup())),
            limit: LIMIT,
        }
    }

    /// Gives each case another time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// One trial `ADAPTER::CASE` for each case.
    #[must_use]
    pub fn trials(self) -> Vec<Trial> {
        let Self {
            adapter,
            cases,
            setup,
            limit,
        } = self;
        let trial = |case: Case<F>| {
            let setup = Arc::clone(&setup);
            Trial::ignorable_test(format!("{adapter}::{}", case.name), move || {
                perform(&case, setup.as_ref(), limit)
            })
        };
        cases.into_iter().map(trial).collect()
    }
}

impl<F> std::fmt::Debug for Suite<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.cases.iter().map(|case| case.name).collect();
        f.debug_struct("Suite")
            .field("adapter", &self.adapter)
            .field("cases", &names)
            .finish_non_exhaustive()
    }
}

/// Performs a case on a runtime of its own. The fixture is dropped inside the runtime, also when the case panics.
fn perform<F>(case: &Case<F>, setup: &Setup<F>, limit: Duration) -> Result<Completion, Failed> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failed::from)?;
    let work = async {
        let fixture = setup().await?;
        (case.run)(&fixture).await;
        drop(fixture);
        Ok(())
    };
    let outcome = caught(|| runtime.block_on(async { timeout(limit, work).await }));
    runtime.shutdown_timeout(LEAVE_LIMIT);
    match outcome {
        Ok(Ok(Ok(()))) => Ok(Completion::Completed),
        Ok(Ok(Err(error))) => SetupError::outcome(error),
        Ok(Err(_)) => Err(format!("the case did not end within {} s", limit.as_secs_f32()).into()),
        Err(words) => Err(words.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use libtest_mimic::{Arguments, Conclusion};

    use super::*;

    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn passes(_: &Counted) {}

    async fn panics(_: &Counted) {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }

    async fn never_ends(_: &Counted) {
        std::future::pending::<()>().await;
    }

    fn concluded(trials: Vec<Trial>, arguments: &[&str]) -> Conclusion {
        let mut arguments = Arguments::from_iter([&["cases", "--quiet"], arguments].concat());
        arguments.logfile = Some("/dev/null".to_owned());
        libtest_mimic::run(&arguments, trials)
    }

    fn suite(cases: Vec<Case<Counted>>) -> (Suite<Counted>, Arc<AtomicUsize>) {
        let dropped = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&dropped);
        let setup = move || {
            let counter = Arc::clone(&counter);
            async move { Ok(Counted(counter)) }
        };
        (Suite::new("memory", cases, setup), dropped)
    }

    #[test]
    fn each_case_is_a_trial_of_its_own_with_a_fixture_of_its_own() {
        let (suite, dropped) = suite(crate::cases![passes, panics]);
        let trials = suite.trials();
        let names: Vec<_> = trials.iter().map(Trial::name).collect();
        assert_eq!(names, ["memory::passes", "memory::panics"]);
        let conclusion = concluded(trials, &[]);
        assert_eq!((conclusion.num_passed, conclusion.num_failed), (1, 1));
        assert_eq!(
            dropped.load(Ordering::SeqCst),
            2,
            "the fixture of the case that panicked is dropped too"
        );
    }

    #[test]
    fn a_filter_leaves_the_other_cases_and_their_fixtures_alone() {
        let (suite, dropped) = suite(crate::cases![passes, panics]);
        let conclusion = concluded(suite.trials(), &["passes"]);
        assert_eq!((conclusion.num_passed, conclusion.num_filtered_out), (1, 1));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_case_that_never_ends_is_a_failure() {
        let (suite, dropped) = suite(crate::cases![never_ends]);
        let conclusion = concluded(suite.limit(Duration::from_millis(20)).trials(), &[]);
        assert_eq!(conclusion.num_failed, 1);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_fixture_that_breaks_is_a_failure() {
        let setup = || async { Err::<Counted, _>(SetupError::Broken("no room".to_owned())) };
        let conclusion = concluded(Suite::new("memory", crate::cases![passes], setup).trials(), &[]);
        assert_eq!(conclusion.num_failed, 1);
    }
}
