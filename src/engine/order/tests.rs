use super::*;
use crate::model::Share;
use std::collections::HashSet;

const MOST_NODES: usize = 5;

/// What became of a node, kept apart from the machine's own books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Is {
    Waiting,
    AtWork,
    Well,
    Badly,
    GivenUp(Brake),
}

/// A run as somebody sees it who only writes down inputs and answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Seen {
    nodes: Vec<Is>,
    stopped: Option<Brake>,
}

impl Seen {
    fn which(&self, wanted: impl Fn(Is) -> bool) -> Vec<usize> {
        (0..self.nodes.len()).filter(|i| wanted(self.nodes[*i])).collect()
    }

    /// The rules that forbid another start, as they are told to people.
    fn brakes(&self, rules: &Rules) -> Vec<Brake> {
        let failed = self.which(|is| is == Is::Badly);
        let mut brakes: Vec<Brake> = self.stopped.into_iter().collect();
        brakes.extend(failed.iter().any(|i| *i < rules.canary).then_some(Brake::Canary));
        brakes.extend((failed.len() > rules.max_failures).then_some(Brake::Failures));
        brakes
    }
}

/// The batch of a node: canary nodes are never in one batch with others.
fn batch(rules: &Rules, node: usize) -> (bool, usize) {
    let canary = rules.canary.min(rules.total);
    if node < canary { (false, node / rules.batch) } else { (true, (node - canary) / rules.batch) }
}

fn all_rules() -> Vec<Rules> {
    let mut all = Vec::new();
    for total in 0..=MOST_NODES {
        for parallel in 1..=total.max(1) {
            for batch in 1..=total.max(1) {
                for canary in 0..=total {
                    for max_failures in 0..=total {
                        all.push(Rules { total, parallel, batch, canary, max_failures });
                    }
                }
            }
        }
    }
    all
}

/// Writes `input` and `answer` down, and checks all that must hold.
fn check(rules: &Rules, seen: &mut Seen, input: Input, answer: &Answer) {
    match input {
        Input::Begin => {}
        Input::Ended { node, well } => seen.nodes[node] = if well { Is::Well } else { Is::Badly },
        Input::Stop => seen.stopped = seen.stopped.or(Some(Brake::Stop)),
        Input::TimeUp => seen.stopped = seen.stopped.or(Some(Brake::TimeUp)),
    }
    let brakes = seen.brakes(rules);
    assert!(brakes.is_empty() || answer.start.is_empty(), "nothing starts after the brake");
    for node in answer.start.clone() {
        assert_eq!(seen.nodes[node], Is::Waiting, "a node starts once");
        assert!(!seen.nodes[..node].contains(&Is::Waiting), "nodes start in their order");
        seen.nodes[node] = Is::AtWork;
    }
    if let Some((nodes, why)) = answer.given_up.clone() {
        assert!(brakes.contains(&why), "{why:?} does not hold");
        for node in nodes {
            assert_eq!(seen.nodes[node], Is::Waiting, "only who waits is given up");
            seen.nodes[node] = Is::GivenUp(why);
        }
    }
    let (at_work, waiting) = (seen.which(|is| is == Is::AtWork), seen.which(|is| is == Is::Waiting));
    assert!(at_work.len() <= rules.parallel, "no more than allowed at once");
    let batches: HashSet<_> = at_work.iter().map(|node| batch(rules, *node)).collect();
    assert!(batches.len() <= 1, "two batches at once: {batches:?}");
    if at_work.iter().any(|node| *node >= rules.canary) {
        assert!(seen.nodes[..rules.canary].iter().all(|is| *is == Is::Well), "others follow a canary that is well");
    }
    assert!(brakes.is_empty() || waiting.is_empty(), "who will never start is told so at once");
    if let Some(next) = waiting.first() {
        assert!(!at_work.is_empty(), "nobody is at work and {next} waits: it would never end");
        let next_may = batches.contains(&batch(rules, *next)) && at_work.len() < rules.parallel;
        assert!(!next_may, "{next} waits for nothing");
    }
}

/// Every input that can come in this state, in every order.
fn explore(rules: &Rules, order: &Order, seen: &Seen, known: &mut HashSet<(Order, Seen)>) {
    if !known.insert((order.clone(), seen.clone())) {
        return;
    }
    let at_work = seen.which(|is| is == Is::AtWork);
    let over = at_work.is_empty() && seen.which(|is| is == Is::Waiting).is_empty();
    assert_eq!(order.is_over(), over);
    let ends = at_work.into_iter().flat_map(|node| [true, false].map(|well| Input::Ended { node, well }));
    // Either way all that wait are given up, so one of them will do for the largest fleets.
    let ended = [Input::Stop, Input::TimeUp].into_iter().take(if rules.total < MOST_NODES { 2 } else { 1 });
    for input in ends.chain(ended) {
        let (mut order, mut seen) = (order.clone(), seen.clone());
        let answer = order.on(input);
        check(rules, &mut seen, input, &answer);
        explore(rules, &order, &seen, known);
    }
}

#[test]
fn every_order_of_ends_under_all_rules_keeps_the_promises() {
    let mut states = 0;
    for rules in all_rules() {
        let mut order = Order::new(rules);
        let mut seen = Seen { nodes: vec![Is::Waiting; rules.total], stopped: None };
        let answer = order.on(Input::Begin);
        check(&rules, &mut seen, Input::Begin, &answer);
        let mut known = HashSet::new();
        explore(&rules, &order, &seen, &mut known);
        states += known.len();
    }
    assert!(states > 100_000, "the search covered only {states} states");
}

fn rules(total: usize, parallel: usize) -> Rules {
    Rules { total, parallel, batch: usize::MAX, canary: 0, max_failures: usize::MAX }
}

#[test]
fn a_node_that_is_not_at_work_ends_nothing() {
    let mut order = Order::new(rules(3, 1));
    assert_eq!(order.on(Input::Begin).start, 0..1);
    let before = order.clone();
    for node in [1, 2, 9] {
        assert_eq!(order.on(Input::Ended { node, well: false }), Answer { start: 1..1, given_up: None });
    }
    assert_eq!(order, before);
}

#[test]
fn the_first_brake_is_the_one_that_is_told() {
    let mut order = Order::new(Rules { canary: 1, max_failures: 0, ..rules(4, 4) });
    assert_eq!(order.on(Input::Begin).start, 0..1, "the canary goes alone");
    let answer = order.on(Input::Ended { node: 0, well: false });
    assert_eq!(answer.given_up, Some((1..4, Brake::Canary)));
    assert_eq!(order.on(Input::Stop), Answer::default(), "there is nobody left");
    assert!(order.is_over() && order.failed().eq([0]));
}

#[test]
fn shares_are_of_the_nodes_of_the_run() {
    let policy = Policy { batch: Share::Percent(30), canary: 2, max_failures: Share::Percent(25), ..Policy::default() };
    assert_eq!(Rules::new(&policy, 10), Rules { total: 10, parallel: 32, batch: 3, canary: 2, max_failures: 2 });
    let without = Rules::new(&Policy::default(), 500);
    assert!(without.batch >= 500 && without.max_failures >= 500 && without.canary == 0);
}
