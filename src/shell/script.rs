//! A whole script: header, library, one function per step, and a frame that runs nothing unless all of it arrived.

use super::{Fragment, View, Word};

/// The random word in every mark of one script, so that a node's own output cannot forge a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// From 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// As it stands in the marks.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a step's failure means for the steps after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The script ends at this step.
    Required,
    /// The script goes on, unless a guard refused.
    Optional,
}

/// A script as a value: rendered for a node, for people, or compared in a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    title: String,
    library: Vec<&'static str>,
    globals: Fragment,
    first: Vec<&'static str>,
    steps: Vec<(Need, Fragment)>,
    answers: bool,
}

/// A script's text in its two forms.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    real: String,
    masked: String,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked)
    }
}

impl Rendered {
    /// For the node.
    pub fn real(&self) -> &str {
        &self.real
    }

    /// For people.
    pub fn masked(&self) -> &str {
        &self.masked
    }

    /// The whole script as one word: how a phase is handed to the launcher that writes it to a file.
    pub fn into_word(self) -> Word {
        Word::secret(self.real)
    }
}

/// The exit status by which a step says that there was nothing to do.
pub const NOTHING: i32 = 64;
/// The exit status by which a guard says no. It ends the script whatever the step's need.
pub const REFUSED: i32 = 76;

impl Script {
    /// An empty script. `title` goes into a comment on the first line; control characters in it are dropped.
    pub fn new(title: &str) -> Self {
        Self {
            title: title.chars().filter(|c| !c.is_control()).collect(),
            library: Vec::new(),
            globals: Fragment::new(":"),
            first: Vec::new(),
            steps: Vec::new(),
            answers: false,
        }
    }

    /// Makes it a script whose output is parsed: what a step says on standard error is left out where it succeeds (tools
    /// warn as they like), and follows its output where it fails. Each step's output is cut one byte after
    /// `model::STEP_BYTES`.
    #[must_use]
    pub fn answers(mut self) -> Self {
        self.answers = true;
        self
    }

    /// Adds constant function definitions that steps may call.
    #[must_use]
    pub fn library(mut self, text: &'static str) -> Self {
        self.library.push(text);
        self
    }

    /// Sets a variable that every step sees.
    #[must_use]
    pub fn global(mut self, name: &'static str, value: Word) -> Self {
        self.globals = self.globals.var(name, value);
        self
    }

    /// Calls a function of the library before the steps, in their shell, for variables that several of them read. What it
    /// prints is thrown away.
    #[must_use]
    pub fn first(mut self, call: &'static str) -> Self {
        self.first.push(call);
        self
    }

    /// Adds a step; steps are numbered from 0 in this order.
    #[must_use]
    pub fn step(mut self, need: Need, fragment: Fragment) -> Self {
        self.steps.push((need, fragment));
        self
    }

    /// How many steps it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The text. The frame was tried on dash, bash, busybox and mksh:
    /// * all of it is one compound command, so a script that was cut off runs nothing;
    /// * standard input is /dev/null inside, so a step cannot swallow the rest of a streamed script;
    /// * fd 3 carries the marks and is closed in steps, so that none of their children can write there;
    /// * output and marks share one stream, so their order is the order in which things happened.
    pub fn render(&self, nonce: &Nonce) -> Rendered {
        Rendered { real: self.text(nonce, View::Real), masked: self.text(nonce, View::Masked) }
    }

    fn text(&self, nonce: &Nonce, view: View) -> String {
        let mut text = format!("# {}\n{OPENING}", self.title);
        text.push_str(&format!("N={}\n", nonce.as_str()));
        text.push_str(&self.globals.lines(view));
        text.push_str(FRAME);
        text.push_str(if self.answers { ANSWER } else { TELL });
        for library in &self.library {
            text.push_str(library.trim_end());
            text.push('\n');
        }
        for (i, (_, fragment)) in self.steps.iter().enumerate() {
            text.push_str(&format!("step_{i}() {{\n{}}}\n", fragment.lines(view)));
        }
        text.push_str("main() {\nmark hello\n");
        for call in &self.first {
            text.push_str(&format!("{call} >/dev/null 2>&1 3>&- 4>&-\n"));
        }
        for (i, (need, _)) in self.steps.iter().enumerate() {
            let call = if *need == Need::Required { "need" } else { "may" };
            text.push_str(&format!("{call} {i}\n"));
        }
        text.push_str(&format!("may_go_on {}\nmark bye\n}}\n", self.steps.len()));
        text.push_str(RUN);
        text.push_str(CLOSING);
        text
    }
}

/// What every script begins and ends with. All between is one compound command, which a shell reads to its end before it
/// runs any of it: without the braces a cut within the name of a function would leave the call of another one.
pub(super) const OPENING: &str =
    "{\nset -u\nPATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin\nLC_ALL=C\nexport PATH LC_ALL\n";
pub(super) const CLOSING: &str = "\n}\n";

const FRAME: &str = include_str!("frame.sh");

/// How a step runs whose output people read: both its streams, in order.
const TELL: &str = "run() { ( \"step_$1\" ) 3>&- 4>&-; }\n";

/// How a step runs whose output is parsed.
const ANSWER: &str = include_str!("answer.sh");

/// `sh FILE inside FUNCTION …` runs one function of the script: how a step continues in a mount namespace of its own.
const RUN: &str = r#"{ case ${1-} in inside) shift; "$@" </dev/null; exit ;; esac; PEER=${1-}; main 3>&1 4>&1 2>&1 </dev/null; exit; }"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_cut_one_byte_after_what_is_read() {
        assert!(ANSWER.contains(&format!("head -c {} ", crate::model::STEP_BYTES + 1)));
    }
}
