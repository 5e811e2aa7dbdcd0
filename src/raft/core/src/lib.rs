//! The border: raft_core.h's functions. Each catches panics; after one the node is failed for good, since the crate's
//! state may be half changed.

mod check;
mod ffi;
mod node;
mod tail;
mod trace;

use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::slice;
use std::sync::Once;

use raft::eraftpb::{Message, MessageType};

use ffi::*;
use node::{Node, Outcome, Ready};

pub struct Raft {
    node: Node,
    failure: Option<String>,
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics are reported through the border's error, not on the terminal.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            PANIC.with(|p| *p.borrow_mut() = info.to_string().replace('\n', " "));
        }));
    });
}

unsafe fn fill(error: *mut ErrorText, text: &str) {
    if let Some(e) = error.as_mut() {
        e.set(text);
    }
}

unsafe fn call<T>(raft: *mut Raft, error: *mut ErrorText, f: impl FnOnce(&mut Node) -> Outcome<T>) -> Result<T, i32> {
    let raft = &mut *raft;
    if let Some(text) = &raft.failure {
        fill(error, text);
        return Err(FAILED);
    }
    let node = &mut raft.node;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let outcome = f(node);
        node.settle_timeout();
        outcome
    }));
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err((code, text))) => {
            fill(error, &text);
            Err(code)
        }
        Err(_) => {
            let text = PANIC.with(|p| p.borrow().clone());
            fill(error, &text);
            raft.failure = Some(text);
            Err(FAILED)
        }
    }
}

