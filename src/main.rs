//! The `kfleet` command.

fn main() {}
