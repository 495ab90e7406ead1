//! The ladder of one node, as a state machine without IO: one input, one action; no clock, no async.
//!
//! Join: attempt, and before each next attempt what cures the cause of the last failure: a reset one level up, or
//! nothing on the node. Where a probe sees that an attempt would fail, the reset comes without that attempt. Reset: a
//! level, and with a higher ceiling the next level where a probe still finds the node unclean. The highest level boots
//! the machine, and one aggressive reset may follow it. A probe stands before and
//! after everything that changes the node; it is both the first look and the proof.

use crate::model::{Level, Phase};

#[cfg(test)]
mod tests;

/// What is to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// The node is a healthy member of its cluster.
    Join,
    /// Nothing of Kubernetes is left on the node.
    Reset,
}

/// The bounds of one node's ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// What is to be reached.
    pub goal: Goal,
    /// The first reset's level.
    pub start: Level,
    /// The highest level.
    pub ceiling: Level,
    /// How many times `kubeadm join` may be started.
    pub attempts: u32,
    /// How many runs that were lost, or came too late to begin, may be repeated.
    pub losses: u32,
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// The goal is reached.
    Good,
    /// It is not; a join may bring it.
    Bad,
    /// It is not, and a join would fail; a reset may help.
    Doomed,
    /// It is not, and a kubelet that is started anew may bring it.
    Restartable,
    /// It is not, for a reason that kfleet cures with nothing.
    Hopeless,
    /// It could not be told.
    Unclear,
    /// kfleet does not touch this node.
    Forbidden,
}

/// How something that changes the node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ran {
    /// Every required step succeeded.
    Done,
    /// A required step failed.
    Failed,
    /// A guard said no.
    Refused,
    /// Its end was not seen.
    Lost,
    /// It failed for a reason that no reset cures.
    Hopeless,
    /// A join failed for a reason that is gone by now, and that no reset was needed for.
    Again,
    /// It ended between two steps, because a user asked it to.
    Halted,
    /// Every required step succeeded, and a user had asked it to end: it is looked at, and nothing more is begun.
    DoneAndHalted,
    /// It booted the machine, which did not come back.
    Gone,
    /// It could not even begin (another run has the node, no join command was to be had): nothing a higher level cures.
    NotStarted,
    /// It was not begun, as the look that it was decided on does not hold any more, or as it never got to the node. It is
    /// looked at anew.
    Stale,
}

impl Ran {
    /// The end that it brings whatever else holds; `None` where the ladder goes on.
    fn ends(self) -> Option<End> {
        match self {
            Self::Refused => Some(End::Refused),
            Self::Hopeless => Some(End::Failed),
            Self::Halted => Some(End::Halted),
            Self::Gone => Some(End::Gone),
            Self::Done
            | Self::DoneAndHalted
            | Self::Failed
            | Self::Lost
            | Self::Again
            | Self::NotStarted
            | Self::Stale => None,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The node is connected.
    Start,
    /// A probe came back.
    Probed(Seen),
    /// A probe could not be made, after all patience of the connection.
    Unprobed,
    /// A reset or a join ended.
    Ran(Ran),
    /// While it was looked at, something was followed to its end that had been started before: by an earlier run that this one
    /// goes on with, or by this one on a connection that it had lost. It counts as if the ladder had decided on it; `Stale`
    /// says of one that was lost that it had not even begun.
    TookUp(Run, Ran),
    /// The user wants to stop.
    Stop,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Look.
    Probe,
    /// Reset at this level.
    Reset(Level),
    /// Start `kubeadm join`; the number counts from 1.
    Join(u32),
    /// Restart the kubelet.
    Restart,
    /// Go on with what is under way.
    Wait,
    /// The story is over.
    End(End),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// A probe found the goal reached.
    Good,
    /// Attempts or ladder are used up.
    Failed,
    /// Forbidden, or a guard said no.
    Refused,
    /// The connection was lost too often.
    Lost,
    /// Stopped by the user.
    Stopped,
    /// What ran on the node was asked to end, by whomever.
    Halted,
    /// The machine did not come back from its boot.
    Gone,
}

/// Something that changes the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Run {
    /// A reset of this level, or a boot.
    Reset(Level),
    /// `kubeadm join`.
    Join,
    /// The kubelet started anew.
    Restart,
}

impl Run {
    /// The one that carries out such a phase; `None` where no ladder decides on it.
    pub fn of(phase: Phase, level: Option<Level>) -> Option<Self> {
        match (phase, level) {
            (Phase::Join, _) => Some(Self::Join),
            (Phase::Restart, _) => Some(Self::Restart),
            (Phase::Reset | Phase::Reboot, Some(level)) => Some(Self::Reset(level)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Idle,
    Probing,
    Running(Run),
    Over(End),
}

/// What a run that has not begun leaves as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Before {
    last: Option<(Run, Ran)>,
    level: Option<Level>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Escalation {
    bounds: Bounds,
    state: State,
    last: Option<(Run, Ran)>,
    level: Option<Level>,
    /// What was so when the last run was decided on, for as long as it may turn out not to have begun.
    before: Option<Before>,
    attempts: u32,
    losses: u32,
    restarted: bool,
    stopping: bool,
    halted: bool,
}

impl Escalation {
    /// At the foot of the ladder.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: State::Idle,
            last: None,
            level: None,
            before: None,
            attempts: 0,
            losses: 0,
            restarted: false,
            stopping: false,
            halted: false,
        }
    }

    /// How many joins were started.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The highest level started.
    pub fn level(&self) -> Option<Level> {
        self.level
    }

    /// Whether the kubelet was restarted, which is done once.
    pub fn restarted(&self) -> bool {
        self.restarted
    }

    /// Whether its story has come to its end.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_))
    }

