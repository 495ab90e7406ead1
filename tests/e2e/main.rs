//! The real binary against real nodes: systemd, OpenSSH, containerd, iptables, and real kubeadm against a real API server.
//!
//! Needs root (the nodes are containers of `scripts/testbed`); without it every test is reported as ignored, by name.
//! Each case begins with nodes as new, which it has for itself until its end, so cases on different nodes run at once
//! (`lease.rs`): most of their time is waiting. What each took is told at the end.

mod alone;
#[allow(dead_code, reason = "simulated nodes need more of it")]
#[path = "../support/asked.rs"]
mod asked;
mod bed;
mod between;
mod causes;
mod comes_back;
mod configs;
mod faults;
mod firewall;
#[allow(dead_code, reason = "simulated nodes need more of it")]
#[path = "../support/gateway.rs"]
mod gateway;
mod handover;
mod interruption;
mod items;
mod join;
mod kept;
mod lease;
mod leftovers;
mod pace;
mod proxy;
mod reset;
mod resumed;
mod roots;
mod run;
mod runtime;
mod status;
mod survival;

use libtest_mimic::{Arguments, Trial};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lease::Case::{One, These};
use lease::Cluster::{Alone, Unused, Used};
use lease::{Case, Cluster, Leases};

const CASES: &[(&str, Cluster, Case)] = &[
    // The longest first, and beside it those that must have the cluster for themselves, on other nodes.
    (
        "interruption::after_any_step_ends_in_the_same_state_when_run_again",
        Unused,
        These(&interruption::NODES, interruption::at_every_step),
    ),
    (
        "faults::a_joined_node_is_left_alone_while_the_api_server_is_away",
        Alone,
        These(&["node5", "node6"], faults::api_server_away),
    ),
    (
        "faults::a_control_plane_that_is_lost_half_way_ends_only_what_has_not_begun",
        Alone,
        These(&["node5", "node6"], faults::control_plane_lost),
    ),
    ("join::the_token_is_in_no_argument_and_gone_with_the_run", Alone, One(join::token)),
    ("join::a_dry_run_shows_the_scripts_without_secrets_and_changes_nothing", Alone, One(join::dry_run)),
    ("survival::of_a_line_that_is_slow_lossy_half_open_or_without_sshd", Unused, One(survival::bad_line)),
    ("handover::a_machine_is_booted_only_as_the_last_rung_and_must_come_back", Used, One(handover::reboot)),
    ("survival::of_file_systems_that_fill_up", Unused, One(survival::full)),
    (
        "survival::of_a_connection_cut_at_and_within_every_mark_of_a_gentle_reset",
        Unused,
        These(&survival::GENTLE_NODES, survival::gentle_cut),
    ),
    (
        "survival::of_a_connection_cut_at_and_within_every_mark_of_an_aggressive_reset",
        Unused,
        These(&survival::AGGRESSIVE_NODES, survival::aggressive_cut),
    ),
    (
        "resumed::a_join_goes_on_where_its_kfleet_was_killed_and_replaces_no_node_twice",
        Used,
        These(&["node1", "node2"], resumed::killed),
    ),
    (
        "causes::what_a_node_is_known_to_lack_is_mended_before_its_only_attempt",
        Used,
        These(&causes::NODES, causes::mended),
    ),
    (
        "join::fresh_half_joined_and_corrupt_nodes_join_each_on_its_own_ladder",
        Used,
        These(&["node1", "node2", "node3"], join::three_ladders),
    ),
    ("alone::the_stand_alone_script_joins_a_real_node", Used, These(&["node1", "node2", "node3"], alone::joins)),
    (
        "join::a_control_plane_node_is_refused_by_its_role_and_by_its_manifests",
        Unused,
        These(&[], join::control_plane_is_refused),
    ),
    ("join::without_a_control_plane_the_given_command_and_the_nodes_own_view_serve", Used, One(join::given_command)),
    ("join::a_node_that_was_just_reset_joins_again_under_its_name", Used, One(join::reset_and_join)),
    (
        "causes::what_no_reset_cures_ends_without_an_attempt_and_all_of_it_at_once",
        Used,
        These(&causes::THREE, causes::preflight),
    ),
    (
        "causes::a_join_command_that_is_good_for_nothing_costs_no_reset",
        Used,
        These(&causes::NODES, causes::given_commands),
    ),
    ("causes::a_node_of_another_cluster_is_left_there_unless_forced", Used, One(causes::other_cluster)),
    (
        "causes::a_node_whose_object_is_gone_or_stale_or_not_wanted_comes_back",
        Used,
        These(&causes::THREE, causes::node_objects),
    ),
    ("causes::the_name_of_another_machine_is_taken_only_with_replace", Used, These(&causes::TWO, causes::name_taken)),
    ("causes::a_flag_that_kubelet_does_not_know_is_named", Used, One(causes::unknown_flag)),
    ("causes::a_certificate_request_that_nobody_signs_is_named", Used, One(causes::nobody_signs)),
    ("reset::media_bound_below_kubelet_and_in_use_survives_every_level", Unused, One(reset::media_bound)),
    ("reset::escalate_goes_up_only_where_something_is_left", Used, These(&["node1", "node2"], reset::escalate)),
    ("reset::firewall_and_interfaces_of_others_survive", Unused, One(reset::network)),
    ("firewall::what_network_plugins_leave_goes_and_what_looks_like_it_stays", Unused, One(firewall::plugins)),
    ("firewall::a_node_that_locks_itself_out_gets_its_old_rules_back", Unused, One(firewall::locked_out)),
    ("reset::containers_of_kubernetes_go_and_what_others_have_stays", Unused, One(reset::containers)),
    ("reset::sudo_serves_and_a_password_is_refused_with_the_line_to_add", Used, One(reset::sudo)),
    ("kept::what_is_lost_in_a_protected_path_fails_the_node", Used, One(kept::a_loss_is_told)),
    ("kept::a_runs_copies_can_be_put_back", Unused, One(kept::restored)),
    ("roots::of_moved_folders_only_known_entries_go", Used, One(roots::moved)),
    ("leftovers::what_breaks_the_next_join_is_moved_aside_and_the_admins_stays", Unused, One(leftovers::moved_aside)),
    ("leftovers::the_last_control_plane_and_a_machine_with_etcd_are_refused", Used, One(leftovers::last_control_plane)),
    ("runtime::a_shared_containerd_loses_kubernetes_share_and_nothing_else", Unused, One(runtime::shared)),
    (
        "runtime::mirrors_nvidia_and_old_versions_survive_the_patch_and_a_false_drop_in_is_named",
        Unused,
        One(runtime::config),
    ),
    ("runtime::a_config_that_containerd_does_not_start_with_is_taken_back", Unused, One(runtime::rollback)),
    (
        "status::planted_conditions_on_each_containerd_are_told_by_code_in_one_run",
        Used,
        These(&status::ALL, status::planted),
    ),
    ("status::a_look_changes_nothing_and_costs_one_login_and_one_command", Used, One(status::costs)),
    ("status::a_crictl_that_floods_costs_its_own_answers_alone", Unused, One(status::noise)),
    (
        "items::of_kubernetes_go_and_those_of_others_stay_on_each_containerd",
        Unused,
        These(&["node1", "node2", "sid", "bookworm"], items::before_and_after),
    ),
    (
        "configs::of_containerd_keep_what_admins_wrote_and_get_the_cgroup_driver",
        Unused,
        These(&configs::ALL, configs::survive),
    ),
    (
        "faults::dead_silent_and_false_nodes_end_clearly_and_the_others_finish",
        Used,
        These(&["node1", "node2", "node3"], faults::unreachable),
    ),
    ("faults::a_phase_outlives_its_connection_and_runs_once", Unused, One(faults::lost_connection)),
    ("faults::ctrl_c_follows_what_runs_and_starts_nothing_more", Used, One(faults::interrupted)),
    ("resumed::a_phase_that_was_taken_up_ends_when_it_is_asked_to", Used, One(resumed::stopped)),
    ("comes_back::what_makes_a_boot_a_risk_is_seen_before_it", Unused, One(comes_back::is_checked)),
    ("handover::a_look_that_is_out_of_date_decides_nothing", Used, One(handover::old_look)),
    ("handover::a_second_operator_is_told_attaches_and_stops", Unused, One(handover::two_operators)),
    ("faults::a_second_kfleet_is_told_who_has_the_node", Used, One(faults::locked)),
    ("survival::of_a_reboot_and_of_a_kfleet_that_is_killed", Unused, One(survival::ends)),
];

#[expect(clippy::print_stdout, reason = "a test harness talks to people")]
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "proxy") {
        return proxy::main(&words[1..]);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(lease::NODES.len());
    let root = bed::is_root();
    let wanted = !arguments.list && root;
    let bed = wanted.then(|| Arc::new(bed::Bed::up(lease::JOINING)));
    let leases = Arc::new(Leases::new());
    let times: Arc<Mutex<Vec<(&str, Duration)>>> = Arc::default();
    let trials = CASES.iter().map(|(name, cluster, case)| {
        let (bed, leases, times) = (bed.clone(), leases.clone(), times.clone());
        let run = move || {
            let bed = bed.ok_or("not run: needs root")?;
            let lease = leases.take(case, *cluster);
            let _watch = Watch { case: name, start: Instant::now(), times };
            case.run(&bed, lease.nodes());
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
