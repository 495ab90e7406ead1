//! The very scripts that a node would get, for people: secrets masked, nothing changed.

use super::context::{Context, Task};
use super::probing::measure;
use crate::attached::fresh_nonce;
use crate::diagnose::forbidden;
use crate::model::{Facts, JoinCommand, Level, Node};
use crate::plan::{Count, JoinRequest, ResetRequest, join, reset, restore};
use crate::transport::Transport;
use std::fmt::Write;

/// What `node` would get, in the order of its ladder. The node is connected and probed, which only reads: its containerd
/// config decides about the aggressive script.
///
/// `Err` is the reason why the node would get nothing.
pub async fn dry_run<T: Transport>(context: &Context<T>, node: &Node) -> Result<String, String> {
    let session = context.transport.connect(node).await.map_err(|e| e.to_string())?;
    let facts =
        measure(&session, node, &context.run, Count::Top, context.patience.probe).await.map_err(|e| e.to_string())?;
    if let Some(why) = forbidden(&facts, context.allow) {
        return Err(format!("refused: {why}"));
    }
    let mut text = String::new();
    match context.task {
        Task::Status => {}
        Task::Restore(ref from) => script(&mut text, "after a look", &restore(node, &context.run, from)),
        Task::Reset { start, ceiling, .. } => resets(context, node, &facts, start..=ceiling, &mut text),
        Task::Join => {
            let command = pretended(context).await?;
            let request = JoinRequest {
                run: &context.run,
                command: &command,
                facts: &facts,
                allow: context.allow,
                limit: context.patience.join,
            };
            match join(node, &request) {
                Ok(phase) => script(&mut text, "first, where the node is not a healthy member yet", &phase),
                Err(refusal) => return Err(refusal.to_string()),
            }
            let levels = context.policy.start..=context.policy.ceiling;
            resets(context, node, &facts, levels, &mut text);
        }
    }
    Ok(text)
}

async fn pretended<T: Transport>(context: &Context<T>) -> Result<JoinCommand, String> {
    match (&context.join_command, &context.control_plane) {
        (None, Some(control_plane)) => Ok(context.with_ignored(control_plane.identity().await?)),
        _ => context.join_command().await,
    }
}

fn resets<T: Transport>(
    context: &Context<T>,
    node: &Node,
    facts: &Facts,
    levels: std::ops::RangeInclusive<Level>,
    text: &mut String,
) {
    for level in Level::ALL.into_iter().filter(|level| levels.contains(level)) {
        match reset(node, &ResetRequest { level, run: &context.run, facts, allow: context.allow }) {
            Ok(phase) => {
                let when = if level == *levels.start() {
                    "where a reset is needed"
                } else {
                    "where the level below did not help"
                };
                script(text, when, &phase);
            }
            Err(refusal) => {
                let _ = writeln!(text, "# {}: {level}: {refusal}", node.name); // a String takes all that is written
            }
        }
    }
}

fn script(text: &mut String, when: &str, phase: &crate::plan::PhaseScript) {
    let _ = writeln!(text, "# ---- {when}:"); // as above
    text.push_str(phase.render(&fresh_nonce()).masked());
    text.push('\n');
}
