//! `make bench`: how much the machine carries, how fast, and at what cost. See `docs/benchmarks.md`.

// One thread: the generator then costs one core at most, and its CPU is that of this process.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    testkit::bench::run().await;
}
