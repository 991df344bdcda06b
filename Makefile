# The two commands of README.md are `make demo` and `make test`; the rest are their parts.

CARGO ?= cargo
export CARGO_TERM_COLOR ?= never

# Test programs that start real servers, and all the others.
LIVE := live wireshark kill
TESTS := $(basename $(notdir $(wildcard tests/*.rs))) $(notdir $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs)))
OTHERS := $(filter-out $(LIVE),$(TESTS))

.PHONY: demo demo-once test install format lint unit live docs bench world fuzz deb clean

# A first conversation on this machine: Prosody, an ICQ server and the gateway, until Ctrl-C.
demo:
	@scripts/install-test-servers demo
	@$(CARGO) build --quiet
	@target/debug/icq-transport demo

# Everything that CI runs.
test: install format lint unit live docs demo-once
	@echo "all tests passed"

install:
	@scripts/install-test-servers all

format:
	$(CARGO) fmt --all -- --check

lint:
	$(CARGO) clippy --all-targets --quiet -- -D warnings

# Layout, state machines, scenarios, the seeded world; no server is needed.
unit:
	$(CARGO) test --quiet --lib --bins $(addprefix --test ,$(OTHERS))
	$(CARGO) test --quiet --doc

# On real XMPP servers, which the tests start and stop themselves.
live:
	$(CARGO) test --quiet $(addprefix --test ,$(LIVE)) -- --nocapture --test-threads 1

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --quiet

demo-once:
	@$(CARGO) build --quiet
	target/debug/icq-transport demo --once

# Figures, with something real beside each; see docs/benchmark.md.
bench:
	@scripts/install-test-servers demo
	$(CARGO) bench --bench gateway

# One seed of the seeded world again: make world SEED=1234
world:
	WORLD_SEED=$(SEED) $(CARGO) test --test world -- --nocapture one_seed

# Coverage-guided, from the vectors: make fuzz TARGET=bodies SECONDS_LONG=1800. Needs a nightly Rust and
# cargo install cargo-fuzz; `make unit` runs the same harness in short without either.
TARGET ?= bodies
SECONDS_LONG ?= 60
fuzz:
	FUZZ_CORPUS=fuzz/corpus $(CARGO) test --quiet --test fuzz the_corpus_is_written
	$(CARGO) +nightly fuzz run -s none $(TARGET) -- -max_total_time=$(SECONDS_LONG) -print_final_stats=1

# A Debian package of the program, its unit, its configuration and a system user: cargo install cargo-deb
deb:
	$(CARGO) deb

clean:
	$(CARGO) clean