    /// Whether anything that changes the node was started.
    pub fn changed_something(&self) -> bool {
        self.last.is_some() || matches!(self.state, State::Running(_))
    }

    /// One input, one action. An input that does not fit the state changes nothing.
    pub fn on(&mut self, input: Input) -> Action {
        match (self.state, input) {
            (State::Over(end), _) => Action::End(end),
            (State::Running(_), Input::Stop) => {
                self.stopping = true;
                Action::Wait
            }
            (_, Input::Stop) => self.end(End::Stopped),
            (State::Idle, Input::Start) => self.probe(),
            (State::Probing, Input::Probed(seen)) => self.probed(seen),
            (State::Probing, Input::Unprobed) => self.end(End::Lost),
            (State::Probing, Input::TookUp(run, ran)) => self.took_up(run, ran),
            (State::Running(run), Input::Ran(ran)) => self.ran(run, ran),
            _ => Action::Wait,
        }
    }

    /// What had other bounds than these, or whose end was not seen, tells nothing. What somebody has ended, or a guard, is not
    /// begun again.
    fn took_up(&mut self, run: Run, ran: Ran) -> Action {
        if let Some(end) = ran.ends() {
            return self.end(end);
        }
        let ran = self.heard(ran);
        if ran == Ran::Stale && self.last == Some((run, Ran::Lost)) {
            self.uncount(run);
        }
        let within = match run {
            Run::Reset(level) => (self.bounds.start..=self.bounds.ceiling).contains(&level),
            Run::Join | Run::Restart => self.bounds.goal == Goal::Join,
        };
        let told = matches!(ran, Ran::Done | Ran::Failed | Ran::Again);
        if within && told && (self.last.is_none() || self.last == Some((run, Ran::Lost))) {
            match run {
                Run::Reset(level) => self.level = self.level.max(Some(level)),
                Run::Join => self.attempts = self.attempts.max(1),
                Run::Restart => self.restarted = true,
            }
            self.last = Some((run, ran));
        }
        Action::Wait
    }

    /// That somebody wants no more is one thing, how it ended another.
    fn heard(&mut self, ran: Ran) -> Ran {
        if ran != Ran::DoneAndHalted {
            return ran;
        }
        self.halted = true;
        Ran::Done
    }

