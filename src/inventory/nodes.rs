//! `nodes:`.

use super::MAX_NODES;
use super::near::did_you_mean;
use super::problem::{Place, Problem, Problems};
use super::range::{OtherBrackets, expand};
use super::schema::{Entry, Text, words};
use super::settings::Checked;
use super::value::{choice, identifier, plain_word};
use crate::model::{Access, Node, NodeName, Role};
use serde_yaml::Spanned;
use std::collections::HashMap;
use std::path::Path;

/// All nodes so far and who holds which name and address.
#[derive(Default)]
pub(super) struct Nodes {
    pub(super) all: Vec<Node>,
    pub(super) places: HashMap<NodeName, Place>,
    addresses: HashMap<(String, u16), (NodeName, Place)>,
}

impl Nodes {
    pub(super) fn new(entries: Vec<Spanned<Entry>>, defaults: &Checked, home: &Path, problems: &mut Problems) -> Self {
        let mut nodes = Self::default();
        for entry in entries {
            nodes.add_entry(entry.value, defaults, home, problems);
        }
        nodes
    }

    /// One entry is one node, or many where its name is a range.
    fn add_entry(&mut self, mut entry: Entry, defaults: &Checked, home: &Path, problems: &mut Problems) {
        let own = Checked::new(entry.take_settings(), home, problems);
        let role = problems.check(entry.role, |text| choice(&text, &ROLES)).unwrap_or(Role::Worker);
        let groups: Vec<String> =
            words(entry.groups).iter().filter_map(|text| problems.note(identifier(text, "group name"))).collect();
        let Some(names) = problems.note(names(&entry.name)) else { return };
        for name in names {
            // The same slip in each node of a range is one slip: stop at the first.
            let place = Place::of(&entry.name);
            let Some(()) = problems.note(self.claim_name(&name, place.clone())) else { return };
            let (host, place) = match &entry.host {
                Some(template) => (host(template, &name), Place::of(template)),
                None => (Ok(name.to_string()), place),
            };
            let Some(host) = problems.note(host) else { return };
            let access = own.access(defaults, host, home);
            let Some(()) = problems.note(self.claim_address(&name, &access, place)) else { return };
            self.all.push(Node { name, role, groups: groups.clone(), access, protect: own.protect(defaults) });
        }
    }

    fn claim_name(&mut self, name: &NodeName, place: Place) -> Result<(), Problem> {
        if self.places.len() >= MAX_NODES as usize {
            return Err(Problem::new(place, format!("more than {MAX_NODES} nodes")).label("too many from here on"));
        }
        if let Some(first) = self.places.get(name) {
            return Err(twice(format!("the node name `{name}` is given twice"), place, first));
        }
        self.places.insert(name.clone(), place);
        Ok(())
    }

    /// Two names for one machine would have it worked on twice at the same time.
    fn claim_address(&mut self, name: &NodeName, access: &Access, place: Place) -> Result<(), Problem> {
        let address = (access.host.to_lowercase(), access.port);
        if let Some((other, first)) = self.addresses.get(&address) {
            let message = format!("`{other}` and `{name}` are one machine ({} port {})", address.0, address.1);
            let is_range = *first == place;
            let problem = twice(message, place, first);
            if is_range {
                let help = "write `{name}` where the hosts of a range differ, as in `host: \"{name}.lab\"`";
                return Err(problem.help(help));
            }
            return Err(problem);
        }
        self.addresses.insert(address, (name.clone(), place));
        Ok(())
    }
}

const ROLES: [(&str, Role); 2] = [("control-plane", Role::ControlPlane), ("worker", Role::Worker)];

fn twice(message: String, place: Place, first: &Place) -> Problem {
    if place == *first {
        return Problem::new(place, message).label("this stands for more than one node");
    }
    Problem::new(place, message).label("second time").other(first.clone(), "first time")
}

fn names(text: &Text) -> Result<Vec<NodeName>, Problem> {
    let bad = |why: String| Problem::new(Place::of(text), format!("`{}` is no node name", text.value)).label(why);
    let spelled = expand(&text.value, OtherBrackets::Refuse).map_err(bad)?;
    spelled.iter().map(|name| NodeName::new(name).map_err(|invalid| bad(invalid.reason.to_owned()))).collect()
}

/// The address of one node, `{name}` replaced.
fn host(template: &Text, name: &NodeName) -> Result<String, Problem> {
    let bad = |why: String| Problem::new(Place::of(template), format!("`{}` is no host", template.value)).label(why);
    let host = template.value.replace("{name}", name.as_str());
    plain_word(&host).map_err(|why| bad(why.to_owned()))?;
    if let Some((_, word)) = host.split_once('{') {
        let word = word.split('}').next().unwrap_or_default();
        return Err(bad(did_you_mean(word, ["name"])
            .map_or("only `{name}` is replaced here".to_owned(), |_| "did you mean `{name}`?".to_owned())));
    }
    if let Some((user, host)) = host.split_once('@') {
        return Err(bad(format!("write `host: {host}` and `user: {user}`")));
    }
    if host.starts_with('[') {
        return Err(bad("write an IPv6 address without brackets".to_owned()));
    }
    // More than one colon is an IPv6 address.
    match host.split_once(':') {
        Some((host, port)) if !port.contains(':') => Err(bad(format!("write `host: {host}` and `port: {port}`"))),
        _ => Ok(host),
    }
}
