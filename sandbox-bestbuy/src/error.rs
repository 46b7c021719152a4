//! What can go wrong with a sandbox, from the side of whoever runs it.

use thiserror::Error;

/// An error of running or steering a sandbox.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address could not be listened on.
    #[error("the sandbox cannot listen on {address}")]
    Bind {
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no such order.
    #[error("the sandbox has no order {order_id:?}")]
    NoSuchOrder {
        /// The id that was asked for.
        order_id: String,
    },
    /// The order's id is taken.
    #[error("the sandbox already has an order {order_id:?}")]
    OrderExists {
        /// The id that was given twice.
        order_id: String,
    },
    /// The order names a shop that is not there.
    #[error("the sandbox has no shop {shop_id}")]
    NoSuchShop {
        /// The shop's id.
        shop_id: i64,
    },
    /// The order is in a state in which this cannot be done to it.
    #[error("the order {order_id:?} is {state}: too late for that")]
    TooLate {
        /// The order.
        order_id: String,
        /// The state that it is in.
        state: String,
    },
    /// The order's id is empty.
    #[error("an order needs an id")]
    EmptyOrderId,
    /// The sandbox runs on the machine's clock, which cannot be advanced.
    #[error("the sandbox runs on the machine's clock, which cannot be advanced")]
    ClockIsReal,
    /// A fault rule makes no sense.
    #[error("the fault rule is not usable: {reason}")]
    BadFault {
        /// What is wrong with it.
        reason: String,
    },
}
