//! One run over many nodes: transport, engine, display and summary put together.

use super::confirm::{self, Plan};
use super::keeping::Keeping;
use super::resume::Resumed;
use super::signals::LeaveTaking;
use super::state::runs_folder;
use super::who::who;
use super::{saved, signals};
use crate::cli::{ChangeArgs, Cli, FleetArgs, Output};
use crate::cluster::ControlPlane;
use crate::engine::{Context, Events, Task, run};
use crate::error::{Error, ErrorKind};
use crate::inventory::Inventory;
use crate::model::{
    Allow, BACKUPS, Event, JoinCommand, Kind, Node, NodeName, NodeReport, NodeStatus, Outcome, Patience, Policy,
    Rehearsal, Rejoin, RunOptions, RunOrder, RunRecord, Share, duration_words,
};
use crate::render::{self, Form, Renderer, Wish};
use crate::transport::ssh::{Settings, SshTransport};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the display was told of the nodes.
pub(super) struct Seen {
    /// What was measured.
    pub(super) rows: Vec<NodeStatus>,
    /// What would be done, where that alone was asked.
    rehearsals: Vec<Rehearsal>,
    /// Nobody reads any more what is written.
    pub(super) cut_off: bool,
    /// The run has a journal.
    kept: bool,
}

/// A run about to be made.
pub(super) struct Fleet<'a> {
    pub(super) cli: &'a Cli,
    inventory: &'a Inventory,
    task: Task,
    pub(super) nodes: Vec<Node>,
    policy: Policy,
    given: Option<JoinCommand>,
    allow: Allow,
    rejoin: Rejoin,
    patience: Patience,
    dry_run: bool,
    options: RunOptions,
    resumed: Option<Resumed>,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(cli: &'a Cli, inventory: &'a Inventory, task: Task, nodes: Vec<Node>, args: &FleetArgs) -> Self {
        let parallel = args.parallel.map_or(inventory.policy.parallel, usize::from);
        // A look changes nothing, so it needs no order, and its bounds are those of a probe.
        let policy = Policy { parallel, ..inventory.policy.at_once() };
        let patience = Patience { node: None, run: None, ..inventory.patience };
        Self {
            cli,
            inventory,
            task,
            nodes,
            policy,
            given: None,
            allow: Allow::default(),
            rejoin: Rejoin::default(),
            patience,
            dry_run: false,
            options: RunOptions::default(),
            resumed: None,
        }
    }

    /// With the options that are written down and hold again where the run is resumed, among them what a join may do to
    /// members and how long it waits for a Node that is Ready in all; and with the run that it goes on with itself.
    pub(super) fn journaled(mut self, options: RunOptions, resumed: Option<Resumed>) -> Self {
        self.rejoin = options.rejoin();
        if let Some(wait) = options.wait_ms.map(Duration::from_millis) {
            (self.patience.ready, self.patience.cni) = (wait, wait);
        }
        if let Some(parallel) = options.parallel {
            self.policy.parallel = parallel.into();
        }
        (self.options, self.resumed) = (options, resumed);
        self
    }

    /// With the join command that the user gave.
    pub(super) fn given(mut self, command: Option<JoinCommand>) -> Self {
        self.given = command;
        self
    }

    /// With what the user allows.
    pub(super) fn allow(mut self, allow: Allow) -> Self {
        self.allow = allow;
        self
    }

    /// Changes the nodes, or shows how, once the user agrees.
    pub(super) fn change(mut self, command: &str, args: &ChangeArgs) -> Result<u8, Error> {
        self.dry_run = args.dry_run;
        let ordered = self.options.order.policy(Policy { parallel: self.policy.parallel, ..self.inventory.policy });
        let Patience { node, run, .. } = self.options.order.patience(self.inventory.patience);
        self.patience = Patience { node, run, ..self.patience };
        if !self.dry_run {
            self.policy = ordered;
        }
        let before = self.resumed.as_ref().map(|resumed| resumed.told(self.rejoin.replace) + "\n").unwrap_or_default();
        let order = order(&ordered, &self.patience, self.nodes.len());
        let unasked = self.dry_run || args.yes;
        let before = if unasked { before } else { before + &order };
        let plan = Plan { task: &self.task, policy: &ordered, allow: self.allow, rejoin: self.rejoin, before: &before };
        confirm::confirm(&plan, &self.nodes, unasked)?;
        let command = if self.dry_run { format!("{command} --dry-run") } else { command.to_owned() };
        let (run, reports, seen) = self.run(&command)?;
        if self.cli.output == Output::Table {
            let (width, style) = (render::terminal_width(), render::stdout_style());
            if self.dry_run {
                print(&render::fold(&format!("{order}{}", if order.is_empty() { "" } else { "\n" }), width))?;
                print(&render::rehearsal(&seen.rehearsals, self.cli.verbose > 0, width, style))?;
            } else {
                print(&render::summary(&reports, width, style))?;
            }
            let mut after = copies(&run, &reports);
            if seen.kept {
                after += &going_on(&command, &run, &reports, 0);
            }
            print(&render::fold(&after, width))?;
        }
        Ok(exit_code(&reports))
    }

    /// Follows what the nodes run, or ends it, and shows what became of it.
    pub(super) fn follow(self, command: &str) -> Result<u8, Error> {
        let (_, reports, _) = self.run(command)?;
        if self.cli.output == Output::Table {
            print(&render::summary(&reports, render::terminal_width(), render::stdout_style()))?;
        }
        Ok(exit_code(&reports))
    }

    /// Measures the nodes and shows the table; also writes what was measured to `save`.
    pub(super) fn status(self, wide: bool, save: Option<&Path>) -> Result<u8, Error> {
        let table =
            |rows: &[NodeStatus]| render::status_table(rows, wide, render::terminal_width(), render::stdout_style());
        self.measured(table, save)
    }

    /// Measures the nodes and shows each finding with all that is known of it.
    pub(super) fn diagnose(self) -> Result<u8, Error> {
        self.measured(|rows| render::diagnosis(rows, render::terminal_width(), render::stdout_style()), None)
    }

    /// Measures the nodes and prints `view` of them.
    fn measured(self, view: impl FnOnce(&[NodeStatus]) -> String, save: Option<&Path>) -> Result<u8, Error> {
        let (_, reports, seen) = self.run("status")?;
        if self.cli.output == Output::Table {
            print(&view(&seen.rows))?;
        }
        if let Some(path) = save {
            saved::save(path, &seen.rows)?;
            saved::tell(path);
        }
        Ok(exit_code(&reports))
    }

    /// The run's id, what became of each node, and what was seen of it.
    fn run(&self, command: &str) -> Result<(String, Vec<NodeReport>, Seen), Error> {
        let (sender, receiver) = channel();
        let (keeper, kept) = channel();
        let keeps = !self.dry_run && matches!(self.task, Task::Join | Task::Reset { .. } | Task::Restore(_));
        let events = if keeps { Events::new(sender).kept_by(keeper) } else { Events::new(sender) };
        let stop = CancellationToken::new();
        let context = Arc::new(self.context(events.clone(), stop.clone()));
        let id = context.run.clone();
        let keeping = match self.record(command, &context) {
            Some(record) if keeps => {
                let place = (runs_folder(), self.inventory.keep_runs);
                let resumed = self.resumed.as_ref().map(|resumed| Arc::clone(&resumed.claims));
                Some(Keeping::begin(kept, record, place, resumed, events.clone()))
            }
            _ => None,
        };
        let display = self.display(self.form(), events.clone(), receiver)?;
        let runtime = runtime()?;
        let only_looks = self.dry_run || matches!(self.task, Task::Status | Task::Attach | Task::Halt);
        let ended = CancellationToken::new();
        let leave_taking = LeaveTaking {
            inventory: self
                .cli
                .inventory
                .as_ref()
                .map_or_else(String::new, |i| format!(" --inventory {}", i.display())),
            resumable: (keeping.is_some() && matches!(self.task, Task::Join)).then(|| id.clone()),
        };
        // Until the display is done: it may hang in Ctrl-S.
        let listener = if only_looks {
            runtime.spawn(signals::end(ended.clone()))
        } else {
            runtime.spawn(signals::listen(stop, events.clone(), Arc::clone(&context.at_work), leave_taking))
        };
        let reports = runtime.block_on(async {
            tokio::select! {
                biased;
                () = ended.cancelled() => None,
                reports = run(context, command, self.nodes.clone()) => Some(reports),
            }
        });
        if reports.is_none() {
            events.send(Kind::RunFinished); // the display waits for it
        }
        let mut seen = self.seen(display)?;
        seen.kept = keeping.is_some_and(Keeping::end);
        listener.abort();
        runtime.shutdown_background(); // a name server that does not answer holds up nobody any more
        match reports {
            Some(reports) => Ok((id, reports, seen)),
            None => Err(Error::drawn(ErrorKind::Interrupted, self.left())),
        }
    }

    /// What somebody is told who ends what he only watches.
    fn left(&self) -> &'static str {
        match self.task {
            Task::Attach => "kfleet: left; what runs on the nodes goes on",
            Task::Halt => "kfleet: left; phases that were asked to end do so at their next step",
            _ => "kfleet: stopped; nothing was changed",
        }
    }

    /// What is written down of the run before it begins.
    fn record(&self, command: &str, context: &Context<SshTransport>) -> Option<RunRecord> {
        let began = jiff::Timestamp::from_millisecond(context.began_unix_ms).ok()?;
        let inventory = std::path::absolute(&self.inventory.file_name);
        Some(RunRecord {
            schema: RunRecord::SCHEMA,
            kfleet: env!("CARGO_PKG_VERSION").to_owned(),
            run: context.run.parse().ok()?,
            command: command.to_owned(),
            who: Some(context.who.clone()),
            began_unix_ms: context.began_unix_ms,
            began: began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            inventory: inventory.map_or_else(|_| self.inventory.file_name.clone(), |path| path.display().to_string()),
            nodes: self.nodes.iter().map(|node| node.name.clone()).collect(),
            options: self.options.clone(),
            order: Some(RunOrder::of(&self.policy, &self.patience)),
            join_command_given: self.given.is_some(),
            resumes: self.resumed.as_ref().map(|resumed| resumed.run.clone()),
            begun: self.resumed.iter().flat_map(|resumed| resumed.begun.iter().cloned()).collect(),
        })
    }

    /// What the display saw, once it is done, in the order of the nodes: they come as they are measured.
    pub(super) fn seen(&self, display: JoinHandle<Seen>) -> Result<Seen, Error> {
        let seen = display.join();
        let mut seen = seen.map_err(|_| Error::new(ErrorKind::Local, "the display failed; see the panic above"))?;
        let place = |name: &NodeName| self.nodes.iter().position(|node| node.name == *name);
        seen.rows.sort_by_key(|row| place(&row.node));
        seen.rehearsals.sort_by_key(|rehearsal| place(&rehearsal.node));
        Ok(seen)
    }

    pub(super) fn context(&self, events: Events, stop: CancellationToken) -> Context<SshTransport> {
        let transport = Arc::new(SshTransport::new(Settings::from_env()));
        let inventory = self.inventory;
        let named = inventory.control_plane.as_ref();
        let node = named.and_then(|name| inventory.nodes.iter().find(|n| n.name == *name)).cloned();
        let run = run_id();
        let control_plane =
            node.map(|node| ControlPlane::new(Arc::clone(&transport), node, run.clone(), inventory.token_ttl));
        let of_inventory = match &inventory.join {
            Some(crate::model::JoinSource::Command(command)) => Some(command.clone()),
            _ => None,
        };
        Context {
            transport,
            run,
            who: who(),
            began_unix_ms: jiff::Timestamp::now().as_millisecond(),
            task: self.task.clone(),
            dry_run: self.dry_run,
            allow: self.allow,
            rejoin: self.rejoin,
            resumes: self.resumed.iter().flat_map(|resumed| &resumed.family).map(ToString::to_string).collect(),
            begun: self.resumed.iter().flat_map(|resumed| resumed.begun.iter().cloned()).collect(),
            control_plane_reset: OnceLock::new(),
            names: std::sync::Mutex::default(),
            policy: self.policy,
            control_plane,
            join_command: self.given.clone().or(of_inventory),
            ignore_preflight_errors: inventory.ignore_preflight_errors.clone(),
            patience: self.patience,
            events,
            stop,
            at_work: Arc::default(),
        }
    }

    /// What the user asked to see of it.
    pub(super) fn form(&self) -> Form {
        match (self.cli.output, self.cli.no_progress) {
            (Output::Json, _) => Form::Json,
            (Output::Table, true) => Form::Plain,
            (Output::Table, false) => Form::Best,
        }
    }

    /// Draws on a thread of its own: a terminal that stands still (Ctrl-S) must not hold up the nodes.
    pub(super) fn display(
        &self,
        form: Form,
        events: Events,
        receiver: Receiver<Event>,
    ) -> Result<JoinHandle<Seen>, Error> {
        let wish = Wish { form, verbose: self.cli.verbose, ..Wish::default() }.seen_by_stderr();
        let renderer = render::choose(wish, Box::new(std::io::stdout()), Box::new(std::io::stderr()));
        std::thread::Builder::new()
            .name("display".to_owned())
            .spawn(move || draw(renderer, &events, &receiver))
            .map_err(|e| Error::new(ErrorKind::Local, format!("no thread for the display: {e}")))
    }
}

