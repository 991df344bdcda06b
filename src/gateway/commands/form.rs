//! Forms of commands: building them, and reading what comes back (XEP-0004, xmpp-gateway.md §23).

use std::collections::BTreeMap;

use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType, Option_};
use xmpp_parsers::ns;

use crate::gateway::{register, words};
use crate::model::Secret;

/// A form in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::gateway) struct Form {
    title: String,
    instructions: String,
    fields: Vec<Field>,
}

impl Form {
    pub(in crate::gateway) fn new(title: &str, instructions: impl Into<String>) -> Self {
        Self {
            title: title.to_owned(),
            instructions: instructions.into(),
            fields: Vec::new(),
        }
    }

    /// A line of text.
    #[must_use]
    pub(in crate::gateway) fn text(self, var: &str, label: &str, value: &str) -> Self {
        self.field(FieldType::TextSingle, var, label, [value])
    }

    /// A line of text that must be filled in.
    #[must_use]
    pub(in crate::gateway) fn required(self, var: &str, label: &str) -> Self {
        let mut form = self.text(var, label, "");
        if let Some(field) = form.fields.last_mut() {
            field.required = true;
        }
        form
    }

    /// A password.
    #[must_use]
    pub(in crate::gateway) fn secret(self, var: &str, label: &str) -> Self {
        self.field(FieldType::TextPrivate, var, label, [])
    }

    /// Lines of text.
    #[must_use]
    pub(in crate::gateway) fn lines(self, var: &str, label: &str, value: &str) -> Self {
        self.field(FieldType::TextMulti, var, label, value.lines())
    }

    /// Yes or no.
    #[must_use]
    pub(in crate::gateway) fn flag(self, var: &str, label: &str, value: bool) -> Self {
        let value = if value { "1" } else { "0" };
        self.field(FieldType::Boolean, var, label, [value])
    }

    /// One of these: value and label.
    #[must_use]
    pub(in crate::gateway) fn choice(
        self,
        var: &str,
        label: &str,
        options: impl IntoIterator<Item = (String, String)>,
        value: &str,
    ) -> Self {
        self.field(FieldType::ListSingle, var, label, [value])
            .options(options)
    }

    /// A code of one of ICQ's tables; 0 is "unspecified".
    #[must_use]
    pub(in crate::gateway) fn code(
        self,
        var: &str,
        label: &str,
        table: &[(u16, &str)],
        value: u16,
    ) -> Self {
        let mut named: Vec<_> = table
            .iter()
            .map(|(code, name)| (code.to_string(), (*name).to_owned()))
            .collect();
        named.sort_by(|a, b| a.1.cmp(&b.1));
        let none = ("0".to_owned(), "—".to_owned());
        let options = std::iter::once(none).chain(named);
        self.choice(var, label, options, &value.to_string())
    }

    /// Any of these, none of them chosen.
    #[must_use]
    pub(in crate::gateway) fn choices(
        self,
        var: &str,
        label: &str,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.field(FieldType::ListMulti, var, label, [])
            .options(options)
    }

    /// The same, all options of the last field chosen.
    #[must_use]
    pub(in crate::gateway) fn all_chosen(mut self) -> Self {
        if let Some(field) = self.fields.last_mut() {
            let options = field.options.iter();
            field.values = options.map(|option| option.value.clone()).collect();
        }
        self
    }

    /// Words that nobody fills in.
    #[must_use]
    pub(in crate::gateway) fn words(mut self, text: &str) -> Self {
        self.fields.push(Field {
            var: None,
            values: text.lines().map(str::to_owned).collect(),
            ..Field::new("", FieldType::Fixed)
        });
        self
    }

    fn field<'v>(
        mut self,
        type_: FieldType,
        var: &str,
        label: &str,
        values: impl IntoIterator<Item = &'v str>,
    ) -> Self {
        let values = values.into_iter().filter(|value| !value.is_empty());
        self.fields.push(Field {
            label: Some(label.to_owned()),
            values: values.map(str::to_owned).collect(),
            ..Field::new(var, type_)
        });
        self
    }

    fn options(mut self, options: impl IntoIterator<Item = (String, String)>) -> Self {
        if let Some(field) = self.fields.last_mut() {
            let option = |(value, label)| Option_ {
                label: Some(label),
                value,
            };
            field.options = options.into_iter().map(option).collect();
        }
        self
    }

    /// The form to be filled in, of the command at `node`.
    pub(in crate::gateway) fn to_fill_in(&self, node: &str) -> Element {
        self.element(DataFormType::Form, &form_type(node))
    }

    /// The form as a result.
    pub(in crate::gateway) fn to_read(&self, node: &str) -> Element {
        self.element(DataFormType::Result_, &form_type(node))
    }

    /// The form to be filled in, with a type that is not a command's.
    pub(in crate::gateway) fn with_type(&self, form_type: &str) -> Element {
        self.element(DataFormType::Form, form_type)
    }

    fn element(&self, type_: DataFormType, form_type: &str) -> Element {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        Element::from(DataForm {
            title: some(&self.title),
            instructions: some(&self.instructions),
            ..DataForm::new(type_, form_type, self.fields.clone())
        })
    }
}

