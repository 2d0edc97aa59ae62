use membrane_catalog::*;
#[test]
fn all() {
    let (c, e) = Catalog::load(None, &Default::default());
    for x in &e {
        eprintln!("{x}");
    }
    eprintln!("{}", c.apps().count());
    assert!(e.is_empty());
}
