//! What an XMPP server lets a component do in its users' names (XEP-0356, xmpp-gateway.md §10).

use minidom::Element;

/// The namespace before 0.4.0 of the XEP: Debian 12's ejabberd.
pub const NS_1: &str = "urn:xmpp:privilege:1";

/// The current namespace.
pub const NS_2: &str = "urn:xmpp:privilege:2";

/// What a server said the component may do for the users of one of its domains.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Advertised {
    /// The namespace it was said in; requests use the same.
    pub namespace: String,
    /// May read rosters.
    pub roster_get: bool,
    /// May write rosters.
    pub roster_set: bool,
    /// May send messages in a user's name.
    pub message: bool,
}

/// Whether this is a `<privilege/>`, whatever it says: only servers may send one.
pub fn is_privilege(payload: &Element) -> bool {
    namespace(payload).is_some()
}

fn namespace(payload: &Element) -> Option<&'static str> {
    let mut known = [NS_1, NS_2].into_iter();
    known.find(|ns| payload.is("privilege", *ns))
}

impl Advertised {
    /// Reads a `<privilege/>` that advertises: one with anything else in it (a forwarded answer) is
    /// none. An access the program does not know, or of type `none`, is no grant.
    pub fn read(payload: &Element) -> Option<Self> {
        let namespace = namespace(payload)?;
        let mut advertised = Self {
            namespace: namespace.to_owned(),
            ..Self::default()
        };
        for perm in payload.children() {
            if !perm.is("perm", namespace) {
                return None;
            }
            let type_ = perm.attr("type").unwrap_or("none");
            match perm.attr("access") {
                Some("roster") => {
                    advertised.roster_get = matches!(type_, "get" | "both");
                    advertised.roster_set = matches!(type_, "set" | "both");
                }
                Some("message") => advertised.message = type_ == "outgoing",
                _ => {}
            }
        }
        Some(advertised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(xml: &str) -> Option<Advertised> {
        Advertised::read(&xml.parse().unwrap())
    }

    #[test]
    fn what_prosody_advertises_is_read_nested_namespaces_and_all() {
        let advertised = read(
            "<privilege xmlns='urn:xmpp:privilege:2'>\
             <perm access='roster' type='both'/><perm access='message' type='outgoing'/>\
             <perm access='iq'><namespace ns='a' type='both'><namespace ns='b' type='get'/>\
             </namespace></perm></privilege>",
        );
        assert_eq!(
            advertised,
            Some(Advertised {
                namespace: NS_2.into(),
                roster_get: true,
                roster_set: true,
                message: true,
            })
        );
    }

    #[test]
    fn what_old_ejabberd_advertises_is_read_and_none_is_no_grant() {
        let advertised = read(
            "<privilege xmlns='urn:xmpp:privilege:1'><perm access='roster' type='get'/>\
             <perm access='message' type='none'/><perm access='presence' type='none'/></privilege>",
        );
        assert_eq!(
            advertised,
            Some(Advertised {
                namespace: NS_1.into(),
                roster_get: true,
                roster_set: false,
                message: false,
            })
        );
    }

    #[test]
    fn an_answer_in_a_privilege_element_advertises_nothing() {
        assert_eq!(
            read(
                "<privilege xmlns='urn:xmpp:privilege:2'>\
                 <forwarded xmlns='urn:xmpp:forward:0'/></privilege>"
            ),
            None
        );
        assert_eq!(read("<privilege xmlns='urn:xmpp:privilege:3'/>"), None);
    }
}
