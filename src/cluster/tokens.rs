//! The bootstrap token of a run: one, as long as it lives long enough for one more join.

use super::{AWAY, ControlPlane, DEADLINE, last_lines};
use crate::model::{JoinCommand, Token, clean};
use crate::plan::{mint_token, revoke_tokens};
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// What was minted so far.
#[derive(Default)]
pub(super) struct Tokens {
    current: Option<Minted>,
    /// Whether any was asked for: an answer that got lost may have left one all the same.
    asked: bool,
}

/// Which cluster it is.
#[derive(Default)]
pub(super) enum Identity {
    #[default]
    Untried,
    Known(JoinCommand),
    Unknown(String, Instant),
}

struct Minted {
    command: JoinCommand,
    at: Instant,
}

/// Until when a join that starts now needs its token: kubeadm's discovery may take 5 minutes, and the kubelet's TLS
/// bootstrap, for which the token signs in, 5 more (kubeadm constants).
const USEFUL: Duration = Duration::from_secs(10 * 60);

impl<T: Transport> ControlPlane<T> {
    /// A join command with the token of this run. Minted once however many nodes ask for it, and anew where what is left
    /// of its life is too short for a join.
    pub async fn join_command(&self) -> Result<JoinCommand, String> {
        self.token(|minted| minted.at.elapsed() + USEFUL.min(self.token_ttl / 2) < self.token_ttl).await
    }

    /// The same, with a token other than `dead`.
    pub async fn fresh_join_command(&self, dead: &Token) -> Result<JoinCommand, String> {
        self.token(|minted| minted.command.token != *dead).await
    }

    async fn token(&self, serves: impl FnOnce(&Minted) -> bool) -> Result<JoinCommand, String> {
        let mut tokens = self.tokens.lock().await;
        if let Some(minted) = tokens.current.as_ref().filter(|minted| serves(minted)) {
            return Ok(minted.command.clone());
        }
        tokens.asked = true;
        let command = self.mint(false).await?;
        tokens.current = Some(Minted { command: command.clone(), at: Instant::now() });
        Ok(command)
    }

    /// What [`Self::join_command`] would give, without making a token in the cluster: for people, and to know by the pins
    /// of its CA which cluster this is. Asked once per run; where there was no answer, not again for each of a
    /// hundred nodes in turn.
    pub async fn identity(&self) -> Result<JoinCommand, String> {
        let mut known = self.identity.lock().await;
        match &*known {
            Identity::Known(command) => return Ok(command.clone()),
            Identity::Unknown(why, since) if since.elapsed() < AWAY => return Err(why.clone()),
            Identity::Untried | Identity::Unknown(..) => {}
        }
        let asked = self.mint(true).await;
        *known = match &asked {
            Ok(command) => Identity::Known(command.clone()),
            Err(why) => Identity::Unknown(why.clone(), Instant::now()),
        };
        asked
    }

    /// Takes all tokens of this run back. `Err` says that some may live on, and why.
    pub async fn revoke(&self) -> Result<(), String> {
        if !self.tokens.lock().await.asked {
            return Ok(());
        }
        let why = match self.ask(&revoke_tokens(&self.node, &self.run), DEADLINE).await {
            Ok(out) if out.status == 0 => return Ok(()),
            Ok(out) => last_lines(&out.bytes),
            Err(why) => why,
        };
        let minutes = self.token_ttl.as_secs() / 60;
        Err(format!(
            "the bootstrap token of this run could not be revoked and lives up to {minutes} minutes; on {} `kubeadm token list` shows it as `kfleet {}` and `kubeadm token delete ID` ends it: {why}",
            self.node.name, self.run
        ))
    }

    async fn mint(&self, pretend: bool) -> Result<JoinCommand, String> {
        let name = &self.node.name;
        let out = self.ask(&mint_token(&self.node, &self.run, self.token_ttl, pretend), DEADLINE).await?;
        let text = String::from_utf8_lossy(&out.bytes);
        if out.status != 0 {
            let said = last_lines(&out.bytes);
            return Err(format!("{name}: `kubeadm token create` ended with status {}: {said}", out.status));
        }
        let Some(line) = text.lines().rfind(|line| line.starts_with("kubeadm join ")) else {
            let last = clean(text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("nothing"));
            return Err(format!("{name}: `kubeadm token create` printed no join command, but: {last}"));
        };
        JoinCommand::parse(line).map_err(|e| format!("{name}: what `kubeadm token create` printed is {e}"))
    }
}
