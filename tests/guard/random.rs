//! Random machines: the same words as in the cases by hand, in combinations that nobody thought of.

use crate::case::Case;
use crate::names::NAMES;
use crate::sandbox::{MACHINES, Shell};
use crate::{as_root, steps::Run};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// `SplitMix64`: small, and the same everywhere, so that a seed says which machine it was.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).expect("a small number")
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.roll(among.len())]
    }
}

/// One random machine and whether a reset of it is safe and must therefore complete.
struct Layout {
    case: Case,
    safe: bool,
    kinds: Vec<&'static str>,
}

/// Where the media really are. (kind, plant)
const MEDIA: [(&str, &str); 7] = [
    ("media in a plain folder", ""),
    ("media are a link", "mv /srv/media /disk/media; ln -s /disk/media /srv/media"),
    (
        "media on a disk",
        "rm -r /mnt/media; tmpfs /mnt/media; files /mnt/media/photo.jpg /mnt/media/kubelet/config.yaml",
    ),
    ("media with a disk below", "tmpfs /srv/media/disk; files /srv/media/disk/film /srv/media/disk/sub/film"),
    ("media are a bind mount", "bind /disk/other /mnt/media/other; bind /disk/other /srv/media/empty"),
    ("media missing", "rm -r /mnt/media"),
    ("media are a dangling link", "rm -r /mnt/media; ln -s /nowhere /mnt/media"),
];

/// Where kubelet's folder really is, where that is safe.
const MOVED: [(&str, &str); 4] = [
    ("kubelet in place", ""),
    ("kubelet behind a link", "mv /var/lib/kubelet /disk/kubelet; ln -s /disk/kubelet /var/lib/kubelet"),
    ("kubelet on a bind mount", "files /disk/kubelet/pods/x/file; bind /disk/kubelet /var/lib/kubelet"),
    ("kubelet on a disk", "tmpfs /var/lib/kubelet; files /var/lib/kubelet/pods/x/file"),
];

/// Where it is not. Each works with every place of the media.
const ALIASED: [(&str, &str); 7] = [
    ("kubelet is a link to the media", "rm -r /var/lib/kubelet; ln -s /srv/media /var/lib/kubelet"),
    ("kubelet is a link into the media", "rm -r /var/lib/kubelet; ln -s /srv/media/deep /var/lib/kubelet"),
    ("kubelet is a link above the media", "rm -r /var/lib/kubelet; ln -s /srv /var/lib/kubelet"),
    ("kubelet is the media", "bind /srv/media /var/lib/kubelet"),
    ("kubelet is in the media", "bind /srv/media/deep/er /var/lib/kubelet"),
    ("kubelet is above the media", "bind /srv /disk/a; bind \"$(readlink -m /srv/media/..)\" /var/lib/kubelet"),
    (
        "media are in kubelet",
        "[ ! -L /mnt/media ] || rm /mnt/media; mkdir -p /mnt/media /var/lib/kubelet/m; bind /var/lib/kubelet/m /mnt/media",
    ),
];

fn layout(dice: &mut Dice) -> Layout {
    let (media_kind, mut plant) = {
        let (kind, plant) = MEDIA[dice.roll(MEDIA.len())];
        (kind, format!("{plant}\n"))
    };
    let mut kinds = vec![media_kind];
    let safe = dice.roll(4) > 0;
    let (kind, text) = if safe { MOVED[dice.roll(MOVED.len())] } else { ALIASED[dice.roll(ALIASED.len())] };
    kinds.push(kind);
    writeln!(plant, "{text}\nlast=/disk/other").expect("memory");
    for _ in 0..=dice.roll(6) {
        let (kind, text) = item(dice);
        kinds.push(kind);
        plant.push_str(&text);
    }
    let run = if dice.roll(8) == 0 { Run::Unchecked } else { Run::Kubelet };
    let mut case = Case::new(run, plant).shells(&[Shell::ALL[dice.roll(4)]]);
    if dice.roll(3) == 0 {
        kinds.push("private mounts");
        case = case.private();
    }
    Layout { case, safe, kinds }
}

