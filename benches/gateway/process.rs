//! What the system says a process has used.

use std::fs;
use std::ops::Sub;
use std::time::Duration;

/// Processor time of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    /// In the program itself.
    pub user: Duration,
    /// In the kernel, on its behalf.
    pub system: Duration,
}

impl Cpu {
    /// What process `pid` has used so far; `None` if there is none.
    pub fn of(pid: Option<u32>) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid?)).ok()?;
        // The name in parentheses may hold anything; fields are counted behind it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || -> Option<Duration> {
            Some(Duration::from_millis(
                fields.next()?.parse::<u64>().ok()? * MILLIS_PER_TICK,
            ))
        };
        Some(Self {
            user: ticks()?,
            system: ticks()?,
        })
    }

    /// Both together.
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }
}

/// What the threads of a gateway have run so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads {
    /// Those of the runtime: stanzas, users, sockets.
    pub runtime: Duration,
    /// The one that owns the store.
    pub store: Duration,
    /// sled's own.
    pub sled: Duration,
}

impl Threads {
    /// Those of process `pid`; `None` if there is none.
    pub fn of(pid: Option<u32>) -> Option<Self> {
        let mut threads = Self::default();
        for task in fs::read_dir(format!("/proc/{}/task", pid?)).ok()? {
            let folder = task.ok()?.path();
            // One may have ended meanwhile.
            let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let ran = read("schedstat");
            let ran = ran.split_whitespace().next().unwrap_or_default();
            let ran = Duration::from_nanos(ran.parse().unwrap_or_default());
            let name = read("comm");
            *match name.trim() {
                "store" => &mut threads.store,
                name if name.starts_with("sled") => &mut threads.sled,
                _ => &mut threads.runtime,
            } += ran;
        }
        Some(threads)
    }
}

impl Sub for Threads {
    type Output = Self;

    /// Threads that ended meanwhile have taken their time along.
    fn sub(self, earlier: Self) -> Self {
        Self {
            runtime: self.runtime.saturating_sub(earlier.runtime),
            store: self.store.saturating_sub(earlier.store),
            sled: self.sled.saturating_sub(earlier.sled),
        }
    }
}

/// `CLK_TCK` is 100 on every Linux that Debian builds.
const MILLIS_PER_TICK: u64 = 10;

/// The memory that only this process has, in bytes.
pub fn private_memory(pid: Option<u32>) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", pid?)).ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        rollup
            .lines()
            .find(|line| line.starts_with(name))?
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()
    };
    Some((kilobytes("Private_Clean:")? + kilobytes("Private_Dirty:")?) * 1024)
}

/// What the kernel keeps for everybody: its slabs, in bytes. Sockets are most of what changes there.
pub fn kernel_slabs() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find(|line| line.starts_with("Slab:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}
