//! Limits on a parsed document, fragments counted as often as they are spread.

use std::collections::{HashMap, HashSet};

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql_value::Value;

use super::types::InputTypes;
use crate::http::fault::Fault;
use crate::http::options::DocumentLimits;

pub(super) fn over_tokens(limit: usize) -> Fault {
    Fault::over("tokens of document", limit)
}

pub(super) fn over_nesting(limit: usize) -> Fault {
    Fault::over("levels of brackets", limit)
}

/// Selections inside each other, fragments included. async-graphql walks by recursion and stops at the same number.
const LEVELS: usize = 32;

/// How often the lists of a type may be asked for inside each other in introspection. Each level multiplies the answer by
/// the number of fields of a type; the standard query needs one.
const INTROSPECTION_LISTS: usize = 2;

/// What a selection set amounts to once every spread is written out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    selections: usize,
    aliases: usize,
    directives: usize,
    depth: usize,
    introspection_depth: usize,
    introspection_lists: usize,
    /// Fields at this level: of an operation, its root fields.
    pub(super) fields: usize,
    pub(super) introspects: bool,
}

impl Totals {
    /// Side by side: amounts add up, depths do not.
    fn beside(&mut self, other: &Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.introspection_depth = self.introspection_depth.max(other.introspection_depth);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
        self.introspects |= other.introspects;
    }

    fn check(&self, limits: &DocumentLimits) -> Result<(), Fault> {
        for (value, limit, what) in [
            (self.selections, limits.selections, "selections"),
            (self.aliases, limits.aliases, "aliases"),
            (self.directives, limits.directives, "directives"),
            (self.depth, limits.depth, "levels of fields"),
            (
                self.introspection_depth,
                limits.introspection_depth,
                "levels of introspection",
            ),
            (
                self.introspection_lists,
                INTROSPECTION_LISTS,
                "levels of lists in introspection",
            ),
            (self.fields, limits.root_fields, "root fields"),
        ] {
            if value > limit {
                return Err(Fault::over(what, limit));
            }
        }
        Ok(())
    }
}

/// Walks a document once: every fragment is looked at once at the root and once below it.
pub(super) struct Measure<'a> {
    document: &'a ExecutableDocument,
    limits: &'a DocumentLimits,
    types: &'a InputTypes,
    known: HashMap<(&'a str, bool), Totals>,
    open: Vec<&'a str>,
}

impl<'a> Measure<'a> {
    pub(super) fn new(
        document: &'a ExecutableDocument,
        limits: &'a DocumentLimits,
        types: &'a InputTypes,
    ) -> Self {
        Self {
            document,
            limits,
            types,
            known: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// Measures one operation and holds it against the limits.
    pub(super) fn operation(
        &mut self,
        set: &'a SelectionSet,
        directives: &'a [Positioned<Directive>],
    ) -> Result<Totals, Fault> {
        let mut totals = self.set(set, true, 0)?;
        totals.directives = totals
            .directives
            .saturating_add(self.directives(directives)?);
        totals.check(self.limits)?;
        Ok(totals)
    }

    /// Whether every fragment was met. One that was not is unused, and nothing has looked at it.
    pub(super) fn met_every_fragment(&self) -> bool {
        let met: HashSet<&str> = self.known.keys().map(|(name, _)| *name).collect();
        met.len() == self.document.fragments.len()
    }

    fn set(&mut self, set: &'a SelectionSet, root: bool, level: usize) -> Result<Totals, Fault> {
        if level > LEVELS {
            return Err(Fault::over(
                "levels of selections, fragments included",
                LEVELS,
            ));
        }
        let mut totals = Totals::default();
        for item in &set.items {
            let directives = self.directives(item.node.directives())?;
            let mut one = match &item.node {
                Selection::Field(field) => self.field(&field.node, root, level)?,
                Selection::InlineFragment(inline) => {
                    self.set(&inline.node.selection_set.node, root, level + 1)?
                }
                Selection::FragmentSpread(spread) => self.fragment(
                    spread.node.fragment_name.node.as_str(),
                    spread.pos,
                    root,
                    level,
                )?,
            };
            one.selections = one.selections.saturating_add(1);
            one.directives = one.directives.saturating_add(directives);
            totals.beside(&one);
        }
        Ok(totals)
    }

    fn field(&mut self, field: &'a Field, root: bool, level: usize) -> Result<Totals, Fault> {
        for (_, value) in &field.arguments {
            self.value(&value.node)?;
        }
        let inside = self.set(&field.selection_set.node, false, level + 1)?;
        let name = field.name.node.as_str();
        let introspects = root && matches!(name, "__schema" | "__type");
        let list = matches!(
            name,
            "fields" | "inputFields" | "interfaces" | "possibleTypes"
        );
        let depth = inside.depth + 1;
        // Below the root both depths are the same number; which of them counts is known at the root only.
        let (depth, introspection_depth) = match (root, introspects) {
            (true, true) => (0, depth),
            (true, false) => (depth, 0),
            (false, _) => (depth, depth),
        };
        let lists = inside.introspection_lists + usize::from(list);
        Ok(Totals {
            aliases: inside
                .aliases
                .saturating_add(usize::from(field.alias.is_some())),
            depth,
            introspection_depth,
            introspection_lists: if root && !introspects { 0 } else { lists },
            fields: 1,
            introspects,
            ..inside
        })
    }

    fn fragment(
        &mut self,
        name: &'a str,
        pos: async_graphql::Pos,
        root: bool,
        level: usize,
    ) -> Result<Totals, Fault> {
        if let Some(totals) = self.known.get(&(name, root)) {
            return Ok(*totals);
        }
        if self.open.contains(&name) {
            return Err(Fault::invalid("A fragment contains itself.").at(pos));
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Err(Fault::invalid("A fragment is used that is not defined.").at(pos));
        };
        let directives = self.directives(&fragment.node.directives)?;
        self.open.push(name);
        let mut totals = self.set(&fragment.node.selection_set.node, root, level + 1)?;
        self.open.pop();
        totals.directives = totals.directives.saturating_add(directives);
        self.known.insert((name, root), totals);
        Ok(totals)
    }

    /// Counts the directives of one place and checks that each is known and given once.
    pub(super) fn directives(&self, directives: &[Positioned<Directive>]) -> Result<usize, Fault> {
        for (index, directive) in directives.iter().enumerate() {
            let name = directive.node.name.node.as_str();
            if !self.types.knows_directive(name) {
                return Err(Fault::invalid("A directive is not known.").at(directive.pos));
            }
            if directives[..index]
                .iter()
                .any(|other| other.node.name.node == name)
            {
                return Err(
                    Fault::invalid("A directive is given twice in one place.").at(directive.pos)
                );
            }
            for (_, value) in &directive.node.arguments {
                self.value(&value.node)?;
            }
        }
        Ok(directives.len())
    }

    fn value(&self, value: &Value) -> Result<(), Fault> {
        let limit = self.limits.input_depth;
        if value_depth(value) > limit {
            Err(Fault::over("levels of nesting in an input value", limit))
        } else {
            Ok(())
        }
    }
}

/// Recursion is bounded: the brackets of the document have been counted.
fn value_depth(value: &Value) -> usize {
    match value {
        Value::List(list) => 1 + list.iter().map(value_depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(value_depth).max().unwrap_or(0),
        Value::Variable(_)
        | Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_) => 0,
    }
}
