# --- join ------------------------------------------------------------------------------------------------------------
# kubeadm's own waits add up to about 10 minutes (discovery 5, TLS bootstrap 5 [kubeadm constants]); the bound is for a
# kubeadm that hangs. The launcher removes the file too, should this be killed.
join_cluster() {
  file=/run/kfleet/join.yaml
  umask 077
  mkdir -p /run/kfleet && rm -f -- "$file" && printf '%s\n' "$CONFIGURATION" >"$file" || return
  timeout -k 10 900 kubeadm join --config "$file"
  ended=$?
  rm -f -- "$file"
  return "$ended"
}
