//! Deleting is proven here: the real text of kfleet's steps, run by real shells as root on the real kernel, each time
//! in a throw-away machine (`sandbox.sh`) with media under other names, mounts of every kind and a fake kubeadm that
//! deletes like the real one. Whatever happens, what is protected is the same afterwards, down to inodes.
//!
//! Needs root, as mounting does. Otherwise every test says by its name that it was not run.

mod aliases;
mod alone;
mod arrival;
mod case;
mod copies;
mod fixtures;
mod interrupt;
mod kubeadm;
mod leftovers;
mod links;
mod mounts;
mod names;
mod netns;
mod outcome;
mod random;
mod roots;
mod sandbox;
mod steps;
mod worker;

/// Runs `body` where this process is root; otherwise says that the test was not run.
macro_rules! as_root {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {$(
        #[test]
        $(#[$meta])*
        fn $name() {
            if $crate::sandbox::is_root() {
                $body
            } else {
                $crate::sandbox::not_run(stringify!($name));
            }
        }
    )*};
}
pub(crate) use as_root;
