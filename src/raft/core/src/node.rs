//! The node behind the border: the crate's RawNode, and the rules that the crate leaves to its user.

use protobuf::Message as _;
use raft::eraftpb::{
    ConfChange, ConfChangeType, ConfState, Entry, HardState, Message, MessageType, Snapshot,
};
use raft::{Config, ProgressState, RawNode, ReadOnlyOption, ReadState, SnapshotStatus, StateRole};
use slog::Logger;

use crate::ffi::*;
use crate::tail::Tail;
use crate::{check, ffi};

/// Largest batch of committed entries in one Ready.
const MAX_COMMITTED_BYTES_PER_READY: u64 = 32 << 20;

pub type Fault = (i32, String);
pub type Outcome<T> = Result<T, Fault>;

fn invalid<T>(text: String) -> Outcome<T> {
    Err((INVALID, text))
}

pub struct Node {
    pub raw: RawNode<Tail>,
    max_bytes_per_message: u64,
    max_uncommitted_bytes: u64,
    random: u64,
    election_ticks: usize,
    timeout_ticks: usize,
    timeout_drawn_for: (u64, StateRole),
}

pub struct Ready {
    pub number: u64,
    pub must_sync: bool,
    pub hard_state: Option<HardState>,
    pub role_changed: bool,
    pub role: StateRole,
    pub leader: u64,
    pub messages: Vec<(u64, bool, Vec<u8>)>,
    pub messages_wait: bool,
    pub entries: Vec<Entry>,
    pub committed: Vec<Entry>,
    pub read_states: Vec<ReadState>,
    pub snapshot: Option<Snapshot>,
}

pub fn role_number(role: StateRole) -> i32 {
    match role {
        StateRole::Follower => 0,
        StateRole::Candidate => 1,
        StateRole::Leader => 2,
        StateRole::PreCandidate => 3,
    }
}

fn validate(o: &Options, conf: &ConfState) -> Outcome<()> {
    if conf.voters.is_empty() && !conf.learners.is_empty() {
        return invalid("a configuration of learners only: no leader could ever be elected".into());
    }
    if o.first_index == 0 || o.last_index + 1 < o.first_index {
        return invalid(format!("a log from {} to {}", o.first_index, o.last_index));
    }
    if o.applied + 1 < o.first_index || o.applied > o.last_index {
        return invalid(format!(
            "applied index {} outside the log, which begins after {} and ends at {}",
            o.applied,
            o.first_index - 1,
            o.last_index
        ));
    }
    if o.commit > o.last_index {
        return invalid(format!("the hard state says commit {}, the log ends at {}", o.commit, o.last_index));
    }
    Ok(())
}

impl Node {
    pub unsafe fn create(o: &Options, reader: Reader, logger: &Logger) -> Outcome<Node> {
        let mut conf = ConfState::default();
        conf.voters = ids(o.voters, o.voter_count);
        conf.learners = ids(o.learners, o.learner_count);
        validate(o, &conf)?;
        let mut hard_state = HardState::default();
        hard_state.term = o.term;
        hard_state.vote = o.vote;
        // The crate panics when applied > commit; what is applied was committed.
        hard_state.commit = o.commit.max(o.applied);
        let config = Config {
            id: o.id,
            election_tick: o.election_ticks as usize,
            heartbeat_tick: o.heartbeat_ticks as usize,
            applied: o.applied,
            max_size_per_msg: o.max_bytes_per_message,
            max_inflight_msgs: o.max_inflight_messages as usize,
            max_uncommitted_size: o.max_uncommitted_bytes,
            max_committed_size_per_ready: MAX_COMMITTED_BYTES_PER_READY,
            check_quorum: true,
            pre_vote: true,
            read_only_option: ReadOnlyOption::Safe,
            batch_append: true,
            skip_bcast_commit: false,
            ..Default::default()
        };
        config.validate().map_err(|e| (INVALID, e.to_string()))?;
        let tail = Tail::new(
            reader,
            hard_state,
            conf,
            o.first_index,
            o.last_index,
            o.first_index_predecessor_term,
            o.tail_bytes,
        );
        let raw = RawNode::new(&config, tail, logger).map_err(|e| (INVALID, e.to_string()))?;
        let mut node = Node {
            raw,
            max_bytes_per_message: o.max_bytes_per_message,
            max_uncommitted_bytes: o.max_uncommitted_bytes,
            random: o.election_seed,
            election_ticks: o.election_ticks as usize,
            timeout_ticks: 0,
            timeout_drawn_for: (u64::MAX, StateRole::Follower),
        };
        node.settle_timeout();
        Ok(node)
    }

    /// The crate draws a new election timeout from a thread-local generator whenever term or role change. Ours takes
    /// its place, so that a run can be repeated. Called after every input.
    pub fn settle_timeout(&mut self) {
        let now = (self.raw.raft.term, self.raw.raft.state);
        if now != self.timeout_drawn_for {
            self.timeout_drawn_for = now;
            self.timeout_ticks = self.election_ticks + (self.next_random() % self.election_ticks as u64) as usize;
        }
        self.raw.raft.set_randomized_election_timeout(self.timeout_ticks);
    }