fn code(outcome: Result<(), i32>) -> i32 {
    outcome.err().unwrap_or(OK)
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_create(
    options: *const Options,
    reader: *const Reader,
    error: *mut ErrorText,
) -> *mut Raft {
    install_panic_hook();
    let made = catch_unwind(AssertUnwindSafe(|| {
        let logger = trace::logger(*reader);
        Node::create(&*options, *reader, &logger)
    }));
    match made {
        Ok(Ok(node)) => Box::into_raw(Box::new(Raft { node, failure: None })),
        Ok(Err((_, text))) => {
            fill(error, &text);
            ptr::null_mut()
        }
        Err(_) => {
            fill(error, &PANIC.with(|p| p.borrow().clone()));
            ptr::null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_destroy(raft: *mut Raft) {
    if !raft.is_null() {
        drop(Box::from_raw(raft));
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_tick(raft: *mut Raft, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| {
        n.raw.tick();
        Ok(())
    }))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_step(raft: *mut Raft, message: Slice, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| n.step(message.bytes())))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_propose(
    raft: *mut Raft,
    term: u64,
    entries: *const Slice,
    count: usize,
    error: *mut ErrorText,
) -> i32 {
    let entries = if count == 0 { &[] } else { slice::from_raw_parts(entries, count) };
    code(call(raft, error, |n| n.propose(term, entries)))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_propose_change(
    raft: *mut Raft,
    term: u64,
    kind: i32,
    member: u64,
    context: Slice,
    error: *mut ErrorText,
) -> i32 {
    code(call(raft, error, |n| n.propose_change(term, kind, member, context.bytes())))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_read_index(raft: *mut Raft, context: Slice, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| n.read_index(context.bytes())))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_transfer_leader(raft: *mut Raft, to: u64, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| n.transfer_leader(to)))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_campaign(raft: *mut Raft, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| n.raw.campaign().map_err(|e| (INVALID, e.to_string()))))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_report_unreachable(raft: *mut Raft, member: u64, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| {
        n.raw.report_unreachable(member);
        Ok(())
    }))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_report_snapshot(
    raft: *mut Raft,
    member: u64,
    ok: i32,
    error: *mut ErrorText,
) -> i32 {
    code(call(raft, error, |n| {
        n.report_snapshot(member, ok != 0);
        Ok(())
    }))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_set_window(
    raft: *mut Raft,
    member: u64,
    max_inflight_messages: u32,
    error: *mut ErrorText,
) -> i32 {
    code(call(raft, error, |n| {
        n.raw.raft.adjust_max_inflight_msgs(member, max_inflight_messages as usize);
        Ok(())
    }))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_has_ready(raft: *const Raft) -> i32 {
    let raft = &*raft;
    (raft.failure.is_none() && raft.node.raw.has_ready()) as i32
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_ready(raft: *mut Raft, error: *mut ErrorText) -> *mut Ready {
    match call(raft, error, |n| Ok(n.ready())) {
        Ok(ready) => Box::into_raw(Box::new(ready)),
        Err(_) => ptr::null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_ready_summarize(ready: *const Ready, out: *mut ReadySummary) {
    let r = &*ready;
    let hs = r.hard_state.clone().unwrap_or_default();
    *out = ReadySummary {
        number: r.number,
        must_sync: r.must_sync as i32,
        has_hard_state: r.hard_state.is_some() as i32,
        term: hs.term,
        vote: hs.vote,
        commit: hs.commit,
        role_changed: r.role_changed as i32,
        role: node::role_number(r.role),
        leader: r.leader,
        message_count: r.messages.len(),
        messages_wait: r.messages_wait as i32,
        entry_count: r.entries.len(),
        committed_entry_count: r.committed.len(),
        read_state_count: r.read_states.len(),
        has_snapshot: r.snapshot.is_some() as i32,
    };
}

#[no_mangle]
pub unsafe extern "C" fn graft_ready_message(ready: *const Ready, i: usize, out: *mut OutMessage) {
    let (to, is_snapshot, bytes) = &(&(*ready).messages)[i];
    *out = OutMessage { to: *to, is_snapshot: *is_snapshot as i32, bytes: Slice::of(bytes) };
}

#[no_mangle]
pub unsafe extern "C" fn graft_ready_entry(ready: *const Ready, committed: i32, i: usize, out: *mut CEntry) {
    let r = &*ready;
    let entries = if committed != 0 { &r.committed } else { &r.entries };
    *out = CEntry::of(&entries[i]);
}

#[no_mangle]
pub unsafe extern "C" fn graft_ready_read_state(
    ready: *const Ready,
    i: usize,
    index: *mut u64,
    context: *mut Slice,
) {
    let state = &(&(*ready).read_states)[i];
    *index = state.index;
    *context = Slice::of(&state.request_ctx);
}

#[no_mangle]
pub unsafe extern "C" fn graft_ready_snapshot(ready: *const Ready, out: *mut CSnapshot) {
    if let Some(s) = &(*ready).snapshot {
        *out = CSnapshot::of(s);
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_ready_destroy(ready: *mut Ready) {
    if !ready.is_null() {
        drop(Box::from_raw(ready));
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_on_persisted(raft: *mut Raft, ready_number: u64, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| {
        n.on_persisted(ready_number);
        Ok(())
    }))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_on_applied(raft: *mut Raft, index: u64, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| n.on_applied(index)))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_apply_change(raft: *mut Raft, data: Slice, error: *mut ErrorText) -> i32 {
    code(call(raft, error, |n| n.apply_change(data.bytes())))
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_compact(
    raft: *mut Raft,
    index: u64,
    first_index: *mut u64,
    error: *mut ErrorText,
) -> i32 {
    match call(raft, error, |n| n.compact(index)) {
        Ok(first) => {
            *first_index = first;
            OK
        }
        Err(code) => code,
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_status(raft: *const Raft, out: *mut CStatus) {
    *out = (*raft).node.status();
}

unsafe fn copy_out<T>(from: Vec<T>, out: *mut T, capacity: usize) -> usize {
    let n = from.len();
    for (i, item) in from.into_iter().take(capacity).enumerate() {
        ptr::write(out.add(i), item);
    }
    n
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_progress(raft: *const Raft, out: *mut CProgress, capacity: usize) -> usize {
    copy_out((*raft).node.progress(), out, capacity)
}

#[no_mangle]
pub unsafe extern "C" fn graft_raft_members(
    raft: *const Raft,
    learners: i32,
    out: *mut u64,
    capacity: usize,
) -> usize {
    copy_out((*raft).node.members(learners != 0), out, capacity)
}

#[no_mangle]
pub unsafe extern "C" fn graft_message_parse(bytes: Slice, error: *mut ErrorText) -> *mut Message {
    install_panic_hook();
    match catch_unwind(AssertUnwindSafe(|| check::parse(bytes.bytes()))) {
        Ok(Ok(m)) => Box::into_raw(Box::new(m)),
        Ok(Err(text)) => {
            fill(error, &text);
            ptr::null_mut()
        }
        Err(_) => {
            fill(error, "not a Raft message");
            ptr::null_mut()
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_message_inspect(message: *const Message, out: *mut MessageInfo) {
    let m = &*message;
    *out = MessageInfo {
        from: m.from,
        to: m.to,
        term: m.term,
        is_snapshot: (m.get_msg_type() == MessageType::MsgSnapshot) as i32,
        snapshot: CSnapshot::of(m.get_snapshot()),
    };
}

#[no_mangle]
pub unsafe extern "C" fn graft_message_destroy(message: *mut Message) {
    if !message.is_null() {
        drop(Box::from_raw(message));
    }
}

#[no_mangle]
pub unsafe extern "C" fn graft_entry_sink_put(sink: *mut EntrySink, entry: *const CEntry) {
    (*sink).0.push((*entry).to_entry());
}

#[no_mangle]
pub unsafe extern "C" fn graft_snapshot_sink_put(sink: *mut SnapshotSink, snapshot: *const CSnapshot) {
    (*sink).0 = Some((*snapshot).to_snapshot());
}
