use super::*;
use std::collections::{HashMap, HashSet};

const INPUTS: [Input; 36] = [
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
    Input::Ran(Ran::Halted),
    Input::Ran(Ran::DoneAndHalted),
    Input::Ran(Ran::Gone),
    Input::Ran(Ran::NotStarted),
    Input::Ran(Ran::Stale),
    Input::Stop,
    Input::TookUp(Run::Reset(Level::Gentle), Ran::Done),
    Input::TookUp(Run::Reset(Level::Aggressive), Ran::Failed),
    Input::TookUp(Run::Reset(Level::Reboot), Ran::Done),
    Input::TookUp(Run::Join, Ran::Done),
    Input::TookUp(Run::Join, Ran::Failed),
    Input::TookUp(Run::Restart, Ran::Done),
    Input::TookUp(Run::Join, Ran::Again),
    Input::TookUp(Run::Join, Ran::Hopeless),
    Input::TookUp(Run::Join, Ran::DoneAndHalted),
    Input::TookUp(Run::Reset(Level::Gentle), Ran::Halted),
    Input::TookUp(Run::Reset(Level::Aggressive), Ran::Refused),
    Input::TookUp(Run::Reset(Level::Reboot), Ran::Gone),
    Input::TookUp(Run::Reset(Level::Aggressive), Ran::Stale),
    Input::TookUp(Run::Restart, Ran::Stale),
    Input::TookUp(Run::Join, Ran::Stale),
];