    fn next_random(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn step(&mut self, bytes: &[u8]) -> Outcome<()> {
        let m = check::parse(bytes).map_err(|e| (INVALID, e))?;
        check::inspect(&m, self.raw.raft.id).map_err(|e| (INVALID, e))?;
        let raft = &self.raw.raft;
        if m.get_msg_type() == MessageType::MsgAppendResponse
            && raft.state == StateRole::Leader
            && m.term == raft.term
            && !m.reject
            && m.index > raft.raft_log.last_index()
        {
            return invalid(format!(
                "member {} acknowledges entry {}, the leader's log ends at {}",
                m.from,
                m.index,
                raft.raft_log.last_index()
            ));
        }
        self.raw.step(m).map_err(|e| (INVALID, e.to_string()))
    }

    fn check_leader(&self, term: u64) -> Outcome<()> {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader {
            return Err((NOT_LEADER, "not the leader".into()));
        }
        if raft.term != term {
            return Err((LEADERSHIP_LOST, format!("leader of term {}, not of term {term}", raft.term)));
        }
        if let Some(to) = raft.lead_transferee {
            return Err((LEADERSHIP_LOST, format!("leadership is being handed over to member {to}")));
        }
        if raft.prs().get(raft.id).is_none() {
            return Err((LEADERSHIP_LOST, "no longer a member".into()));
        }
        Ok(())
    }

    pub unsafe fn propose(&mut self, term: u64, entries: &[Slice]) -> Outcome<()> {
        self.check_leader(term)?;
        let bytes: u64 = entries.iter().map(|e| e.size as u64).sum();
        if entries.len() > 1 && bytes > self.max_uncommitted_bytes {
            return Err((OVERLOADED, format!("{bytes} bytes in one proposal of several entries")));
        }
        if entries.is_empty() || entries.iter().any(|e| e.size == 0) {
            return invalid("an empty proposal".into());
        }
        let mut m = Message::default();
        m.set_msg_type(MessageType::MsgPropose);
        m.from = self.raw.raft.id;
        for e in entries {
            let mut entry = Entry::default();
            entry.data = e.bytes().to_vec().into();
            m.mut_entries().push(entry);
        }
        self.raw.raft.step(m).map_err(|_| (OVERLOADED, "too many bytes are proposed and not yet committed".into()))
    }

    pub fn propose_change(&mut self, term: u64, kind: i32, member: u64, context: &[u8]) -> Outcome<()> {
        self.check_leader(term)?;
        if self.raw.raft.has_pending_conf() {
            // The crate would turn it into an empty entry, silently.
            return Err((UNAVAILABLE, "another change of the configuration is in flight".into()));
        }
        let change_type = self.check_change(kind, member)?;
        let mut change = ConfChange::default();
        change.set_change_type(change_type);
        change.node_id = member;
        self.raw
            .propose_conf_change(context.to_vec(), change)
            .map_err(|_| (OVERLOADED, "too many bytes are proposed and not yet committed".into()))
    }

    fn check_change(&self, kind: i32, member: u64) -> Outcome<ConfChangeType> {
        let conf = self.raw.raft.prs().conf().to_conf_state();
        let (voter, learner) = (conf.voters.contains(&member), conf.learners.contains(&member));
        if member == 0 {
            return invalid("member id 0".into());
        }
        let loses_vote = voter && kind != 0;
        if loses_vote && conf.voters.len() == 1 {
            return invalid(format!("member {member} is the last voter: without it there is no leader, ever"));
        }
        if loses_vote && member == self.raw.raft.id {
            return invalid("the leader cannot be removed or made a learner: transfer leadership first".into());
        }
        match kind {
            0 if voter => invalid(format!("member {member} is a voter already")),
            0 => Ok(ConfChangeType::AddNode),
            1 if learner => invalid(format!("member {member} is a learner already")),
            1 => Ok(ConfChangeType::AddLearnerNode),
            2 if !voter && !learner => invalid(format!("{member} is not a member")),
            2 => Ok(ConfChangeType::RemoveNode),
            _ => invalid(format!("change of unknown kind {kind}")),
        }
    }

    /// Err(INVALID): nothing changed, on this and on every other member.
    pub fn apply_change(&mut self, data: &[u8]) -> Outcome<()> {
        let mut change = ConfChange::default();
        change.merge_from_bytes(data).map_err(|e| (INVALID, format!("not a configuration change: {e}")))?;
        self.raw.apply_conf_change(&change).map(|_| ()).map_err(|e| (INVALID, e.to_string()))
    }

    pub fn read_index(&mut self, context: &[u8]) -> Outcome<()> {
        let raft = &self.raw.raft;
        if raft.leader_id == 0 {
            return Err((UNAVAILABLE, "no leader is known".into()));
        }
        if raft.state == StateRole::Leader && !raft.commit_to_current_term() {
            return Err((UNAVAILABLE, "the leader has not committed an entry of its term yet".into()));
        }
        self.raw.read_index(context.to_vec());
        Ok(())
    }

    pub fn transfer_leader(&mut self, to: u64) -> Outcome<()> {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader {
            return Err((NOT_LEADER, "not the leader".into()));
        }
        if to == raft.id || !raft.prs().conf().voters().contains(to) {
            return invalid(format!("leadership cannot go to member {to}: it is this member, a learner or unknown"));
        }
        self.raw.transfer_leader(to);
        Ok(())
    }

    pub fn report_snapshot(&mut self, member: u64, ok: bool) {
        let status = if ok { SnapshotStatus::Finish } else { SnapshotStatus::Failure };
        self.raw.report_snapshot(member, status);
    }

    pub fn ready(&mut self) -> Ready {
        let mut rd = self.raw.ready();
        let snapshot = Some(rd.snapshot().clone()).filter(|s| s.get_metadata().index != 0);
        let entries = rd.take_entries();
        let messages_wait = !rd.persisted_messages().is_empty();
        let messages = if messages_wait { rd.take_persisted_messages() } else { rd.take_messages() };
        let out = Ready {
            number: rd.number(),
            must_sync: rd.must_sync(),
            hard_state: rd.hs().cloned(),
            role_changed: rd.ss().is_some(),
            role: self.raw.raft.state,
            leader: self.raw.raft.leader_id,
            messages: self.encode(messages),
            messages_wait,
            committed: rd.take_committed_entries(),
            read_states: rd.take_read_states(),
            snapshot,
            entries,
        };
        let none = Snapshot::default();
        let taken = out.snapshot.as_ref().unwrap_or(&none);
        self.raw.mut_store().take_ready(out.number, taken, &out.entries);
        self.raw.advance_append_async(rd);
        for context in self.raw.mut_store().take_postponed() {
            self.raw.on_entries_fetched(context);
        }
        out
    }

    fn encode(&self, messages: Vec<Message>) -> Vec<(u64, bool, Vec<u8>)> {
        let limit = self.max_bytes_per_message;
        messages
            .into_iter()
            .flat_map(|m| check::split(m, limit))
            .filter(|m| m.get_msg_type() != MessageType::MsgTransferLeader)
            .map(|m| {
                let is_snapshot = m.get_msg_type() == MessageType::MsgSnapshot;
                (m.to, is_snapshot, m.write_to_bytes().expect("a message encodes"))
            })
            .collect()
    }

    pub fn on_persisted(&mut self, number: u64) {
        self.raw.mut_store().on_persisted(number);
        self.raw.on_persist_ready(number);
    }

    pub fn on_applied(&mut self, index: u64) -> Outcome<()> {
        let log = &self.raw.raft.raft_log;
        if index <= log.applied {
            return Ok(());
        }
        let limit = log.committed.min(log.persisted);
        if index > limit {
            return invalid(format!("applied up to {index}, but only {limit} is committed and durable"));
        }
        self.raw.advance_apply_to(index);
        Ok(())
    }

    /// Forgets entries <= index, but no more than is applied and than a snapshot in flight needs. Gives the new first.
    pub fn compact(&mut self, index: u64) -> Outcome<u64> {
        let raft = &self.raw.raft;
        let mut limit = index.min(raft.raft_log.applied);
        for (_, p) in raft.prs().iter() {
            if raft.state == StateRole::Leader && p.state == ProgressState::Snapshot {
                limit = limit.min(p.pending_snapshot);
            }
        }
        let first = raft.raft_log.first_index();
        if limit < first {
            return Ok(first);
        }
        self.raw.mut_store().compact(limit).map_err(|e| (ffi::FAILED, e.to_string()))?;
        Ok(limit + 1)
    }

    pub fn status(&self) -> CStatus {
        let raft = &self.raw.raft;
        CStatus {
            id: raft.id,
            term: raft.term,
            vote: raft.vote,
            commit: raft.raft_log.committed,
            applied: raft.raft_log.applied,
            leader: raft.leader_id,
            role: role_number(raft.state),
            transferee: raft.lead_transferee.unwrap_or(0),
            pending_change: raft.has_pending_conf() as i32,
            first_index: raft.raft_log.first_index(),
            last_index: raft.raft_log.last_index(),
        }
    }

    pub fn progress(&self) -> Vec<CProgress> {
        let raft = &self.raw.raft;
        if raft.state != StateRole::Leader {
            return Vec::new();
        }
        let mut out: Vec<CProgress> = raft
            .prs()
            .iter()
            .map(|(id, p)| CProgress {
                id: *id,
                matched: p.matched,
                next: p.next_idx,
                pending_snapshot: p.pending_snapshot,
                state: match p.state {
                    ProgressState::Probe => 0,
                    ProgressState::Replicate => 1,
                    ProgressState::Snapshot => 2,
                },
                recent_active: p.recent_active as i32,
                paused: p.is_paused() as i32,
            })
            .collect();
        out.sort_by_key(|p| p.id);
        out
    }

    pub fn members(&self, learners: bool) -> Vec<u64> {
        let conf = self.raw.raft.prs().conf().to_conf_state();
        let mut out = if learners { conf.learners } else { conf.voters };
        out.sort_unstable();
        out
    }
}

