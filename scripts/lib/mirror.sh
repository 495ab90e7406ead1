# Which Debian mirror this machine uses, taken from apt's own settings: no host name is written down here.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

# Every source as "TYPE URI SUITE KEYRING COMPONENTS", one a line ("-" for no keyring), from one-line files and deb822
# files.
apt_sources() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] || continue
        awk '$1 == "deb" || $1 == "deb-src" {
            key = "-"; first = 2
            if ($2 ~ /^\[/) {
                while (first <= NF) {
                    if (match($first, /signed-by=[^] ]+/)) key = substr($first, RSTART + 10, RLENGTH - 10)
                    if ($(first++) ~ /\]$/) break
                }
            }
            line = $1 " " $first " " $(first + 1) " " key
            for (i = first + 2; i <= NF; i++) line = line " " $i
            print line
        }' "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        awk 'function flush(  i, j, k, t, u, s) {
                if (uris != "" && enabled != "no") {
                    split(types, t); split(uris, u); split(suites, s)
                    for (i = 1; i in t; i++) for (j = 1; j in u; j++) for (k = 1; k in s; k++) print t[i], u[j], s[k], key, components
                }
                types = uris = suites = components = ""; key = "-"; enabled = "yes"
            }
            BEGIN { flush() }
            /^[ \t]*$/ { flush(); next }
            /^#/ { next }
            { field = tolower($1); value = $0; sub(/^[^:]*:[ \t]*/, "", value) }
            field == "types:" { types = value }
            field == "uris:" { uris = value }
            field == "suites:" { suites = value }
            field == "components:" { components = value }
            field == "enabled:" { enabled = tolower(value) }
            field == "signed-by:" && value ~ /^\// { key = value }
            END { flush() }' "$file"
    done
}

# "URI KEYRING" of the main archive. Other suites than the machine's own live on the same mirror, so the suite
# and the component only serve to find the main archive among security, updates and third-party sources.
main_archive() {
    local codename type uri suite key components
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-sid}")
    while read -r type uri suite key components; do
        [ "$type" = deb ] || continue
        case " $components " in *" main "*) ;; *) continue ;; esac
        case $suite in "$codename" | stable | testing | unstable | sid) ;; *) continue ;; esac
        case $uri in *security* | cdrom:*) continue ;; esac
        [ "$key" != - ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
        printf '%s %s\n' "$uri" "$key"
        return
    done < <(apt_sources)
    die "no Debian archive for suite $codename in apt's sources under /etc/apt" \
        "the test bed makes its nodes from the mirror that apt uses; add a deb line or a .sources file for it"
}

# debian_source PACKAGE SUITE DIR: downloads and unpacks a source package into DIR/src. apt's own configuration has
# usually no deb-src line and stays as it is: this run gets a sources file and lists directory of its own.
debian_source() {
    local package=$1 suite=$2 dir=$3 uri key
    read -r uri key < <(main_archive)
    mkdir -p "$dir/lists/partial" "$dir/download"
    printf 'deb-src [signed-by=%s] %s %s main\n' "$key" "$uri" "$suite" >"$dir/sources.list"
    local apt=(apt-get -q -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache::srcpkgcache=" -o "Dir::Cache::pkgcache="
        # apt drops to the user _apt, who may not enter a cache that is only root's
        -o APT::Sandbox::User=root)
    # chained by &&, since set -e does not hold in a function whose result is asked for
    "${apt[@]}" update &&
        (cd "$dir/download" && "${apt[@]}" source --download-only "$package") &&
        dpkg-source --no-check --extract "$dir"/download/*.dsc "$dir/src" &&
        rm -r "$dir/lists" "$dir/download"
}