/// A form as it came back. What a client left out, it did not want to say.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Filled {
    fields: BTreeMap<String, Vec<String>>,
}

impl Filled {
    /// Reads a form by hand: a field that a client wrote oddly must not spoil the others.
    pub(in crate::gateway) fn read(form: &Element) -> Self {
        let mut fields = BTreeMap::new();
        for field in form.children().filter(|it| it.is("field", ns::DATA_FORMS)) {
            let Some(var) = field.attr("var") else {
                continue;
            };
            let values = field.children();
            let values = values.filter(|it| it.is("value", ns::DATA_FORMS));
            fields.insert(var.to_owned(), values.map(Element::text).collect());
        }
        Self { fields }
    }

    /// Fields that came another way.
    pub(in crate::gateway) fn of(fields: impl Iterator<Item = (&'static str, String)>) -> Self {
        Self {
            fields: fields
                .map(|(var, value)| (var.to_owned(), vec![value]))
                .collect(),
        }
    }

    /// A line of text, or nothing.
    pub(in crate::gateway) fn text(&self, var: &str) -> &str {
        let values = self.fields.get(var);
        values
            .and_then(|values| values.first())
            .map_or("", |value| value.trim())
    }

    /// Whether the field is there at all.
    pub(in crate::gateway) fn has(&self, var: &str) -> bool {
        self.fields.contains_key(var)
    }

    /// A password as it was typed; `None` if nothing was.
    pub(in crate::gateway) fn secret(&self, var: &str) -> Option<Secret> {
        let value = self.fields.get(var)?.first()?;
        (!value.is_empty()).then(|| Secret::new(value.as_str()))
    }

    /// A password that was chosen, in the fields `password` and `repeat`.
    pub(in crate::gateway) fn new_password(&self) -> Result<Secret, String> {
        let Some(new) = self.secret("password") else {
            return Err(words::empty_field(words::NEW_PASSWORD));
        };
        if self.secret("repeat").as_ref() != Some(&new) {
            return Err(words::PASSWORDS_DIFFER.to_owned());
        }
        match register::is_password(&new) {
            true => Ok(new),
            false => Err(words::PASSWORD_TOO_LONG.to_owned()),
        }
    }

    /// Yes or no; `None` if nothing was said.
    pub(in crate::gateway) fn flag(&self, var: &str) -> Option<bool> {
        match self.text(var) {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }

    /// Lines of text, however the client split them.
    pub(in crate::gateway) fn lines(&self, var: &str) -> String {
        self.values(var).join("\n")
    }

    /// What was chosen.
    pub(in crate::gateway) fn values(&self, var: &str) -> &[String] {
        self.fields.get(var).map_or(&[], Vec::as_slice)
    }

    /// A number, or what stands for none.
    pub(in crate::gateway) fn code(&self, var: &str) -> Option<u16> {
        let text = self.text(var);
        match text.is_empty() {
            true => Some(0),
            false => text.parse().ok(),
        }
    }
}

/// The type of the forms of the command at `node`.
pub(in crate::gateway) fn form_type(node: &str) -> String {
    format!("https://icq-transport.example/command#{node}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_a_type_and_comes_back_as_it_was_filled_in() {
        let form = Form::new("Title", "Do this.")
            .words("A word.")
            .text("name", "Name", "Ben")
            .flag("sure", "Sure?", true)
            .lines("text", "Text", "a\nb")
            .code(
                "country",
                "Country",
                &[(49, "Germany"), (43, "Austria")],
                49,
            );

        let element = form.to_fill_in("x");
        let filled = Filled::read(&element);

        let expected: Element = "<x xmlns='jabber:x:data' type='form'><title>Title</title>\
            <instructions>Do this.</instructions>\
            <field type='hidden' var='FORM_TYPE'><value>https://icq-transport.example/command#x</value></field>\
            <field type='fixed'><value>A word.</value></field>\
            <field var='name' label='Name'><value>Ben</value></field>\
            <field var='sure' type='boolean' label='Sure?'><value>1</value></field>\
            <field var='text' type='text-multi' label='Text'><value>a</value><value>b</value></field>\
            <field var='country' type='list-single' label='Country'>\
            <option label='—'><value>0</value></option><option label='Austria'><value>43</value></option>\
            <option label='Germany'><value>49</value></option><value>49</value></field></x>"
            .parse()
            .unwrap();
        let fields = |form: &Element| form.children().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&element).len(), fields(&expected).len());
        assert_eq!(filled.text("name"), "Ben");
        assert_eq!(filled.flag("sure"), Some(true));
        assert_eq!(filled.lines("text"), "a\nb");
        assert_eq!(filled.code("country"), Some(49));
        assert_eq!(filled.code("nothing"), Some(0));
        assert_eq!(filled.flag("nothing"), None);
    }
}
