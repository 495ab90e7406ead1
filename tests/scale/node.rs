//! One node that is none: it understands what kfleet's scripts ask for, answers with what was recorded on real nodes, and
//! keeps what a node keeps of a phase, so that it can be followed from any byte. No shell runs.

use crate::asked::{Asked, mark, reply};
use crate::fault::{Dice, Fault};
use crate::gateway::Exec;
use crate::recorded::{Recorded, load};
use kfleet::plan::Section;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard};

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A join was cut off, and a pod network was there.
    Unclean,
    /// What a gentle reset leaves of it.
    StaleNetwork,
    Clean,
    Joined,
}

static FRESH: LazyLock<Recorded> = LazyLock::new(|| load("trixie-fresh"));
static HALF: LazyLock<Recorded> = LazyLock::new(|| load("half-joined"));
static STALE: LazyLock<Recorded> = LazyLock::new(|| load("stale-network"));
static API: LazyLock<Recorded> = LazyLock::new(|| load("api-token-alive"));
pub(crate) static READY: LazyLock<Recorded> = LazyLock::new(|| load("trixie-ready"));

/// Bytes of `\x1eNONCE begin N` at most.
pub(crate) const LONGEST_MARK: usize = 48;

/// What was seen and done.
pub(crate) struct Log {
    pub(crate) stage: Stage,
    pub(crate) logins: usize,
    pub(crate) execs: usize,
    pub(crate) probes: usize,
    /// How often which phase was launched, by its id.
    pub(crate) launches: BTreeMap<String, usize>,
    /// Where a phase was followed from after its connection was lost.
    pub(crate) offsets: Vec<usize>,
    /// Up to where its output was given before that.
    pub(crate) dropped_at: Option<usize>,
    printed: BTreeMap<String, Vec<u8>>,
    /// Nothing passes any more.
    silent: bool,
}

pub(crate) struct SimNode {
    pub(crate) name: String,
    pub(crate) fault: Fault,
    pub(crate) began: Stage,
    /// Whether a gentle reset is not enough.
    pub(crate) stubborn: bool,
    number: usize,
    log: Mutex<Log>,
}

impl SimNode {
    pub(crate) fn new(number: usize, fault: Fault, stage: Stage) -> Self {
        let log = Log {
            stage,
            logins: 0,
            execs: 0,
            probes: 0,
            launches: BTreeMap::new(),
            offsets: Vec::new(),
            dropped_at: None,
            printed: BTreeMap::new(),
            silent: false,
        };
        Self {
            name: format!("n{number}"),
            fault,
            began: stage,
            stubborn: number.is_multiple_of(2),
            number,
            log: Mutex::new(log),
        }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("nobody panics with it")
    }

    async fn answer(&self, exec: &mut Exec, asked: &Asked) -> bool {
        let title = asked.title().to_owned();
        if title.starts_with("probe ") {
            self.log().probes += 1;
            if self.fault == Fault::SilentInProbe {
                exec.abandoned().await;
                return false;
            }
            let answer = self.probe(asked);
            self.say(exec, &answer).await
        } else if title == "launcher" {
            self.launcher(exec, asked).await
        } else if title.starts_with("disarm ") {
            self.say(exec, &reply(asked.nonce(), 0, b"none\n")).await
        } else if title.starts_with("api-view ") {
            self.say(exec, &reply(asked.nonce(), 0, &API["Api"].1)).await
        } else {
            panic!("{}: nobody knows what {title:?} asks", self.name);
        }
    }

    /// Recorded answers, of this machine.
    fn probe(&self, asked: &Asked) -> Vec<u8> {
        let stage = self.log().stage;
        let mut answer = mark(asked.nonce(), "hello");
        for (step, section) in Section::ALL.into_iter().enumerate() {
            let name = section.name();
            let of_network = matches!(section, Section::PodLinks | Section::Chains | Section::AggressiveLeftovers);
            let recorded: &Recorded = match stage {
                Stage::Clean => &FRESH,
                Stage::Joined => &READY,
                Stage::StaleNetwork => &STALE,
                Stage::Unclean if of_network && self.stubborn => &STALE,
                Stage::Unclean => &HALF,
            };
            let (status, bytes) = &recorded[name];
            answer.extend_from_slice(&mark(asked.nonce(), &format!("begin {step}")));
            match section {
                Section::System | Section::NodeObject | Section::KubeletSettings => {
                    answer.extend(self.of_this_machine(bytes));
                }
                _ => answer.extend_from_slice(bytes),
            }
            answer.extend_from_slice(&mark(asked.nonce(), &format!("end {step} {status}")));
        }
        answer.extend_from_slice(&mark(asked.nonce(), "bye"));
        answer
    }

    /// Its Node, as the API server has it.
    pub(crate) fn object(&self) -> String {
        String::from_utf8(self.of_this_machine(&READY["NodeObject"].1)).expect("it was made of text")
    }

    fn of_this_machine(&self, recorded: &[u8]) -> Vec<u8> {
        let line = |line: &str| match line.split_once('=') {
            // the certificate that was recorded is another one's, and what the kubelet is told counts more
            Some((key @ ("hostname" | "override"), _)) => format!("{key}={}\n", self.name),
            Some((key @ ("machine_id" | "boot_id"), _)) => format!("{key}={:032x}\n", self.number),
            _ => format!("{line}\n"),
        };
        String::from_utf8_lossy(recorded).lines().map(line).collect::<String>().into_bytes()
    }

