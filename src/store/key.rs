//! The key file, and what is done with a key: sealing and opening records.
//!
//! ICQ logins need the clear password, so it is encrypted, not hashed; message texts and names of
//! contacts are nobody else's business either. So every record is sealed, with a key from a file
//! outside the database (xmpp-gateway.md §29.1).

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, AeadInOut, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::Error;

/// The key that seals records, and older ones that still open some.
///
/// In its file each key is a line: a number from 0 to 255, a space, 64 hexadecimal digits. Empty
/// lines and lines that begin with `#` are skipped. The first key seals. To change it, put a new
/// line with a new number above the old one and restart: everything is sealed again with the new
/// key, and the old line can go.
#[derive(Clone)]
pub struct Key {
    file: PathBuf,
    /// Never empty.
    keys: Vec<(u8, XChaCha20Poly1305)>,
}

impl Key {
    /// A new random key that is in no file, for what need not outlive the program.
    pub fn random() -> Self {
        Self::in_memory(rand::random())
    }

    /// This key, which is in no file.
    pub fn in_memory(key: [u8; KEY_BYTES]) -> Self {
        let key = Zeroizing::new(key);
        Self {
            file: "(a key in memory)".into(),
            keys: vec![(FIRST_ID, XChaCha20Poly1305::new((&*key).into()))],
        }
    }

    /// Reads a key file; `None` if there is no such file.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let cannot_read = |error| Error::io("read", path, &error);
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(cannot_read)?,
        };
        if is_exposed(metadata.mode(), metadata.gid()) {
            return Err(Error::KeyExposed {
                key_file: path.to_owned(),
                mode: metadata.mode() & 0o7777,
            });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(cannot_read)?);
        Self::parse(&text, path).map(Some)
    }

    /// Writes a new random key to `path`, in a file that only its owner can read.
    ///
    /// The file appears complete or not at all, so that a crash leaves no half key behind. One that
    /// exists is not touched: that is an error.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let cannot_write = |error| Error::io("write", path, &error);
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| Error::io("create", folder, &error))?;

        let bytes = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
        let mut line = Zeroizing::new(format!("{FIRST_ID} "));
        for byte in bytes.iter() {
            line.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
            line.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        }
        line.push('\n');

        let unfinished = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(cannot_write)?;
        file.write_all(PREAMBLE.as_bytes())
            .and_then(|()| file.write_all(line.as_bytes()))
            .and_then(|()| file.sync_all())
            // Unlike renaming, this never replaces a key that is there.
            .and_then(|()| fs::hard_link(&unfinished, path))
            .and_then(|()| fs::remove_file(&unfinished))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(cannot_write)?;
        Self::parse(&line, path)
    }

    /// Where the key is from.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The number of the key that seals.
    pub(super) fn id(&self) -> u8 {
        self.keys[0].0
    }

    /// Encrypts `text` and puts it behind what is in `out`; it [`open`](Self::open)s again only where
    /// `place` is the same.
    ///
    /// | bytes | field        | meaning                              |
    /// |-------|--------------|--------------------------------------|
    /// | 1     | `KEY_ID`     | the number of the key                |
    /// | 24    | `NONCE`      | random                               |
    /// | n     | `CIPHERTEXT` | XChaCha20                            |
    /// | 16    | `TAG`        | Poly1305 over `CIPHERTEXT` and place |
    pub(super) fn seal(&self, place: &[u8], text: &[u8], out: &mut Vec<u8>) {
        let (id, cipher) = &self.keys[0];
        let nonce: [u8; NONCE_BYTES] = rand::random();
        out.reserve_exact(1 + NONCE_BYTES + text.len() + TAG_BYTES);
        out.push(*id);
        out.extend_from_slice(&nonce);
        let begin = out.len();
        out.extend_from_slice(text);
        let tag = cipher
            .encrypt_inout_detached(&XNonce::from(nonce), place, (&mut out[begin..]).into())
            .expect("only texts of more than 256 GiB are refused");
        out.extend_from_slice(&tag);
    }

    /// Decrypts what [`seal`](Self::seal) made.
    pub(super) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (id, rest) = sealed.split_first().ok_or(Unopened::Altered)?;
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(Unopened::Altered)?;
        let (_, cipher) = self
            .keys
            .iter()
            .find(|(known, _)| known == id)
            .ok_or(Unopened::UnknownKey)?;
        let payload = Payload {
            msg: ciphertext,
            aad: place,
        };
        cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| Unopened::Altered)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let malformed = |line| Error::KeyMalformed {
            key_file: path.to_owned(),
            line,
        };
        let mut keys: Vec<(u8, XChaCha20Poly1305)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, key) = parse_line(line).ok_or_else(|| malformed(index + 1))?;
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(malformed(index + 1));
            }
            keys.push((id, XChaCha20Poly1305::new((&*key).into())));
        }
        if keys.is_empty() {
            return Err(malformed(text.lines().count() + 1));
        }
        Ok(Self {
            file: path.to_owned(),
            keys,
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(from {})", self.file.display())
    }
}

