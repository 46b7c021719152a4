//! Log lines as JSON, an object each: `timestamp`, `level`, `target`, `message`, and beside them the fields of the line itself and of
//! what it happened in, such as `run`.

use std::fmt;

use ackord::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::render::json;

/// Writes such lines. The fields of spans have to be formatted as JSON.
#[derive(Debug)]
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Map::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            let Some(formatted) = extensions.get::<FormattedFields<N>>() else {
                continue;
            };
            if let Ok(of_span) = serde_json::from_str::<Map<String, Value>>(&formatted.fields) {
                fields.extend(of_span);
            }
        }
        event.record(&mut Fields(&mut fields));
        let metadata = event.metadata();
        fields.insert("timestamp".to_owned(), Timestamp::now().to_string().into());
        fields.insert("level".to_owned(), metadata.level().as_str().into());
        fields.insert("target".to_owned(), metadata.target().into());
        writer.write_str(&json::line(&Value::Object(fields)))
    }
}

/// Takes the fields of a line.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::format::JsonFields;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `work` logs.
    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let log = tracing_subscriber::fmt()
            .with_writer(Mutex::new(buffer.clone()))
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .finish();
        tracing::subscriber::with_default(log, work);
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_one_flat_object() {
        let lines = logged(|| {
            tracing::info!(target: "ackord::run", order = "A\n\"1\u{9b}", new = 3_u64, sure = true, "it is {}", "so");
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        for (field, value) in [
            ("message", Value::from("it is so")),
            ("order", "A\n\"1\u{9b}".into()),
            ("new", 3.into()),
            ("sure", true.into()),
            ("level", "INFO".into()),
            ("target", "ackord::run".into()),
        ] {
            assert_eq!(line[field], value, "{line}");
        }
        let at = line["timestamp"].as_str().unwrap();
        assert!(at.parse::<Timestamp>().is_ok(), "{line}");
    }

    #[test]
    fn what_a_line_happened_in_stands_in_it() {
        let lines = logged(|| {
            let _outer = tracing::error_span!("run", run = "r-1", order = "A-1").entered();
            let _inner = tracing::info_span!("inner").entered();
            tracing::warn!(order = "A-2", "one");
            tracing::warn!("two");
        });
        let told: Vec<_> = lines.iter().map(|line| (&line["run"], &line["order"])).collect();
        let run = Value::from("r-1");
        assert_eq!(told, [(&run, &Value::from("A-2")), (&run, &Value::from("A-1"))]);
    }
}
