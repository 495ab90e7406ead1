# Processes that outlive the command that started them: remembered by pid and start time, so that a pid that the
# kernel gave to somebody else since is never taken for ours. And the cgroups that they live in.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

# Field 22 of stat, counted behind the last ")" because a command's name may contain anything.
start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    awk '{ print $20 }' <<<"${stat##*) }"
}

record_process() {
    printf '%s\n' "$2" >"$1.pid"
    start_time "$2" >"$1.started"
}

is_same_process() {
    [ -s "$1.pid" ] && [ -s "$1.started" ] && [ "$(start_time "$(cat "$1.pid")")" = "$(cat "$1.started")" ]
}
is_gone() { ! is_same_process "$1"; }

end_process() {
    if is_same_process "$1"; then
        kill -KILL "$(cat "$1.pid")" || is_gone "$1" # by itself, a moment ago
        wait_for 20 "process $(cat "$1.pid") to end" is_gone "$1" || die "process $(cat "$1.pid") does not end" "look at /proc/$(cat "$1.pid")/stack"
    fi
    rm -f "$1.pid" "$1.started"
}

# Each node gets a cgroup of its own in every hierarchy, below the one that the test bed itself is in: nspawn puts its
# payload below its caller's cgroup, and two nodes in the same one would stop each other's units.
cgroup_mounts() { awk '$(NF-2) ~ /^cgroup2?$/ { print $(NF-2), $5, $NF }' /proc/self/mountinfo; }

own_cgroup() {
    local type=$1 options=$2 id controllers path option
    while IFS=: read -r id controllers path; do
        if [ "$type" = cgroup2 ] && [ "$id" = 0 ]; then
            printf '%s\n' "$path"
            return
        fi
        for option in ${options//,/ }; do
            case ,$controllers, in *,"$option",*) printf '%s\n' "$path" && return ;; esac
        done
    done </proc/self/cgroup
    return 1
}

enter_cgroups() {
    local name=$1 type mount options path dir list
    list=$(node_dir "$name")/cgroups
    : >"$list"
    while read -r type mount options; do
        path=$(own_cgroup "$type" "$options") || continue
        # with version 2 alone, a cgroup below the caller's would have no controllers to hand on
        [ "$type" != cgroup2 ] || [ "$mount" != /sys/fs/cgroup ] || path=/
        dir=${mount}${path%/}/$fleet-$name
        mkdir -p "$dir"
        printf '%s\n' "$dir" >>"$list"
        # a new cpuset is empty, and nothing can enter an empty one
        if [ -e "$dir/cpuset.cpus" ] && [ "$type" = cgroup ]; then
            cat "${dir%/*}/cpuset.cpus" >"$dir/cpuset.cpus"
            cat "${dir%/*}/cpuset.mems" >"$dir/cpuset.mems"
            echo 1 >"$dir/cgroup.clone_children"
        fi
        echo 0 >"$dir/cgroup.procs"
    done < <(cgroup_mounts)
}

# Enters the cgroups of a process.
join_cgroups() {
    local pid=$1 type mount options id controllers path option
    while read -r type mount options; do
        while IFS=: read -r id controllers path; do
            if [ "$type" = cgroup2 ]; then
                [ "$id" = 0 ] && echo 0 >"$mount$path/cgroup.procs"
            else
                for option in ${options//,/ }; do
                    case ,$controllers, in *,"$option",*) echo 0 >"$mount$path/cgroup.procs" && break ;; esac
                done
            fi
        done <"/proc/$pid/cgroup"
    done < <(cgroup_mounts)
}

# What an interrupted run left in a node's cgroups is the node's: nobody else is ever in there. They empty on their own
# when the node's PID 1 ends, unless its record was lost.
end_cgroup() {
    local procs pid
    [ -d "$1" ] || return 0
    procs=$(find "$1" -name cgroup.procs -exec cat {} +)
    for pid in $procs; do
        # the process may be gone by now, and a pid of 0 is one that this pid namespace cannot name
        [ "$pid" -eq 0 ] || kill -KILL "$pid" 2>/dev/null || :
    done
    [ -z "$procs" ]
}

remove_cgroups() {
    local list dir
    list=$(node_dir "$1")/cgroups
    [ -e "$list" ] || return 0
    while IFS= read -r dir; do
        wait_for 20 "the processes in $dir to end" end_cgroup "$dir" || die "processes in $dir do not end" "look at them: cat $dir/cgroup.procs"
        [ ! -d "$dir" ] || wait_for 20 "the cgroup $dir to empty" remove_cgroup_tree "$dir" ||
            die "could not remove the cgroup $dir" "see what is still in it: cat $dir/cgroup.procs"
    done <"$list"
    rm "$list"
}
remove_cgroup_tree() { find "$1" -depth -type d -exec rmdir {} +; }
