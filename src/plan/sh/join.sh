# --- join ------------------------------------------------------------------------------------------------------------
# kubeadm's own waits add up to about 10 minutes (discovery 5, TLS bootstrap 5 [kubeadm constants]); JOIN_SECONDS is for a
# kubeadm that hangs. The launcher removes the file too, should this be killed. Elapsed time is the kernel's, since the
# clock may be set meanwhile; timeouts differ in the status that they end with.
join_cluster() {
  file=/run/kfleet/join.yaml
  umask 077
  mkdir -p /run/kfleet && rm -f -- "$file" || return
  # no printf: in some shells it is a program, whose arguments everybody can read
  cat >"$file" <<E || return
$CONFIGURATION
E
  began=$(uptime_seconds) || return
  timeout -k 10 "$JOIN_SECONDS" kubeadm join --config "$file"
  ended=$?
  rm -f -- "$file"
  [ "$ended" -ne 0 ] || return 0
  took=$(($(uptime_seconds) - began))
  kubelet_says "$took"
  [ "$took" -lt "$JOIN_SECONDS" ] || ended=124
  return "$ended"
}

uptime_seconds() {
  read -r uptime _ </proc/uptime && echo "${uptime%%.*}"
}

# What kubelet itself complained of in the last $1 seconds, which is what kubeadm does not say: it only waits for kubelet.
kubelet_says() {
  if command -v journalctl >/dev/null; then
    timeout -k 1 20 journalctl -u kubelet.service --no-pager -o cat -n 10000 --since "-$(($1 + 1))s" 2>&1 | complaints
  else
    say "what kubelet says is unknown: journalctl is not on the node"
  fi
  echo "kubelet: unit: $(timeout -k 1 20 systemctl show kubelet.service -p LoadState -p ActiveState -p SubState \
    -p Result -p NRestarts 2>&1 | tr '\n' ' ')"
}
