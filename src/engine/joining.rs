//! Before a join: how the node stands, how the API server looks from it, and what follows for the ladder.

use super::node::Driver;
use crate::diagnose::{OTHER_MACHINE, Standing, blockers, cause, findings, standing};
use crate::escalate::Seen;
use crate::model::{ApiView, Cause, Diagnosis, Fact, Finding, JoinCommand, NodeObject, Phase, Severity, Unit};
use crate::parse::api_view;
use crate::plan::ask_api;
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// For the node's view of the API server; each of its questions, about eight at most, has a bound of its own.
const ANSWER: Duration = Duration::from_secs(120);

/// The controller manager signs cluster-info with a new token within a second or two; until then it looks like a dead one.
const SIGNING: Duration = Duration::from_secs(20);

/// What a node's join needs to know.
#[derive(Default)]
pub(super) struct Joining {
    /// What to join, as far as it is known before the token of the run is needed: whose cluster it is.
    pub(super) wanted: Option<JoinCommand>,
    /// What to join, its token seen alive.
    pub(super) command: Option<JoinCommand>,
    /// A token of this node's join command was found dead and another was made.
    pub(super) renewed: bool,
    /// The Node object of this name right before the last join, where there was one.
    pub(super) before: Option<NodeObject>,
    /// The name that it had as a member when it was first looked at.
    pub(super) name: Option<String>,
    /// Its Node was drained.
    pub(super) drained: bool,
    /// The Node that this run has cordoned and that is to be opened again.
    pub(super) cordoned: Option<String>,
}

