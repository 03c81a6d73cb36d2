//! Every tenant table, every verb, every relation of an actor to a row: who gets through, as a table that is kept.

use sqlx::Executor as _;
use sqlx::postgres::PgConnection;

use super::database;
use super::probe::{ACTORS, Target, VERBS, Verb, attempt};
use super::schema::{self, Table};
use super::seed::{Kind, PEOPLE, Seeder};
use super::snapshot::assert_kept;

const HEAD: &str = "\
# Who gets through row security, as the service. Alice, Bob and Carol (admin) act in the organisation of the rows; Alice is
# a member of another one too, which is Dave's. `private` and `shared` rows are Alice's; `hosted` ones are Bob's, on something
# that Alice shares. `insert` writes the row as it stands, `attach` in the actor's own name and organisation; `update`,
# `give` (to Dave; granted for the attempt) and `delete` go for everything, and it is looked whether the row was reached.
# yes: done. no: not seen or not reached. refused: by a policy. denied: no grant. broken: a reference says no.
";

#[tokio::test]
async fn everyone_gets_through_where_it_is_kept_and_nowhere_else() {
    let (owner, service) = database().await;
    let mut transaction = owner.begin().await.unwrap();
    let grid = Grid::seed(&mut transaction, &service).await;
    let all = grid.rows(&mut transaction, None).await;
    transaction.rollback().await.unwrap();
    assert_kept("tenancy.snapshot.txt", &all);
}

/// The seeded database.
pub(super) struct Grid<'a> {
    service: &'a str,
    tables: &'a [Table],
    targets: Vec<(Kind, Target<'a>)>,
}

impl<'a> Grid<'a> {
    pub(super) async fn seed(connection: &mut PgConnection, service: &'a str) -> Grid<'a> {
        connection.execute(PEOPLE).await.unwrap();
        // One test process reads this a few times; leaking it spares every user of the grid a lifetime.
        let tables: &'a [Table] = schema::read(connection, service).await.leak();
        assert!(!tables.is_empty(), "the database has no tenant table");
        let mut seeder = Seeder::new(tables);
        let mut targets = Vec::new();
        for table in tables {
            for kind in kinds(tables, table) {
                let stored = seeder.stored(connection, table, kind).await;
                let possible = seeder.possible(connection, table, kind).await;
                let target = Target {
                    table,
                    stored,
                    possible,
                };
                targets.push((kind, target));
            }
        }
        Grid {
            service,
            tables,
            targets,
        }
    }

    /// Where somebody who acts elsewhere, or nobody, gets through.
    pub(super) async fn strangers(&self, connection: &mut PgConnection) -> Vec<String> {
        let mut through = Vec::new();
        for (kind, target) in &self.targets {
            for verb in [Verb::Select, Verb::Insert, Verb::Update, Verb::Delete] {
                for actor in ACTORS.iter().filter(|actor| !actor.is_here()) {
                    if attempt(connection, self.service, actor, verb, target).await == "yes" {
                        let (table, kind, verb) = (&target.table.name, kind.word(), verb.word());
                        through.push(format!("{} can {verb} {kind} rows of {table}", actor.name));
                    }
                }
            }
        }
        through
    }

    pub(super) fn tables(&self) -> &'a [Table] {
        self.tables
    }

    /// The grid as text: all of it, or one table's part.
    pub(super) async fn rows(&self, connection: &mut PgConnection, only: Option<&str>) -> String {
        let mut text = HEAD.to_owned();
        let names = ACTORS.map(|actor| actor.name);
        line(&mut text, ["table", "row", "verb"], &names);
        for (kind, target) in &self.targets {
            if only.is_some_and(|only| only != target.table.name) {
                continue;
            }
            for verb in VERBS {
                let of_people = matches!(verb, Verb::Attach | Verb::Give);
                if of_people && target.table.person().is_none() {
                    continue;
                }
                let mut outcomes = Vec::with_capacity(ACTORS.len());
                for actor in &ACTORS {
                    outcomes.push(attempt(connection, self.service, actor, verb, target).await);
                }
                line(
                    &mut text,
                    [&target.table.name, kind.word(), verb.word()],
                    &outcomes,
                );
            }
        }
        text
    }
}

/// Which rows tell something: `shared` where something is shared, `hosted` where somebody else can act in it.
fn kinds(tables: &[Table], table: &Table) -> Vec<Kind> {
    let mut kinds = vec![Kind::Private];
    if schema::with_visibility(tables).contains(&table.name) {
        kinds.push(Kind::Shared);
        if !table.has("visibility") && table.person().is_some() {
            kinds.push(Kind::Hosted);
        }
    }
    kinds
}

fn line<S: AsRef<str>>(text: &mut String, what: [&str; 3], outcomes: &[S]) {
    use std::fmt::Write as _;
    let [table, row, verb] = what;
    let mut line = format!("{table:<22} {row:<8} {verb:<7}");
    for (actor, outcome) in ACTORS.iter().zip(outcomes) {
        let width = actor.name.len().max(7);
        let _ = write!(line, " {:<width$}", outcome.as_ref());
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
