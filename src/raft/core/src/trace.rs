//! The crate's diagnostics, as lines for the reader's trace callback.

use std::fmt::Write;
use std::os::raw::c_void;

use slog::{Drain, Key, Level, Logger, OwnedKVList, Record, KV};

use crate::ffi::{Reader, Slice};

struct Forward {
    context: usize,
    trace: extern "C" fn(*mut c_void, i32, Slice),
}

struct Line(String);

impl slog::Serializer for Line {
    fn emit_arguments(&mut self, key: Key, value: &std::fmt::Arguments) -> slog::Result {
        let _ = write!(self.0, " {key}={value}");
        Ok(())
    }
}

impl Drain for Forward {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record, values: &OwnedKVList) -> Result<(), slog::Never> {
        if !self.is_enabled(record.level()) {
            return Ok(());
        }
        let level = match record.level() {
            Level::Critical | Level::Error => 1,
            Level::Warning => 2,
            _ => 3,
        };
        let mut line = Line(record.msg().to_string());
        let _ = record.kv().serialize(record, &mut line);
        let _ = values.serialize(record, &mut line);
        (self.trace)(self.context as *mut c_void, level, Slice::of(line.0.as_bytes()));
        Ok(())
    }

    fn is_enabled(&self, level: Level) -> bool {
        level.is_at_least(Level::Info)
    }
}

pub fn logger(reader: Reader) -> Logger {
    let drain = Forward { context: reader.context as usize, trace: reader.trace };
    Logger::root(drain, slog::o!())
}
