//! Whether there is a further page, and where it begins.
//!
//! `total_count` and the `Link` header both tell; either may be missing, and they may disagree. Orders are lost by
//! stopping too early and never by one page too many, so that either of them can ask for a further page. The next page
//! begins after the entries received, readable or not, so that a short page skips nothing. An empty page is the last.

use ackord::ports::PageCursor;
use reqwest::header::{HeaderMap, LINK};

/// No shop has this many orders waiting: a list that goes on past it does not page at all.
pub(crate) const LAST_OFFSET: u64 = 1_000_000;

/// The page after one of `received` entries at `offset`.
pub(crate) fn next_page(offset: u64, received: u64, total: Option<u64>, headers: &HeaderMap) -> Option<PageCursor> {
    let next = offset.saturating_add(received);
    if received == 0 {
        return None;
    }
    let linked = match next_link(headers) {
        NextLink::None => false,
        NextLink::WithoutOffset => true,
        // One that leads back is the mark of a server that ignores the offset.
        NextLink::At(linked) => linked > offset,
    };
    let more = match total {
        Some(total) => next < total || linked,
        // Without a total a short page proves nothing: the page size may have been ignored. The empty page will tell.
        None => true,
    };
    more.then_some(PageCursor { offset: next })
}

#[derive(Debug, PartialEq, Eq)]
enum NextLink {
    None,
    WithoutOffset,
    At(u64),
}

/// The `rel="next"` link. Of its URL the offset alone is read: no other host is ever followed.
fn next_link(headers: &HeaderMap) -> NextLink {
    for value in headers.get_all(LINK) {
        let mut rest = String::from_utf8_lossy(value.as_bytes()).into_owned();
        while let Some((_, tail)) = rest.split_once('<') {
            let Some((url, tail)) = tail.split_once('>') else { break };
            let (parameters, tail) = tail.split_at(tail.find('<').unwrap_or(tail.len()));
            if is_next(parameters) {
                return offset_of(url).map_or(NextLink::WithoutOffset, NextLink::At);
            }
            rest = tail.to_owned();
        }
    }
    NextLink::None
}

fn is_next(parameters: &str) -> bool {
    parameters.split([';', ',']).any(|parameter| {
        let Some((name, value)) = parameter.split_once('=') else {
            return false;
        };
        let mut words = value.trim().trim_matches('"').split_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && words.any(|word| word.eq_ignore_ascii_case("next"))
    })
}

fn offset_of(url: &str) -> Option<u64> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("offset=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn link(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(LINK, HeaderValue::from_str(text).unwrap());
        headers
    }

    fn next(offset: u64, received: u64, total: Option<u64>, headers: &HeaderMap) -> Option<u64> {
        next_page(offset, received, total, headers).map(|cursor| cursor.offset)
    }

    #[test]
    fn mistake_05_pages_follow_until_the_total_is_reached() {
        let none = HeaderMap::new();
        assert_eq!(next(0, 100, Some(250), &none), Some(100));
        assert_eq!(next(100, 100, Some(250), &none), Some(200));
        assert_eq!(next(200, 50, Some(250), &none), None);
        assert_eq!(next(0, 0, Some(250), &none), None);
    }

    #[test]
    fn mistake_05_a_short_page_skips_nothing() {
        assert_eq!(next(0, 10, Some(250), &HeaderMap::new()), Some(10));
        let further = link("<https://shop.example/api/orders?max=100&offset=100>; rel=\"next\"");
        assert_eq!(next(0, 60, None, &further), Some(60));
    }

    #[test]
    fn either_of_total_and_link_can_ask_for_more() {
        let further = link("<https://shop.example/api/orders?offset=100>; rel=\"next\"");
        assert_eq!(next(0, 100, Some(100), &further), Some(100));
        assert_eq!(next(0, 100, Some(3), &further), Some(100));
        assert_eq!(next(0, 100, Some(250), &HeaderMap::new()), Some(100));
    }

    #[test]
    fn without_a_total_pages_follow_until_an_empty_one() {
        assert_eq!(next(0, 7, None, &HeaderMap::new()), Some(7));
        assert_eq!(next(7, 0, None, &HeaderMap::new()), None);
    }

    #[test]
    fn a_link_that_leads_back_does_not_count() {
        let back = link("<https://shop.example/api/orders?offset=100>; rel=\"next\"");
        assert_eq!(next(100, 100, Some(200), &back), None);
    }

    #[test]
    fn links_are_read_in_every_lawful_form() {
        for text in [
            "<https://elsewhere.example/x?offset=20&max=10>; rel=\"next\"",
            "</api/orders?max=10&offset=20>;rel=next",
            "<a?offset=0>; rel=\"previous\", <b?x=1,2&offset=20#f>; title=\"t\"; REL=\"last Next\"",
        ] {
            assert_eq!(next_link(&link(text)), NextLink::At(20), "{text}");
        }
        assert_eq!(next_link(&link("<a?page=3>; rel=next")), NextLink::WithoutOffset);
        for text in [
            "",
            "<a?offset=1>; rel=\"previous\"",
            "<a?offset=1",
            "nonsense; rel=next",
            "<a>; rel=nextish",
        ] {
            assert_eq!(next_link(&link(text)), NextLink::None, "{text}");
        }
    }
}