/// Until the run is over.
fn draw(mut renderer: Renderer, events: &Events, receiver: &Receiver<Event>) -> Seen {
    let (mut rows, mut rehearsals) = (Vec::new(), Vec::new());
    loop {
        match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(event) => {
                renderer.event(&event);
                match event.kind {
                    Kind::Measured { status } => rows.push(status),
                    Kind::Rehearsed { rehearsal } => rehearsals.push(rehearsal),
                    Kind::RunFinished => break,
                    _ => {}
                }
            }
            Err(RecvTimeoutError::Timeout) => renderer.tick(events.elapsed_ms()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let cut_off = renderer.is_cut_off();
    let _ = renderer.finish(); // a closed pipe is the reader's choice; the nodes' work is done either way
    Seen { rows, rehearsals, cut_off, kept: false }
}

/// In which order a run would take so many nodes; nothing where it would take them all.
fn order(policy: &Policy, patience: &Patience, total: usize) -> String {
    let mut parts = Vec::new();
    match policy.canary {
        0 => {}
        1 => parts.push("the first node alone".to_owned()),
        _ if total <= 1 => {}
        many => parts.push(format!("the first {} nodes alone", many.min(total))),
    }
    if policy.batch != Share::ALL {
        parts.push(format!("batches of {}", policy.batch.at_least(total)));
    }
    if policy.max_failures != Share::ALL {
        let most = policy.max_failures.at_most(total);
        parts.push(format!("no further node once more than {most} of {total} have not succeeded"));
    }
    if let Some(time) = patience.node {
        parts.push(format!("{} for each node", duration_words(time)));
    }
    if let Some(time) = patience.run {
        parts.push(format!("{} for all of it", duration_words(time)));
    }
    if parts.is_empty() { String::new() } else { format!("order: {}\n", parts.join("; ")) }
}

/// Where the copies of a run are, and how they are put back; nothing where none were made.
pub(super) fn copies(run: &str, reports: &[NodeReport]) -> String {
    if reports.iter().all(|report| report.level.is_none()) {
        return String::new();
    }
    format!(
        "\nCopies of what was changed are in {BACKUPS}/{run} on each node that was reset;\n\
         `kfleet reset NODE --restore-config {run}` puts containerd's config and the firewall back.\n"
    )
}

/// How a join is gone on with, where it left nodes for another reason than their own; `unfinished` have no report.
pub(super) fn going_on(command: &str, run: &str, reports: &[NodeReport], unfinished: usize) -> String {
    let left = unfinished + reports.iter().filter(|report| report.outcome.is_left()).count();
    if command != "join" || left == 0 {
        return String::new();
    }
    let nodes = if left == 1 { "1 node was".to_owned() } else { format!("{left} nodes were") };
    format!("\n{nodes} left before its end; `kfleet join --resume {run}` goes on with all that did not end well.\n")
}

fn exit_code(reports: &[NodeReport]) -> u8 {
    let failed: Vec<Outcome> = reports.iter().map(|r| r.outcome).filter(|o| !o.is_success()).collect();
    if failed.is_empty() {
        0
    } else if failed.contains(&Outcome::Interrupted) {
        signals::INTERRUPTED
    } else if failed.iter().all(|o| *o == Outcome::Refused) {
        3
    } else {
        1
    }
}

/// Sorts by time and is unique among runs started in the same second.
fn run_id() -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dt%H%M%Sz").to_string();
    let nonce = crate::attached::fresh_nonce();
    format!("{now}-{}", &nonce.as_str()[..6])
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| Error::new(ErrorKind::Local, format!("no threads to work with: {e}")))
}

/// A sentence instead of a run, where there is nothing to run for; programs get no line, as no event happened.
pub(super) fn say(cli: &Cli, text: &str) -> Result<u8, Error> {
    if cli.output == Output::Table {
        print(&render::fold(text, render::terminal_width()))?;
    }
    Ok(0)
}

/// To standard output; a reader that closed it early is no error.
pub(super) fn print(text: &str) -> Result<(), Error> {
    render::print(&mut std::io::stdout(), text)
        .map_err(|e| Error::new(ErrorKind::Local, format!("standard output could not be written: {e}")))
}
