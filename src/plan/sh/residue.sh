# --- residue: what of Kubernetes is left outside of its own folders ---------------------------------------------------
# Prints one line for people per thing that is left; fails where one of these could not look, as nothing is then known.
probe_residue() {
  # Only the kfleet that armed it may take it back; until then nothing that is measured here stays so.
  [ ! -e /run/kfleet/firewall/armed ] || echo "a timer that is about to put the firewall's old rules back, as the kfleet that changed them has not come back"
  residue_nft_tables && residue_ipsets && residue_ipvs && residue_netns && residue_calico && residue_bpf && leftover_residue
}

# Pinned maps and programs of Cilium and of Calico's eBPF mode.
residue_bpf() {
  [ -d /sys/fs/bpf/tc/globals ] || return 0
  names=$(entries print /sys/fs/bpf/tc/globals 'cilium_*' 'cali_*') || return
  [ -z "$names" ] || echo "$(printf '%s\n' "$names" | wc -l) BPF objects of Cilium or Calico in /sys/fs/bpf/tc/globals"
}
