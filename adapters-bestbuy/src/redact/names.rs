//! Which JSON fields are personal, by name. Worked out from the fields that OR11 and A01 publish, and widened: a field
//! blanked needlessly costs a word in a log, one left in costs a customer's privacy.

use super::json::Messages;

/// Say of themselves that they are about money or a flag.
const KEPT: &[&str] = &["customerdebiteddate", "customerdebited", "customerdirectlypaysseller"];

const WHOLE: &[&str] = &[
    "bic",
    "city",
    "civility",
    "comment",
    "comments",
    "company",
    "company2",
    "fax",
    "iban",
    "identificationnumber",
    "instructions",
    "ip",
    "login",
    "mail",
    "messages",
    "mobile",
    "name",
    "note",
    "notes",
    "organization",
    "recipient",
    "signature",
    "taxidentificationnumber",
    "user",
    "username",
    "vatnumber",
];

const STARTS: &[&str] = &[
    "buyer",
    "contact",
    "customer",
    "delivernote",
    "gift",
    "phone",
    "postal",
    "recipient",
    "street",
    "zip",
];

const HOLDS: &[&str] = &[
    "additionalfield",
    "address",
    "birth",
    "deliveryinstruction",
    "email",
    "firstname",
    "fullname",
    "lastname",
    "surname",
    "telephone",
];

const ENDS: &[&str] = &["contact", "customername", "mobile", "phone", "phonenumber"];

/// Whether the value of the field `name` has to go.
pub(super) fn is_personal(name: &str, messages: Messages) -> bool {
    // `first_name`, `firstName` and `First-Name` are one.
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let name = name.as_str();
    if KEPT.contains(&name) {
        return false;
    }
    WHOLE.contains(&name)
        || STARTS.iter().any(|start| name.starts_with(start))
        || HOLDS.iter().any(|part| name.contains(part))
        || ENDS.iter().any(|end| name.ends_with(end))
        || name == "additionalinfo"
        || (name == "message" && messages == Messages::Hide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_fields_are_known_in_any_spelling() {
        for name in [
            "customer",
            "customer_notification_email",
            "billing_address",
            "shippingAddress",
            "firstname",
            "First-Name",
            "lastName",
            "phone",
            "phone_secondary",
            "street_1",
            "zip_code",
            "city",
            "civility",
            "company_2",
            "additional_info",
            "accounting_contact",
            "delivery_contact",
            "order_additional_fields",
            "order_line_additional_fields",
            "contact_informations",
            "tax_identification_number",
            "message",
        ] {
            assert!(is_personal(name, Messages::Hide), "{name}");
        }
    }

    #[test]
    fn what_the_record_needs_is_kept() {
        for name in [
            "order_id",
            "order_state",
            "order_line_id",
            "order_line_state",
            "commercial_id",
            "created_date",
            "acceptance_decision_date",
            "customer_debited_date",
            "customer_directly_pays_seller",
            "has_customer_message",
            "shipping_company",
            "shipping_type_label",
            "shipping_zone_code",
            "product_title",
            "price_additional_info",
            "total_price",
            "shop_name",
            "order_reference_for_customer",
            "order_state_reason_label",
        ] {
            assert!(!is_personal(name, Messages::Hide), "{name}");
        }
    }

    #[test]
    fn the_message_of_an_error_is_kept() {
        assert!(!is_personal("message", Messages::Mask));
    }
}
