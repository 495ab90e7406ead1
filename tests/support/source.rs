//! Just enough of Rust's grammar to see what a file imports: no comments, no strings, no test code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One file of the library or the binary, without what only tests compile.
pub(crate) struct SourceFile {
    /// Relative to the package.
    pub(crate) path: PathBuf,
    /// `["transport", "ssh", "gate"]`.
    pub(crate) module: Vec<String>,
    /// Strings and comments blanked out, test code cut.
    pub(crate) code: String,
}

/// Every file under src that is compiled outside of tests, in a stable order.
pub(crate) fn sources() -> Vec<SourceFile> {
    let mut test_only = BTreeSet::new();
    let mut files = Vec::new();
    for path in rust_files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (code, test_modules) = without_tests(&blanked(&text));
        let folder = module_folder(&path);
        for name in test_modules {
            test_only.extend([folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")]);
        }
        files.push(SourceFile { module: module_of(&path), path, code });
    }
    files.retain(|file| !test_only.contains(&file.path));
    files
}

/// Everything under src that is called `*.rs`, as paths relative to the package.
pub(crate) fn rust_files() -> Vec<PathBuf> {
    files_below(Path::new("src")).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

/// All files below a folder, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn module_of(path: &Path) -> Vec<String> {
    let path = path.strip_prefix("src").unwrap().with_extension("");
    let mut module: Vec<String> = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|name| name == "mod" || name == "lib") {
        module.pop();
    }
    module
}

/// Where the files of a file's submodules are.
fn module_folder(path: &Path) -> PathBuf {
    match path.file_stem().unwrap().to_str().unwrap() {
        "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    }
}

/// `text` with everything in comments, strings and character literals as spaces.
pub(crate) fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + literal_length(&text[at..], out.chars().next_back());
        if end == at {
            let c = text[at..].chars().next().unwrap();
            out.push(c);
            at += c.len_utf8();
        } else {
            out.extend(text[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// How many bytes of a comment or literal `rest` begins with; 0 where it is code.
fn literal_length(rest: &str, before: Option<char>) -> usize {
    let until = |open: usize, close: &str| rest[open..].find(close).map_or(rest.len(), |i| open + i + close.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until(2, "*/");
    }
    if rest.starts_with('"') {
        return quoted(rest, b'"');
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let mut chars = inner.chars();
        let is_char = chars.next() == Some('\\') || chars.next() == Some('\''); // else a lifetime
        return if is_char { quoted(rest, b'\'') } else { 0 };
    }
    let starts_word = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| starts_word);
    if let Some(raw) = raw {
        let hashes = raw.bytes().take_while(|b| *b == b'#').count();
        if raw[hashes..].starts_with('"') {
            let open = rest.len() - raw.len() + hashes + 1;
            return until(open, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    0
}

/// The length of a literal in which a backslash escapes.
fn quoted(rest: &str, quote: u8) -> usize {
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|b| {
        let ends = b == quote && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |i| i + 2)
}

/// `code` without items under `#[cfg(test)]`, and the names of modules in files of their own among them.
fn without_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let (mut kept, mut modules, mut rest) = (String::new(), Vec::new(), code);
    while let Some(at) = rest.find(MARK) {
        kept.push_str(&rest[..at]);
        let item = &rest[at + MARK.len()..];
        let end = item_length(item);
        if let Some(name) = item[..end].trim().strip_suffix(';').and_then(|item| item.rsplit_once("mod ")) {
            modules.push(name.1.trim().to_owned());
        }
        rest = &item[end..];
    }
    kept.push_str(rest);
    (kept, modules)
}

/// To the first `;` outside of braces, or to the brace that closes the first one.
fn item_length(item: &str) -> usize {
    let mut depth = 0;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, ';' | '}') {
            return at + 1;
        }
    }
    item.len()
}

/// Every path into the crate that `file` names, as full module paths: `crate::…` anywhere, `super::…` resolved.
pub(crate) fn imports(file: &SourceFile) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for root in ["crate", "kfleet", "super"] {
        for (at, _) in file.code.match_indices(&format!("{root}::")) {
            let before = file.code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
                continue;
            }
            let mut rest = &file.code[at..];
            let mut base = if root == "super" { file.module.clone() } else { Vec::new() };
            while let Some(above) = rest.strip_prefix("super::") {
                base.pop();
                rest = above;
            }
            let rest = rest.strip_prefix("crate::").or_else(|| rest.strip_prefix("kfleet::")).unwrap_or(rest);
            expand(&base, rest, &mut found);
        }
    }
    found
}

/// `a::{b, c::d}` behind `base` as one path per name; gives how many bytes it took.
fn expand(base: &[String], text: &str, found: &mut BTreeSet<Vec<String>>) -> usize {
    let mut path = base.to_vec();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with('{') {
            return at + group(&path, rest, found);
        }
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        path.push(rest[..length].to_owned());
        at += length;
        if !text[at..].starts_with("::") {
            found.insert(path);
            return at;
        }
        at += 2;
    }
}

fn group(path: &[String], text: &str, found: &mut BTreeSet<Vec<String>>) -> usize {
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        at += match c {
            '}' => return at + 1,
            c if c.is_alphanumeric() || c == '_' => expand(path, &text[at..], found),
            c => c.len_utf8(),
        };
    }
    at
}
