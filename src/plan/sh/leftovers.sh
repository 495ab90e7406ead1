# --- leftovers: single files outside of Kubernetes' folders --------------------------------------------------------------
# What breaks the next kubelet or leads back to the cluster that is left is moved to $BACKUP, never deleted. A file that
# may not be touched stays and is told (75): unlike a folder to empty, it is no reason to refuse the whole reset.
DROPINS=/etc/systemd/system/kubelet.service.d
KUBECONFIG_FOLDER=/root/.kube

# 75 unless $2 in folder $1 is a file or a link, and the folder lies where its name says and holds nothing protected.
check_leftover() {
  if ! real "$1" || [ "$REAL" != "$1" ]; then
    say "$1 is a link or lies behind one, so $2 in it stays"
    return 75
  fi
  guard "$1" || {
    say "so $1/$2 stays"
    return 75
  }
  if [ ! -L "$1/$2" ] && [ ! -f "$1/$2" ]; then
    say "$1/$2 is no file, so it stays"
    return 75
  fi
}

# Does $1 with folder $2 and each of the names $3…, also where one of them stays; 64 where there is none.
each_leftover() {
  treat=$1
  folder=$2
  shift 2
  [ $# -gt 0 ] || return 64
  result=0
  for name in "$@"; do
    "$treat" "$folder" "$name" || result=$?
  done
  return "$result"
}

# Removes the name $2 from folder $1: of a link the link, and never more than one file.
drop_leftover() { secluded drop_leftover_secluded "$1" "$2"; }
drop_leftover_secluded() {
  check_leftover "$1" "$2" || return
  cover_protected || return
  rm -f -- "$1/$2" || return
  [ ! -e "$1/$2" ] && [ ! -L "$1/$2" ]
}

# Moves $2 of folder $1 to the backup as it is, a link as a link; its copy is compared before the name goes.
move_aside() {
  check_leftover "$1" "$2" || return
  copy=$BACKUP$1/$2
  # A copy is there where an earlier step made it, or this one before it was cut off; cp would write through a link.
  if [ ! -e "$copy" ] && [ ! -L "$copy" ]; then
    (umask 077 && mkdir -p -- "${copy%/*}") && rm -f -- "$copy.part" || return
    cp -a -- "$1/$2" "$copy.part" && mv -- "$copy.part" "$copy" || return
  fi
  same_file "$1/$2" "$copy" || {
    say "$copy is not what $1/$2 is, so that stays"
    return 1
  }
  drop_leftover "$1" "$2" || return
  say "moved $1/$2 to $copy"
}

same_file() {
  if [ -L "$1" ]; then
    [ -L "$2" ] && target=$(readlink -- "$1" && printf x) && [ "$target" = "$(readlink -- "$2" && printf x)" ]
  else
    [ ! -L "$2" ] && sum=$(cksum <"$1") && [ -n "$sum" ] && [ "$sum" = "$(cksum <"$2")" ]
  fi
}

# Whether file $1 has lines and no section header among them: systemd ignores all of it ("Assignment outside of section").
sectionless() {
  timeout -k 1 10 awk 'NR == 1 { sub(/^\357\273\277/, "") } /^[ \t]*\[/ { section = 1 } !/^[ \t\r]*([#;]|$)/ { lines = 1 } END { exit !(lines && !section) }' "$1"
}

# Names of drop-ins that break the kubelet: the two files by which the shell script before kfleet wanted to help a join
# (kubelet's flags from kubeadm are lost by them), and those without any section. kubeadm's own file is never one of them.
broken_dropins() {
  for name in 20-bootstrap-kubeadm.conf kubelet-bootstrap-wrapper.sh; do
    if [ -e "$DROPINS/$name" ] || [ -L "$DROPINS/$name" ]; then echo "$name"; fi
  done
  for file in "$DROPINS"/*.conf; do
    name=${file##*/}
    case $name in 10-kubeadm.conf | 20-bootstrap-kubeadm.conf | *[!A-Za-z0-9._@-]*) continue ;; esac
    if [ -f "$file" ] && sectionless "$file"; then echo "$name"; fi
  done
}

# shellcheck disable=SC2046 # plain names
move_dropins() { each_leftover move_aside "$DROPINS" $(broken_dropins); }

# Prints the server of kubeconfig $1, a space and its CA's data, where it names one cluster only; else fails.
cluster_of() {
  timeout -k 1 10 awk '
    function value() { sub(/^[^:]*:/, ""); gsub(/[" \t\r\047]/, ""); return $0 }
    /^[ \t-]*cluster:[ \t\r]*$/ { clusters++ }
    /^[ \t-]*server:/ { servers++; server = value() }
    /^[ \t-]*certificate-authority-data:/ { ca = value() }
    END { if (clusters != 1 || servers != 1 || server == "") exit 1; print server, ca }' "$1"
}

# Whether root's kubeconfig leads to the cluster of this node: the same server, and the same CA where both have one.
kubeconfig_is_of_this_cluster() {
  [ -f "$KUBECONFIG_FOLDER/config" ] && theirs=$(cluster_of "$KUBECONFIG_FOLDER/config") || return 1
  for own in kubelet bootstrap-kubelet admin; do
    [ -f "/etc/kubernetes/$own.conf" ] && ours=$(cluster_of "/etc/kubernetes/$own.conf") || continue
    [ "${theirs%% *}" = "${ours%% *}" ] || continue
    [ -z "${theirs#* }" ] || [ -z "${ours#* }" ] || [ "${theirs#* }" = "${ours#* }" ] || continue
    return 0
  done
  return 1
}

# Before kubelet.conf goes, by which it is told.
move_kubeconfig() {
  if [ ! -e "$KUBECONFIG_FOLDER/config" ] && [ ! -L "$KUBECONFIG_FOLDER/config" ]; then return 64; fi
  kubeconfig_is_of_this_cluster || {
    say "$KUBECONFIG_FOLDER/config stays: it leads to another cluster or to several, or whether it does could not be told"
    return 64
  }
  move_aside "$KUBECONFIG_FOLDER" config || return
  [ -L "$copy" ] || chmod 600 "$copy"
}

# Names of what the shell script before kfleet left in /tmp: its log and the join command, both with a token in them.
# Others' files there are told by their owner.
tmp_leftovers() {
  for file in /tmp/kubeadm_join_wrapper.sh \
    /tmp/kubeadm-join-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9].log; do
    [ -f "$file" ] && [ ! -L "$file" ] && [ "$(stat -c %u -- "$file")" = 0 ] || continue
    echo "${file##*/}"
  done
}

# shellcheck disable=SC2046 # plain names
remove_tmp_leftovers() { each_leftover drop_leftover /tmp $(tmp_leftovers); }

# The same for the probe, a line each.
leftover_residue() {
  for name in $(broken_dropins); do echo "$DROPINS/$name, which breaks the kubelet"; done
  ! kubeconfig_is_of_this_cluster || echo "$KUBECONFIG_FOLDER/config, which leads to the cluster that is left"
  for name in $(tmp_leftovers); do echo "/tmp/$name"; done
}
