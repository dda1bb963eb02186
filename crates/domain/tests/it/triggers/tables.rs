//! The two state tables of the contract, each cell.

use domain::trigger::activity::ActivityKind::{
    self, CartUpdated, CheckoutOpened, CheckoutStep, Identified, OrderCompleted, PageViewed,
};

use crate::scene::{Scene, moment};

const JANE: &str = "jane@example.com";

/// What can happen to a session. All at or after 12:00.
#[derive(Debug, Clone, Copy)]
enum SessionInput {
    Activity(ActivityKind),
    CheckoutOpens,
    Deadline,
}

/// A session `s` in a state of this name, at 12:00.
fn session_in(state: &str) -> Scene {
    let mut scene = Scene::flexype();
    match state {
        "active" => {
            scene.at("11:55").session("s").by(JANE).does(PageViewed);
        }
        "active, anonymous" => {
            scene.at("11:55").session("s").does(PageViewed);
        }
        "converted" => {
            scene.at("11:55").session("s").by(JANE).does(PageViewed);
            scene
                .at("11:56")
                .session("s")
                .checkout("a")
                .does(CheckoutOpened);
            scene
                .at("11:57")
                .session("s")
                .checkout("a")
                .does(OrderCompleted);
        }
        "abandoned" => {
            scene.at("11:00").session("s").by(JANE).does(PageViewed);
        }
        _ => {
            scene.at("11:00").session("s").does(PageViewed);
        }
    }
    scene.run_until("12:00");
    scene
}

#[test]
fn contract_096_the_table_of_sessions_holds_in_every_cell() {
    use SessionInput::{Activity, CheckoutOpens, Deadline};
    let inputs = [
        Activity(PageViewed),
        Activity(CartUpdated),
        Activity(Identified),
        CheckoutOpens,
        Deadline,
    ];
    let table = [
        (
            "active",
            ["active", "active", "active", "converted", "abandoned"],
        ),
        (
            "active, anonymous",
            [
                "active",
                "active",
                "active",
                "converted",
                "expired_anonymous",
            ],
        ),
        ("converted", ["converted"; 5]),
        ("abandoned", ["abandoned"; 5]),
        ("expired_anonymous", ["expired_anonymous"; 5]),
    ];
    for (from, row) in table {
        for (input, to) in inputs.into_iter().zip(row) {
            let mut scene = session_in(from);
            let before = scene.fired().len();
            match input {
                Activity(kind) => {
                    scene.at("12:01").session("s").does(kind);
                }
                CheckoutOpens => {
                    scene
                        .at("12:01")
                        .session("s")
                        .checkout("b")
                        .does(CheckoutOpened);
                }
                Deadline => {
                    scene.run_until("12:10");
                }
            }
            assert_eq!(scene.session_states(), [to], "{from}, {input:?}");
            let fires = from == "active" && to == "abandoned";
            let told = scene.fired()[before..].to_vec();
            let expected: &[&str] = if fires {
                &["12:10 ABANDONED_SESSION"]
            } else {
                &[]
            };
            assert_eq!(told, expected, "{from}, {input:?}");
        }
    }
}

/// What can happen to a checkout.
#[derive(Debug, Clone, Copy)]
enum CheckoutInput {
    Opened,
    Step,
    Completed,
    Another,
    Deadline,
}

/// A checkout `a` in a state of this name, at 12:00. Its deadline is, or was, at 12:10 if it opened at 11:55.
fn checkout_in(state: &str) -> Scene {
    let mut scene = Scene::flexype();
    let open = |scene: &mut Scene, at: &str, known: bool| {
        let doing = scene.at(at).checkout("a");
        if known { doing.by(JANE) } else { doing }.does(CheckoutOpened);
    };
    match state {
        "open" => open(&mut scene, "11:55", true),
        "open, anonymous" => open(&mut scene, "11:55", false),
        "completed" => {
            open(&mut scene, "11:55", true);
            scene.at("11:56").checkout("a").does(OrderCompleted);
        }
        "superseded" => {
            open(&mut scene, "11:30", true);
            scene.at("11:31").checkout("before").does(CheckoutOpened);
            scene.at("11:32").checkout("before").does(OrderCompleted);
        }
        "abandoned" => open(&mut scene, "11:30", true),
        _ => open(&mut scene, "11:30", false),
    }
    scene.run_until("12:00");
    scene
}

#[test]
fn contract_097_the_table_of_checkouts_holds_in_every_cell() {
    use CheckoutInput::{Another, Completed, Deadline, Opened, Step};
    let inputs = [Opened, Step, Completed, Another, Deadline];
    let table = [
        (
            "open",
            ["open", "open", "completed", "superseded", "abandoned"],
        ),
        (
            "open, anonymous",
            [
                "open",
                "open",
                "completed",
                "superseded",
                "expired_anonymous",
            ],
        ),
        ("completed", ["completed"; 5]),
        ("superseded", ["superseded"; 5]),
        ("abandoned", ["abandoned"; 5]),
        ("expired_anonymous", ["expired_anonymous"; 5]),
    ];
    for (from, row) in table {
        for (input, to) in inputs.into_iter().zip(row) {
            let mut scene = checkout_in(from);
            let before = scene.fired().len();
            match input {
                Opened => {
                    scene.at("12:01").checkout("a").does(CheckoutOpened);
                }
                Step => {
                    scene.at("12:01").checkout("a").does(CheckoutStep);
                }
                Completed => {
                    scene.at("12:01").checkout("a").does(OrderCompleted);
                }
                Another => {
                    scene.at("12:01").checkout("b").does(CheckoutOpened);
                }
                Deadline => {
                    scene.run_until("12:10");
                }
            }
            let checkout = scene.checkout("a");
            assert_eq!(checkout.state.as_str(), to, "{from}, {input:?}");
            assert_eq!(checkout.is_open(), checkout.ended.is_none());
            let recovered = from == "abandoned" && matches!(input, Completed);
            assert_eq!(checkout.recovered, recovered.then(|| moment("12:01")));
            let fires = from == "open" && to == "abandoned";
            let told = scene.fired()[before..].to_vec();
            let expected: &[&str] = if fires {
                &["12:10 ABANDONED_CHECKOUT"]
            } else {
                &[]
            };
            assert_eq!(told, expected, "{from}, {input:?}");
        }
    }
}
