//! Asks before nodes are changed.

use crate::engine::Task;
use crate::error::{Error, ErrorKind};
use crate::model::{Allow, Level, Node, Policy, Rejoin, Role};
use crate::render::{fold, stderr_width, tell};
use std::io::{BufRead, IsTerminal, Write};

/// On more nodes than these, what may wipe is agreed to with their number: a `y` is typed too easily.
const FEW: usize = 5;

/// What is about to be done.
pub(super) struct Plan<'a> {
    pub(super) task: &'a Task,
    pub(super) policy: &'a Policy,
    pub(super) allow: Allow,
    pub(super) rejoin: Rejoin,
    /// What is to be known of the nodes first; it is told also where nothing is asked.
    pub(super) before: &'a str,
}

/// What the user has to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Yes,
    Number(usize),
}

/// `Ok` once the user agreed, here or with `--yes`, or where nothing is changed. Without a terminal there is nobody to ask.
pub(super) fn confirm(plan: &Plan, nodes: &[Node], unasked: bool) -> Result<(), Error> {
    if unasked {
        if !plan.before.is_empty() {
            tell(plan.before.trim_end());
        }
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Error::new(
            ErrorKind::Refused,
            "this changes nodes and there is no terminal to ask on; say --yes if it is meant",
        ));
    }
    let wanted = wanted(plan, nodes.len());
    let question = format!(
        "{}{} on {}?\n{}\n{}{}{}\n{}",
        plan.before,
        what(plan),
        names(nodes),
        match plan.task {
            Task::Restore(_) => "containerd is restarted; containers go on. What is there now is copied first.",
            _ if plan.rejoin.drain =>
                "Nodes are drained first; a reset removes what is left of pods, emptyDir volumes and logs.",
            _ => "A reset removes pods with their emptyDir volumes and logs; nothing is drained first.",
        },
        control_plane(plan.allow, nodes),
        members(plan.rejoin),
        kept(nodes),
        match wanted {
            Wanted::Yes => "[y/N] ".to_owned(),
            Wanted::Number(n) =>
                format!("This can wipe containerd's images and containers on {n} nodes. Type {n} to go on: "),
        }
    );
    let mut answer = String::new();
    let asked = write!(std::io::stderr(), "{}", fold(&question, stderr_width()))
        .and_then(|()| std::io::stderr().flush())
        .and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    asked.map_err(|e| Error::new(ErrorKind::Local, format!("the answer could not be read: {e}")))?;
    if agrees(wanted, &answer) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "not confirmed; nothing was done"))
}

/// A join that begins gently wipes only where that did not help; what begins aggressively, or was asked to climb, may
/// wipe all of them.
fn wanted(plan: &Plan, nodes: usize) -> Wanted {
    let may_wipe = match plan.task {
        Task::Reset { ceiling, .. } => *ceiling >= Level::Aggressive,
        Task::Join => plan.policy.start >= Level::Aggressive,
        Task::Restore(_) | Task::Status | Task::Attach | Task::Halt => false,
    };
    if may_wipe && nodes > FEW { Wanted::Number(nodes) } else { Wanted::Yes }
}

fn agrees(wanted: Wanted, answer: &str) -> bool {
    let answer = answer.trim().to_ascii_lowercase();
    match wanted {
        Wanted::Yes => matches!(answer.as_str(), "y" | "yes"),
        Wanted::Number(n) => answer == n.to_string(),
    }
}

fn what(plan: &Plan) -> String {
    match plan.task {
        Task::Join => {
            let rungs: Vec<&str> = levels(plan.policy.start, plan.policy.ceiling).map(how).collect();
            format!("join, and where it fails {},", rungs.join(", then "))
        }
        Task::Status | Task::Attach | Task::Halt => "look".to_owned(),
        Task::Restore(run) => {
            format!("put containerd's config and the firewall back to what they were before run {run}")
        }
        Task::Reset { start, ceiling, .. } => {
            let rungs: Vec<&str> = levels(*start, *ceiling).map(how).collect();
            let more = if rungs.len() > 1 { " where that is not enough," } else { "" };
            format!("{}{more}", rungs.join(", then "))
        }
    }
}

fn levels(start: Level, ceiling: Level) -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(move |level| (start..=ceiling).contains(level))
}

/// What a rung does, and what goes with it.
fn how(level: Level) -> &'static str {
    match level {
        Level::Gentle => "reset gently",
        Level::Aggressive => "reset aggressively (containerd's images and containers go)",
        Level::Reboot => "boot the machine anew (all that runs on it ends)",
    }
}

