# --- journal: what the kubelet complains of -------------------------------------------------------------------------
# For awk: whether a line of the kubelet's, without what journals put in front, is a complaint: errors and fatal lines, the
# two calm ones that matter (kubelet runs for itself; its certificate), what kubelet prints before it has a log, systemd's
# reasons why it could not start the program, and journalctl's own. After an unknown flag kubelet prints its whole usage,
# indented. And the same without klog's header, which differs each time, cut to what a person reads. Lines are alike but for
# numbers and for the ids of containers and pods, of which each try has a new one.
COMPLAINT='
BEGIN { klog = "[0-9][0-9][0-9][0-9] [0-9:.]+ +[0-9]+ [^ ]+\\] " }
function is_complaint(line) {
  if (line ~ /path does not exist, ignoring$/) return 0 # of a folder for static pods, every second
  return line ~ ("^[EF]" klog) ||
    line ~ ("^[IW]" klog) && line ~ /[Ss]tandalone mode|certificate signing request/ ||
    line ~ /^[Ee]rror: |^\{"ts":.*"err":|status=2[0-4][0-9]\/|^Failed to |^No journal files/
}
function bare(line) {
  sub("^[EFIW]" klog, "", line)
  return substr(line, 1, 500)
}
function alike(line) {
  gsub(/[0-9]+/, "#", line)
  gsub(/[a-f]*#[a-f]*#[a-f]*#[a-f#-]*/, "#", line)
  return line
}'

# The last distinct complaints in a journal.
complaints() {
  awk "$COMPLAINT"'
    is_complaint($0) {
      text[NR] = bare($0)
      key[NR] = alike(bare($0))
      last[key[NR]] = NR
    }
    END {
      for (first = NR + 1; first > 1 && kept < 12; )
        if ((--first in key) && last[key[first]] == first) kept++
      for (n = first; n <= NR; n++)
        if ((n in key) && last[key[n]] == n) print "kubelet: " text[n]
      if (!kept) print "kubelet: no complaint in the " NR " lines of its journal since the join began"
    }'
}

# A digest of a journal in the form short-unix, bounded whatever is in it. A kubelet looks at its image filesystem at its
# start and then every five minutes, and says so more than once each time: what is said within half a minute is one look.
digest() {
  awk "$COMPLAINT"'
    {
      if (match($3, /\[[0-9]+\]:$/) == 0) next # the rest of a line that has several
      pid = substr($3, RSTART + 1, RLENGTH - 3)
      time = int($1)
      line = $0
      sub(/^[^ ]+ +[^ ]+ +[^ ]+ /, "", line)
      if ($3 ~ /^kubelet\[/) {
        if (!(pid in began)) {
          order[++starts] = pid
          began[pid] = time
        }
        heard[pid] = time
        if (line ~ /invalid capacity 0 on image filesystem/) {
          if (!(pid in invalid)) first_look[pid] = time
          if (!(pid in invalid) || time - seen[pid] > 30) invalid[pid]++
          seen[pid] = time
        }
      }
      if (!is_complaint(line)) next
      key = alike(bare(line))
      times[key]++
      when[key] = time
      who[key] = pid
      text[key] = bare(line)
      if (key in at) delete last[at[key]]
      at[key] = NR
      last[NR] = key
    }
    END {
      print "lines " NR
      for (n = starts > 50 ? starts - 49 : 1; n <= starts; n++) {
        pid = order[n]
        print "start " pid, began[pid], heard[pid], invalid[pid] + 0, first_look[pid] + 0, seen[pid] + 0
      }
      for (first = NR + 1; first > 1 && kept < 20; ) if (--first in last) kept++
      for (n = first; n <= NR; n++) {
        if (!(n in last)) continue
        key = last[n]
        print "said " times[key], when[key], who[key], text[key]
      }
    }'
}

# The last distinct errors of containerd's journal, as they are but for their times: what it could not load, and why it
# ended. A plugin that this machine cannot have, or that nobody has configured, is no error; nor is it one that there is no
# pod network yet when containerd starts.
containerd_complaints() {
  awk '
    /level=(error|fatal|panic)|^containerd: |failed to load plugin/ && !/skip plugin|skip loading plugin|not configured"|failed to load cni during init/ {
      sub(/^time="[^"]*" /, "")
      $0 = line = substr($0, 1, 500)
      gsub(/[0-9a-f]+/, "#")
      if ($0 in at) delete last[at[$0]]
      at[$0] = NR
      last[NR] = line
    }
    END {
      for (first = NR + 1; first > 1 && kept < 10; ) if (--first in last) kept++
      for (n = first; n <= NR; n++) if (n in last) print last[n]
    }'
}
