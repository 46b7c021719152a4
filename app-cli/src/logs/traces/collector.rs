//! Where traces go, and under which name, by OpenTelemetry's standard variables.

use url::Url;

use crate::environment::Environment;

/// The address of traces, as it is.
const OF_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// The address of all signals; each has its own path below it.
const OF_ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Who takes traces, and whose they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Collector {
    /// The variable that named it.
    pub(super) variable: &'static str,
    /// Where they are sent to.
    pub(super) url: Url,
    /// The name of the service.
    pub(super) service: String,
}

impl Collector {
    /// The one that is named; `None` where none is, or all is switched off.
    ///
    /// # Errors
    /// The variable and what is wrong with it, without its value.
    pub(super) fn named_by(environment: &Environment) -> Result<Option<Self>, String> {
        let disabled = environment.get("OTEL_SDK_DISABLED");
        if disabled.is_some_and(|disabled| disabled.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let (variable, url) = match (environment.get(OF_TRACES), environment.get(OF_ALL)) {
            (Some(address), _) => (OF_TRACES, read(OF_TRACES, address)?),
            (None, Some(address)) => (OF_ALL, below(read(OF_ALL, address)?)),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self {
            variable,
            url,
            service: environment.get("OTEL_SERVICE_NAME").unwrap_or("ackord").to_owned(),
        }))
    }
}

fn read(variable: &str, address: &str) -> Result<Url, String> {
    let url = Url::parse(address).map_err(|error| format!("{variable}: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(format!("{variable}: it is neither an http nor an https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "{variable}: a password is not taken from there; OTEL_EXPORTER_OTLP_HEADERS is for that"
        ));
    }
    Ok(url)
}

/// The place of traces below the address of all signals.
fn below(mut url: Url) -> Url {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["v1", "traces"]);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(variables: &[(&str, &str)]) -> Result<Option<(String, String)>, String> {
        let environment = variables
            .iter()
            .fold(Environment::default(), |environment, (name, value)| {
                environment.with(*name, *value)
            });
        let collector = Collector::named_by(&environment)?;
        Ok(collector.map(|collector| (collector.url.to_string(), collector.service)))
    }

    #[track_caller]
    fn assert_sent_to(variables: &[(&str, &str)], url: &str) {
        assert_eq!(named(variables), Ok(Some((url.to_owned(), "ackord".to_owned()))));
    }

    #[test]
    fn nothing_is_sent_where_no_endpoint_is_named() {
        assert_eq!(named(&[]), Ok(None));
        assert_eq!(named(&[(OF_ALL, ""), ("OTEL_SERVICE_NAME", "shop")]), Ok(None));
    }

    #[test]
    fn traces_have_their_own_path_below_the_address_of_all_signals() {
        assert_sent_to(&[(OF_ALL, "http://c:4318")], "http://c:4318/v1/traces");
        assert_sent_to(&[(OF_ALL, "https://c/in/")], "https://c/in/v1/traces");
    }

    #[test]
    fn their_own_address_goes_first_and_is_taken_as_it_is() {
        assert_sent_to(&[(OF_ALL, "http://c"), (OF_TRACES, "http://d/t")], "http://d/t");
    }

    #[test]
    fn the_service_can_be_named() {
        let collector = named(&[(OF_ALL, "http://c"), ("OTEL_SERVICE_NAME", "shop 1")]);
        assert_eq!(collector.unwrap().unwrap().1, "shop 1");
    }

    #[test]
    fn all_can_be_switched_off() {
        assert_eq!(named(&[(OF_ALL, "http://c"), ("OTEL_SDK_DISABLED", "True")]), Ok(None));
        let variables = [(OF_ALL, "http://c"), ("OTEL_SDK_DISABLED", "false")];
        assert!(named(&variables).unwrap().is_some());
    }

    #[test]
    fn a_wrong_address_is_told_without_what_it_is() {
        for address in ["c:4318", "nowhere", "http://kim:secret@c", "ftp://c"] {
            let problem = named(&[(OF_ALL, address)]).unwrap_err();
            assert!(problem.starts_with(OF_ALL), "{problem}");
            assert!(!problem.contains(address) && !problem.contains("secret"), "{problem}");
        }
    }
}
