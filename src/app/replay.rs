//! `kfleet runs replay`: a run once more, as it was seen.

use super::fleet::print;
use super::run_named::named;
use super::runs::{end, told, unread};
use crate::cli::{Cli, Output};
use crate::error::Error;
use crate::model::Event;
use crate::render::{self, Form, Renderer, Wish};
use std::time::Duration;

/// The longest pause that is shown.
const LONGEST_MS: u64 = 2_000;
/// Pictures are drawn so often.
const TICK_MS: u64 = 100;

/// Shows the run that `name` means; on a terminal `speed` times as fast as it was, in a pipe at once.
pub(super) fn replay(cli: &Cli, name: &str, speed: u32) -> Result<u8, Error> {
    let (recorded, _) = named(name, |_| true)?;
    let story = told(&recorded)?;
    let form = match (cli.output, cli.no_progress) {
        (Output::Json, _) => Form::Json,
        (Output::Table, true) => Form::Plain,
        (Output::Table, false) => Form::Best,
    };
    let wish = Wish { form, verbose: cli.verbose, ..Wish::default() }.seen_by_stderr();
    let mut renderer = render::choose(wish, Box::new(std::io::stdout()), Box::new(std::io::stderr()));
    let mut clock = (wish.terminal && form != Form::Json).then_some(Clock { now_ms: 0, speed: u64::from(speed) });
    let shown = recorded.events(|event| {
        if let Some(clock) = &mut clock {
            clock.wait_for(&event, &mut renderer);
        }
        renderer.event(&event);
    });
    shown.map_err(|e| unread(&recorded, &e))?;
    let _ = renderer.finish(); // a closed pipe is the reader's choice
    if cli.output == Output::Table {
        let text = end(&story, render::terminal_width(), render::stdout_style());
        print(text.strip_prefix('\n').unwrap_or(&text))?;
    }
    Ok(0)
}

/// The time of the run, which passes faster than ours.
struct Clock {
    now_ms: u64,
    speed: u64,
}

impl Clock {
    /// Lets the time until `event` pass, and the clocks on the terminal move.
    fn wait_for(&mut self, event: &Event, renderer: &mut Renderer) {
        let pause_ms = (event.at_ms.saturating_sub(self.now_ms) / self.speed).min(LONGEST_MS);
        let (from, run_ms) = (self.now_ms, event.at_ms.saturating_sub(self.now_ms));
        let mut passed = 0;
        while passed < pause_ms {
            let step = TICK_MS.min(pause_ms - passed);
            std::thread::sleep(Duration::from_millis(step));
            passed += step;
            renderer.tick(from + run_ms * passed / pause_ms);
        }
        self.now_ms = self.now_ms.max(event.at_ms);
    }
}
