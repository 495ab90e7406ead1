# --- residue: what of Kubernetes is left outside of its own folders ---------------------------------------------------
# Prints one line for people per thing that is left; fails where one of these could not look, as nothing is then known.
probe_residue() {
  leftover_residue
}