/// Why something sealed does not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unopened {
    /// It was sealed with a key that is not in the key file.
    UnknownKey,
    /// It was sealed with another key of the same number, for another place, or has changed since.
    Altered,
}

/// Whether others than the owner can read or change a file. The group `root` is no other: systemd
/// hands credentials to services in files of mode 0440 that belong to it.
fn is_exposed(mode: u32, group: u32) -> bool {
    mode & 0o007 != 0 || mode & 0o020 != 0 || (mode & 0o050 != 0 && group != 0)
}

fn parse_line(line: &str) -> Option<(u8, Zeroizing<[u8; KEY_BYTES]>)> {
    let (id, digits) = line.split_once(char::is_whitespace)?;
    let digits = digits.trim_start().as_bytes();
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != KEY_BYTES {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some((id.parse().ok()?, key))
}

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const FIRST_ID: u8 = 1;
const PREAMBLE: &str = "\
# Opens the database of icq-transport: ICQ passwords, contact lists, waiting messages.
# Keep it secret, and keep a copy apart from the backups of the database.
# To change it, put a line with a new number above the old one and restart.
";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn seal(key: &Key, place: &[u8], text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        key.seal(place, text, &mut out);
        out
    }

    #[test]
    fn what_was_sealed_opens_only_in_its_place_and_unaltered() {
        let key = Key::random();

        let sealed = seal(&key, b"here", b"hunter2");

        assert_eq!(key.open(b"here", &sealed).unwrap().as_slice(), b"hunter2");
        assert_eq!(key.open(b"there", &sealed), Err(Unopened::Altered));
        assert_eq!(Key::random().open(b"here", &sealed), Err(Unopened::Altered));
        for at in 1..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(key.open(b"here", &altered), Err(Unopened::Altered), "{at}");
        }
        for len in 0..sealed.len() {
            assert_eq!(key.open(b"here", &sealed[..len]), Err(Unopened::Altered));
        }
        let mut other_id = sealed;
        other_id[0] = 9;
        assert_eq!(key.open(b"here", &other_id), Err(Unopened::UnknownKey));
    }

    #[test]
    fn two_sealings_of_one_text_differ() {
        let key = Key::random();

        assert_ne!(
            seal(&key, b"here", b"hunter2"),
            seal(&key, b"here", b"hunter2")
        );
    }

    #[test]
    fn a_created_key_file_is_private_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not/yet/there/key");
        assert!(Key::read(&path).unwrap().is_none());

        let created = Key::create(&path).unwrap();

        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let read = Key::read(&path).unwrap().unwrap();
        let sealed = seal(&created, b"", b"text");
        assert_eq!(read.open(b"", &sealed).unwrap().as_slice(), b"text");
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_key_file_that_others_can_read_or_change_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Key::create(&path).unwrap();

        for mode in [0o604, 0o602, 0o620, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();

            let error = Key::read(&path).unwrap_err();

            assert!(matches!(error, Error::KeyExposed { mode: m, .. } if m == mode));
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        assert!(is_exposed(0o640, 1000));
        assert!(!is_exposed(0o440, 0));
    }

    #[test]
    fn several_keys_open_and_the_first_seals() {
        let old = format!("1 {}", "0f".repeat(32));
        let new = format!("2 {}", "F0".repeat(32));
        let path = Path::new("key");
        let before = Key::parse(&old, path).unwrap();
        let after = Key::parse(&format!("# comment\n\n{new}\n{old}\n"), path).unwrap();

        let sealed = seal(&before, b"", b"text");

        assert_eq!(after.open(b"", &sealed).unwrap().as_slice(), b"text");
        assert_eq!((before.id(), after.id()), (1, 2));
        let sealed = seal(&after, b"", b"text");
        assert_eq!(before.open(b"", &sealed), Err(Unopened::UnknownKey));
    }

    #[test]
    fn a_malformed_key_file_is_refused_by_line_without_its_content() {
        let good = format!("1 {}", "ab".repeat(32));
        for (text, at) in [
            (String::new(), 1),
            ("# nothing\n".to_owned(), 2),
            (format!("{good}\n{good}\n"), 2),
            (format!("256 {}", "ab".repeat(32)), 1),
            (format!("1 {}", "ab".repeat(31)), 1),
            (format!("1 {}a", "ab".repeat(32)), 1),
            (format!("\n1 {}zz", "ab".repeat(31)), 2),
            ("ab".repeat(32), 1),
        ] {
            let error = Key::parse(&text, Path::new("key")).unwrap_err();

            assert!(
                matches!(error, Error::KeyMalformed { line, .. } if line == at),
                "{text}"
            );
            assert!(!error.to_string().contains("abab"));
        }
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = Key::parse(&format!("1 {}", "ab".repeat(32)), Path::new("k")).unwrap();

        assert_eq!(format!("{key:?}"), "Key(from k)");
    }
}
