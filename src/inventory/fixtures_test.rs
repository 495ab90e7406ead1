//! Each file under tests/fixtures/inventory is a mistake; the message that it gets stands beside it.

use super::parse;
use std::path::{Path, PathBuf};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inventory");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    cases.sort();
    cases
}

#[test]
fn every_mistake_is_drawn() {
    let cases = fixtures();
    assert!(cases.len() > 40, "fixtures are missing");
    for path in cases {
        let case = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let drawn = parse("nodes.yaml", &text, Path::new("/home/ops")).expect_err(case).to_string();
        assert!(!drawn.contains(".0123456789abcdef"), "{case} shows a token");
        insta::with_settings!({
            snapshot_path => "../../tests/fixtures/inventory",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(case, drawn) });
    }
}
