//! The code pages that clients of ICQ's time wrote in, and who is likely to meet which.

use super::Network;

/// The code pages to choose from, by their number of users; labels of encoding_rs.
pub(super) const ALL: [(&str, &str); 10] = [
    ("windows-1252", "Western (windows-1252)"),
    ("windows-1251", "Cyrillic (windows-1251)"),
    ("windows-1250", "Central European (windows-1250)"),
    ("windows-1253", "Greek (windows-1253)"),
    ("windows-1254", "Turkish (windows-1254)"),
    ("windows-1255", "Hebrew (windows-1255)"),
    ("windows-1256", "Arabic (windows-1256)"),
    ("shift_jis", "Japanese (Shift_JIS)"),
    ("gbk", "Chinese (GBK)"),
    ("koi8-r", "Cyrillic (KOI8-R)"),
];

/// It can be chosen.
pub(super) fn is_known(label: &str) -> bool {
    ALL.iter().any(|(value, _)| *value == label)
}

/// What to offer to somebody who asks in this language (xmpp-gateway.md §5.2). Where the language says
/// nothing, the operator knows best: Western languages are also what many a program falls back to.
pub(super) fn likely<'a>(lang: Option<&str>, network: &'a Network) -> &'a str {
    let lang = lang.unwrap_or_default().to_ascii_lowercase();
    match lang.split(['-', '_']).next().unwrap_or_default() {
        "ru" | "uk" | "be" | "bg" | "mk" | "kk" => "windows-1251",
        "pl" | "cs" | "sk" | "hu" | "sl" | "hr" | "ro" => "windows-1250",
        "el" => "windows-1253",
        "tr" | "az" => "windows-1254",
        "he" => "windows-1255",
        "ar" | "fa" => "windows-1256",
        "ja" => "shift_jis",
        "zh" => "gbk",
        _ => &network.charset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icq::wire::text::Charset;

    #[test]
    fn a_language_brings_its_code_page_along() {
        let network = Network::new("icq");
        for (lang, label) in [
            (Some("ru"), "windows-1251"),
            (Some("uk-UA"), "windows-1251"),
            (Some("BE"), "windows-1251"),
            (Some("bg"), "windows-1251"),
            (Some("pl"), "windows-1250"),
            (Some("cs_CZ"), "windows-1250"),
            (Some("sk"), "windows-1250"),
            (Some("hu"), "windows-1250"),
            (Some("de-AT"), "windows-1252"),
            (Some(""), "windows-1252"),
            (Some("-"), "windows-1252"),
            (None, "windows-1252"),
        ] {
            assert_eq!(likely(lang, &network), label, "{lang:?}");
            assert!(is_known(label));
        }
    }

    #[test]
    fn the_operator_decides_where_the_language_does_not() {
        let mut network = Network::new("icq");
        network.charset = "windows-1251".into();
        assert_eq!(likely(None, &network), "windows-1251");
        assert_eq!(likely(Some("en"), &network), "windows-1251");
        assert_eq!(likely(Some("pl"), &network), "windows-1250");
    }

    #[test]
    fn each_code_page_is_there() {
        for (label, _) in ALL {
            assert!(Charset::from_label(label).is_some(), "{label}");
        }
    }
}
