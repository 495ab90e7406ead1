//! What a reset must answer for: protected paths as they were, and copies that can be put back.

use crate::bed::Bed;
use crate::run::kfleet;
use kfleet::model::{Kind, Outcome};

pub fn a_loss_is_told(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    // Somebody else's doing, in the middle of the reset: it goes when containerd is started again.
    bed.see(
        node,
        "mkdir -p /srv/media /etc/systemd/system/containerd.service.d; touch /srv/media/one /srv/media/two
printf '[Service]\\nExecStartPre=/bin/rm -f /srv/media/two\\n' >/etc/systemd/system/containerd.service.d/thief.conf
systemctl daemon-reload",
    );
    let run = kfleet(bed, &["reset", node, "--yes"]);
    let report = run.expect(node, Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("/srv/media has") && error.contains("entries and had"), "{error}");

    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    bed.see(
        node,
        "mkdir -p /srv/media /etc/systemd/system/containerd.service.d; touch /srv/media/one
printf '[Service]\\nExecStartPre=/bin/touch /srv/media/two\\n' >/etc/systemd/system/containerd.service.d/friend.conf
systemctl daemon-reload",
    );
    kfleet(bed, &["reset", node, "--yes"]).expect(node, Outcome::Reset);
}

pub fn restored(bed: &Bed, node: &str) {
    const CONFIG: &str = "cat /etc/containerd/config.toml; stat -c '%a %u' /etc/containerd/config.toml";
    const RULES: &str = "for b in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do echo $b; $b-save 2>/dev/null | sed -e 's/\\[[0-9:]*\\]//; /^#/d'; done";
    /// A run that nobody has made.
    const NEVER: &str = "20200101t000000z-000000";
    bed.fresh(&[node]);
    bed.plant(node, "stale-network");
    bed.see(node, "printf 'version = 2\\n# mine\\n' >/etc/containerd/config.toml; chmod 0640 /etc/containerd/config.toml; systemctl restart containerd");
    let (config, rules) = (bed.see(node, CONFIG), bed.see(node, RULES));
    assert!(rules.contains(":KUBE-") && config.contains("640 0"), "{rules}{config}");

    let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    run.expect(node, Outcome::Reset);
    assert!(bed.see(node, CONFIG).contains("SystemdCgroup = true"));
    assert!(!bed.see(node, RULES).contains(":KUBE-"));
    let id = run.events.iter().find_map(|e| match &e.kind {
        Kind::RunStarted { run, .. } => Some(run.clone()),
        _ => None,
    });
    let id = id.expect("the run says its id");

    let back = kfleet(bed, &["reset", node, "--restore-config", &id, "--yes"]);
    back.expect(node, Outcome::Restored);
    assert_eq!(bed.see(node, CONFIG), config);
    assert_eq!(bed.see(node, RULES), rules);

    let unknown = kfleet(bed, &["reset", node, "--restore-config", NEVER, "--yes"]);
    let report = unknown.expect(node, Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains(NEVER) && error.contains(&id), "which runs there are: {error}");
}
