//! A reset whose kfleet loses the node, and what it finds when it comes back: nothing is done twice that came to an end
//! meanwhile, and nothing counts that never began.

use crate::asked::{Asked, mark};
use crate::context::context;
use crate::fake::node;
use crate::recorded;
use kfleet::diagnose::Scope;
use kfleet::engine::{Events, Task};
use kfleet::model::{Event, Kind, Level, Node, NodeReport, Outcome, Patience};
use kfleet::plan::Section;
use kfleet::shell::Rendered;
use kfleet::transport::{ConnectError, Exit, Session, SessionError, Spool, SpoolReader, Transport, spool};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What becomes of the first launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// It runs, the connection goes for longer than anybody waits, and then it has come to its end.
    Done,
    /// The same, and somebody has ended it meanwhile.
    Halted,
    /// The same, and a guard had refused.
    Refused,
    /// It never gets to the node, which is away for longer than anybody waits.
    Never,
    /// It never gets to the node, which is back at once.
    NeverAtOnce,
    /// Since the node was looked at, somebody has changed it.
    Stale,
    /// It was started, and what it prints cannot be read at first.
    Unread,
    /// It never ends.
    Endless,
}

struct Story {
    first: First,
    /// How many connections are refused next.
    away: usize,
    /// The ids of what was launched and has got to the node.
    launched: Vec<String>,
    launches: usize,
    /// What the phase prints.
    printed: Vec<u8>,
    steps: usize,
    /// What never ends.
    open: Vec<Spool>,
    clean: bool,
    probes: usize,
}

#[derive(Clone)]
struct Away(Arc<Mutex<Story>>);

impl Transport for Away {
    type Session = Self;

    async fn connect(&self, _: &Node) -> Result<Self, ConnectError> {
        let mut story = self.0.lock().unwrap();
        if story.away == 0 {
            return Ok(self.clone());
        }
        story.away -= 1;
        Err(ConnectError::Unreachable("no route to host".to_owned()))
    }
}

impl Session for Away {
    async fn start(&self, script: &Rendered) -> Result<SpoolReader, SessionError> {
        let asked = Asked::new(script.real().to_owned());
        let (spool, reader) = spool();
        let mut story = self.0.lock().unwrap();
        let (bytes, end) = story.answer(&asked)?;
        spool.push(&bytes);
        match end {
            End::Exit => spool.finish(Ok(Exit { status: Some(0), stderr: Vec::new() })),
            End::Lost => spool.finish(Err(SessionError::Lost("reset by peer".to_owned()))),
            End::Never => story.open.push(spool),
        }
        Ok(reader)
    }
}

/// How a command ends.
enum End {
    Exit,
    Lost,
    Never,
}

impl Story {
    /// What is printed, and how it ends.
    fn answer(&mut self, asked: &Asked) -> Result<(Vec<u8>, End), SessionError> {
        let title = asked.title();
        match title.split(' ').next().unwrap_or_default() {
            "probe" => Ok((self.probe(asked), End::Exit)),
            "launcher" if asked.carried().is_some() => self.launch(asked),
            "launcher" => Ok(self.follow(asked)),
            _ => panic!("nobody knows what {title:?} asks"),
        }
    }

    fn probe(&mut self, asked: &Asked) -> Vec<u8> {
        self.probes += 1;
        let recorded = recorded::load(if self.clean { "trixie-fresh" } else { "half-joined" });
        let steps = Section::ALL.iter().enumerate().map(|(step, section)| {
            let at_work = (0, b"kfleet: gentle reset by alice@desk, run1-1, since Mon\n".to_vec());
            let is_at_work = self.first == First::Endless && !self.launched.is_empty() && *section == Section::Running;
            let (status, bytes) = if is_at_work { &at_work } else { &recorded[section.name()] };
            let [begin, end] = [format!("begin {step}"), format!("end {step} {status}")];
            [mark(asked.nonce(), &begin), bytes.clone(), mark(asked.nonce(), &end)].concat()
        });
        [mark(asked.nonce(), "hello"), steps.collect::<Vec<_>>().concat(), mark(asked.nonce(), "bye")].concat()
    }

    fn launch(&mut self, asked: &Asked) -> Result<(Vec<u8>, End), SessionError> {
        self.launches += 1;
        let first = if self.launches == 1 { Some(self.first) } else { None };
        let lost = || SessionError::Lost("reset by peer".to_owned());
        let of_launcher = |words: &str| mark(asked.nonce(), words);
        let begun =
            [of_launcher("hello"), of_launcher("begin 0"), of_launcher("end 0 0"), of_launcher("begin 1")].concat();
        match first {
            Some(First::Never) => {
                self.away = 1;
                return Err(lost());
            }
            Some(First::NeverAtOnce) => return Err(lost()),
            Some(First::Stale) => {
                let refused = b"kfleet: nothing was started: somebody was faster\n".to_vec();
                return Ok(([begun, refused, of_launcher("end 1 65"), of_launcher("stop 1")].concat(), End::Exit));
            }
            _ => {}
        }
        let id = asked.variable("ID").expect("a launcher names the phase");
        self.launched.push(id);
        let phase = asked.carried().expect("it carries the phase");
        self.printed = print(&phase, first);
        self.steps = phase.steps();
        self.clean = !matches!(first, Some(First::Halted | First::Refused));
        let started = [begun, of_launcher("end 1 0"), of_launcher("begin 2")].concat();
        Ok(match first {
            Some(First::Unread) => ([started, of_launcher("end 2 1"), of_launcher("stop 2")].concat(), End::Exit),
            Some(First::Endless) => ([&started, &self.printed[..self.printed.len() / 3]].concat(), End::Never),
            Some(_) => {
                self.away = 1;
                ([&started, &self.printed[..self.printed.len() / 3]].concat(), End::Lost)
            }
            None => ([started, self.printed.clone(), of_launcher("end 2 0"), of_launcher("bye")].concat(), End::Exit),
        })
    }

