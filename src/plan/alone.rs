//! The stand-alone forms: a join and a reset as files for nodes that are reached by their console only. Steps and library
//! are those of the phases; `sh/alone.sh` is what kfleet does around them where there is a connection.

use super::phase::{ALSO_PROTECTED, LIBRARY};
use super::reset::{CNI_CONFIG_NAMES, steps};
use super::step::ROLLBACK_SECONDS;
use super::{CRI_SOCKET, Refusal, ResetRequest, Step, join};
use crate::model::{Allow, Fact, Facts, Level, ProtectedPath};
use crate::shell::{Line, Standalone, Word};

const JOIN: &str = include_str!("alone/join.txt");
const RESET: &str = include_str!("alone/reset.txt");

/// Joins the machine that it runs on: with the ladder of `kfleet join`, gentle before the second attempt and aggressive
/// before the third.
pub fn alone_join(preserve: &[ProtectedPath]) -> Result<Standalone, Refusal> {
    let mut script = frame(JOIN, "a join", preserve)
        .phase("restart", lines(join::restart_steps()))
        .phase("containerd", lines(containerd_steps()))
        .phase("join", lines(join::steps(Vec::new(), Step::KubeadmJoinAsGiven)));
    for level in Level::RESETS {
        script = script.phase(level.word(), lines(reset_steps(level, preserve)?));
    }
    Ok(script)
}

/// Resets the machine that it runs on.
pub fn alone_reset(level: Level, preserve: &[ProtectedPath]) -> Result<Standalone, Refusal> {
    let script = frame(&RESET.replace("LEVEL", level.word()), level.word(), preserve);
    Ok(script.phase(level.word(), lines(reset_steps(level, preserve)?)))
}

fn frame(head: &str, task: &str, preserve: &[ProtectedPath]) -> Standalone {
    let protect = protected(preserve);
    let named = protect.iter().map(ProtectedPath::as_str).collect::<Vec<_>>().join(", ");
    let head = head.replace("VERSION", env!("CARGO_PKG_VERSION")).replace("PROTECTED", &named);
    let mut script = Standalone::new(&head)
        .global("ALONE", Word::new("")) // messages of the library name no options then, as there are none
        .global("STAMP", Word::new("")) // it looks right before it begins
        .global("TASK", Word::new(task))
        .global("PROTECT", Word::lines(protect.iter().map(ProtectedPath::as_str).chain([ALSO_PROTECTED])))
        .global("CRI_SOCKET", Word::new(CRI_SOCKET))
        .global("CNI_CONFIGS", Word::new(CNI_CONFIG_NAMES.join(" ")))
        .global("ROLLBACK_SECONDS", Word::number(ROLLBACK_SECONDS));
    for text in LIBRARY.iter().chain(OWN) {
        script = script.library(text);
    }
    script
}

/// What a stand-alone script carries besides.
const OWN: &[&str] = &[
    include_str!("sh/launch.sh"),
    include_str!("sh/node_object.sh"),
    include_str!("sh/protected.sh"),
    include_str!("sh/join_command.sh"),
    include_str!("sh/api_view.sh"),
    include_str!("sh/preflight.sh"),
    include_str!("sh/alone_look.sh"),
    include_str!("sh/alone_ready.sh"),
    include_str!("sh/alone.sh"),
];

fn protected(preserve: &[ProtectedPath]) -> Vec<ProtectedPath> {
    let mut all = ProtectedPath::always().to_vec();
    all.extend(preserve.iter().filter(|path| !ProtectedPath::always().contains(path)).cloned());
    all
}

/// A reset's own steps. What is known of a node only where the script runs, its containerd's config and the id of the run,
/// stands in them for the sake of their types alone: `lines` leaves these variables to the script.
fn reset_steps(level: Level, preserve: &[ProtectedPath]) -> Result<Vec<Step>, Refusal> {
    let facts = Facts {
        containerd_config: Fact::Known(None),
        containerd_default_config: Fact::Known("version = 2\n".to_owned()),
        ..Facts::default()
    };
    steps(&protected(preserve), &ResetRequest { level, run: "alone", facts: &facts, allow: Allow::default() })
}

/// What makes containerd serve CRI, where nobody else would see it restarted. Of its config the same holds.
fn containerd_steps() -> Vec<Step> {
    let text = String::new;
    vec![
        Step::CheckWorker { allow_control_plane: false },
        Step::CheckContainerdIsOurs,
        Step::CheckContainerdConfig { text: text() },
        Step::ApplyContainerdConfig { text: text(), run: "alone".to_owned(), shared: false },
    ]
}

fn lines(steps: Vec<Step>) -> Vec<Line> {
    let line = |step: Step| Line {
        need: step.need(),
        title: step.to_string(),
        fragment: step.fragment().leaving(&["BACKUP", "CONFIG"]),
        slow: step == Step::KubeadmJoinAsGiven,
    };
    steps.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_on_the_node_alone_is_in_no_script() {
        for script in [alone_join(&[]), alone_reset(Level::Aggressive, &[])] {
            let text = script.unwrap().render();
            assert!(
                !text.contains("backup/alone") && !text.contains("\nCONFIG="),
                "a value of ours stands in for the node's"
            );
            assert_eq!(text.matches("\nPROTECT=").count(), 1);
        }
    }

    #[test]
    fn a_path_is_protected_once() {
        let paths = ["/srv/media", "/data/films"].map(|path| ProtectedPath::new(path).unwrap());
        let text = alone_reset(Level::Gentle, &paths).unwrap().render();
        assert!(text.contains("PROTECT='/srv/media\n/mnt/media\n/data/films\n/var/lib/etcd'\n"), "{text}");
        assert!(text.contains("# It never touches /srv/media, /mnt/media, /data/films"), "{text}");
    }
}
