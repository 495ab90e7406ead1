//! All nodes of a run: `order` says who may start, each is driven in a task of its own, and every one gets its report.

use super::context::{Context, Events, KEEPING};
use super::deadline::Deadline;
use super::held::{broken, given_up, why};
use super::node;
use super::order::{Answer, Brake, Input, Order, Rules};
use crate::model::{Kind, Node, NodeName, NodeReport, Policy};
use crate::transport::Transport;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{Id, JoinSet};

/// Version of the event schema.
const SCHEMA: u32 = 1;

/// For taking the run's token back where the time of the run is up.
const REVOKING: Duration = Duration::from_secs(10);

/// Works on all `nodes`; their reports come in the same order. One node's trouble, or even a bug that its task hits,
/// never stops another's.
pub async fn run<T: Transport>(context: Arc<Context<T>>, command: &str, nodes: Vec<Node>) -> Vec<NodeReport> {
    let names: Vec<NodeName> = nodes.iter().map(|n| n.name.clone()).collect();
    context.events.send(Kind::RunStarted {
        schema: SCHEMA,
        run: context.run.clone(),
        command: command.to_owned(),
        nodes: names.clone(),
    });
    let deadline = Deadline::of_run(context.patience.run);
    let mut fleet = Fleet::new(&context.policy, &context.events, names, deadline.as_ref());
    let mut tasks: JoinSet<NodeReport> = JoinSet::new();
    let mut places: HashMap<Id, usize> = HashMap::new();
    let (mut stopping, mut time_up) = (false, false);
    let mut input = Input::Begin;
    loop {
        // Before the end of a node: what ends nodes at work must not let others take their places.
        if !stopping && context.stop.is_cancelled() {
            stopping = true;
            fleet.on(Input::Stop);
        }
        if !time_up && deadline.as_ref().is_some_and(Deadline::is_past) {
            time_up = true;
            fleet.on(Input::TimeUp);
        }
        for place in fleet.on(input) {
            let (context, node, run) = (Arc::clone(&context), nodes[place].clone(), deadline.clone());
            let task = async move { node::drive(&context, &node, run.as_ref()).await };
            places.insert(tasks.spawn(task).id(), place);
        }
        if fleet.order.is_over() {
            break;
        }
        input = tokio::select! {
            Some(ended) = tasks.join_next_with_id() => {
                let (id, report) = match ended {
                    Ok((id, report)) => (id, Some(report)),
                    Err(died) => (died.id(), None),
                };
                fleet.ended(places.remove(&id), report)
            }
            () = context.stop.cancelled(), if !stopping => Input::Stop,
            () = passed(deadline.as_ref()), if !time_up => Input::TimeUp,
        };
    }
    let reports = fleet.reports();
    revoke(&context, deadline.as_ref()).await;
    // What the journal has to complain about comes before the last word, after which nobody listens.
    context.events.kept(KEEPING).await;
    context.events.send(Kind::RunFinished);
    reports
}

/// Comes when the time of the run is up; never where it has no bound.
async fn passed(deadline: Option<&Deadline>) {
    match deadline {
        Some(deadline) => deadline.passed().await,
        None => std::future::pending().await,
    }
}

/// Takes the run's token back, where one was made.
async fn revoke<T: Transport>(context: &Context<T>, deadline: Option<&Deadline>) {
    let Some(control_plane) = &context.control_plane else { return };
    let revoked = match deadline {
        None => control_plane.revoke().await,
        Some(deadline) => {
            let left = deadline.at.saturating_duration_since(Instant::now()) + REVOKING;
            tokio::time::timeout(left, control_plane.revoke()).await.unwrap_or_else(|_| {
                Err(format!(
                    "{} is up and the control plane does not answer: a bootstrap token that was made for this run \
                     lives until it expires; `kubeadm token list` there shows it as `kfleet {}`",
                    deadline.rule, context.run
                ))
            })
        }
    };
    if let Err(what) = revoked {
        context.events.send(Kind::Warned { what });
    }
}

/// The books of a run.
struct Fleet<'a> {
    policy: &'a Policy,
    rules: Rules,
    events: &'a Events,
    names: Vec<NodeName>,
    deadline: Option<&'a Deadline>,
    order: Order,
    reports: Vec<Option<NodeReport>>,
}

impl<'a> Fleet<'a> {
    fn new(policy: &'a Policy, events: &'a Events, names: Vec<NodeName>, deadline: Option<&'a Deadline>) -> Self {
        let rules = Rules::new(policy, names.len());
        let reports = vec![None; names.len()];
        Self { policy, rules, events, names, deadline, order: Order::new(rules), reports }
    }

    /// The places of those that start now; who will never start gets its report.
    fn on(&mut self, input: Input) -> std::ops::Range<usize> {
        let Answer { start, given_up } = self.order.on(input);
        if let Some((places, brake)) = given_up {
            self.give_up(places, brake);
        }
        for place in start.clone() {
            self.events.send(Kind::NodeStarted { node: self.names[place].clone() });
        }
        start
    }

    fn give_up(&mut self, places: std::ops::Range<usize>, brake: Brake) {
        let failed: Vec<&NodeName> = self.order.failed().map(|place| &self.names[place]).collect();
        let why = why(brake, self.policy, &self.rules, &failed, self.deadline);
        if brake != Brake::Stop {
            let nodes = self.names[places.clone()].to_vec();
            let go_on = brake != Brake::TimeUp && self.order.has_nodes_at_work();
            let more = if go_on { "; those at work are followed to their end" } else { "" };
            self.events.send(Kind::Braked { why: format!("{why}{more}"), nodes });
        }
        for place in places {
            self.finish(place, given_up(self.names[place].clone(), brake, &why));
        }
    }

    /// A node has ended; it has no report where its task died.
    fn ended(&mut self, place: Option<usize>, report: Option<NodeReport>) -> Input {
        let Some(place) = place else { unreachable!("each task has its place") };
        let report = report.unwrap_or_else(|| broken(self.names[place].clone()));
        let well = report.outcome.is_success();
        self.finish(place, report);
        Input::Ended { node: place, well }
    }

    fn finish(&mut self, place: usize, report: NodeReport) {
        self.events.send(Kind::NodeFinished { report: report.clone() });
        self.reports[place] = Some(report);
    }

    fn reports(self) -> Vec<NodeReport> {
        let reports = self.names.into_iter().zip(self.reports);
        reports.map(|(name, report)| report.unwrap_or_else(|| broken(name))).collect()
    }
}
