//! What a script of kfleet's asks for, read from its text, and the marks with which it is answered.

/// A script as it came.
pub(crate) struct Asked {
    text: String,
}

/// The steps' bounds are looked for from its end: a launcher carries another script in it.
const MAIN: &str = "\nmain() {\nmark hello\n";

impl Asked {
    pub(crate) fn new(text: String) -> Self {
        assert!(text.starts_with("# kfleet "), "a script has a title: {:?}", text.lines().next());
        assert!(text.ends_with("\n}\n"), "a script that did not arrive whole runs nothing");
        Self { text }
    }

    /// Its first line without version: `probe node=n1 run=…`, `launcher`.
    pub(crate) fn title(&self) -> &str {
        let line = self.text.lines().next().unwrap_or_default().trim_start_matches("# kfleet ");
        line.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start()
    }

    /// The word of its marks.
    pub(crate) fn nonce(&self) -> &str {
        let rest = self.text.split_once("\nN=").expect("a script has a nonce").1;
        rest.lines().next().unwrap_or_default()
    }

    /// How many steps it has.
    pub(crate) fn steps(&self) -> usize {
        let main = &self.text[self.text.rfind(MAIN).expect("a script has a main function") + MAIN.len()..];
        main.lines().take_while(|line| *line != "mark bye").filter(|line| is_step(line)).count()
    }

    /// A variable outside of the script that it may carry.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let assignment = format!("\n{name}=");
        let at = match self.carried_at() {
            Some(at) => self.text[..at].find(&assignment).or_else(|| self.text.rfind(&assignment)),
            None => self.text.find(&assignment),
        }?;
        self.word_at(at, name)
    }

    /// The script that a launcher carries as one word.
    pub(crate) fn carried(&self) -> Option<Self> {
        self.word_at(self.carried_at()?, "SCRIPT").map(Self::new)
    }

    /// Whether its first step calls this function.
    pub(crate) fn calls(&self, function: &str) -> bool {
        let body = self.text.rsplit_once("\nstep_0() {\n").and_then(|(_, rest)| rest.split_once("\n}\n"));
        body.is_some_and(|(body, _)| body.lines().any(|line| line == function))
    }

    fn carried_at(&self) -> Option<usize> {
        self.text.find("\nSCRIPT=")
    }

    /// The value of `name=` at the line after `at`, as a shell would read it.
    fn word_at(&self, at: usize, name: &str) -> Option<String> {
        let word = shlex::Shlex::new(&self.text[at + 1..]).next()?;
        word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
    }
}

fn is_step(line: &str) -> bool {
    let number = line.strip_prefix("need ").or_else(|| line.strip_prefix("may "));
    number.is_some_and(|n| n.parse::<usize>().is_ok())
}

/// A mark as `shell/frame.sh` prints it.
pub(crate) fn mark(nonce: &str, words: &str) -> Vec<u8> {
    format!("\n\u{1e}{nonce} {words}\n").into_bytes()
}

/// All that a script of one step prints.
pub(crate) fn reply(nonce: &str, status: i32, bytes: &[u8]) -> Vec<u8> {
    let mark = |words: &str| mark(nonce, words);
    [mark("hello"), mark("begin 0"), bytes.to_vec(), mark(&format!("end 0 {status}")), mark("bye")].concat()
}
