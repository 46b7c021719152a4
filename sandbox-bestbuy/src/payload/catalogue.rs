//! Made-up customers, streets and goods. Nobody here exists.

/// First and last names.
pub(super) const CUSTOMERS: [(&str, &str); 12] = [
    ("Maëlle", "Quintarel"),
    ("Orson", "Valdebeck"),
    ("Imara", "Thistlewane"),
    ("Bastian", "Korvelle"),
    ("Suvi", "Nordhagane"),
    ("Tobiah", "Fenwright"),
    ("Noor", "Al-Rashavi"),
    ("Élodie", "Brambourg"),
    ("Kenji", "Morisaka-Dell"),
    ("Petra", "Ostrowanna"),
    ("Desmond", "O’Callaway"),
    ("Zofia", "Wiśniarska"),
];

/// Street, city, province, postal code.
pub(super) const PLACES: [(&str, &str, &str, &str); 8] = [
    ("14 Larkspur Crescent", "Northmere", "ON", "K0X 0X1"),
    ("2207, rue des Érables-Gris", "Val-Sauvage", "QC", "G0X 0X2"),
    ("88 Tidewater Lane", "Port Alder", "BC", "V0X 0X3"),
    ("501 Prairie Lantern Road", "Eastfold", "AB", "T0X 0X4"),
    ("9 Beacon Wharf", "Gull Harbour", "NS", "B0X 0X5"),
    ("3130 Grainline Avenue", "Whitley Plains", "MB", "R0X 0X6"),
    ("76 Copperkettle Street", "Mossbridge", "SK", "S0X 0X7"),
    ("1200 Fjordview Drive", "Saint Oswin", "NL", "A0X 0X8"),
];

/// A thing for sale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) sku: &'static str,
    pub(super) title: &'static str,
    pub(super) category: (&'static str, &'static str),
    pub(super) cents: i64,
}

/// What the shop sells.
pub(super) const PRODUCTS: [Product; 8] = [
    Product {
        sku: "90000117",
        title: "Halden 27\" monitor stand, walnut",
        category: ("MONSTD", "Monitor stands"),
        cents: 7_499,
    },
    Product {
        sku: "90000231",
        title: "Pico braided USB-C cable, 2 m",
        category: ("CABUSB", "USB cables"),
        cents: 1_999,
    },
    Product {
        sku: "90000348",
        title: "Orrery desk lamp with dimmer",
        category: ("LAMPS", "Desk lamps"),
        cents: 5_450,
    },
    Product {
        sku: "90000452",
        title: "Tarn over-ear headphones, slate",
        category: ("HEADPH", "Headphones"),
        cents: 18_995,
    },
    Product {
        sku: "90000569",
        title: "Brindle laptop sleeve 14\"",
        category: ("SLEEVE", "Laptop sleeves"),
        cents: 3_225,
    },
    Product {
        sku: "90000674",
        title: "Kestrel wireless keyboard (CA layout)",
        category: ("KEYBRD", "Keyboards"),
        cents: 9_910,
    },
    Product {
        sku: "90000783",
        title: "Émeraude pocket speaker",
        category: ("SPEAKR", "Portable speakers"),
        cents: 6_105,
    },
    Product {
        sku: "90000896",
        title: "Longshore 65W travel charger",
        category: ("CHARGR", "Chargers"),
        cents: 4_480,
    },
];

/// Provincial tax on top of the federal one: code and rate in hundredths of a percent.
pub(super) fn provincial_tax(province: &str) -> Option<(&'static str, i64)> {
    match province {
        "QC" => Some(("QST", 998)),
        "BC" | "MB" => Some(("PST", 700)),
        "SK" => Some(("PST", 600)),
        "ON" => Some(("HST", 800)),
        "NS" | "NL" => Some(("HST", 1_000)),
        _ => None,
    }
}
