//! Family 0x10: buddy icons, on a connection of its own (`oscar.md` §5.1).

use crate::icq::oscar::parts::{Data16, FewCounted, ScreenName};
use crate::icq::oscar::user::{BartItem, BartType};
use crate::icq::wire::{commands, layout};

commands! {
    /// What clients send.
    pub enum ToServer else "rest" {
        /// One's own icon.
        0x0002 "UPLOAD" Upload(Upload<'a>),
        /// Asks for an icon of AIM.
        0x0004 "DOWNLOAD" Download(Download<'a>),
        /// Asks for icons of ICQ.
        0x0006 "DOWNLOAD_ICQ" DownloadIcq(DownloadIcq<'a>),
    }
}

commands! {
    /// What servers send.
    pub enum FromServer else "rest" {
        /// The server has the icon, or not.
        0x0003 "UPLOADED" Uploaded(Uploaded<'a>),
        /// An icon.
        0x0005 "ICON" Icon(Icon<'a>),
        /// An icon of ICQ.
        0x0007 "ICON_ICQ" IconIcq(IconIcq<'a>),
    }
}

layout! {
    /// One's own icon: 10/02.
    ///
    /// | bytes | field  | meaning       |
    /// |-------|--------|---------------|
    /// | 2     | `type` | 1             |
    /// | 2, n  | `data` | the picture   |
    pub struct Upload<'a> {
        /// 1.
        r#type: BartType,
        /// The picture.
        data: Data16<'a>,
    }

    /// Whether the server has it: 10/03.
    ///
    /// | bytes | field  | meaning                                             |
    /// |-------|--------|-----------------------------------------------------|
    /// | 1     | `code` | 0 yes; 1 invalid, 2 none, 3 too small, 4 too big, … |
    /// | n     | `id`   | [`BartItem`]                                        |
    pub struct Uploaded<'a> {
        /// 0 yes.
        code: u8,
        /// Its hash.
        id: BartItem<'a>,
    }

    /// Asks for an icon: 10/04.
    ///
    /// | bytes | field         | meaning      |
    /// |-------|---------------|--------------|
    /// | 1, n  | `screen_name` | whose        |
    /// | 1     | `command`     | 1            |
    /// | n     | `id`          | [`BartItem`] |
    pub struct Download<'a> {
        /// Whose.
        screen_name: ScreenName<'a>,
        /// 1.
        command: u8,
        /// Its hash.
        id: BartItem<'a>,
    }

    /// An icon: 10/05.
    ///
    /// | bytes | field         | meaning                       |
    /// |-------|---------------|-------------------------------|
    /// | 1, n  | `screen_name` | whose                         |
    /// | n     | `id`          | [`BartItem`]                  |
    /// | 2, n  | `data`        | the picture; empty: none      |
    pub struct Icon<'a> {
        /// Whose.
        screen_name: ScreenName<'a>,
        /// Its hash.
        id: BartItem<'a>,
        /// The picture; empty: none.
        data: Data16<'a>,
    }

    /// Asks for icons of ICQ: 10/06.
    ///
    /// | bytes | field         | meaning                  |
    /// |-------|---------------|--------------------------|
    /// | 1, n  | `screen_name` | whose                    |
    /// | 1, n  | `ids`         | number, [`BartItem`]s    |
    pub struct DownloadIcq<'a> {
        /// Whose.
        screen_name: ScreenName<'a>,
        /// Their hashes.
        ids: FewCounted<BartItem<'a>>,
    }

    /// An icon of ICQ: 10/07.
    ///
    /// | bytes | field         | meaning                                 |
    /// |-------|---------------|-----------------------------------------|
    /// | 1, n  | `screen_name` | whose                                   |
    /// | n     | `query`       | what was asked for                      |
    /// | 1     | `code`        | as in 10/03; 7 not found                |
    /// | n     | `id`          | what it is                              |
    /// | 2, n  | `data`        | the picture; empty: none                |
    pub struct IconIcq<'a> {
        /// Whose.
        screen_name: ScreenName<'a>,
        /// What was asked for.
        query: BartItem<'a>,
        /// 0 here it is.
        code: u8,
        /// Its hash.
        id: BartItem<'a>,
        /// The picture; empty: none.
        data: Data16<'a>,
    }
}
