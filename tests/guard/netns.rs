//! Network namespaces of pods go, and what else lies beside them stays.

use crate::case::Case;
use crate::{as_root, steps::Run};

const STEP: &str = "remove network namespaces of pods";

/// A namespace of its own mounted on each name, as containerd, podman and `ip netns` do it.
const PLANT: &str = r#"
    rm /etc/cni/net.d/87-podman.conflist
    mkdir -p /run/netns
    for name in cni-0b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11 netns-0b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11 mine cni-lab; do
      : >"/run/netns/$name"; unshare --net="/run/netns/$name" true
    done
    : >/run/netns/cni-1b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11
    echo mine >/run/netns/cni-2b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11
    files /run/other/x; ln -s /run/other/x /run/netns/cni-3b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11"#;

const SEE: &str = "
    /bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
    echo $? >/guard/status
    ls /run/netns >/guard/notes; cat /run/other/x >>/guard/notes
";

as_root! {
    fn only_pods_network_namespaces_go() {
        Case::new(Run::Unchecked, PLANT).how(SEE).protect("/run/other").check(|outcome| {
            let notes = &outcome.notes;
            for gone in ["cni-0b2c7a10", "cni-1b2c7a10"] {
                assert!(!notes.contains(gone), "{gone} is left: {outcome}");
            }
            for kept in ["netns-0b2c7a10", "mine", "cni-lab", "cni-2b2c7a10", "this is /run/other/x"] {
                assert!(notes.contains(kept), "{kept} went: {outcome}");
            }
        });
    }

    fn one_in_which_a_process_lives_stays_and_is_told() {
        let plant = r#"rm /etc/cni/net.d/87-podman.conflist; mkdir -p /run/netns
            : >/run/netns/cni-0b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11
            unshare --net=/run/netns/cni-0b2c7a10-66a1-4f0e-9a53-0f8f2f5a7f11 sleep 600 &
            until [ "$(cat "/proc/$!/comm")" = sleep ]; do :; done"#;
        Case::new(Run::Unchecked, plant).how(SEE_ONE).check(|outcome| {
            assert!(outcome.notes.contains("cni-0b2c7a10"), "{outcome}");
            assert!(outcome.steps.iter().any(|step| step.0 == STEP && step.1 == 1), "{outcome}");
            assert!(outcome.to_string().contains("(sleep) lives in it"), "{outcome}");
        });
    }

    fn where_podman_uses_cni_none_goes() {
        let plant = PLANT.replace("rm /etc/cni", ": /etc/cni");
        Case::new(Run::Unchecked, plant).how(SEE).protect("/run/other").check(|outcome| {
            assert!(outcome.notes.contains("cni-0b2c7a10") && outcome.notes.contains("cni-1b2c7a10"), "{outcome}");
        });
    }
}

const SEE_ONE: &str = "
    /bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
    echo $? >/guard/status
    ls /run/netns >/guard/notes
";
