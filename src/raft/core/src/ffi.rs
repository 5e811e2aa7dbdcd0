//! The C structs of raft_core.h, and the small conversions around them.

use std::os::raw::{c_char, c_void};
use std::{ptr, slice};

use raft::eraftpb::{ConfState, Entry, EntryType, Snapshot};

pub const OK: i32 = 0;
pub const NOT_LEADER: i32 = 1;
pub const LEADERSHIP_LOST: i32 = 2;
pub const OVERLOADED: i32 = 3;
pub const INVALID: i32 = 4;
pub const UNAVAILABLE: i32 = 5;
pub const COMPACTED: i32 = 6;
pub const FAILED: i32 = 7;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    pub data: *const c_char,
    pub size: usize,
}

impl Slice {
    pub fn of(bytes: &[u8]) -> Slice {
        Slice { data: bytes.as_ptr() as *const c_char, size: bytes.len() }
    }
    pub fn empty() -> Slice {
        Slice { data: ptr::null(), size: 0 }
    }
    /// The caller vouches that data points to size bytes.
    pub unsafe fn bytes<'a>(&self) -> &'a [u8] {
        if self.size == 0 {
            &[]
        } else {
            slice::from_raw_parts(self.data as *const u8, self.size)
        }
    }
}

/// As Slice::bytes, for arrays of ids.
pub unsafe fn ids(data: *const u64, count: usize) -> Vec<u64> {
    if count == 0 {
        Vec::new()
    } else {
        slice::from_raw_parts(data, count).to_vec()
    }
}

#[repr(C)]
pub struct ErrorText {
    pub text: [c_char; 512],
}

impl ErrorText {
    pub fn set(&mut self, text: &str) {
        let mut n = text.len().min(self.text.len() - 1);
        while !text.is_char_boundary(n) {
            n -= 1;
        }
        for (i, b) in text.as_bytes()[..n].iter().enumerate() {
            self.text[i] = *b as c_char;
        }
        self.text[n] = 0;
    }
}

#[repr(C)]
pub struct CEntry {
    pub index: u64,
    pub term: u64,
    pub is_configuration_change: i32,
    pub data: Slice,
    pub context: Slice,
}

impl CEntry {
    pub fn of(e: &Entry) -> CEntry {
        CEntry {
            index: e.index,
            term: e.term,
            is_configuration_change: (e.get_entry_type() != EntryType::EntryNormal) as i32,
            data: Slice::of(&e.data),
            context: Slice::of(&e.context),
        }
    }
    pub unsafe fn to_entry(&self) -> Entry {
        let mut e = Entry::default();
        e.index = self.index;
        e.term = self.term;
        if self.is_configuration_change != 0 {
            e.set_entry_type(EntryType::EntryConfChange);
        }
        e.data = self.data.bytes().to_vec().into();
        e.context = self.context.bytes().to_vec().into();
        e
    }
}

#[repr(C)]
pub struct CSnapshot {
    pub index: u64,
    pub term: u64,
    pub voters: *const u64,
    pub voter_count: usize,
    pub learners: *const u64,
    pub learner_count: usize,
    pub data: Slice,
}

impl CSnapshot {
    pub fn of(s: &Snapshot) -> CSnapshot {
        let meta = s.get_metadata();
        let (v, l) = (&meta.get_conf_state().voters, &meta.get_conf_state().learners);
        CSnapshot {
            index: meta.index,
            term: meta.term,
            voters: v.as_ptr(),
            voter_count: v.len(),
            learners: l.as_ptr(),
            learner_count: l.len(),
            data: Slice::of(&s.data),
        }
    }
    pub unsafe fn to_snapshot(&self) -> Snapshot {
        let mut s = Snapshot::default();
        s.data = self.data.bytes().to_vec().into();
        let meta = s.mut_metadata();
        meta.index = self.index;
        meta.term = self.term;
        meta.set_conf_state(ConfState {
            voters: ids(self.voters, self.voter_count),
            learners: ids(self.learners, self.learner_count),
            ..Default::default()
        });
        s
    }
}

pub struct EntrySink(pub Vec<Entry>);
pub struct SnapshotSink(pub Option<Snapshot>);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Reader {
    pub context: *mut c_void,
    pub term: extern "C" fn(*mut c_void, u64, *mut u64) -> i32,
    pub entries: extern "C" fn(*mut c_void, u64, u64, u64, *mut EntrySink) -> i32,
    pub snapshot: extern "C" fn(*mut c_void, u64, u64, *mut SnapshotSink) -> i32,
    pub trace: extern "C" fn(*mut c_void, i32, Slice),
}

// The node, its reader and its logger are used by one thread at a time; raft_node.h says so.
unsafe impl Send for Reader {}
unsafe impl Sync for Reader {}

#[repr(C)]
pub struct Options {
    pub id: u64,
    pub election_ticks: u32,
    pub heartbeat_ticks: u32,
    pub max_bytes_per_message: u64,
    pub max_inflight_messages: u32,
    pub max_uncommitted_bytes: u64,
    pub tail_bytes: u64,
    pub election_seed: u64,
    pub applied: u64,
    pub term: u64,
    pub vote: u64,
    pub commit: u64,
    pub first_index: u64,
    pub last_index: u64,
    pub first_index_predecessor_term: u64,
    pub voters: *const u64,
    pub voter_count: usize,
    pub learners: *const u64,
    pub learner_count: usize,
}

#[repr(C)]
pub struct ReadySummary {
    pub number: u64,
    pub must_sync: i32,
    pub has_hard_state: i32,
    pub term: u64,
    pub vote: u64,
    pub commit: u64,
    pub role_changed: i32,
    pub role: i32,
    pub leader: u64,
    pub message_count: usize,
    pub messages_wait: i32,
    pub entry_count: usize,
    pub committed_entry_count: usize,
    pub read_state_count: usize,
    pub has_snapshot: i32,
}

#[repr(C)]
pub struct OutMessage {
    pub to: u64,
    pub is_snapshot: i32,
    pub bytes: Slice,
}

#[repr(C)]
pub struct CStatus {
    pub id: u64,
    pub term: u64,
    pub vote: u64,
    pub commit: u64,
    pub applied: u64,
    pub leader: u64,
    pub role: i32,
    pub transferee: u64,
    pub pending_change: i32,
    pub first_index: u64,
    pub last_index: u64,
}

#[repr(C)]
pub struct CProgress {
    pub id: u64,
    pub matched: u64,
    pub next: u64,
    pub pending_snapshot: u64,
    pub state: i32,
    pub recent_active: i32,
    pub paused: i32,
}

#[repr(C)]
pub struct MessageInfo {
    pub from: u64,
    pub to: u64,
    pub term: u64,
    pub is_snapshot: i32,
    pub snapshot: CSnapshot,
}
