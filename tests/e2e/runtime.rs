//! containerd: its config, and the others that it serves.

use crate::bed::Bed;
use crate::run::kfleet;
use kfleet::model::Outcome;

/// All that others have in containerd, with the start times of their processes.
const OTHERS: &str = "for name in moby elsewhere; do
  for kind in tasks containers images snapshots; do ctr -n $name $kind ls | sort; done; ctr -n $name content ls -q
  for pid in $(ctr -n $name tasks ls | awk 'NR > 1 { print $2 }'); do cut -d' ' -f1,4,22 /proc/$pid/stat; done
  ctr -n $name tasks exec --exec-id look of-$name /bin/sleep 0 && echo answers
done; systemctl show -p MainPID -p ActiveState libpod-conmon; grep -E '/(moby|elsewhere)/' /proc/mounts";

const KUBERNETES: &str = "for kind in tasks containers images content leases; do ctr -n k8s.io $kind ls -q | sort; done; ctr -n k8s.io snapshots ls | tail -n +2; ls -A /run/containerd/io.containerd.runtime.v2.task/k8s.io; find /sys/fs/cgroup -name 'kubepods*'; grep '/k8s.io/' /proc/mounts; systemctl is-active --quiet lost && echo lost runs; true";

pub fn shared(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.see(node, include_str!("neighbours.sh"));
    let containerd = || bed.see(node, "systemctl show -p MainPID containerd");
    let (before, pid, kubernetes) = (bed.see(node, OTHERS), containerd(), bed.see(node, KUBERNETES));
    assert!(before.matches("answers").count() == 2 && before.contains("c-moby"), "{before}");
    assert!(kubernetes.contains("c-k8s.io") && kubernetes.contains("pod2"), "{kubernetes}");

    let refused = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    let error = refused.expect(node, Outcome::Refused).error.clone().unwrap_or_default();
    assert!(["moby", "elsewhere", "--allow-shared-runtime"].iter().all(|word| error.contains(word)), "{error}");
    assert_eq!(refused.code, Some(3));
    assert_eq!(bed.see(node, KUBERNETES), kubernetes, "it was refused, and something is gone");

    let allowed = ["reset", node, "--aggressive", "--yes", "--allow-shared-runtime"];
    kfleet(bed, &allowed).expect(node, Outcome::Reset);
    assert_eq!(bed.see(node, KUBERNETES).trim(), "", "something of Kubernetes is left");
    assert_eq!(bed.see(node, OTHERS), before, "something of others changed");
    assert_eq!(containerd(), pid, "its config had not changed, and it was started again");
    kfleet(bed, &allowed).expect(node, Outcome::AlreadyClean);

    bed.see(node, "sed -i 's/SystemdCgroup = true/SystemdCgroup = false/' /etc/containerd/config.toml && systemctl restart containerd");
    let pid = containerd();
    kfleet(bed, &allowed).expect(node, Outcome::Reset);
    assert_ne!(containerd(), pid, "its config has changed");
    assert_eq!(bed.see(node, OTHERS), before, "a restart took something of others");

    bed.see(node, "systemctl stop containerd");
    let report = kfleet(bed, &allowed);
    let error = report.expect(node, Outcome::Refused).error.clone().unwrap_or_default();
    assert!(error.contains("cannot be told"), "{error}");
}

const SYSTEMD: &str = "crictl info | grep -c '\"SystemdCgroup\": true'; true";

pub fn config(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let write = |text: &str| {
        let output = bed.on(node, "printf %s \"$0\" >/etc/containerd/config.toml", &[text]);
        assert!(output.status.success());
    };
    for (text, runtimes, kept) in [
        (include_str!("../fixtures/containerd-config/version-1.toml"), "3", ["mirror.lan", "pause:3.1"].as_slice()),
        (
            include_str!("../fixtures/containerd-config/version-2-nvidia.toml"),
            "3",
            &["mirror.lan", "pause:3.9", "runtimes.nvidia]", "secret", "default_runtime_name = \"nvidia\""],
        ),
        ("disabled_plugins = [\"cri\"]\noom_score = -7\n", "1", &["oom_score = -7"]),
    ] {
        write(text);
        kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::Reset);
        assert_eq!(bed.see(node, SYSTEMD).trim(), runtimes);
        let dump = bed.see(node, "containerd config dump");
        for word in kept {
            assert!(dump.contains(word), "{word} is gone: {dump}");
        }
        kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::AlreadyClean);
    }

    write("version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n");
    bed.see(node, "mkdir -p /etc/containerd/conf.d && printf 'version = 2\\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\\nSystemdCgroup = false\\n' >/etc/containerd/conf.d/90-mine.toml");
    let refused = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    let error = refused.expect(node, Outcome::Refused).error.clone().unwrap_or_default();
    assert!(error.contains("/etc/containerd/conf.d/90-mine.toml"), "{error}");
}

/// Where something that only starting shows stands against the new config.
const PICKY: &str = "mkdir -p /etc/systemd/system/containerd.service.d
printf '[Service]\\nExecStartPre=/bin/sh -c \"! grep -q SystemdCgroup.=.true /etc/containerd/config.toml\"\\n' >/etc/systemd/system/containerd.service.d/picky.conf
sed -i 's/SystemdCgroup = true/SystemdCgroup = false/' /etc/containerd/config.toml
systemctl daemon-reload && systemctl restart containerd";

pub fn rollback(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let file = || bed.see(node, "cat /etc/containerd/config.toml");
    let fails = || {
        let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
        assert_eq!(run.code, Some(1));
        run.expect(node, Outcome::Failed).error.clone().unwrap_or_default()
    };
    bed.see(node, PICKY);
    let before = file();
    let error = fails();
    assert!(error.contains("the old one is back, and containerd runs with that"), "{error}");
    assert_eq!(file(), before);
    bed.see(node, "systemctl is-active containerd");
    let failed = bed.see(node, "cat /var/lib/kfleet/backup/*/containerd-config.failed.toml");
    assert!(failed.contains("SystemdCgroup = true"), "the new one is kept for a look");

    // It passes `containerd config dump` and ends containerd as it starts, whatever else is in it.
    bed.see(node, "rm /etc/systemd/system/containerd.service.d/picky.conf && systemctl daemon-reload && printf 'version = 2\\n[metrics]\\naddress = \"256.0.0.1:9\"\\n' >/etc/containerd/config.toml");
    let before = file();
    let error = fails();
    assert!(error.contains("neither with the new config nor with the old one"), "{error}");
    assert!(error.contains("listener for metrics"), "containerd's own words are missing: {error}");
    assert_eq!(file(), before);
}
