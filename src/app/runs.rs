//! `kfleet runs`: what is kept of runs on this machine. Needs no inventory and no node.

use super::fleet::{copies, going_on, print};
use super::run_named::{all, named};
use crate::cli::{Cli, Output};
use crate::error::{Error, ErrorKind};
use crate::inventory::near;
use crate::journal::{Recorded, Story};
use crate::model::{NodeName, Outcome, RunRecord, clean, is_unsafe};
use crate::render::{self, LastSeen, RunRow, RunStory};
use jiff::tz::TimeZone;

/// How a run that lives is told to have ended.
const RUNNING: &str = "running";

/// Lists them, newest first.
pub(super) fn list(cli: &Cli) -> Result<u8, Error> {
    let (_, found) = all()?;
    let rows: Vec<RunRow> = found.iter().map(row).collect();
    print(&match cli.output {
        Output::Table => render::runs_table(&rows, render::terminal_width(), render::stdout_style()),
        Output::Json => render::runs_json(&rows),
    })?;
    Ok(0)
}

/// Tells how one ended.
pub(super) fn show(cli: &Cli, run: &str) -> Result<u8, Error> {
    let (recorded, _) = named(run, |_| true)?;
    let story = told(&recorded)?;
    if cli.output == Output::Json {
        print(&render::run_json(&story))?;
        return Ok(0);
    }
    let (width, style) = (render::terminal_width(), render::stdout_style());
    print(&(render::run_heading(&story, width) + &end(&story, width, style)))?;
    Ok(0)
}

/// What a run said when it was over, and which nodes were not; begins with an empty line where it says anything.
pub(super) fn end(story: &RunStory, width: Option<u16>, style: render::Style) -> String {
    let mut text = String::new();
    if !story.reports.is_empty() {
        text += &format!("\n{}", render::summary(&story.reports, width, style));
    }
    text += &render::run_unfinished(&story.unfinished, width);
    let mut after = copies(&story.row.run, &story.reports);
    if story.row.ended == RUNNING {
        after += "\nIt is still running: Ctrl-C there ends it, `kfleet attach` follows what nodes run.\n";
    } else {
        after += &going_on(&story.record.command, &story.row.run, &story.reports, story.unfinished.len());
    }
    text + &render::fold(&after, width)
}

/// Prints what was written down of one node.
pub(super) fn transcript(cli: &Cli, run: &str, node: &str) -> Result<u8, Error> {
    let (recorded, _) = named(run, |_| true)?;
    let record = known(&recorded)?;
    let Some(node) = record.nodes.iter().find(|name| name.as_str() == node) else {
        let names = near(node, record.nodes.iter().map(NodeName::as_str));
        let names = if names.is_empty() { record.nodes.iter().take(3).map(NodeName::as_str).collect() } else { names };
        let why = format!("run {} had no node {}; near: {}", record.run, clean(node), names.join(", "));
        return Err(Error::new(ErrorKind::Usage, why));
    };
    let text = recorded.transcript(node).map_err(|e| unread(&recorded, &e))?;
    let text = text.unwrap_or_else(|| format!("{node}: nothing was done; its turn had not come\n"));
    let text: String = text.chars().filter(|c| *c == '\n' || !is_unsafe(*c)).collect();
    print(&match cli.output {
        Output::Table => text,
        Output::Json => render::transcript_json(&record.run, node, &text),
    })?;
    Ok(0)
}

/// Its record, or why it cannot be read.
pub(super) fn known(recorded: &Recorded) -> Result<&RunRecord, Error> {
    let record = recorded.record.as_ref();
    record.map_err(|why| Error::new(ErrorKind::Usage, format!("run {}: {why}", recorded.run)))
}

/// All that is known of a run.
pub(super) fn told(recorded: &Recorded) -> Result<RunStory, Error> {
    let record = known(recorded)?.clone();
    let running = recorded.is_running(); // asked first: what ends meanwhile is then told as running, and not as cut off
    let story = recorded.story().map_err(|e| unread(recorded, &e))?;
    let mut seen = LastSeen::default();
    recorded.events(|event| seen.event(&event)).map_err(|e| unread(recorded, &e))?;
    Ok(RunStory {
        row: of(recorded, &record, &story, running),
        record,
        whole: recorded.is_whole(),
        unread: story.unread,
        reports: story.reports,
        unfinished: seen.unfinished(),
    })
}

/// An error that names the file.
pub(super) fn unread(recorded: &Recorded, why: &std::io::Error) -> Error {
    Error::new(ErrorKind::Local, format!("what was kept of run {} cannot be read: {why}", recorded.run))
}

fn row(recorded: &Recorded) -> RunRow {
    let strange = |ended: String| RunRow {
        run: recorded.run.to_string(),
        command: None,
        began: None,
        took_ms: None,
        nodes: None,
        ended,
    };
    let running = recorded.is_running();
    match (&recorded.record, recorded.story()) {
        (Ok(record), Ok(story)) => of(recorded, record, &story, running),
        (Err(why), _) => strange(why.to_string()),
        (_, Err(e)) => strange(format!("its events cannot be read: {e}")),
    }
}

fn of(recorded: &Recorded, record: &RunRecord, story: &Story, running: bool) -> RunRow {
    let so_far = jiff::Timestamp::now().as_millisecond().saturating_sub(record.began_unix_ms);
    RunRow {
        run: recorded.run.to_string(),
        command: Some(record.command.clone()),
        began: Some(local(record)),
        took_ms: if running { u64::try_from(so_far).ok() } else { Some(story.last_ms) },
        nodes: Some(record.nodes.len()),
        ended: ended(record, story, running),
    }
}

fn local(record: &RunRecord) -> String {
    let began = jiff::Timestamp::from_millisecond(record.began_unix_ms);
    began.map_or_else(
        |_| clean(&record.began),
        |at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

fn ended(record: &RunRecord, story: &Story, running: bool) -> String {
    let count = |is: &dyn Fn(Outcome) -> bool| story.reports.iter().filter(|report| is(report.outcome)).count();
    let held = count(&|outcome| outcome == Outcome::NotStarted);
    let failed = record.nodes.len().saturating_sub(count(&|outcome| outcome.is_success()) + held);
    match (story.finished, failed, held) {
        _ if running => RUNNING.to_owned(),
        (false, ..) if story.left => "left".to_owned(),
        (false, ..) => "cut off".to_owned(),
        (true, 0, 0) => "all well".to_owned(),
        _ if count(&|outcome| outcome == Outcome::Interrupted) > 0 => "interrupted".to_owned(),
        (true, failed, 0) => format!("{failed} failed"),
        (true, failed, held) => format!("{failed} failed, {held} not started"),
    }
}