fn all_bounds() -> Vec<Bounds> {
    let mut all = Vec::new();
    for goal in [Goal::Join, Goal::Reset] {
        for start in Level::RESETS {
            for ceiling in Level::ALL.into_iter().filter(|c| *c >= start) {
                for attempts in 1..=4 {
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
            assert!(!before.halted);
            let asked_for = bounds.goal == Goal::Reset && before.last.is_none_or(|(_, ran)| ran == Ran::Lost);
            let bad = [Seen::Bad, Seen::Doomed, Seen::Restartable].map(Input::Probed).contains(&input);
            let allowed = bad || (input == Input::Probed(Seen::Unclear) && asked_for);
            assert!(allowed, "a run follows only a probe that was bad, and never climbs on one that could not tell");
            assert!(level >= bounds.start && level <= bounds.ceiling, "within start..ceiling");
            let booted = before.level == Some(Level::Reboot) && level == Level::Aggressive;
            assert!(booted || before.level.is_none_or(|old| old <= level), "a level goes down after a boot only");
            assert!(after.level >= before.level, "and the highest is the one that is told");
            let rebooted = before.last.is_some_and(|(run, _)| run == Run::Reset(Level::Reboot));
            assert!(level != Level::Reboot || before.level != Some(level) || rebooted, "it is booted once");
            assert!(!before.stopping, "nothing starts after stop");
            assert!(before.last != Some((Run::Join, Ran::Done)), "what has joined is not reset");
            let again = before.last == Some((Run::Join, Ran::Again)) && input == Input::Probed(Seen::Bad);
            assert!(!again, "no level is burnt for a cause that needed no reset");
        }
        Action::Restart => {
            assert!(!before.halted);
            assert!(input == Input::Probed(Seen::Restartable) && bounds.goal == Goal::Join && !before.stopping);
            assert!(!before.restarted, "the kubelet is restarted once");
        }
        Action::Join(n) => {
            assert!(!before.halted);
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
    let decides = |ran| [Ran::Halted, Ran::Refused, Ran::Hopeless, Ran::Gone].contains(&ran);
    if let Input::TookUp(_, ran) = input
        && before.state == State::Probing
        && decides(ran)
    {
        assert!(matches!(after.state, State::Over(_)), "what was ended is not begun again");
    } else if let Input::TookUp(..) = input {
        assert_eq!((after.state, after.stopping, after.losses), (before.state, before.stopping, before.losses));
        assert!(after.attempts <= bounds.attempts && after.level <= before.level.max(Some(bounds.ceiling)));
    } else if action == Action::Wait {
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
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
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
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
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
fn what_was_not_started_counts_for_nothing_and_ends_as_stopped_where_that_was_wished() {
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
    let not_started = Input::Ran(Ran::NotStarted);
    for (seen, end) in [(Seen::Bad, End::Failed), (Seen::Doomed, End::Failed), (Seen::Doomed, End::Stopped)] {
        let mut machine = Escalation::new(bounds);
        machine.on(Input::Start);
        machine.on(Input::Probed(seen));
        if end == End::Stopped {
            machine.on(Input::Stop);
        }
        assert_eq!(machine.on(not_started), Action::End(end));
        assert_eq!((machine.attempts(), machine.level()), (0, None));
    }
}

#[test]
fn what_came_too_late_is_decided_on_anew() {
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
    let stale = Input::Ran(Ran::Stale);
    for (seen, action) in [
        (Seen::Doomed, Action::Reset(Level::Gentle)),
        (Seen::Bad, Action::Join(1)),
        (Seen::Restartable, Action::Restart),
    ] {
        let seen = Input::Probed(seen);
        let mut machine = Escalation::new(bounds);
        let actions = [Input::Start, seen, stale].map(|input| machine.on(input));
        assert_eq!(actions, [Action::Probe, action, Action::Probe]);
        assert_eq!((machine.attempts(), machine.level(), machine.changed_something()), (0, None, false));
        assert_eq!(machine.clone().on(Input::Probed(Seen::Good)), Action::End(End::Good), "somebody else has done it");
        assert_eq!([seen, stale].map(|input| machine.on(input)), [action, Action::End(End::Failed)], "not for ever");
    }
    let bad = Input::Probed(Seen::Doomed);
    let actions = play(bounds, &[Input::Start, bad, Input::Ran(Ran::Failed), bad, stale, bad]);
    assert_eq!(actions[3], actions[5], "what ran before still counts");
    let mut machine = Escalation::new(bounds);
    let never = Input::TookUp(Run::Reset(Level::Gentle), Ran::Stale);
    let actions = [Input::Start, bad, Input::Ran(Ran::Lost), never].map(|input| machine.on(input));
    assert_eq!(actions[1..], [Action::Reset(Level::Gentle), Action::Probe, Action::Wait]);
    assert_eq!((machine.level(), machine.changed_something()), (None, false), "it was lost before it began");
}

#[test]
fn what_a_boot_has_let_go_of_is_reset_once_more() {
    let bounds = Bounds { goal: Goal::Join, start: Level::Aggressive, ceiling: Level::Reboot, attempts: 4, losses: 1 };
    let (bad, doomed) = (Input::Probed(Seen::Bad), Input::Probed(Seen::Doomed));
    let (done, failed) = (Input::Ran(Ran::Done), Input::Ran(Ran::Failed));
    let actions = play(bounds, &[Input::Start, doomed, failed, doomed, done, doomed, done, doomed]);
    assert_eq!(actions[1], Action::Reset(Level::Aggressive));
    assert_eq!((actions[3], actions[5]), (Action::Reset(Level::Reboot), Action::Reset(Level::Aggressive)));
    assert_eq!(actions[7], Action::End(End::Failed), "and no more than once");
    let actions = play(bounds, &[Input::Start, doomed, failed, doomed, done, bad, done, Input::Probed(Seen::Good)]);
    assert_eq!((actions[5], actions[7]), (Action::Join(1), Action::End(End::Good)));
    let actions = play(bounds, &[Input::Start, doomed, failed, doomed, Input::Ran(Ran::Gone)]);
    assert_eq!(actions[4], Action::End(End::Gone));
}

#[test]
fn what_was_taken_up_is_not_done_again() {
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
    let gentle = Input::TookUp(Run::Reset(Level::Gentle), Ran::Done);
    for (seen, next) in [(Seen::Doomed, Action::Reset(Level::Aggressive)), (Seen::Bad, Action::Join(1))] {
        assert_eq!(play(bounds, &[Input::Start, gentle, Input::Probed(seen)])[1..], [Action::Wait, next]);
    }
    let joined = Input::TookUp(Run::Join, Ran::Done);
    assert_eq!(play(bounds, &[Input::Start, joined, Input::Probed(Seen::Bad)])[2], Action::End(End::Failed));
    let (bad, lost) = (Input::Probed(Seen::Doomed), Input::Ran(Ran::Lost));
    let again = play(bounds, &[Input::Start, bad, lost, gentle, bad]);
    assert_eq!(again[4], Action::Reset(Level::Aggressive), "its end was seen after all");
    let gentle_only = Bounds { ceiling: Level::Gentle, ..bounds };
    let aggressive = Input::TookUp(Run::Reset(Level::Aggressive), Ran::Done);
    assert_eq!(play(gentle_only, &[Input::Start, aggressive, bad])[2], Action::Reset(Level::Gentle));
}

#[test]
fn what_somebody_has_halted_goes_no_further() {
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 2 };
    for seen in [Seen::Bad, Seen::Doomed] {
        let actions = play(bounds, &[Input::Start, Input::Probed(seen), Input::Ran(Ran::Halted), Input::Probed(seen)]);
        assert_eq!(actions[2..], [Action::End(End::Halted); 2]);
        for (after, end) in [(Seen::Good, End::Good), (Seen::Bad, End::Halted), (Seen::Unclear, End::Halted)] {
            let late = Input::Ran(Ran::DoneAndHalted);
            let actions = play(bounds, &[Input::Start, Input::Probed(seen), late, Input::Probed(after)]);
            assert_eq!(actions[2..], [Action::Probe, Action::End(end)], "it had come to its end, which is looked at");
        }
    }
}

#[test]
fn a_failed_reset_climbs_without_a_doomed_attempt() {
    let bounds = Bounds { goal: Goal::Join, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 3, losses: 1 };
    let (bad, failed) = (Input::Probed(Seen::Bad), Input::Ran(Ran::Failed));
    let actions = play(bounds, &[Input::Start, bad, failed, bad, failed, bad]);
    assert_eq!(actions.last(), Some(&Action::Reset(Level::Aggressive)));
}

#[test]
fn a_lost_run_is_repeated_at_its_level_after_a_probe() {
    let bounds = Bounds { goal: Goal::Reset, start: Level::Gentle, ceiling: Level::Aggressive, attempts: 1, losses: 1 };
    let (bad, lost) = (Input::Probed(Seen::Bad), Input::Ran(Ran::Lost));
    let actions = play(bounds, &[Input::Start, bad, lost, bad, lost]);
    assert_eq!(actions[3], Action::Reset(Level::Gentle));
    assert_eq!(actions[4], Action::End(End::Lost));
}
