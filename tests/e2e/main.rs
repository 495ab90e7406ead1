//! The real binary against real nodes: systemd, OpenSSH, containerd, iptables, and real kubeadm against a real API server.
//!
//! Needs root (the nodes are containers of `scripts/testbed`); without it every test is reported as ignored, by name.
//! The tests share one control plane, and each begins with nodes as new; so they run one after the other. What each took
//! is told at the end.

mod alone;
mod bed;
mod configs;
mod faults;
mod firewall;
mod interruption;
mod items;
mod join;
mod kept;
mod leftovers;
mod reset;
mod roots;
mod run;
mod runtime;

use libtest_mimic::{Arguments, Trial};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

type Case = fn(&bed::Bed);

const CASES: &[(&str, Case)] = &[
    ("join::fresh_half_joined_and_corrupt_nodes_join_each_on_its_own_ladder", join::three_ladders),
    ("alone::the_stand_alone_script_joins_a_real_node", alone::joins),
    ("join::a_control_plane_node_is_refused_by_its_role_and_by_its_manifests", join::control_plane_is_refused),
    ("join::without_a_control_plane_the_given_command_and_the_nodes_own_view_serve", join::given_command),
    ("join::a_node_that_was_just_reset_joins_again_under_its_name", join::reset_and_join),
    ("join::the_token_is_in_no_argument_and_gone_with_the_run", join::token),
    ("join::a_dry_run_shows_the_scripts_without_secrets_and_changes_nothing", join::dry_run),
    ("reset::media_bound_below_kubelet_and_in_use_survives_every_level", reset::media_bound),
    ("reset::escalate_goes_up_only_where_something_is_left", reset::escalate),
    ("reset::firewall_and_interfaces_of_others_survive", reset::network),
    ("firewall::what_network_plugins_leave_goes_and_what_looks_like_it_stays", firewall::plugins),
    ("firewall::a_node_that_locks_itself_out_gets_its_old_rules_back", firewall::locked_out),
    ("reset::containers_of_kubernetes_go_and_what_others_have_stays", reset::containers),
    ("reset::sudo_serves_and_a_password_is_refused_with_the_line_to_add", reset::sudo),
    ("kept::what_is_lost_in_a_protected_path_fails_the_node", kept::a_loss_is_told),
    ("kept::a_runs_copies_can_be_put_back", kept::restored),
    ("roots::of_moved_folders_only_known_entries_go", roots::moved),
    ("leftovers::what_breaks_the_next_join_is_moved_aside_and_the_admins_stays", leftovers::moved_aside),
    ("leftovers::the_last_control_plane_and_a_machine_with_etcd_are_refused", leftovers::last_control_plane),
    ("runtime::a_shared_containerd_loses_kubernetes_share_and_nothing_else", runtime::shared),
    ("runtime::mirrors_nvidia_and_old_versions_survive_the_patch_and_a_false_drop_in_is_named", runtime::config),
    ("runtime::a_config_that_containerd_does_not_start_with_is_taken_back", runtime::rollback),
    ("items::of_kubernetes_go_and_those_of_others_stay_on_each_containerd", items::before_and_after),
    ("configs::of_containerd_keep_what_admins_wrote_and_get_the_cgroup_driver", configs::survive),
    ("interruption::after_any_step_ends_in_the_same_state_when_run_again", interruption::at_every_step),
    ("faults::dead_silent_and_false_nodes_end_clearly_and_the_others_finish", faults::unreachable),
    ("faults::a_joined_node_is_left_alone_while_the_api_server_is_away", faults::api_server_away),
    ("faults::a_phase_outlives_its_connection_and_runs_once", faults::lost_connection),
    ("faults::ctrl_c_follows_what_runs_and_starts_nothing_more", faults::interrupted),
    ("faults::a_second_kfleet_is_told_who_has_the_node", faults::locked),
];

#[expect(clippy::print_stdout, reason = "a test harness talks to people")]
fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let root = bed::is_root();
    let wanted = !arguments.list && root;
    let bed = wanted.then(|| Arc::new(bed::Bed::up(4)));
    let times: Arc<Mutex<Vec<(&str, Duration)>>> = Arc::default();
    let trials = CASES.iter().map(|(name, case)| {
        let (bed, times) = (bed.clone(), times.clone());
        let run = move || {
            let bed = bed.ok_or("not run: needs root")?;
            let _watch = Watch { case: name, start: Instant::now(), times };
            case(&bed);
            Ok(())
        };
        Trial::test(*name, run).with_ignored_flag(!root)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if !root {
        println!("the end-to-end tests were not run: they need root, as they make nodes");
    }
    if let Some(bed) = bed {
        bed.down();
    }
    for (case, time) in times.lock().expect("no case panics while it tells its time").iter() {
        println!("{:6.1} s  {case}", time.as_secs_f32());
    }
    conclusion.exit();
}

/// Tells how long a case took, however it ends.
struct Watch {
    case: &'static str,
    start: Instant,
    times: Arc<Mutex<Vec<(&'static str, Duration)>>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Ok(mut times) = self.times.lock() {
            times.push((self.case, self.start.elapsed()));
        }
    }
}
