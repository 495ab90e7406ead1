//! What goes wrong on which node: by a fixed seed, each node at most one thing.

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Its connection ends once within the output of its first phase, in so many thousandths of it.
    Drops(usize),
    /// Its connection ends once in the middle of a mark, the first one after so many thousandths.
    DropsInMark(usize),
    /// It takes the connection and says nothing.
    SilentAtGreeting,
    /// It takes the probe and says nothing.
    SilentInProbe,
    /// It begins its phase, then nothing passes any more, and it greets nobody.
    SilentInPhase,
    /// It takes no key.
    TakesNoKey,
    /// A guard on it refuses.
    GuardRefuses,
}

/// How many of a thousand have which.
pub(crate) struct Shares {
    pub(crate) drops: usize,
    pub(crate) silent: usize,
    pub(crate) refuses: usize,
}

pub(crate) const SHARES: Shares = Shares { drops: 100, silent: 50, refuses: 20 };

impl Shares {
    /// The faults of `count` nodes.
    pub(crate) fn deal(&self, count: usize, silences: &[Fault]) -> Vec<Fault> {
        let mut dice = Dice(count as u64);
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i, dice.below(i + 1));
        }
        let mut faults = vec![Fault::None; count];
        let mut next = order.into_iter();
        let mut give = |share: usize, fault: &mut dyn FnMut(usize) -> Fault| {
            for i in 0..count * share / 1000 {
                let node = next.next().expect("less than all have a fault");
                faults[node] = fault(i);
            }
        };
        give(self.drops, &mut |i| {
            let at = dice.below(1000);
            if i % 2 == 0 { Fault::Drops(at) } else { Fault::DropsInMark(at) }
        });
        give(self.silent, &mut |i| silences[i % silences.len()]);
        give(self.refuses, &mut |i| if i % 2 == 0 { Fault::TakesNoKey } else { Fault::GuardRefuses });
        faults
    }
}

/// Numbers that look random and are the same each time (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("below a usize")
    }
}
