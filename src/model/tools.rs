//! The programs that kubeadm looks for before it joins a node.

/// One of them. Versions are minor ones of kubeadm 1.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name in the PATH.
    pub name: &'static str,
    /// The versions that refuse to join a node without it.
    pub needed: (u64, u64),
    /// The last version that warns where it is missing and not needed.
    pub wanted_until: u64,
}

const ALWAYS: u64 = u64::MAX;

const fn tool(name: &'static str, needed: (u64, u64), wanted_until: u64) -> Tool {
    Tool { name, needed, wanted_until }
}

/// From kubeadm's `addCommonChecks` and `addExecChecks`: conntrack came with 1.18 and left `join` with 1.32; crictl became a
/// warning in 1.31 and nothing in 1.32; socat and ebtables left with 1.32; ip, iptables, ethtool and tc with 1.33.
pub const TOOLS: [Tool; 12] = [
    tool("kubeadm", (0, ALWAYS), 0),
    tool("kubelet", (0, ALWAYS), 0),
    tool("mount", (0, ALWAYS), 0),
    tool("nsenter", (0, ALWAYS), 0),
    tool("crictl", (0, 30), 31),
    tool("conntrack", (18, 31), 0),
    tool("ip", (0, 32), 0),
    tool("iptables", (0, 32), 0),
    tool("ebtables", (1, 0), 31),
    tool("socat", (1, 0), 31),
    tool("ethtool", (1, 0), 32),
    tool("tc", (1, 0), 32),
];