    /// Launches the phase that comes along, once per id, and gives what it prints, from the byte that is asked for.
    async fn launcher(&self, exec: &mut Exec, asked: &Asked) -> bool {
        let id = asked.variable("ID").expect("a launcher names the phase");
        let offset: usize =
            asked.variable("OFFSET").and_then(|n| n.parse().ok()).expect("a launcher follows from a byte");
        let follow = asked.steps() - 1; // the last step
        let mark = |words: &str| mark(asked.nonce(), words);
        let mut before = mark("hello");
        for step in 0..follow {
            before.extend([mark(&format!("begin {step}")), mark(&format!("end {step} 0"))].concat());
        }
        before.extend(mark(&format!("begin {follow}")));
        let cut = if let Some(phase) = asked.carried() {
            self.launch(&id, &phase)
        } else {
            self.log().offsets.push(offset);
            None
        };
        let printed = self.log().printed.get(&id).cloned().unwrap_or_default();
        if !self.say(exec, &before).await {
            return false;
        }
        let up_to = cut.unwrap_or(printed.len());
        if !self.say(exec, printed.get(offset..up_to).unwrap_or_default()).await {
            return false;
        }
        if cut.is_some() {
            self.log().dropped_at = Some(up_to);
            if self.fault == Fault::SilentInPhase {
                self.log().silent = true;
                exec.line().stick();
            } else {
                exec.line().cut();
            }
            return false;
        }
        self.say(exec, &[mark(&format!("end {follow} 0")), mark("bye")].concat()).await
    }

    /// Carries a phase out. Where its output is to end, if this connection is lost.
    fn launch(&self, id: &str, phase: &Asked) -> Option<usize> {
        let mut dice = Dice(self.number as u64);
        let refuses = self.fault == Fault::GuardRefuses;
        let printed = print(phase, refuses, &mut dice);
        let mut log = self.log();
        let is_first = log.printed.is_empty();
        *log.launches.entry(id.to_owned()).or_default() += 1;
        if !refuses {
            let level = |level: &str| phase.title().contains(level);
            log.stage = match phase.title().split(' ').next() {
                Some("join") => Stage::Joined,
                Some("reset") if level("level=gentle") && self.stubborn => Stage::StaleNetwork,
                Some("reset") if level("level=gentle") || level("level=aggressive") => Stage::Clean,
                _ => panic!("nobody knows what {:?} does", phase.title()),
            };
        }
        let at = |thousandth: usize| 1 + (printed.len() - 1) * thousandth / 1000;
        let cut = match self.fault {
            Fault::Drops(thousandth) => Some(at(thousandth)),
            Fault::DropsInMark(thousandth) => {
                let from = at(thousandth).min(printed.len() - "bye\n".len() - 34);
                let mark = printed[from..].iter().position(|b| *b == 0x1e).expect("it ends with a mark") + from;
                Some(mark + dice.below(34)) // anywhere in the nonce, too
            }
            Fault::SilentInPhase => Some(at(500)),
            _ => None,
        };
        log.printed.insert(id.to_owned(), printed);
        cut.filter(|_| is_first)
    }

    /// In pieces, as a network gives them.
    async fn say(&self, exec: &mut Exec, bytes: &[u8]) -> bool {
        let mut dice = Dice(bytes.len() as u64);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + dice.below(8000)).min(rest.len()));
            if !exec.say(piece).await {
                return false;
            }
            rest = after;
        }
        true
    }
}

/// What a phase prints that goes well, or whose guard refuses in the middle.
fn print(phase: &Asked, refuses: bool, dice: &mut Dice) -> Vec<u8> {
    let mut printed = mark(phase.nonce(), "hello");
    let steps = phase.steps();
    for step in 0..steps {
        printed.extend_from_slice(&mark(phase.nonce(), &format!("begin {step}")));
        if refuses && step == steps / 2 {
            printed.extend_from_slice(b"refused: /srv/media is below it\n");
            printed.extend_from_slice(&mark(phase.nonce(), &format!("end {step} 76")));
            printed.extend_from_slice(&mark(phase.nonce(), &format!("stop {step}")));
            return printed;
        }
        for line in 0..dice.below(4) {
            printed.extend_from_slice(format!("step {step} says {line}\n").as_bytes());
        }
        printed.extend_from_slice(&mark(phase.nonce(), &format!("end {step} 0")));
    }
    printed.extend_from_slice(&mark(phase.nonce(), "bye"));
    printed
}

impl SimNode {
    pub(crate) fn greets(&self) -> bool {
        self.fault != Fault::SilentAtGreeting && !self.log().silent
    }

    pub(crate) fn lets_in(&self) -> bool {
        self.fault != Fault::TakesNoKey
    }

    pub(crate) async fn run(&self, mut exec: Exec) {
        self.log().execs += 1;
        let Some(script) = exec.script().await else { return };
        let asked = Asked::new(script);
        if self.answer(&mut exec, &asked).await {
            exec.end(0).await;
        }
    }
}
