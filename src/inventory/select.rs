//! Which nodes a command is for.

use super::near::{near, one_of};
use super::range::{OtherBrackets, expand};
use crate::model::Node;
use globset::{Glob, GlobMatcher};

/// Why selectors stand for no set of nodes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Also where it only excludes: a misspelled `!node3` would have node3 worked on.
    #[error("no node or group matches `{selector}`; {hint}")]
    NoMatch {
        /// As given.
        selector: String,
        /// Near names, or some of those that there are.
        hint: String,
    },
    /// Neither name, glob nor range.
    #[error(
        "`{selector}` cannot be understood: {reason}; a selector is a name, a glob, a range as in `node[01-20]`, `@group`, or one of these after `!`"
    )]
    Malformed {
        /// As given.
        selector: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Each selector matches, and together they leave nothing.
    #[error("every node that was selected is also excluded")]
    AllExcluded,
}

/// The nodes that the selectors stand for, in the inventory's order, each once.
///
/// A selector is a name, a glob, a range, `@group` (a group's name may be a glob or range, too), or `!` before any of
/// these to leave nodes out, wherever it stands. Without any that adds, all nodes are meant.
pub fn select<'a>(nodes: &'a [Node], selectors: &[String]) -> Result<Vec<&'a Node>, SelectError> {
    let mut included = vec![selectors.iter().all(|selector| selector.starts_with('!')); nodes.len()];
    let mut excluded = vec![false; nodes.len()];
    for selector in selectors {
        let (set, pattern) = match selector.strip_prefix('!') {
            Some(pattern) => (&mut excluded, pattern),
            None => (&mut included, selector.as_str()),
        };
        let pattern =
            Pattern::new(pattern).map_err(|reason| SelectError::Malformed { selector: selector.clone(), reason })?;
        let mut is_used = false;
        for (node, is_in) in nodes.iter().zip(set.iter_mut()) {
            let matches = pattern.matches(node);
            *is_in |= matches;
            is_used |= matches;
        }
        if !is_used {
            return Err(SelectError::NoMatch { selector: selector.clone(), hint: hint(nodes, selector) });
        }
    }
    let left: Vec<&Node> = nodes
        .iter()
        .zip(included.iter().zip(&excluded))
        .filter(|(_, (is_in, is_out))| **is_in && !**is_out)
        .map(|(node, _)| node)
        .collect();
    if left.is_empty() && !nodes.is_empty() { Err(SelectError::AllExcluded) } else { Ok(left) }
}

/// Names to compare with: a node's, or its groups'.
struct Pattern {
    is_group: bool,
    alternatives: Vec<Alternative>,
}

enum Alternative {
    Name(String),
    Glob(GlobMatcher),
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let (is_group, text) = match text.strip_prefix('@') {
            Some(group) => (true, group),
            None => (false, text),
        };
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        // Ranges first: what brackets are left after that are a glob's.
        let alternatives =
            expand(text, OtherBrackets::Keep)?.into_iter().map(Alternative::new).collect::<Result<_, _>>()?;
        Ok(Self { is_group, alternatives })
    }

    fn matches(&self, node: &Node) -> bool {
        if self.is_group { node.groups.iter().any(|group| self.is_any(group)) } else { self.is_any(node.name.as_str()) }
    }

    fn is_any(&self, word: &str) -> bool {
        self.alternatives.iter().any(|alternative| match alternative {
            Alternative::Name(name) => name == word,
            Alternative::Glob(glob) => glob.is_match(word),
        })
    }
}

impl Alternative {
    fn new(text: String) -> Result<Self, String> {
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Name(text));
        }
        let glob = Glob::new(&text).map_err(|error| error.kind().to_string())?;
        Ok(Self::Glob(glob.compile_matcher()))
    }
}

/// Near names; where none is near, the first that there are.
fn hint(nodes: &[Node], selector: &str) -> String {
    const SHOWN: usize = 5;
    let wanted = selector.trim_start_matches('!');
    let groups: Vec<String> = nodes.iter().flat_map(|node| &node.groups).map(|group| format!("@{group}")).collect();
    let names: Vec<&str> =
        nodes.iter().map(|node| node.name.as_str()).chain(groups.iter().map(String::as_str)).collect();
    let near = near(wanted, names.iter().copied());
    if !near.is_empty() {
        return format!("did you mean {}?", one_of(&near));
    }
    let first: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("there are {}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::parse;
    use std::path::Path;

    fn selected(selectors: &str) -> Result<String, SelectError> {
        let text = "nodes:
  - {name: masternode, role: control-plane}
  - {name: 'node[01-04]', groups: [lab]}
  - {name: wa, groups: [storage, rack1]}
  - {name: wb, groups: [rack2]}
";
        let inventory = parse("nodes.yaml", text, Path::new("/root")).unwrap();
        let selectors: Vec<String> = selectors.split_whitespace().map(str::to_owned).collect();
        let nodes = select(&inventory.nodes, &selectors)?;
        Ok(nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn selectors_stand_for_nodes_in_the_inventorys_order() {
        for (selectors, want) in [
            ("", "masternode node01 node02 node03 node04 wa wb"),
            ("wb node02", "node02 wb"),
            ("wa wa w*", "wa wb"),
            ("node[02-03,04]", "node02 node03 node04"),
            ("node[03-09]", "node03 node04"),
            ("node0?", "node01 node02 node03 node04"),
            ("w[ab]", "wa wb"),
            ("w[!a]", "wb"),
            ("*[1-2]", "node01 node02"),
            ("@storage @rack2", "wa wb"),
            ("@rack[1-2]", "wa wb"),
            ("@rack*", "wa wb"),
            ("!@lab", "masternode wa wb"),
            ("!node01 node*", "node02 node03 node04"),
            ("* !masternode !node[01-03]", "node04 wa wb"),
        ] {
            assert_eq!(selected(selectors).as_deref(), Ok(want), "{selectors}");
        }
    }

    #[test]
    fn what_selects_nothing_says_what_is_near() {
        for (selectors, want) in [
            ("nod3 wa", "no node or group matches `nod3`; did you mean `node03`?"),
            ("wc", "no node or group matches `wc`; did you mean `wa` or `wb`?"),
            ("!mastrnode", "no node or group matches `!mastrnode`; did you mean `masternode`?"),
            ("storage", "no node or group matches `storage`; did you mean `@storage`?"),
            ("@rack", "no node or group matches `@rack`; did you mean `@rack1` or `@rack2`?"),
            (
                "gpu*",
                "no node or group matches `gpu*`; there are `masternode`, `node01`, `node02`, `node03`, `node04`, …",
            ),
            ("wa !w*", "every node that was selected is also excluded"),
        ] {
            assert_eq!(selected(selectors).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn what_is_no_selector_says_why() {
        for (selector, why) in [
            ("!", "`!` cannot be understood: it is empty"),
            ("@", "it is empty"),
            ("node[4-1]", "did you mean `1-4`?"),
            ("node[", "unclosed character class"),
            ("n[1-99999]", "more than 10000"),
        ] {
            let error = selected(selector).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
