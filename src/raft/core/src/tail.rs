//! The crate's view of the log: the newest entries in memory, older ones through the reader's callbacks.
//!
//! Invariants
//!  1. An entry is in the tail from the moment a Ready hands it out until it is durable, whatever the budget says:
//!     until then the log file may not have it.
//!  2. Nothing at or after the tail's first index is ever read from the log file: what it has there may be stale.

use std::cell::RefCell;
use std::collections::VecDeque;

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Result, Storage, StorageError};

use crate::ffi::{EntrySink, Reader, SnapshotSink, COMPACTED, OK};

/// Bytes of entries that one Ready may carry to lagging followers; the rest waits for the next.
const REPLICATION_BYTES_PER_READY: u64 = 16 << 20;

pub fn entry_bytes(e: &Entry) -> u64 {
    (e.data.len() + e.context.len() + 24) as u64
}

struct Written {
    ready_number: u64,
    last_index: u64,
}

#[derive(Default)]
struct Replication {
    bytes: u64,
    postponed: Vec<GetEntriesContext>,
}

pub struct Tail {
    reader: Reader,
    initial: RaftState,
    first_index: u64,
    predecessor_term: u64,
    last_index_without_tail: u64, // valid while the tail is empty
    tail: VecDeque<Entry>,
    tail_bytes: u64,
    max_tail_bytes: u64,
    durable_index: u64,
    written: VecDeque<Written>,
    replication: RefCell<Replication>,
}

impl Tail {
    pub fn new(
        reader: Reader,
        hard_state: HardState,
        conf_state: ConfState,
        first_index: u64,
        last_index: u64,
        predecessor_term: u64,
        max_tail_bytes: u64,
    ) -> Tail {
        Tail {
            reader,
            initial: RaftState::new(hard_state, conf_state),
            first_index,
            predecessor_term,
            last_index_without_tail: last_index,
            tail: VecDeque::new(),
            tail_bytes: 0,
            max_tail_bytes,
            durable_index: last_index,
            written: VecDeque::new(),
            replication: RefCell::default(),
        }
    }

    fn tail_first(&self) -> u64 {
        self.tail.front().map_or(self.last_index_without_tail + 1, |e| e.index)
    }

    fn last(&self) -> u64 {
        self.tail.back().map_or(self.last_index_without_tail, |e| e.index)
    }

    /// What a Ready hands out, before the crate is told that it was taken.
    pub fn take_ready(&mut self, ready_number: u64, snapshot: &Snapshot, entries: &[Entry]) {
        if snapshot.get_metadata().index != 0 {
            self.restart_after(snapshot.get_metadata().index, snapshot.get_metadata().term);
        }
        if let Some(first) = entries.first() {
            self.truncate(first.index);
            for e in entries {
                self.tail_bytes += entry_bytes(e);
                self.tail.push_back(e.clone());
            }
        }
        self.written.push_back(Written { ready_number, last_index: self.last() });
    }

    fn restart_after(&mut self, index: u64, term: u64) {
        self.tail.clear();
        self.tail_bytes = 0;
        self.first_index = index + 1;
        self.predecessor_term = term;
        self.last_index_without_tail = index;
        self.durable_index = index;
        for w in &mut self.written {
            w.last_index = index;
        }
    }

    fn truncate(&mut self, from: u64) {
        while self.tail.back().map_or(false, |e| e.index >= from) {
            self.tail_bytes -= entry_bytes(&self.tail.pop_back().unwrap());
        }
        if self.tail.is_empty() {
            self.last_index_without_tail = from - 1;
        }
        self.durable_index = self.durable_index.min(from - 1);
        for w in &mut self.written {
            w.last_index = w.last_index.min(from - 1);
        }
    }

    pub fn on_persisted(&mut self, ready_number: u64) {
        while self.written.front().map_or(false, |w| w.ready_number <= ready_number) {
            let w = self.written.pop_front().unwrap();
            self.durable_index = self.durable_index.max(w.last_index);
        }
        self.evict();
    }

    fn evict(&mut self) {
        while self.tail_bytes > self.max_tail_bytes
            && self.tail.front().map_or(false, |e| e.index <= self.durable_index)
        {
            self.pop_front();
        }
    }

    fn pop_front(&mut self) {
        let e = self.tail.pop_front().unwrap();
        self.tail_bytes -= entry_bytes(&e);
        if self.tail.is_empty() {
            self.last_index_without_tail = e.index;
        }
    }