    fn follow(&mut self, asked: &Asked) -> (Vec<u8>, End) {
        let of_launcher = |words: &str| mark(asked.nonce(), words);
        let there =
            [of_launcher("hello"), of_launcher("begin 0"), of_launcher("end 0 0"), of_launcher("begin 1")].concat();
        if self.launched.is_empty() {
            let boot = asked.variable("BOOT");
            assert!(boot.is_some_and(|boot| !boot.is_empty()), "it may have run in a boot before this");
            let never = b"kfleet: its launch did not get to the node\n".to_vec();
            return ([there, never, of_launcher("end 1 65"), of_launcher("stop 1")].concat(), End::Exit);
        }
        let there = [there, of_launcher("end 1 0"), of_launcher("begin 2")].concat();
        if self.first == First::Endless {
            return (there, End::Never);
        }
        let from: usize = asked.variable("OFFSET").and_then(|from| from.parse().ok()).expect("it follows from a byte");
        ([&there, &self.printed[from..], &of_launcher("end 2 0"), &of_launcher("bye")].concat(), End::Exit)
    }
}

/// What a phase prints that goes well, or that ends in its fourth step.
fn print(phase: &Asked, first: Option<First>) -> Vec<u8> {
    let of_phase = |words: &str| mark(phase.nonce(), words);
    let mut printed = of_phase("hello");
    for step in 0..phase.steps() {
        match first {
            Some(First::Halted) if step == 3 => {
                printed.extend_from_slice(b"kfleet: asked to end here by bob@lan\n");
                return [printed, of_phase("halt 3")].concat();
            }
            Some(First::Refused) if step == 3 => {
                let refused = b"refused: /srv/media is below it\n".to_vec();
                return [printed, of_phase("begin 3"), refused, of_phase("end 3 76"), of_phase("stop 3")].concat();
            }
            _ => printed.extend([of_phase(&format!("begin {step}")), of_phase(&format!("end {step} 0"))].concat()),
        }
    }
    [printed, of_phase("bye")].concat()
}

/// For a phase; what does not end by then is a failure of the test, and not a matter of the machine's speed.
const LONG: Duration = Duration::from_secs(600);

/// The report, what the node saw, and the steps that were told to begin.
async fn reset(first: First, patience: Duration) -> (NodeReport, Story, Vec<usize>) {
    let (launched, printed) = (vec![], vec![]);
    let story =
        Story { first, away: 0, launched, launches: 0, printed, steps: 0, open: vec![], clean: false, probes: 0 };
    let away = Away(Arc::new(Mutex::new(story)));
    let (sender, receiver) = channel();
    let run = kfleet::engine::Context {
        task: Task::Reset { start: Level::Gentle, ceiling: Level::Gentle, scope: Scope::Gentle },
        patience: Patience { reconnect: Duration::from_millis(100), reset: patience, ..Patience::default() },
        ..context(away.clone(), Events::new(sender))
    };
    let mut reports = kfleet::engine::run(Arc::new(run), "reset", vec![node("n1")]).await;
    let story = Arc::into_inner(away.0).expect("the run is over").into_inner().unwrap();
    let step = |event: Event| if let Kind::StepStarted { step, .. } = event.kind { Some(step) } else { None };
    (reports.remove(0), story, receiver.try_iter().filter_map(step).collect())
}

#[tokio::test]
async fn what_came_to_its_end_while_nobody_looked_is_not_done_again() {
    for (first, outcome, said) in [
        (First::Done, Outcome::Reset, ""),
        (First::Halted, Outcome::Halted, "asked to end here by bob@lan"),
        (First::Refused, Outcome::Refused, "/srv/media is below it"),
        (First::Unread, Outcome::Reset, ""),
    ] {
        let (report, story, steps) = reset(first, LONG).await;
        assert_eq!(report.outcome, outcome, "{first:?}: {report:?}");
        let last = match first {
            First::Halted => 3,
            First::Refused => 4,
            _ => story.steps,
        };
        assert_eq!(steps, (0..last).collect::<Vec<_>>(), "{first:?}: each step is told once and in order");
        assert!(report.error.as_deref().unwrap_or_default().contains(said), "{first:?}: {report:?}");
        assert_eq!(story.launches, 1, "{first:?}: it was done again");
        assert_eq!(report.level, Some(Level::Gentle), "{first:?}");
    }
}

#[tokio::test]
async fn what_never_began_counts_for_nothing_and_is_decided_on_anew() {
    for first in [First::Never, First::NeverAtOnce, First::Stale] {
        let (report, story, _) = reset(first, LONG).await;
        assert_eq!(report.outcome, Outcome::Reset, "{first:?}: {report:?}");
        assert_eq!((story.launches, story.launched.len()), (2, 1), "{first:?}");
        assert!(story.launched[0].ends_with("-2"), "{first:?}: each launch has an id of its own");
        assert!(story.probes >= 3, "{first:?}: it was not looked at again: {}", story.probes);
    }
}

#[tokio::test]
async fn what_never_ends_is_given_up_and_nothing_is_begun_beside_it() {
    let (report, story, _) = reset(First::Endless, Duration::from_millis(300)).await;
    assert_eq!(report.outcome, Outcome::Failed, "{report:?}");
    assert_eq!(story.launches, 1);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("run1-1") && error.contains("at work"), "{error}");
}
