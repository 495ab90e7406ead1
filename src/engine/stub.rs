#![allow(missing_docs)]
use crate::model::*;
use crate::parse::SectionOutput;
use crate::shell::Script;
pub fn ask_api(_: &Node, _: &Endpoint, _: &Token) -> Script { Script::new("x") }
pub fn api_view(_: &str, _: Option<&SectionOutput>) -> Fact<ApiView> { Fact::default() }
pub fn blockers<'a>(f: &'a [Finding], ignored: &[String]) -> Vec<&'a Finding> { f.iter().filter(|f| f.blocks_join && !f.is_ignored(ignored)).collect() }
