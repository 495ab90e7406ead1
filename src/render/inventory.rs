//! The inventory as kfleet understands it.

use super::style::Style;
use super::table::{Cell, Row, table};
use crate::model::NodeName;
use serde::Serialize;

/// One node, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InventoryRow {
    /// Its name.
    pub name: NodeName,
    /// `worker` or `control-plane`.
    pub role: &'static str,
    /// `user@host:port`.
    pub address: String,
    /// `none` or `sudo`.
    pub r#become: &'static str,
    /// Groups it belongs to.
    pub groups: Vec<String>,
    /// Paths that nothing removes.
    pub protected: Vec<String>,
}

/// A table for people.
pub fn inventory_table(rows: &[InventoryRow], width: Option<u16>) -> String {
    let rows = rows.iter().map(|row| {
        let groups = if row.groups.is_empty() { "-".to_owned() } else { row.groups.join(", ") };
        let cells = vec![
            row.name.to_string(),
            row.role.to_owned(),
            row.address.clone(),
            row.r#become.to_owned(),
            groups,
            row.protected.join(", "),
        ];
        Row { cells: cells.into_iter().map(Cell::from).collect(), height: None }
    });
    table(
        &["NODE", "ROLE", "ADDRESS", "BECOME", "GROUPS", "PROTECTED"],
        &rows.collect::<Vec<_>>(),
        width,
        Style::default(),
    )
}

/// One JSON object per line, for programs.
pub fn inventory_json(rows: &[InventoryRow]) -> String {
    rows.iter().map(|row| serde_json::json!(row).to_string() + "\n").collect()
}
