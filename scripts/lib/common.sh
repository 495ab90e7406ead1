# Shared by all parts of the test bed: messages, waiting, and building a cached thing once.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

say() { printf 'testbed: %s\n' "$*" >&2; }

die() {
    printf 'testbed: error: %s\n' "$1" >&2
    shift
    local hint
    for hint in "$@"; do printf 'testbed: hint: %s\n' "$hint" >&2; done
    exit 1
}

# wait_for SECONDS WHAT COMMAND...: polls until COMMAND succeeds. Never a blind sleep: a loaded machine gets the
# whole deadline, an idle one goes on after a tenth of a second.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            say "gave up waiting for $what; last tried: $*"
            return 1
        fi
        sleep 0.1
    done
}

# hash_of FILE...: names a cached thing after the recipe that makes it, so that a changed recipe is a new name
# and an old result is never taken for the new one. A comment is no part of the recipe.
hash_of() { cat -- "$@" | sed '/^ *\(#\|\/\/\|$\)/d' | sha256sum | cut -c1-12; }

# cache_once DIR BUILDER...: makes DIR by calling BUILDER with a temporary directory, and renames it into place
# when complete, so that a killed build leaves nothing that looks finished. The lock is per DIR: a second run
# waits for the first instead of building the same again.
cache_once() {
    local dir=$1 started=$SECONDS building
    shift
    [ ! -d "$dir" ] || return 0
    mkdir -p "$(dirname "$dir")"
    (
        flock 9
        [ ! -d "$dir" ] || exit 0
        building=$dir.building
        if [ -e "$building" ]; then
            say "removing what an interrupted build left: $building"
            unmount_under "$building"
            rm -rf --one-file-system -- "$building"
        fi
        mkdir "$building"
        "$@" "$building"
        mv -T "$building" "$dir"
        say "cached $(basename "$dir") ($((SECONDS - started)) s)"
    ) 9>"$dir.lock"
    # A function called in a condition runs without set -e, so the result is looked at, not the exit status alone.
    [ -d "$dir" ] || die "could not build $dir" "the messages above say what failed; what was built so far is in $dir.building"
}

# unmount_under DIR: everything mounted at or below DIR, deepest and newest first; fails if one mount stays, so
# that no caller deletes through a mount.
unmount_under() {
    local dir mounts mount
    dir=$(realpath -m "$1")
    # field 5 of mountinfo, with its octal escapes taken back by printf %b
    mounts=$(awk '{print $5}' /proc/self/mountinfo | tac)
    while IFS= read -r mount; do
        mount=$(printf '%b' "${mount//\\/\\0}")
        case $mount in
        # a process that was killed holds it until the kernel has taken it apart
        "$dir" | "$dir"/*) wait_for 30 "$mount to be unmounted" umount -- "$mount" || die "could not unmount $mount" "see who holds it: fuser -vm '$mount'" ;;
        esac
    done <<<"$mounts"
}