    fn ran(&mut self, run: Run, ran: Ran) -> Action {
        let ran = self.heard(ran);
        if matches!(ran, Ran::NotStarted | Ran::Stale) {
            return self.not_begun(run, ran);
        }
        self.last = Some((run, ran));
        self.before = self.before.filter(|_| ran == Ran::Lost);
        if let Some(end) = ran.ends() {
            return self.end(end);
        }
        match ran {
            Ran::Lost if self.losses == self.bounds.losses => return self.end(End::Lost),
            Ran::Lost => self.losses += 1,
            _ => {}
        }
        if self.stopping { self.end(End::Stopped) } else { self.probe() }
    }

    /// What has not begun counts for nothing but the patience with it.
    fn not_begun(&mut self, run: Run, ran: Ran) -> Action {
        self.uncount(run);
        if self.stopping {
            return self.end(End::Stopped);
        }
        if ran == Ran::NotStarted || self.losses == self.bounds.losses {
            return self.end(End::Failed);
        }
        self.losses += 1;
        self.probe()
    }

    fn uncount(&mut self, run: Run) {
        let Some(before) = self.before.take() else { return };
        (self.last, self.level) = (before.last, before.level);
        self.attempts -= u32::from(run == Run::Join);
        self.restarted &= run != Run::Restart;
    }

    /// Decides on a run.
    fn start(&mut self, run: Run) {
        self.before = Some(Before { last: self.last, level: self.level });
        self.state = State::Running(run);
    }

    fn probed(&mut self, seen: Seen) -> Action {
        match seen {
            Seen::Good => self.end(End::Good),
            _ if self.halted => self.end(End::Halted),
            Seen::Forbidden => self.end(End::Refused),
            Seen::Hopeless => self.end(End::Failed),
            Seen::Unclear => self.unclear(),
            Seen::Bad | Seen::Doomed | Seen::Restartable => self.bad(seen),
        }
    }

    /// A reset was asked for and needs no reason; a join must not wipe what may be healthy.
    fn unclear(&mut self) -> Action {
        match (self.bounds.goal, self.last) {
            (Goal::Reset, None) => self.reset(self.bounds.start),
            (Goal::Reset, Some((Run::Reset(level), Ran::Lost))) => self.reset(level),
            _ => self.end(End::Failed),
        }
    }

    fn bad(&mut self, seen: Seen) -> Action {
        let joins = self.bounds.goal == Goal::Join;
        match self.last {
            // Where TLS bootstrap worked a reset would only undo it, whatever keeps the node from being ready.
            Some((Run::Join, Ran::Done)) => self.end(End::Failed),
            Some((Run::Reset(level), Ran::Lost)) => self.reset(level),
            _ if joins && seen == Seen::Restartable && !self.restarted => self.restart(),
            _ if joins && seen != Seen::Bad => self.climb(),
            None | Some((Run::Join, Ran::Lost | Ran::Again) | (Run::Reset(_), Ran::Done) | (Run::Restart, _))
                if joins =>
            {
                self.join()
            }
            None => self.reset(self.bounds.start),
            Some(_) => self.climb(),
        }
    }

    /// One level up, where there is one and something may still follow it. What a boot has let go of is removed after it.
    fn climb(&mut self) -> Action {
        if self.last == Some((Run::Reset(Level::Reboot), Ran::Done)) {
            return self.reset(Level::Aggressive);
        }
        let next = self.level.map_or(Some(self.bounds.start), Level::next);
        let worth_it = self.bounds.goal == Goal::Reset || self.attempts < self.bounds.attempts;
        match next.filter(|level| *level <= self.bounds.ceiling && worth_it) {
            Some(level) => self.reset(level),
            None => self.end(End::Failed),
        }
    }

    fn probe(&mut self) -> Action {
        self.state = State::Probing;
        Action::Probe
    }

    fn reset(&mut self, level: Level) -> Action {
        self.start(Run::Reset(level));
        self.level = self.level.max(Some(level));
        Action::Reset(level)
    }

    fn restart(&mut self) -> Action {
        self.restarted = true;
        self.start(Run::Restart);
        Action::Restart
    }

    fn join(&mut self) -> Action {
        if self.attempts == self.bounds.attempts {
            return self.end(End::Failed);
        }
        self.attempts += 1;
        self.start(Run::Join);
        Action::Join(self.attempts)
    }

    fn end(&mut self, end: End) -> Action {
        self.state = State::Over(end);
        Action::End(end)
    }
}
