//! The ladder of one node, as a state machine without IO: one input, one action; no clock, no async.
//!
//! Join: attempt, and before each next attempt what cures the cause of the last failure: a reset one level up, or
//! nothing on the node. Where a probe sees that an attempt would fail, the reset comes without that attempt. Reset: a
//! level, and with a higher ceiling the next level where a probe still finds the node unclean. A probe stands before and
//! after everything that changes the node; it is both the first look and the proof.

use crate::model::Level;

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
    /// How many lost runs may be repeated.
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
    /// It could not even begin (another run has the node, no join command was to be had): nothing a higher level cures.
    NotStarted,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Run {
    Reset(Level),
    Join,
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Idle,
    Probing,
    Running(Run),
    Over(End),
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Escalation {
    bounds: Bounds,
    state: State,
    last: Option<(Run, Ran)>,
    level: Option<Level>,
    attempts: u32,
    losses: u32,
    restarted: bool,
    stopping: bool,
}

impl Escalation {
    /// At the foot of the ladder.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: State::Idle,
            last: None,
            level: None,
            attempts: 0,
            losses: 0,
            restarted: false,
            stopping: false,
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
            (State::Running(run), Input::Ran(ran)) => self.ran(run, ran),
            _ => Action::Wait,
        }
    }

    fn ran(&mut self, run: Run, ran: Ran) -> Action {
        self.last = Some((run, ran));
        match ran {
            Ran::Refused => return self.end(End::Refused),
            Ran::NotStarted => {
                self.attempts -= u32::from(run == Run::Join);
                return self.end(End::Failed);
            }
            Ran::Hopeless => return self.end(End::Failed),
            Ran::Lost if self.losses == self.bounds.losses => return self.end(End::Lost),
            Ran::Lost => self.losses += 1,
            Ran::Done | Ran::Failed | Ran::Again => {}
        }
        if self.stopping { self.end(End::Stopped) } else { self.probe() }
    }

    fn probed(&mut self, seen: Seen) -> Action {
        match seen {
            Seen::Good => self.end(End::Good),
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
            None | Some((Run::Join, Ran::Lost | Ran::Again) | (Run::Reset(_), Ran::Done) | (Run::Restart, _)) if joins => {
                self.join()
            }
            None => self.reset(self.bounds.start),
            Some(_) => self.climb(),
        }
    }

    /// One level up, where there is one and something may still follow it.
    fn climb(&mut self) -> Action {
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
        self.level = Some(level);
        self.state = State::Running(Run::Reset(level));
        Action::Reset(level)
    }

    fn restart(&mut self) -> Action {
        self.restarted = true;
        self.state = State::Running(Run::Restart);
        Action::Restart
    }

    fn join(&mut self) -> Action {
        if self.attempts == self.bounds.attempts {
            return self.end(End::Failed);
        }
        self.attempts += 1;
        self.state = State::Running(Run::Join);
        Action::Join(self.attempts)
    }

    fn end(&mut self, end: End) -> Action {
        self.state = State::Over(end);
        Action::End(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    const INPUTS: [Input; 17] = [
        Input::Start,
        Input::Probed(Seen::Good),
        Input::Probed(Seen::Bad),
        Input::Probed(Seen::Doomed),
        Input::Probed(Seen::Restartable),
        Input::Probed(Seen::Hopeless),
        Input::Probed(Seen::Unclear),
        Input::Probed(Seen::Forbidden),
        Input::Unprobed,
        Input::Ran(Ran::Done),
        Input::Ran(Ran::Failed),
        Input::Ran(Ran::Refused),
        Input::Ran(Ran::Lost),
        Input::Ran(Ran::Hopeless),
        Input::Ran(Ran::Again),
        Input::Ran(Ran::NotStarted),
        Input::Stop,
    ];

    fn all_bounds() -> Vec<Bounds> {
        let mut all = Vec::new();
        for goal in [Goal::Join, Goal::Reset] {
            for start in Level::ALL {
                for ceiling in Level::ALL.into_iter().filter(|c| *c >= start) {
                    for attempts in 1..=3 {
                        for losses in 0..=2 {
                            all.push(Bounds { goal, start, ceiling, attempts, losses });
                        }
                    }
                }
            }
        }
        all
    }

    /// Checks one edge against everything that must hold.
    fn check(before: &Escalation, input: Input, action: Action, after: &Escalation) {
        let bounds = before.bounds;
        match action {
            Action::Reset(level) => {
                let asked_for = bounds.goal == Goal::Reset && before.last.is_none_or(|(_, ran)| ran == Ran::Lost);
                let bad = [Seen::Bad, Seen::Doomed, Seen::Restartable].map(Input::Probed).contains(&input);
                let allowed = bad || (input == Input::Probed(Seen::Unclear) && asked_for);
                assert!(
                    allowed,
                    "a run follows only a probe that was bad, and never climbs on one that could not tell"
                );
                assert!(level >= bounds.start && level <= bounds.ceiling, "within start..ceiling");
                assert!(before.level.is_none_or(|old| old <= level), "a level never goes down");
                assert!(!before.stopping, "nothing starts after stop");
                assert!(before.last != Some((Run::Join, Ran::Done)), "what has joined is not reset");
                let again = before.last == Some((Run::Join, Ran::Again)) && input == Input::Probed(Seen::Bad);
                assert!(!again, "no level is burnt for a cause that needed no reset");
            }
            Action::Restart => {
                assert!(input == Input::Probed(Seen::Restartable) && bounds.goal == Goal::Join && !before.stopping);
                assert!(!before.restarted, "the kubelet is restarted once");
            }
            Action::Join(n) => {
                let lost = matches!(before.last, Some((Run::Reset(_), Ran::Lost)));
                assert!(input == Input::Probed(Seen::Bad) && !lost, "what is doomed is not tried");
                assert!(n == before.attempts + 1 && n <= bounds.attempts);
                assert!(bounds.goal == Goal::Join && !before.stopping);
                assert!(before.last != Some((Run::Join, Ran::Done)), "what has joined is not joined again");
            }
            Action::Probe => assert!(!before.stopping && input != Input::Stop),
            Action::End(End::Good) if !matches!(before.state, State::Over(_)) => {
                assert_eq!(input, Input::Probed(Seen::Good), "good only from a good probe");
            }
            Action::End(_) | Action::Wait => {}
        }
        if action == Action::Wait {
            let mut same = after.clone();
            same.stopping = before.stopping;
            assert_eq!(same, *before, "an input that does not fit changes nothing but the wish to stop");
        }
    }

    /// The longest path from `state`, with every state on it different: a cycle would make the recursion meet itself.
    fn depth(machine: &Escalation, open: &mut HashSet<Escalation>, known: &mut HashMap<Escalation, usize>) -> usize {
        if let Some(depth) = known.get(machine) {
            return *depth;
        }
        assert!(open.insert(machine.clone()), "a cycle: it would not terminate: {machine:?}");
        let mut longest = 0;
        for input in INPUTS {
            let mut next = machine.clone();
            let action = next.on(input);
            check(machine, input, action, &next);
            if next != *machine {
                longest = longest.max(1 + depth(&next, open, known));
            }
        }
        open.remove(machine);
        known.insert(machine.clone(), longest);
        longest
    }

    #[test]
    fn every_state_times_every_input_keeps_the_promises() {
        let mut states = 0;
        for bounds in all_bounds() {
            let mut known = HashMap::new();
            let longest = depth(&Escalation::new(bounds), &mut HashSet::new(), &mut known);
            assert!(longest <= 27, "{longest} steps for {bounds:?}");
            states += known.len();
        }
        assert!(states > 1000, "the search covered only {states} states");
    }

    fn play(bounds: Bounds, answers: &[Input]) -> Vec<Action> {
        let mut machine = Escalation::new(bounds);
        answers.iter().map(|input| machine.on(*input)).collect()
    }

    #[test]
    fn a_join_climbs_gentle_before_the_second_and_aggressive_before_the_third() {
        let bounds =
            Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
        let (bad, done, failed) = (Input::Probed(Seen::Bad), Input::Ran(Ran::Done), Input::Ran(Ran::Failed));
        let actions = play(
            bounds,
            &[Input::Start, bad, failed, bad, done, bad, failed, bad, done, bad, done, Input::Probed(Seen::Good)],
        );
        assert_eq!(
            actions,
            [
                Action::Probe,
                Action::Join(1),
                Action::Probe,
                Action::Reset(Level::Gentle),
                Action::Probe,
                Action::Join(2),
                Action::Probe,
                Action::Reset(Level::Aggressive),
                Action::Probe,
                Action::Join(3),
                Action::Probe,
                Action::End(End::Good),
            ]
        );
    }

    #[test]
    fn what_is_known_to_be_doomed_burns_no_attempt_and_what_is_hopeless_no_level() {
        let bounds =
            Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
        let (bad, doomed, done) = (Input::Probed(Seen::Bad), Input::Probed(Seen::Doomed), Input::Ran(Ran::Done));
        assert_eq!(
            play(bounds, &[Input::Start, doomed, done, doomed, done, bad, done, Input::Probed(Seen::Good)]),
            [
                Action::Probe,
                Action::Reset(Level::Gentle),
                Action::Probe,
                Action::Reset(Level::Aggressive),
                Action::Probe,
                Action::Join(1),
                Action::Probe,
                Action::End(End::Good),
            ]
        );
        let hopeless = Input::Probed(Seen::Hopeless);
        assert_eq!(play(bounds, &[Input::Start, hopeless]), [Action::Probe, Action::End(End::Failed)]);
        let again = Input::Ran(Ran::Again);
        assert_eq!(play(bounds, &[Input::Start, bad, again, bad])[3], Action::Join(2));
        let idle = Input::Probed(Seen::Restartable);
        let actions = play(bounds, &[Input::Start, idle, done, idle, done, bad]);
        assert_eq!(actions[1], Action::Restart);
        assert_eq!((actions[3], actions[5]), (Action::Reset(Level::Gentle), Action::Join(1)));
    }

    #[test]
    fn a_failed_reset_climbs_without_a_doomed_attempt() {
        let bounds =
            Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
        let (bad, failed) = (Input::Probed(Seen::Bad), Input::Ran(Ran::Failed));
        let actions = play(bounds, &[Input::Start, bad, failed, bad, failed, bad]);
        assert_eq!(actions.last(), Some(&Action::Reset(Level::Aggressive)));
    }

    #[test]
    fn a_lost_run_is_repeated_at_its_level_after_a_probe() {
        let bounds =
            Bounds { goal: Goal::Reset, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 1, losses: 1 };
        let (bad, lost) = (Input::Probed(Seen::Bad), Input::Ran(Ran::Lost));
        let actions = play(bounds, &[Input::Start, bad, lost, bad, lost]);
        assert_eq!(actions[3], Action::Reset(Level::Gentle));
        assert_eq!(actions[4], Action::End(End::Lost));
    }
}
