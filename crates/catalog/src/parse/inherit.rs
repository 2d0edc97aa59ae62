//! Joins an app's file with that of its family: what the app says goes before what the family says, however deep.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Members that name a table within a list: ways to connect and fields by `key`, scopes by `name`.
const NAMES: [&str; 2] = ["key", "name"];

/// Adds to `own` what `family` says and `own` doesn't. Tables are joined member by member, lists of tables item by item
/// where both have an item of that name; all other values are taken whole.
pub(crate) fn join<'t>(own: &mut DeTable<'t>, family: &DeTable<'t>) {
    for (key, value) in family {
        match own.get_mut(key.get_ref().as_ref()) {
            None => {
                own.insert(key.clone(), value.clone());
            }
            Some(mine) => join_values(mine, value),
        }
    }
}

fn join_values<'t>(mine: &mut Spanned<DeValue<'t>>, family: &Spanned<DeValue<'t>>) {
    match (mine.get_mut(), family.get_ref()) {
        (DeValue::Table(mine), DeValue::Table(family)) => join(mine, family),
        (DeValue::Array(mine), DeValue::Array(family)) => {
            for item in family.iter() {
                let Some(name) = name(item) else { continue };
                match mine.iter_mut().find(|own| self::name(own) == Some(name)) {
                    Some(own) => join_values(own, item),
                    None => mine.push(item.clone()),
                }
            }
        }
        _ => {}
    }
}

fn name<'v>(item: &'v Spanned<DeValue<'_>>) -> Option<(&'static str, &'v str)> {
    let table = item.get_ref().as_table()?;
    NAMES.iter().find_map(|key| Some((*key, table.get(*key)?.get_ref().as_str()?)))
}