    /// Forgets entries <= index.
    pub fn compact(&mut self, index: u64) -> Result<()> {
        let term = self.term(index)?;
        while self.tail.front().map_or(false, |e| e.index <= index) {
            self.pop_front();
        }
        self.predecessor_term = term;
        self.first_index = index + 1;
        Ok(())
    }

    /// Starts the next Ready's budget; gives the reads that did not fit into the last one's.
    pub fn take_postponed(&mut self) -> Vec<GetEntriesContext> {
        std::mem::take(self.replication.get_mut()).postponed
    }

    fn read_older(&self, low: u64, high: u64, max_bytes: u64) -> Result<Vec<Entry>> {
        let mut sink = EntrySink(Vec::new());
        match (self.reader.entries)(self.reader.context, low, high, max_bytes, &mut sink) {
            OK => {}
            COMPACTED => return Err(Error::Store(StorageError::Compacted)),
            code => return Err(Error::ConfigInvalid(format!("cannot read log entries [{low}, {high}): code {code}"))),
        }
        let consecutive = sink.0.iter().enumerate().all(|(i, e)| e.index == low + i as u64);
        if sink.0.is_empty() || sink.0.len() as u64 > high - low || !consecutive {
            return Err(Error::ConfigInvalid(format!("the log reader gave other entries than [{low}, {high})")));
        }
        Ok(sink.0)
    }

    fn postpone(&self, context: GetEntriesContext) {
        let mut r = self.replication.borrow_mut();
        let text = format!("{context:?}");
        if !r.postponed.iter().any(|c| format!("{c:?}") == text) {
            r.postponed.push(context);
        }
    }
}

impl Storage for Tail {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(self.initial.clone())
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        context: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        if low < self.first_index {
            return Err(Error::Store(StorageError::Compacted));
        }
        assert!(high <= self.last() + 1, "entries up to {high} asked for, the log ends at {}", self.last());
        let replicating = context.can_async();
        if replicating && self.replication.borrow().bytes >= REPLICATION_BYTES_PER_READY {
            self.postpone(context);
            return Err(Error::Store(StorageError::LogTemporarilyUnavailable));
        }
        let max_bytes = max_size.into().unwrap_or(u64::MAX);
        let tail_first = self.tail_first();
        let mut out = Vec::new();
        if low < tail_first {
            out = self.read_older(low, high.min(tail_first), max_bytes)?;
        }
        let mut bytes: u64 = out.iter().map(entry_bytes).sum();
        let mut next = low + out.len() as u64;
        while next >= tail_first && next < high {
            let e = &self.tail[(next - tail_first) as usize];
            if !out.is_empty() && bytes + entry_bytes(e) > max_bytes {
                break;
            }
            bytes += entry_bytes(e);
            out.push(e.clone());
            next += 1;
        }
        if replicating {
            self.replication.borrow_mut().bytes += bytes;
        }
        Ok(out)
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index + 1 == self.first_index {
            return Ok(self.predecessor_term);
        }
        if index < self.first_index {
            return Err(Error::Store(StorageError::Compacted));
        }
        if index > self.last() {
            return Err(Error::Store(StorageError::Unavailable));
        }
        let tail_first = self.tail_first();
        if index >= tail_first {
            return Ok(self.tail[(index - tail_first) as usize].term);
        }
        let mut term = 0;
        match (self.reader.term)(self.reader.context, index, &mut term) {
            OK => Ok(term),
            COMPACTED => Err(Error::Store(StorageError::Compacted)),
            code => Err(Error::ConfigInvalid(format!("cannot read the term of log entry {index}: code {code}"))),
        }
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.first_index)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.last())
    }

    /// A descriptor that would not help its receiver counts as not available yet: the crate asks again.
    fn snapshot(&self, request_index: u64, to: u64) -> Result<Snapshot> {
        let mut sink = SnapshotSink(None);
        let code = (self.reader.snapshot)(self.reader.context, request_index, to, &mut sink);
        let useful = sink.0.filter(|s| {
            let meta = s.get_metadata();
            let conf = meta.get_conf_state();
            code == OK
                && meta.index >= request_index
                && meta.index + 1 >= self.first_index
                && !conf.voters.is_empty()
                && (conf.voters.contains(&to) || conf.learners.contains(&to))
        });
        useful.ok_or(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
