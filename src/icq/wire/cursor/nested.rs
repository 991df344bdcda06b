//! Fields inside fields: areas with an end of their own, groups and lists.

use super::{ByteOrder, DecodeError, Reader, Writer};
use crate::icq::wire::{Field, Value};

impl<'a> Reader<'a> {
    /// Takes `length` bytes; `value` of them is recorded.
    pub fn take_as(
        &mut self,
        field: &'static str,
        length: usize,
        value: impl FnOnce(&'a [u8]) -> Value<'a>,
    ) -> Result<&'a [u8], DecodeError> {
        let bytes = self.take(field, length)?;
        self.note(field, length, || value(bytes));
        Ok(bytes)
    }

    /// Takes everything that is left, be it nothing; `value` of it is recorded.
    pub fn rest_as(
        &mut self,
        field: &'static str,
        value: impl FnOnce(&'a [u8]) -> Value<'a>,
    ) -> &'a [u8] {
        let bytes = std::mem::take(&mut self.rest);
        self.offset += bytes.len();
        self.note(field, bytes.len(), || value(bytes));
        bytes
    }

    /// Records a field of no bytes: what follows from others, such as the order of TLVs.
    pub fn record(&mut self, field: &'static str, value: impl FnOnce() -> Value<'a>) {
        self.note(field, 0, value);
    }

    /// Reads in another byte order.
    pub fn with_order<T>(&mut self, order: ByteOrder, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.order, order);
        let read = read(self);
        self.order = outer;
        read
    }

    /// Takes the next `length` bytes as a packet of its own, to be given back by
    /// [`adopt`](Self::adopt).
    pub fn area(&mut self, field: &'static str, length: usize) -> Result<Self, DecodeError> {
        let offset = self.offset;
        let rest = self.take(field, length)?;
        Ok(Self {
            rest,
            version: self.version,
            order: self.order,
            offset,
            clamped: None,
            trace: self.trace.as_ref().map(|_| Vec::new()),
        })
    }

    /// Records what was read in an area. What was left there is recorded as `rest`.
    pub fn adopt(&mut self, mut area: Self) {
        area.rest("rest");
        self.clamped = self.clamped.or(area.clamped);
        if let (Some(trace), Some(more)) = (&mut self.trace, area.trace) {
            trace.extend(more);
        }
    }

    /// Reads in the next `length` bytes, which end for `read` where they end. What it leaves there
    /// is passed over.
    pub fn within<T>(
        &mut self,
        field: &'static str,
        length: usize,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut area = self.area(field, length)?;
        let read = read(&mut area);
        self.adopt(area);
        read
    }

    /// Reads fields that belong together.
    pub fn group<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.nest(field, read, Value::Group)
    }

    /// Reads fields of one kind.
    pub fn list<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.nest(field, read, Value::List)
    }

    /// Records what `read` records as one field. What was read before an error is recorded, too.
    fn nest<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
        value: fn(Vec<Field<'a>>) -> Value<'a>,
    ) -> Result<T, DecodeError> {
        let outer = self.trace.as_mut().map(std::mem::take);
        let start = self.offset;
        let read = read(self);
        if let Some(outer) = outer {
            let inner = self.trace.replace(outer).unwrap_or_default();
            self.note(field, self.offset - start, || value(inner));
        }
        read
    }
}

impl Writer<'_> {
    /// Writes in another byte order.
    pub fn with_order(&mut self, order: ByteOrder, write: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.order, order);
        write(self);
        self.order = outer;
    }

    /// Writes something behind its length in a byte. Of more than 255 bytes the rest is left out.
    pub fn sized_u8(&mut self, write: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        self.out.push(0);
        write(self);
        self.out.truncate(start + 1 + usize::from(u8::MAX));
        let length = u8::try_from(self.out.len() - start - 1).unwrap_or(u8::MAX);
        self.out[start] = length;
    }

    /// Writes something behind its length in a `u16` of the writer's byte order. Of more than
    /// 65 535 bytes the rest is left out.
    pub fn sized_u16(&mut self, write: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        self.u16(0);
        write(self);
        self.out.truncate(start + 2 + usize::from(u16::MAX));
        let length = u16::try_from(self.out.len() - start - 2).unwrap_or(u16::MAX);
        self.out[start..start + 2].copy_from_slice(&self.order.u16_bytes(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_in_an_area_ends_with_it() {
        let mut reader = Reader::traced(b"\x01\x02\x03\x04").in_order(ByteOrder::Big);
        let read = reader.within("area", 2, |area| area.u32("number"));
        assert!(read.is_err());
        assert_eq!(reader.left(), 2);
        assert_eq!(reader.u16("next"), Ok(0x0304));
        let names: Vec<_> = reader
            .into_trace()
            .iter()
            .map(|field| (field.name, field.offset, field.length))
            .collect();
        assert_eq!(names, [("rest", 0, 2), ("next", 2, 2)]);
    }

    #[test]
    fn a_group_is_one_field_with_fields_of_its_own() {
        let mut reader = Reader::traced(b"\x01\x02\x03").in_order(ByteOrder::Big);
        let read = reader.group("group", |reader| {
            reader.u8("a")?;
            reader.u32("b")
        });
        assert!(read.is_err());
        let [group] = &reader.into_trace()[..] else {
            panic!("one field");
        };
        let Value::Group(fields) = &group.value else {
            panic!("a group");
        };
        assert_eq!((group.offset, group.length, fields.len()), (0, 1, 1));
    }

    #[test]
    fn lengths_are_written_before_what_they_measure() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out).in_order(ByteOrder::Big);
        writer.sized_u16(|writer| {
            writer.u8(7);
            writer.with_order(ByteOrder::Little, |writer| {
                writer.sized_u16(|writer| writer.u16(1));
            });
        });
        writer.sized_u8(|writer| writer.bytes(b"ab"));
        assert_eq!(out, b"\0\x05\x07\x02\0\x01\0\x02ab");
    }
}
