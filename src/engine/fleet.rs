//! All nodes of a run: as many at once as the policy allows, each in a task of its own, slots refilled as they free up.

use super::context::Context;
use super::node;
use crate::model::{Kind, Node, NodeName, NodeReport, Outcome};
use crate::transport::Transport;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Version of the event schema.
const SCHEMA: u32 = 1;

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
    let slots = Arc::new(Semaphore::new(context.policy.parallel));
    let mut tasks = JoinSet::new();
    for (i, node) in nodes.into_iter().enumerate() {
        let (context, slots) = (Arc::clone(&context), Arc::clone(&slots));
        tasks.spawn(async move { (i, one(&context, &slots, &node).await) });
    }
    let mut reports: Vec<Option<NodeReport>> = vec![None; names.len()];
    while let Some(ended) = tasks.join_next().await {
        if let Ok((i, report)) = ended {
            reports[i] = Some(report);
        }
    }
    let reports = names.into_iter().zip(reports);
    let reports = reports.map(|(name, report)| report.unwrap_or_else(|| broken(&context, name))).collect();
    if let Some(control_plane) = &context.control_plane
        && let Err(what) = control_plane.revoke().await
    {
        context.events.send(Kind::Warned { what });
    }
    context.events.send(Kind::RunFinished);
    reports
}

async fn one<T: Transport>(context: &Context<T>, slots: &Semaphore, node: &Node) -> NodeReport {
    let slot = tokio::select! {
        slot = slots.acquire() => slot.ok(),
        () = context.stop.cancelled() => None,
    };
    let report = if slot.is_some() {
        context.events.send(Kind::NodeStarted { node: node.name.clone() });
        node::drive(context, node).await
    } else {
        blank(node.name.clone(), Outcome::Interrupted, "stopped before it was its turn; nothing was done to it")
    };
    context.events.send(Kind::NodeFinished { report: report.clone() });
    report
}

/// A node whose task died: a bug of ours, said as such.
fn broken<T: Transport>(context: &Context<T>, name: NodeName) -> NodeReport {
    let report = blank(
        name,
        Outcome::Failed,
        "kfleet itself failed on this node (see the panic message above); its state is not known",
    );
    context.events.send(Kind::NodeFinished { report: report.clone() });
    report
}

fn blank(node: NodeName, outcome: Outcome, error: &str) -> NodeReport {
    NodeReport {
        node,
        outcome,
        attempts: 0,
        level: None,
        elapsed_ms: 0,
        findings: Vec::new(),
        cause: None,
        error: Some(error.to_owned()),
        notes: Vec::new(),
        tail: Vec::new(),
    }
}