impl<T: Transport> Driver<'_, T> {
    /// How the node stands in the cluster of this run.
    pub(super) fn standing(&self) -> Standing {
        standing(&self.facts, self.joining.wanted.as_ref(), self.joining.before.as_ref())
    }

    /// The name under which this machine is a Node, or would become one.
    pub(super) fn node_name(&self) -> Option<String> {
        let given = self.context.join_command.as_ref().and_then(|command| command.node_name.clone());
        let own = self.facts.node_name.known().or(self.facts.hostname.known()).cloned();
        // What has joined has its name already, and keeps it where a reset forgets it.
        if self.facts.has_joined() == Some(true) { own.or(given) } else { given.or(self.joining.name.clone()).or(own) }
    }

    /// What follows from how a node stands: also where a join is of no use, and why.
    pub(super) async fn outlook(&mut self, standing: Standing) -> Seen {
        let untouched = !self.ladder.changed_something();
        let replaced = self.context.replaces(&self.node.name) && untouched;
        match standing {
            Standing::Healthy | Standing::WaitsForCni if !replaced => {
                let errors = findings(&self.facts).into_iter().filter(|finding| finding.severity == Severity::Error);
                self.notes
                    .extend(errors.map(|finding| format!("{} {}: {}", finding.code, finding.cause, finding.remedy)));
                if standing == Standing::WaitsForCni {
                    self.notes.push("registered; waits for the pod network (CNI)".to_owned());
                }
                self.notes.extend(self.left_cordoned());
                return Seen::Good;
            }
            Standing::Unclear(why) => {
                self.trouble = Some(match self.trouble.take() {
                    _ if self.last_done == Some(Phase::Join) => {
                        format!("`kubeadm join` ended well, but that could not be proven: {why}")
                    }
                    _ if untouched => format!("nothing was done, as it may be healthy: {why}"),
                    Some(before) => format!("{before}; how it stands now could not be told: {why}"),
                    None => format!("how it stands now could not be told: {why}"),
                });
                return Seen::Unclear;
            }
            Standing::Elsewhere(_) if !self.context.rejoin.other_cluster => {
                self.explain(&Diagnosis::new(Cause::OtherCluster, standing.why()));
                return Seen::Forbidden;
            }
            Standing::SomebodyElses(_) if !self.context.replaces(&self.node.name) => {
                self.explain(&Diagnosis::new(Cause::NameTaken, standing.why()));
                return Seen::Hopeless;
            }
            _ if self.last_done == Some(Phase::Join) => {
                self.trouble = Some(format!("`kubeadm join` ended well, but {}", standing.why()));
                return Seen::Bad;
            }
            Standing::Asleep(_) if !replaced && !self.ladder.restarted() => return Seen::Restartable,
            _ => {}
        }
        let apart = standing == Standing::Apart;
        match self.ready_to_join().await {
            Err((cause, why)) => {
                self.cause = Some(cause);
                self.trouble = Some(why);
                Seen::Hopeless
            }
            Ok(true) if apart => Seen::Bad,
            Ok(_) => Seen::Doomed,
        }
    }

    /// A Node that an earlier run has drained and left is closed, and so may be one that its admin has closed: who did is not
    /// known any more.
    fn left_cordoned(&self) -> Option<String> {
        let drained_before = self.context.rejoin.drain && self.context.begun.contains(&self.node.name);
        let object = self.facts.node_object().known()?.as_ref()?;
        (drained_before && object.unschedulable).then(|| {
            format!(
                "its Node is cordoned, maybe by the run that this one goes on with; `kubectl uncordon {}` opens it",
                self.node_name().unwrap_or_default()
            )
        })
    }

    pub(super) fn explain(&mut self, diagnosis: &Diagnosis) {
        self.cause = Some(diagnosis.cause);
        self.trouble = Some(diagnosis.to_string());
    }

    /// Whether `kubeadm join` can succeed as the node is now; `false` where a reset has to come first. `Err` where neither
    /// helps. All that kubeadm's preflight would complain about is found at once.
    async fn ready_to_join(&mut self) -> Result<bool, (Cause, String)> {
        if let (Some(given), Some(control_plane)) = (&self.context.join_command, &self.context.control_plane)
            && let Ok(identity) = control_plane.identity().await
            && !given.same_cluster(&identity)
        {
            let said = "the join command pins another CA than the cluster of the inventory's control plane has";
            return Err((Cause::OtherCa, Diagnosis::new(Cause::OtherCa, said).to_string()));
        }
        let command = if self.context.dry_run { self.pretended().await } else { self.token_alive().await };
        let command = command.map_err(|diagnosis| (diagnosis.cause, diagnosis.to_string()))?;
        if let Some(control_plane) = &self.context.control_plane {
            self.facts.cluster_defaults = control_plane.defaults().await;
        }
        // What a kubelet at work does with, the join that follows its reset may not do with.
        let mut as_reset = self.facts.clone();
        let mut unit =
            as_reset.kubelet.known().cloned().unwrap_or_else(|| Unit { load: "loaded".to_owned(), ..Unit::default() });
        "inactive".clone_into(&mut unit.active);
        as_reset.kubelet = Fact::Known(unit);
        let found = findings(&as_reset);
        let mut blocking = blockers(&found, &command.ignore_preflight_errors);
        blocking.retain(|finding| finding.code != OTHER_MACHINE || !self.context.replaces(&self.node.name));
        let hopeless: Vec<&&Finding> = blocking.iter().filter(|finding| finding.cured_by.is_none()).collect();
        let ready = blocking.is_empty();
        if let Some(first) = hopeless.first() {
            let cause = cause(first);
            let said: Vec<String> = hopeless
                .iter()
                .map(|finding| format!("{} {}: {}", finding.code, finding.cause, finding.remedy))
                .collect();
            return Err((cause, said.join("; ")));
        }
        self.joining.command = Some(command);
        Ok(ready)
    }

    /// The join command of this run, its token alive as the API server shows it to the node. Where it is not, a new one is
    /// made, once.
    async fn token_alive(&mut self) -> Result<JoinCommand, Diagnosis> {
        let unasked = |why| Diagnosis::new(Cause::ControlPlane, why);
        let mut command = match &self.joining.command {
            Some(command) if self.joining.renewed => command.clone(),
            _ => self.context.join_command().await.map_err(unasked)?,
        };
        let mut minted = self.joining.renewed || self.context.join_command.is_none();
        let mut start = Instant::now();
        loop {
            self.facts.api = self.ask_api(&command).await;
            let dead = self.facts.api.is_known_and(|view| view.token_alive == Fact::Known(false));
            if !dead {
                return Ok(command);
            }
            if minted && start.elapsed() < SIGNING && !self.context.stop.is_cancelled() {
                self.waiting("waiting for the control plane to sign the new token".to_owned());
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            let token = command.token.id();
            let said = if minted {
                format!(
                    "the token {token} was made for this run, and the control plane does not sign cluster-info with it; is kube-controller-manager running?"
                )
            } else {
                dead_token(&command)
            };
            if self.joining.renewed {
                return Err(Diagnosis::new(Cause::TokenDead, said));
            }
            command = self.renew(&command).await.ok_or(Diagnosis::new(Cause::TokenDead, said))?.map_err(unasked)?;
            (minted, start) = (true, Instant::now());
        }
    }

    /// The join command of a run that is only told of: where a token would be made, none is.
    pub(super) async fn pretended(&mut self) -> Result<JoinCommand, Diagnosis> {
        let unasked = |why| Diagnosis::new(Cause::ControlPlane, why);
        let command = match (&self.context.join_command, &self.context.control_plane) {
            (None, Some(control_plane)) => self.context.with_ignored(control_plane.identity().await.map_err(unasked)?),
            _ => self.context.join_command().await.map_err(unasked)?,
        };
        self.facts.api = self.ask_api(&command).await;
        let dead = self.facts.api.is_known_and(|view| view.token_alive == Fact::Known(false));
        if dead && self.context.join_command.is_some() {
            let said = dead_token(&command);
            if self.context.control_plane.is_none() {
                return Err(Diagnosis::new(Cause::TokenDead, said));
            }
            self.notes.push(format!("{said}; a new one would be made"));
        }
        Ok(command)
    }

    /// A join command with another token, where somebody can make one. Once per node.
    pub(super) async fn renew(&mut self, dead: &JoinCommand) -> Option<Result<JoinCommand, String>> {
        if std::mem::replace(&mut self.joining.renewed, true) {
            return None;
        }
        let fresh = self.context.fresh_join_command(&dead.token).await?;
        if let Ok(command) = &fresh {
            self.notes.push(format!("the token {} was dead, so a new one was made", dead.token.id()));
            self.joining.command = Some(command.clone());
        }
        Some(fresh)
    }

    async fn ask_api(&mut self, command: &JoinCommand) -> Fact<ApiView> {
        self.waiting(format!("asking the API server {} from the node", command.endpoint.as_str()));
        let script = ask_api(self.node, &command.endpoint, &command.token);
        match self.answer(&script, ANSWER).await {
            Ok(answer) => api_view(command.endpoint.as_str(), &answer.steps.get(&0).cloned().unwrap_or_default()),
            Err(why) => Fact::Unknown(why),
        }
    }

    /// Makes sure that kubeadm finds the name free: it refuses to join under that of a Ready Node.
    ///
    /// Without `--replace` the Node stays where it can, with its labels and taints: kubeadm takes over one that is not
    /// Ready, and the API server needs up to 50 s (node-monitor-grace-period) to see that the kubelet is gone.
    pub(super) async fn free_name(&mut self) -> Result<(), Diagnosis> {
        self.joining.before = None;
        let Some(name) = self.node_name() else { return Ok(()) };
        if let Some(other) = self.context.claim(&name, &self.node.name) {
            let said = format!("{other}, of this run, has the same name: two machines called {name} cannot both join");
            return Err(Diagnosis::new(Cause::NameTaken, said));
        }
        let Some(control_plane) = &self.context.control_plane else { return Ok(()) };
        let start = Instant::now();
        loop {
            let Fact::Known(Some(object)) = control_plane.node_object(&name).await else { return Ok(()) };
            if self.context.stop.is_cancelled() {
                return Ok(()); // the join does not begin
            }
            if self.context.replaces(&self.node.name) {
                self.drain(&name, &object).await?;
                return self.delete(&name, &object).await;
            }
            let is = |fact: &Fact<String>, wanted: &str| fact.is_known_and(|id| *id == wanted);
            let same_machine = is(&self.facts.machine_id, &object.machine_id);
            let same_boot = same_machine && is(&self.facts.boot_id, &object.boot_id);
            // Unknown: no kubelet reports any more. False is said by one that lives, of this machine a moment ago.
            if object.ready != "True" && (object.ready != "False" || same_boot) {
                self.joining.before = Some(object);
                return Ok(());
            }
            let patient = start.elapsed() < self.context.patience.settle;
            if let Some(taken) = self.taken(&name, &object) {
                return Err(taken);
            } else if patient {
                self.waiting("waiting until the API server sees that the old Node is gone".to_owned());
                tokio::time::sleep(Duration::from_secs(3)).await;
            } else if same_boot {
                return self.delete(&name, &object).await; // its kubelet does not run
            } else {
                let said = format!(
                    "the Node {name} is still reported on although this machine's kubelet does not run: another machine has the same name"
                );
                return Err(Diagnosis::new(Cause::NameTaken, said));
            }
        }
    }

    /// Whether another machine's Node has the name and is at work under it.
    fn taken(&self, name: &str, object: &NodeObject) -> Option<Diagnosis> {
        let same_machine = self.facts.machine_id.is_known_and(|id| *id == object.machine_id);
        (!same_machine && object.ready == "True").then(|| {
            let said = format!("a Node called {name} is Ready and belongs to another machine ({})", object.machine_id);
            Diagnosis::new(Cause::NameTaken, said)
        })
    }

    /// The same of the name under which the node would join, asked without changing anything.
    pub(super) async fn name_of_another(&mut self) -> Option<Diagnosis> {
        let (name, control_plane) = (self.node_name()?, self.context.control_plane.as_ref()?);
        if self.context.replaces(&self.node.name) {
            return None;
        }
        let Fact::Known(Some(object)) = control_plane.node_object(&name).await else { return None };
        self.taken(&name, &object)
    }

    async fn delete(&mut self, name: &str, object: &NodeObject) -> Result<(), Diagnosis> {
        let Some(control_plane) = self.context.control_plane.as_ref().filter(|_| !self.context.stop.is_cancelled())
        else {
            return Ok(());
        };
        self.waiting(format!("deleting the Node object {name}"));
        control_plane.delete(name, &object.uid).await.map_err(|why| Diagnosis::new(Cause::NameTaken, why))?;
        self.joining.cordoned = None;
        self.notes.push(format!("the old Node object {name} was deleted; its labels and taints went with it"));
        Ok(())
    }

    /// Has its pods moved elsewhere, where that was asked for; once.
    pub(super) async fn drain(&mut self, name: &str, object: &NodeObject) -> Result<(), Diagnosis> {
        let Some(control_plane) = &self.context.control_plane else { return Ok(()) };
        if !self.context.rejoin.drain || std::mem::replace(&mut self.joining.drained, true) {
            return Ok(());
        }
        self.waiting(format!("draining {name}"));
        self.joining.cordoned = (!object.unschedulable).then(|| name.to_owned());
        let drained = control_plane.drain(name, self.context.patience.drain).await;
        drained.map_err(|why| Diagnosis::new(Cause::Undrained, why))
    }

    /// Opens a Node again that this run has cordoned and not replaced. What is not known to work stays closed, and that is
    /// told.
    pub(super) async fn reopen(&mut self, works: bool) {
        // Kept until there is an answer: time may be up before.
        let (Some(name), Some(control_plane)) = (self.joining.cordoned.clone(), &self.context.control_plane) else {
            return;
        };
        let closed = if works {
            self.waiting(format!("opening the Node {name} for pods again"));
            control_plane.uncordon(&name).await.err()
        } else {
            Some("it is not known to work".to_owned())
        };
        self.joining.cordoned = None;
        if let Some(why) = closed {
            let said = format!("the Node {name} stays cordoned ({why}); `kubectl uncordon {name}` opens it");
            match &mut self.trouble {
                Some(trouble) if !works => trouble.push_str(&format!("; {said}")),
                _ => self.notes.push(said),
            }
        }
    }
}

fn dead_token(command: &JoinCommand) -> String {
    format!("the API server does not know the token {} of the join command, or it has expired", command.token.id())
}
