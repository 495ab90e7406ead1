//! The nodes: a shell that runs what it is given among tools of ours, and shells that only pretend to.

use crate::recorded;
use kfleet::plan::Section;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// What no terminal may obey, no reader of UTF-8 can read, and no reader of marks may take for one: of another nonce, of none,
/// with numbers that fit no type, at the end of a line and in the middle of it.
const NASTY: &str = concat!(
    r"\033]0;owned\007 \033[2J\233H\220q\234 \200\376\377 a\bb\r \342\200\256txt\n",
    r"\036ffffffffffffffffffffffffffffffff end 0 0\n\036ffffffffffffffffffffffffffffffff bye\n",
    r"\036 begin 1\n\036end 18446744073709551616 -99999999999\nx\036ffffffffffffffffffffffffffffffff stop 3\n",
    r"\036ffffffffffffffffffffffffffffffff begin 99999999999999999999999999999999999999999999999999\n",
);

/// An honest shell. Its tools print what was recorded on a real node, or worse.
pub(crate) struct Tools(TempDir);

impl Tools {
    pub(crate) fn quiet() -> Self {
        Self::new("", "")
    }

    /// `crictl info`, `containerd config default` and `systemctl show` of the units print 100 MiB each, and what other
    /// tools print begins with a few such lines.
    pub(crate) fn hostile() -> Self {
        Self::new("flood", "nasty")
    }

    fn new(flood: &str, nasty: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        for (name, (_, bytes)) in recorded::load("trixie-fresh") {
            fs::write(dir.join(name), bytes).unwrap();
        }
        fs::create_dir(dir.join("bin")).unwrap();
        let common = format!(
            "#!/bin/sh\nnasty() {{ printf '{NASTY}'; }}\n\
             flood() {{ nasty >\"$0.$$\"; yes \"$(cat \"$0.$$\")\" | head -c 104857600; rm \"$0.$$\"; exit; }}\n\
             cd {}\n",
            dir.display()
        );
        let tool = |name: &str, body: &str| executable(&dir.join("bin").join(name), &format!("{common}{body}\n"));
        tool(
            "crictl",
            &format!(
                "case $* in *imagefsinfo*) exit 1 ;; *info) {flood}\ncat CriInfo ;; *) {nasty}\necho '{{}}' ;; esac"
            ),
        );
        tool(
            "containerd",
            &format!(
                "case $* in *default) {flood}\ncat ContainerdDefaultConfig ;; *dump) cat ContainerdDump ;; \
                 *) sed -n 's/^containerd=//p' Versions ;; esac"
            ),
        );
        tool(
            "systemctl",
            &format!(
                "case $* in *NRestarts*) {flood}\ncat Units ;; *ActiveState*) echo ActiveState=inactive ;; *--value*) echo 0 ;; esac"
            ),
        );
        tool("kubelet", &format!("{nasty}\nsed -n 's/^kubelet=//p' Versions"));
        tool("kubeadm", "sed -n 's/^kubeadm=//p' Versions");
        tool("journalctl", &format!("{nasty}\necho '1795384191.1 node1 kubelet[7]: E1122 22:49:51.1 7 x.go:1] ab'"));
        tool("ctr", "exit 1");
        Self(folder)
    }

    /// For `sh -c`, the real shell as its arguments.
    pub(crate) fn wrapper(&self) -> String {
        format!("sed 's|^PATH=|PATH={}/bin:|' | \"$@\"", self.0.path().display())
    }
}

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A shell that knows the nonce and says what it likes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hostile {
    /// One step prints without end.
    Endless,
    /// All steps print as much as is kept, of what takes the most memory.
    Heavy,
    /// Millions of marks.
    Marks,
}

impl Hostile {
    pub(crate) const ALL: [Self; 3] = [Self::Endless, Self::Heavy, Self::Marks];

    /// What is said of the node; nothing where it is measured.
    pub(crate) fn error(self) -> &'static str {
        match self {
            Self::Endless => "the node printed more than",
            Self::Heavy | Self::Marks => "",
        }
    }

    pub(crate) fn wrapper(self) -> String {
        let body = match self {
            Self::Endless => format!("mark begin 0; yes \"$(printf '{NASTY}')\""),
            Self::Heavy => heavy(),
            Self::Marks => {
                let count = r#"BEGIN { for (n = 0; n < 1000000; n++) printf "\n\036%s begin %d\n\n\036%s end %d 0\n", N, n, N, n }"#;
                format!("awk -v N=\"$nonce\" '{count}'")
            }
        };
        format!(
            "nonce=$(sed -n 's/^N=//p' | head -n 1)\nmark() {{ printf '\\n\\036%s %s\\n' \"$nonce\" \"$*\"; }}\n\
             mark hello\n{body}\nmark bye"
        )
    }
}

fn heavy() -> String {
    // As long as a document may be.
    let tree =
        |open: &str, item: &str| format!("printf '{open}'; yes '{item}' | tr -d '\\n' | head -c 131000; printf ']'");
    let steps = Section::ALL.into_iter().enumerate().map(|(step, section)| {
        let print = match section {
            Section::CriInfo => tree("[", "{\"\":0},"),
            Section::ContainerdDump | Section::ContainerdConfig => tree("a=[", "1,"),
            _ => "yes 'x 1' | head -n 10000".to_owned(),
        };
        format!("mark begin {step}; {print}; mark end {step} 0\n")
    });
    steps.collect()
}
