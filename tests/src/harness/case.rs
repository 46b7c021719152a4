//! One case of a suite, and the list that makes cases of functions.

use futures_util::future::LocalBoxFuture;

/// A case: a function over a fixture, under its name.
#[derive(Debug)]
pub struct Case<F> {
    /// The function's name, which is a sentence about behaviour.
    pub name: &'static str,
    /// The function; it passes if it returns.
    pub run: for<'a> fn(&'a F) -> LocalBoxFuture<'a, ()>,
}

/// Lists functions `async fn(&F)` as cases, each under the last part of its path.
#[macro_export]
macro_rules! cases {
    ($($($part:ident)::+),* $(,)?) => {
        ::std::vec![$(
            $crate::harness::Case {
                name: $crate::last_part!($($part)::+),
                run: |fixture| ::std::boxed::Box::pin($($part)::+(fixture)),
            }
        ),*]
    };
}

/// Lists functions `async fn(&F)` as [`cases`](crate::cases!) does, and has `then` look at each case's fixture after it.
#[macro_export]
macro_rules! cases_then {
    ($then:ident; $($($part:ident)::+),* $(,)?) => {
        ::std::vec![$(
            $crate::harness::Case {
                name: $crate::last_part!($($part)::+),
                run: |fixture| ::std::boxed::Box::pin(async move {
                    $($part)::+(fixture).await;
                    $then(fixture).await;
                }),
            }
        ),*]
    };
}

/// The last part of a path, as text.
#[doc(hidden)]
#[macro_export]
macro_rules! last_part {
    ($part:ident) => { ::std::stringify!($part) };
    ($part:ident :: $($rest:ident)::+) => { $crate::last_part!($($rest)::+) };
}