/// One more thing in kubelet's folder or in /etc/kubernetes, of a random name. What cannot be there is left out.
fn item(dice: &mut Dice) -> (&'static str, String) {
    let from = dice.pick(&["/srv/media", "/srv/media/deep", "/mnt/media", "/srv", "/disk/other", "\"$last\""]);
    let name = NAMES[dice.roll(NAMES.len())].replace("//", "").replace('\'', r"'\''");
    let below = dice.pick(&["$root/", "$root/pods/0a1b2c3d/volume-subpaths/v/c/", "$last/", "$root/pods/-x y/"]);
    let (kind, text) = [
        ("bind", "bind FROM \"$at\""),
        ("bind twice", "bind FROM \"$at\"; bind FROM \"$at\""),
        ("recursive bind", "mkdir -p \"$at\"; mount --rbind -- FROM \"$at\""),
        ("read-only bind", "bind_ro FROM \"$at\""),
        ("tmpfs", "tmpfs \"$at\"; files \"$at/file\""),
        ("busy bind", "bind FROM \"$at\"; busy \"$at\""),
        ("busy tmpfs", "tmpfs \"$at\"; files \"$at/open\"; busy \"$at/open\""),
        ("file bind", "bind /srv/media/film.mkv \"$at\""),
        ("private bind", "bind FROM \"$at\"; mount --make-private -- \"$at\""),
        ("slave bind", "bind FROM \"$at\"; mount --make-rslave -- \"$at\""),
        ("link to the media", "mkdir -p \"${at%/*}\"; ln -s FROM \"$at\""),
        ("hard link", "mkdir -p \"${at%/*}\"; ln /srv/media/film.mkv \"$at\""),
        ("link from the media", "ln -s \"$at\" /srv/media/to-kubelet"),
        ("link in /etc/kubernetes", "rm -rf /etc/kubernetes/pki; ln -s FROM /etc/kubernetes/pki"),
        ("plain file", "files \"$at\""),
    ][dice.roll(15)];
    let text = text.replace("FROM", from);
    // Shared mounts in shared mounts multiply, so at some number it is enough.
    let plant = format!(
        "name=$(printf '%b' '{name}' && printf x); name=${{name%x}}; root=/var/lib/kubelet; at=\"{below}$name\"; (\nset +e\n[ \"$(wc -l </proc/self/mountinfo)\" -lt 60 ] || exit\n{text}\n) 2>/dev/null </dev/null || :; last=$at; [ -d \"$last\" ] || last=/disk/other\n"
    );
    (kind, plant)
}

/// Runs it; says in a word how it ended, or what is wrong with that.
fn check(seed: u64, layout: &Layout) -> Result<&'static str, String> {
    let outcome = layout.case.outcomes().pop().ok_or("the shell is not here")?;
    let complete = outcome.bye && outcome.kubelet_is_empty();
    let fine = |step: &(String, i32)| matches!(step.1, 0 | 64) || step.0 == "kubeadm reset";
    let moved = layout.kinds.contains(&"kubelet on a bind mount");
    let wrong = if !outcome.kept() {
        "what is protected changed"
    } else if outcome.stopped.is_some() && outcome.said.contains("would go with it") {
        return Ok("= refused, as mounts elsewhere would go along");
    } else if layout.safe && outcome.stopped.is_some() && outcome.said.contains("Device or resource busy") && moved {
        return Ok("= failed, as kubelet's folder is in use under another name");
    } else if layout.safe && !(complete && outcome.steps.iter().all(fine)) {
        "the reset is safe and did not complete"
    } else if !layout.safe && !outcome.steps.iter().any(|step| step.1 == 76) {
        "the reset is not safe and was not refused"
    } else {
        return Ok(if complete { "= completed" } else { "= refused by the guard" });
    };
    Err(format!("KFLEET_GUARD_SEED={seed} KFLEET_GUARD_LAYOUTS=1: {wrong}{outcome}"))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

as_root! {
    #[allow(clippy::print_stdout, reason = "the counts are what the reader of a run wants")]
    #[allow(clippy::disallowed_methods, reason = "the clock gives a seed here and measures nothing")]
    fn random_machines() {
        let layouts = number("KFLEET_GUARD_LAYOUTS").unwrap_or(150);
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        let first = number("KFLEET_GUARD_SEED").unwrap_or(clock * 1000);
        println!("guard: {layouts} random machines from KFLEET_GUARD_SEED={first}");
        let next = AtomicUsize::new(0);
        let (counts, failures) = (Mutex::new(BTreeMap::<&str, usize>::new()), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| loop {
                    let n = next.fetch_add(1, Ordering::Relaxed) as u64;
                    if n >= layouts {
                        break;
                    }
                    let layout = layout(&mut Dice(first + n));
                    let verdict = check(first + n, &layout);
                    let mut counts = counts.lock().expect("no panic");
                    let end = *verdict.as_ref().unwrap_or(&"= FAILED");
                    for kind in layout.kinds.iter().chain([&end]) {
                        *counts.entry(kind).or_default() += 1;
                    }
                    failures.lock().expect("no panic").extend(verdict.err());
                });
            }
        });
        for (kind, count) in counts.into_inner().expect("no panic") {
            println!("guard: {count:>5} {kind}");
        }
        println!("guard: {} machines so far in all tests", MACHINES.load(Ordering::Relaxed));
        let failures = failures.into_inner().expect("no panic");
        assert!(failures.is_empty(), "{} of {layouts} failed\n{}", failures.len(), failures.join("\n"));
    }
}
