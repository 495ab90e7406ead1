//! What each column of `status` says of a node.

use super::findings::{codes_in_short, paint, worst};
use super::style::Paint;
use super::table::Cell;
use crate::model::{ClockOffset, Cni, Fact, Facts, NodeStatus, clean};

/// The columns of every status.
pub(crate) const COLUMNS: [&str; 8] = ["NODE", "REACH", "JOINED", "KUBELET", "RUNTIME", "IMAGE FS", "CRI", "FINDINGS"];
/// What `--wide` adds.
pub(crate) const WIDE: [&str; 9] =
    ["OS", "KERNEL", "UPTIME", "NAMESPACES", "API SERVER", "NODE NAME", "PODS", "CNI CONFIG", "CLOCK"];

/// What the columns between REACH and FINDINGS are made from, with names for sentences.
pub(crate) fn measured(status: &NodeStatus) -> [(&'static str, &Fact<String>); 5] {
    [
        ("joined", &status.joined),
        ("kubelet", &status.kubelet),
        ("runtime", &status.runtime),
        ("image filesystem", &status.image_filesystem),
        ("cri", &status.cri),
    ]
}

/// The row under [`COLUMNS`]; `narrow` on a terminal, where cells are short.
pub(crate) fn cells(status: &NodeStatus, narrow: bool, wide: bool) -> Vec<Cell> {
    let reached = status.error.is_none();
    let reach = if reached { ("yes", Paint::Plain) } else { ("no", Paint::Bad) };
    let mut cells = vec![
        Cell { text: status.node.to_string(), paint: Paint::Strong },
        Cell { text: reach.0.to_owned(), paint: reach.1 },
    ];
    for (name, fact) in measured(status) {
        let text = fact.known().map_or_else(|| "?".to_owned(), clean);
        let short = narrow && !wide && name == "runtime";
        cells.push(Cell::from(if short { without_build(&text) } else { text }));
    }
    cells.push(match worst(&status.findings) {
        Some(severity) => {
            let codes = codes_in_short(&status.findings.iter().collect::<Vec<_>>(), narrow);
            Cell { text: format!("{} {codes}", severity.word()), paint: paint(severity) }
        }
        None if reached => Cell { text: "none".to_owned(), paint: Paint::Good },
        None => Cell::from("?".to_owned()),
    });
    cells
}

/// The row under [`WIDE`], each with its name and, where it is not known, the reason.
pub(crate) fn wide_cells(facts: &Facts) -> [(&'static str, Fact<String>); 9] {
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    // containerd takes the first one.
    let config = |cni: Cni| cni.configs.into_iter().next().unwrap_or_else(|| "none".to_owned());
    [
        ("os", facts.os.clone()),
        ("kernel", facts.kernel.clone()),
        ("uptime", facts.uptime_seconds.clone().map(age)),
        ("containerd's namespaces", facts.containerd_namespaces.clone().map(|names| list(&names))),
        ("API server", facts.api_server.clone().map(|server| server.unwrap_or_else(|| "none".to_owned()))),
        ("node name", facts.node_name.clone()),
        ("pods", facts.pods.clone().map(|pods| running(&pods))),
        ("cni config", facts.cni.clone().map(config)),
        ("clock", facts.clock_offset.clone().map(offset)),
    ]
}

/// `1.7.24` of `active 1.7.24~ds1`: what a distribution has added tells nothing here.
fn without_build(text: &str) -> String {
    text.split(' ').map(|word| word.split(['~', '+']).next().unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

/// `3/5`: running of all that CRI knows.
fn running(pods: &[(String, u64)]) -> String {
    let all: u64 = pods.iter().map(|(_, n)| n).sum();
    let running: u64 = pods.iter().filter(|(state, _)| state == "ready").map(|(_, n)| n).sum();
    format!("{running}/{all}")
}

/// In the two largest units: `3d 4h`, `5h 12m`, `7m`.
fn age(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}m"),
        (0, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// `+3s ±1s`.
fn offset(clock: ClockOffset) -> String {
    format!("{:+}s ±{}s", clock.seconds, clock.uncertainty_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_few_words() {
        assert_eq!(without_build("active 2.1.9+unknown"), "active 2.1.9");
        assert_eq!(without_build("inactive v1.20.2"), "inactive v1.20.2");
        assert_eq!([59, 2_018, 18_720, 273_600].map(age), ["0m", "33m", "5h 12m", "3d 4h"]);
        assert_eq!(offset(ClockOffset { seconds: 0, uncertainty_seconds: 1 }), "+0s ±1s");
        let pods = [("ready".to_owned(), 3), ("notready".to_owned(), 2)];
        assert_eq!((running(&pods), running(&[])), ("3/5".to_owned(), "0/0".to_owned()));
    }
}