/// "alpha, beta and 5 other nodes"
fn names(nodes: &[Node]) -> String {
    let name = |n: &Node| n.name.to_string();
    match nodes {
        [] => "no node".to_owned(),
        [only] => name(only),
        [first, last] => format!("{} and {}", name(first), name(last)),
        [first, second, rest @ ..] if rest.len() > 4 => {
            format!("{}, {} and {} other nodes", name(first), name(second), rest.len())
        }
        [init @ .., last] => format!("{} and {}", init.iter().map(name).collect::<Vec<_>>().join(", "), name(last)),
    }
}

/// What the permission means for the nodes at hand.
fn control_plane(allow: Allow, nodes: &[Node]) -> String {
    let of_inventory = nodes.iter().find(|n| n.role == Role::ControlPlane);
    match (allow.control_plane, of_inventory) {
        (false, _) => String::new(),
        (true, Some(node)) => {
            format!("{} is a control-plane node: its etcd member and that member's data go.\n", node.name)
        }
        (true, None) => {
            "One of them may be a control-plane node: then its etcd member and that member's data go.\n".to_owned()
        }
    }
}

/// What becomes of those that are members already.
fn members(rejoin: Rejoin) -> String {
    let mut text = String::new();
    if rejoin.replace {
        text.push_str("Healthy members among them are reset too, and Nodes that have these names are deleted.\n");
    }
    if rejoin.other_cluster {
        text.push_str("Members of other clusters among them leave these.\n");
    }
    text
}

fn kept(nodes: &[Node]) -> String {
    let mut paths: Vec<&str> = nodes.iter().flat_map(|n| &n.protect).map(crate::model::ProtectedPath::as_str).collect();
    paths.sort_unstable();
    paths.dedup();
    format!("Never touched: {}.", paths.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Scope;

    fn plan<'a>(task: &'a Task, policy: &'a Policy) -> Plan<'a> {
        Plan { task, policy, allow: Allow::default(), rejoin: Rejoin::default(), before: "" }
    }

    fn reset(start: Level, ceiling: Level) -> Task {
        Task::Reset { start, ceiling, scope: Scope::Everything }
    }

    #[test]
    fn what_may_wipe_many_wants_their_number() {
        let gentle = Policy::default();
        let wiping = Policy { start: Level::Aggressive, ..gentle };
        for (task, policy) in [
            (reset(Level::Aggressive, Level::Aggressive), gentle),
            (reset(Level::Gentle, Level::Aggressive), gentle),
            (Task::Join, wiping),
        ] {
            assert_eq!(wanted(&plan(&task, &policy), 6), Wanted::Number(6), "{task:?}");
            assert_eq!(wanted(&plan(&task, &policy), 5), Wanted::Yes, "{task:?}");
        }
        for (task, policy) in [(reset(Level::Gentle, Level::Gentle), wiping), (Task::Join, gentle)] {
            assert_eq!(wanted(&plan(&task, &policy), 500), Wanted::Yes, "{task:?}");
        }
    }

    #[test]
    fn only_the_right_answer_agrees() {
        for (answer, yes, twelve) in [
            ("y\n", true, false),
            (" YES\n", true, false),
            ("12\n", false, true),
            ("12 \r\n", false, true),
            ("", false, false),
            ("\n", false, false),
            ("n\n", false, false),
            ("1\n", false, false),
            ("120\n", false, false),
            ("+12\n", false, false),
            ("yes 12\n", false, false),
        ] {
            assert_eq!(agrees(Wanted::Yes, answer), yes, "{answer:?}");
            assert_eq!(agrees(Wanted::Number(12), answer), twelve, "{answer:?}");
        }
    }

    #[test]
    fn the_question_names_the_levels_that_may_come() {
        let gentle = Policy { ceiling: Level::Gentle, ..Policy::default() };
        let words = |task: &Task, policy: &Policy| what(&plan(task, policy));
        assert_eq!(words(&Task::Join, &gentle), "join, and where it fails reset gently,");
        assert_eq!(
            words(&Task::Join, &Policy::default()),
            "join, and where it fails reset gently, then reset aggressively (containerd's images and containers go),"
        );
        let boots = Policy { start: Level::Aggressive, ceiling: Level::Reboot, ..gentle };
        assert!(words(&Task::Join, &boots).ends_with("then boot the machine anew (all that runs on it ends),"));
        let aggressive = reset(Level::Aggressive, Level::Aggressive);
        assert_eq!(words(&aggressive, &gentle), "reset aggressively (containerd's images and containers go)");
        assert!(words(&reset(Level::Gentle, Level::Aggressive), &gentle).ends_with("where that is not enough,"));
    }
}
