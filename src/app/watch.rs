//! `kfleet status --watch`: one look after the other until Ctrl-C.

use super::fleet::{Fleet, Seen, runtime};
use super::signals;
use crate::cli::Output;
use crate::engine::{Events, run};
use crate::error::{Error, ErrorKind};
use crate::model::{Kind, NodeStatus};
use crate::render::{self, Form};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

impl Fleet<'_> {
    /// Measures the nodes again and again, with `pause` in between, and shows each time what was found. Ctrl-C ends it at
    /// once, also during a look: that only reads, so there is nothing to follow to its end.
    pub(super) fn watch(self, pause: Duration, wide: bool) -> Result<u8, Error> {
        let runtime = runtime()?;
        let stop = CancellationToken::new();
        runtime.spawn(signals::end(stop.clone()));
        let mut first = true;
        while let Some(seen) = self.look(&runtime, &stop, first)? {
            let shown = if self.cli.output == Output::Table { show(&seen.rows, pause, wide, first) } else { Ok(()) };
            match shown {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                Err(e) => {
                    return Err(Error::new(ErrorKind::Local, format!("standard output could not be written: {e}")));
                }
                Ok(()) if seen.cut_off => return Ok(0),
                Ok(()) => {}
            }
            first = false;
            if runtime.block_on(async { tokio::time::timeout(pause, stop.cancelled()).await }).is_ok() {
                break;
            }
        }
        runtime.shutdown_background(); // a name server that does not answer holds up nobody
        Ok(signals::INTERRUPTED)
    }

    /// One run; `None` where it was ended. Only the first one is seen at work: later ones would write their progress over
    /// the table.
    fn look(&self, runtime: &Runtime, stop: &CancellationToken, first: bool) -> Result<Option<Seen>, Error> {
        let (sender, receiver) = channel();
        let events = Events::new(sender);
        let context = Arc::new(self.context(events.clone(), stop.clone()));
        let form = match self.form() {
            Form::Json => Form::Json,
            form if first => form,
            _ => Form::Quiet,
        };
        let display = self.display(form, events.clone(), receiver)?;
        let ended = runtime.block_on(async {
            tokio::select! {
                biased;
                () = stop.cancelled() => true,
                _ = run(context, "status", self.nodes.clone()) => false,
            }
        });
        if ended {
            events.send(Kind::RunFinished); // the display waits for it
        }
        let seen = self.seen(display)?;
        Ok((!ended).then_some(seen))
    }
}

/// On a terminal over the table before it, else below it.
fn show(rows: &[NodeStatus], pause: Duration, wide: bool, first: bool) -> io::Result<()> {
    let style = render::stdout_style();
    let text = if render::moves_cursor() {
        let (columns, lines) = render::stdout_size();
        let clock = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
        let title = render::watch_title(pause, &clock, rows.len());
        // A full line would leave the cursor on its last column, which is erased next.
        let table = render::status_table(rows, wide, Some(columns.saturating_sub(1)), style);
        render::redraw(&format!("{title}\n\n{table}"), columns, lines, first)
    } else {
        let gap = if first { "" } else { "\n" };
        format!("{gap}{}", render::status_table(rows, wide, render::terminal_width(), style))
    };
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}
