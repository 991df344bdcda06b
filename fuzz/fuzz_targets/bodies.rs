#![no_main]

#[path = "../harness.rs"]
#[allow(dead_code, reason = "the other targets are in it, too")]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::bodies(data));
