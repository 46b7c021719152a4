//! Looks for a Docker engine and for images on it, with a time limit on each question.

use std::time::Duration;

use futures_util::StreamExt as _;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as DockerError;
use testcontainers::bollard::models::ImageSummary;
use testcontainers::bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptionsBuilder};
use testcontainers::core::client::docker_client_instance;
use tokio::time::timeout;

use super::ServerError;
use super::error::chain;

/// How long the engine may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How long fetching an image may take.
const PULL_LIMIT: Duration = Duration::from_secs(120);

/// The repositories whose images can serve, best first.
const REPOSITORIES: [&str; 2] = ["ackord-postgres", "postgres"];

/// The image to fetch where none is on the machine.
const IMAGE_TO_PULL: &str = "postgres:17-alpine";

/// What helps where no engine answers or an image is missing.
pub(super) const REMEDY: &str = "start a Docker engine and build an image with tests/images/build-postgres.sh";

/// An image on this machine that can serve, fetched if there is none; else a sentence that says why not.
pub(super) async fn image_to_run() -> Result<String, String> {
    let docker = engine().await?;
    let options = ListImagesOptionsBuilder::default().build();
    let images = timeout(ANSWER_LIMIT, docker.list_images(Some(options)))
        .await
        .map_err(|_| "the Docker engine does not list its images".to_owned())?
        .map_err(|error| format!("the Docker engine does not list its images: {}", chain(&error)))?;
    match best(&images) {
        Some(image) => Ok(image),
        None => pull(&docker).await.map(|()| IMAGE_TO_PULL.to_owned()),
    }
}

/// The same name, if that image is on this machine.
pub(super) async fn present(image: &str) -> Result<String, ServerError> {
    let unavailable = |reason| ServerError::Unavailable {
        reason,
        remedy: REMEDY.to_owned(),
    };
    let docker = engine().await.map_err(unavailable)?;
    match timeout(ANSWER_LIMIT, docker.inspect_image(image)).await {
        Ok(Ok(_)) => Ok(image.to_owned()),
        Ok(Err(DockerError::DockerResponseServerError { status_code: 404, .. })) => {
            Err(unavailable(format!("the image {image} is not on this machine")))
        }
        Ok(Err(error)) => Err(ServerError::broken("looking for the image", &error)),
        Err(_) => Err(unavailable(
            "the Docker engine does not say whether it has the image".to_owned(),
        )),
    }
}

/// An engine that answers.
async fn engine() -> Result<Docker, String> {
    let docker = docker_client_instance()
        .await
        .map_err(|error| format!("no Docker engine: {}", chain(&error)))?;
    match timeout(ANSWER_LIMIT, docker.ping()).await {
        Ok(Ok(_)) => Ok(docker),
        Ok(Err(error)) => Err(format!("no Docker engine answers: {}", chain(&error))),
        Err(_) => Err("the Docker engine does not answer".to_owned()),
    }
}

async fn pull(docker: &Docker) -> Result<(), String> {
    let options = CreateImageOptionsBuilder::default().from_image(IMAGE_TO_PULL).build();
    let mut progress = docker.create_image(Some(options), None, None);
    let finish = async {
        while let Some(step) = progress.next().await {
            step.map_err(|error| format!("the Docker engine cannot fetch {IMAGE_TO_PULL}: {}", chain(&error)))?;
        }
        Ok(())
    };
    timeout(PULL_LIMIT, finish).await.unwrap_or_else(|_| {
        Err(format!(
            "fetching {IMAGE_TO_PULL} took longer than {} s",
            PULL_LIMIT.as_secs()
        ))
    })
}

/// The first image of the first repository that has any.
fn best(images: &[ImageSummary]) -> Option<String> {
    let mut tags: Vec<&String> = images.iter().flat_map(|image| &image.repo_tags).collect();
    tags.sort();
    REPOSITORIES.iter().find_map(|repository| {
        let of_repository = |tag: &&&String| tag.split_once(':').is_some_and(|(name, _)| name == *repository);
        tags.iter().find(of_repository).map(|tag| (*tag).clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(tags: &[&str]) -> Vec<ImageSummary> {
        let summary = |tag: &&str| ImageSummary {
            repo_tags: vec![(*tag).to_owned()],
            ..ImageSummary::default()
        };
        tags.iter().map(summary).collect()
    }

    #[test]
    fn an_image_of_our_own_goes_before_the_official_one() {
        let found = best(&images(&["postgres:17", "debian:12", "ackord-postgres:15"]));
        assert_eq!(found.as_deref(), Some("ackord-postgres:15"));
    }

    #[test]
    fn an_image_that_only_sounds_alike_is_not_taken() {
        assert_eq!(best(&images(&["postgres-exporter:1", "somebody/postgres:15"])), None);
    }
}
