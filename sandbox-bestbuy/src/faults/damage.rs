//! Damage to single orders of an answer, and the bodies that stand in for a whole answer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::armory::Damage;

/// Damages the orders of a page. A damage without an order's name concerns the first order.
///
/// Each entry is the order's id and its JSON text.
pub(crate) fn damage_page(page: &mut Vec<(String, Arc<str>)>, damages: &[(Damage, Option<String>)]) {
    for (damage, named) in damages {
        let hit = match named {
            Some(name) => page.iter().position(|(order_id, _)| order_id == name),
            None => (!page.is_empty()).then_some(0),
        };
        let Some(hit) = hit else { continue };
        if *damage == Damage::Missing {
            page.remove(hit);
        } else if let Some((_, text)) = page.get_mut(hit) {
            *text = damaged(text, damage).into();
        }
    }
}

fn damaged(text: &str, damage: &Damage) -> String {
    let mut body: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut body {
        match damage {
            Damage::UnknownState(value) => {
                fields.insert("order_state".to_owned(), json!(value));
            }
            Damage::MissingField(field) => {
                fields.remove(field);
            }
            Damage::NullLines => {
                fields.insert("order_lines".to_owned(), Value::Null);
            }
            Damage::Missing => {}
        }
    }
    body.to_string()
}

/// What a proxy in front of the marketplace would show.
pub(crate) fn html_page(status: u16) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\
         <body><h1>{status}</h1><p>The gateway got no usable answer.</p></body></html>\n"
    )
}

/// The pieces of a JSON body of about `bytes` bytes: a sound, empty page with a long piece of padding.
pub(crate) fn huge_body(bytes: u64) -> impl Iterator<Item = Vec<u8>> + Send {
    const PIECE: u64 = 64 * 1024;
    let head = br#"{"orders":[],"total_count":0,"padding":""#.to_vec();
    let pieces = bytes.div_ceil(PIECE);
    std::iter::once(head)
        .chain((0..pieces).map(move |piece| {
            let left = bytes - piece * PIECE;
            vec![b'x'; usize::try_from(left.min(PIECE)).unwrap_or(0)]
        }))
        .chain(std::iter::once(b"\"}".to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Vec<(String, Arc<str>)> {
        ["A", "B"]
            .map(|id| {
                let body = json!({"order_id": id, "order_state": "SHIPPING", "order_lines": []});
                (id.to_owned(), body.to_string().into())
            })
            .to_vec()
    }

    fn read(page: &[(String, Arc<str>)], index: usize) -> Value {
        serde_json::from_str(&page[index].1).unwrap()
    }

    #[test]
    fn damage_hits_the_named_order_alone() {
        let mut page = page();
        damage_page(
            &mut page,
            &[(Damage::MissingField("order_state".into()), Some("B".into()))],
        );
        assert_eq!(read(&page, 0)["order_state"], "SHIPPING");
        assert!(read(&page, 1).get("order_state").is_none());
    }

    #[test]
    fn damage_without_a_name_hits_the_first_order() {
        let mut page = page();
        damage_page(&mut page, &[(Damage::NullLines, None)]);
        assert!(read(&page, 0)["order_lines"].is_null());
        assert!(read(&page, 1)["order_lines"].is_array());
    }

    #[test]
    fn a_missing_order_leaves_the_rest() {
        let mut page = page();
        damage_page(&mut page, &[(Damage::Missing, Some("A".into()))]);
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].0, "B");
        damage_page(&mut page, &[(Damage::Missing, Some("Z".into()))]);
        assert_eq!(page.len(), 1);
    }

    #[test]
    fn a_huge_body_is_sound_json_of_about_the_size_asked_for() {
        let body: Vec<u8> = huge_body(200_000).flatten().collect();
        assert!((200_000..200_100).contains(&body.len()));
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["total_count"], 0);
    }
}
