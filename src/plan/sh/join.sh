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

# The last distinct complaints in a journal, without klog's header, which differs each time: errors and fatal lines, the
# two calm ones that matter (kubelet runs for itself; its certificate), what kubelet prints before it has a log, systemd's
# reasons why it could not start the program, and journalctl's own. After an unknown flag kubelet prints its whole usage,
# indented.
complaints() {
  awk '
    {
      klog = "[0-9][0-9][0-9][0-9] [0-9:.]+ +[0-9]+ [^ ]+\\] "
      if ($0 !~ ("^[EF]" klog) && ($0 !~ ("^[IW]" klog) || $0 !~ /[Ss]tandalone mode|certificate signing request/) &&
        $0 !~ /^[Ee]rror: |^\{"ts":.*"err":|status=2[0-4][0-9]\/|^Failed to |^No journal files/)
        next
      sub("^[EFIW]" klog, "")
      line = substr($0, 1, 500)
      gsub(/[0-9]+/, "#")
      text[NR] = line
      key[NR] = $0
      last[$0] = NR
    }
    END {
      for (first = NR + 1; first > 1 && kept < 12; )
        if ((--first in key) && last[key[first]] == first) kept++
      for (n = first; n <= NR; n++)
        if ((n in key) && last[key[n]] == n) print "kubelet: " text[n]
      if (!kept) print "kubelet: no complaint in the " NR " lines of its journal since the join began"
    }'
}
