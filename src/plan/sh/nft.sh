# --- nftables ----------------------------------------------------------------------------------------------------
# Tables of kube-proxy, flannel and Calico, by exact family and name; `flush ruleset` would take everybody's. Where the
# tool is missing nothing can be seen nor removed.
NFT_TABLES='ip kube-proxy
ip6 kube-proxy
ip flannel-ipv4
ip6 flannel-ipv6
ip calico
ip6 calico'
# Of the CNI plugins, which podman and nerdctl use as well.
NFT_CNI_TABLES='inet cni_plugins_masquerade
inet cni_hostport'

# Those that are there, as "family name".
our_nft_tables() {
  command -v nft >/dev/null || return 0
  listed=$(timeout -k 1 20 nft list tables) || {
    say "nft does not list its tables"
    return 1
  }
  wanted=$NFT_TABLES
  cni_is_shared || wanted="$wanted
$NFT_CNI_TABLES"
  printf '%s\n' "$listed" | WANTED=$wanted awk '
    BEGIN { n = split(ENVIRON["WANTED"], names, "\n"); for (i = 1; i <= n; i++) ours["table " names[i]] = 1 }
    ($0 in ours) { print substr($0, 7) }'
}

# All of them in one transaction.
purge_nft_tables() {
  tables=$(our_nft_tables) || return
  [ -n "$tables" ] || return 64
  say "nftables: removing the tables $(printf '%s\n' "$tables" | paste -s -d , -)"
  printf '%s\n' "$tables" | sed 's/^/delete table /' | timeout -k 5 60 nft -f -
}

# As text for `nft -f` that puts exactly these tables back, also over what has come in their place.
save_nft_tables() {
  tables=$(our_nft_tables) || return
  [ -n "$tables" ] || return 0
  printf '%s\n' "$tables" | while read -r family name; do
    printf 'add table %s %s\ndelete table %s %s\n' "$family" "$name" "$family" "$name"
    timeout -k 1 60 nft list table "$family" "$name" || exit 1
  done
}

residue_nft_tables() {
  tables=$(our_nft_tables) || return
  [ -z "$tables" ] || printf '%s\n' "$tables" | sed 's/^/nftables table /'
}
