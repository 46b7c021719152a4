//! `ackord migrate`: brings the store's schema up to date.

use ackord::ports::StoreError;
use anyhow::Result;
use clap::Args;

use super::Context;
use crate::exit::Exit;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring;

/// Arguments of `ackord migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Applies what is missing and says what that was. Running it again does nothing.
///
/// # Errors
/// A store that can't be reached or written, or that a newer version wrote.
pub async fn migrate(args: &MigrateArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open(&config).await?;
    let done = match store.check_schema().await {
        Ok(()) => "is up to date already".to_owned(),
        Err(StoreError::NotMigrated { found, needed }) => {
            store.migrate().await?;
            match found {
                0 => format!("was empty and has been set up, schema version {needed}"),
                _ => format!("went from schema version {found} to {needed}"),
            }
        }
        Err(error) => return Err(error.into()),
    };
    store.close().await;
    context.streams.out.tell(&format!("{} {done}\n", config.store))?;
    Ok(Exit::Done)
}
