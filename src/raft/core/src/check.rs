//! Messages from the network, before the crate sees them: the crate takes many of these for a programmer's error and
//! panics. And messages to the network, cut to size: the crate's batching knows no bound.

use protobuf::Message as _;
use raft::eraftpb::{Message, MessageType};

use crate::tail::entry_bytes;

pub fn parse(bytes: &[u8]) -> Result<Message, String> {
    let mut m = Message::default();
    m.merge_from_bytes(bytes).map_err(|e| format!("not a Raft message: {e}"))?;
    Ok(m)
}

/// The first thing that is wrong with a message for member `id`.
pub fn inspect(m: &Message, id: u64) -> Result<(), String> {
    if m.to != id {
        return Err(format!("a Raft message for member {}, this is member {id}", m.to));
    }
    if m.from == 0 || m.from == id {
        return Err(format!("a Raft message from member {}", m.from));
    }
    inspect_type(m)?;
    let consecutive = m.entries.iter().enumerate().all(|(i, e)| Some(e.index) == m.index.checked_add(i as u64 + 1));
    if m.get_msg_type() == MessageType::MsgAppend && !consecutive {
        return Err(format!("entries after {} are not consecutive", m.index));
    }
    if m.get_msg_type() == MessageType::MsgAppend && m.entries.iter().any(|e| e.term == 0 || e.term > m.term) {
        return Err("an entry's term is 0 or above its message's".into());
    }
    Ok(())
}

fn inspect_type(m: &Message) -> Result<(), String> {
    use MessageType::*;
    let kind = m.get_msg_type();
    match kind {
        MsgPropose | MsgTransferLeader => {
            return Err(format!("{kind:?} from member {}: nothing is forwarded here", m.from));
        }
        MsgHup | MsgBeat | MsgUnreachable | MsgSnapStatus | MsgCheckQuorum => {
            return Err(format!("{kind:?} is a local message, it came from member {}", m.from));
        }
        MsgReadIndex | MsgReadIndexResp => {
            if m.entries.len() != 1 {
                return Err(format!("{kind:?} with {} entries instead of 1", m.entries.len()));
            }
        }
        MsgSnapshot => {
            let meta = m.get_snapshot().get_metadata();
            let conf = meta.get_conf_state();
            if meta.index == 0 || meta.term == 0 || meta.term > m.term {
                return Err(format!("a snapshot at index {} term {}", meta.index, meta.term));
            }
            if conf.voters.is_empty() || !conf.voters_outgoing.is_empty() || !conf.learners_next.is_empty() {
                return Err("a snapshot without voters, or with a joint configuration".into());
            }
        }
        _ => {}
    }
    if m.term == 0 && kind != MsgReadIndex {
        return Err(format!("{kind:?} without a term"));
    }
    Ok(())
}

/// An append of many entries as several appends of about max_bytes each; everything else as it is.
pub fn split(mut m: Message, max_bytes: u64) -> Vec<Message> {
    if m.get_msg_type() != MessageType::MsgAppend
        || m.entries.len() < 2
        || m.entries.iter().map(entry_bytes).sum::<u64>() <= max_bytes
    {
        return vec![m];
    }
    let entries = m.take_entries();
    let mut out = Vec::new();
    let mut bytes = 0;
    for e in entries.into_iter() {
        if !m.entries.is_empty() && bytes + entry_bytes(&e) > max_bytes {
            let mut next = m.clone();
            next.clear_entries();
            let last = m.entries.last().unwrap();
            next.index = last.index;
            next.log_term = last.term;
            out.push(std::mem::replace(&mut m, next));
            bytes = 0;
        }
        bytes += entry_bytes(&e);
        m.mut_entries().push(e);
    }
    out.push(m);
    out
}
