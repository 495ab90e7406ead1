//! Every target: the body that has the binary's name.
#![no_main]

mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::run(env!("CARGO_BIN_NAME"), data));
