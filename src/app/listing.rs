//! `kfleet inventory list|check`.

use crate::cli::{Cli, Output};
use crate::error::Error;
use crate::inventory::Inventory;
use crate::model::{Become, Node, Role};
use crate::render::{InventoryRow, inventory_json, inventory_table, terminal_width};

/// Prints the nodes as kfleet understands them.
pub(super) fn list(cli: &Cli, nodes: &[Node]) -> Result<u8, Error> {
    let rows: Vec<InventoryRow> = nodes.iter().map(row).collect();
    super::fleet::print(&match cli.output {
        Output::Table => inventory_table(&rows, terminal_width()),
        Output::Json => inventory_json(&rows),
    })?;
    Ok(0)
}

/// Says that the inventory is right: whatever is wrong has been reported when it was read.
pub(super) fn check(cli: &Cli, inventory: &Inventory) -> Result<u8, Error> {
    let workers = inventory.nodes.iter().filter(|n| n.role == Role::Worker).count();
    let total = inventory.nodes.len();
    let join = match &inventory.join {
        Some(crate::model::JoinSource::ControlPlane { node, .. }) => format!("join command from {node}"),
        Some(crate::model::JoinSource::Command(command)) => format!("join command for {}", command.endpoint.as_str()),
        None => "no join command: `kfleet join` needs --join-command".to_owned(),
    };
    if cli.output == Output::Json {
        let json = serde_json::json!({ "file": inventory.file_name, "nodes": total, "workers": workers });
        super::fleet::print(&format!("{json}\n"))?;
        return Ok(0);
    }
    super::fleet::print(&format!("{}: right; nodes: {total}, workers: {workers}, {join}\n", inventory.file_name))?;
    Ok(0)
}

fn row(node: &Node) -> InventoryRow {
    InventoryRow {
        name: node.name.clone(),
        role: match node.role {
            Role::ControlPlane => "control-plane",
            Role::Worker => "worker",
        },
        address: format!("{}@{}:{}", node.access.user, node.access.host, node.access.port),
        r#become: match node.access.privilege {
            Become::None => "none",
            Become::Sudo => "sudo",
        },
        groups: node.groups.clone(),
        protected: node.protect.iter().map(ToString::to_string).collect(),
    }
}
