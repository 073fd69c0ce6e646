use super::*;

fn check(operator: ComparisonOperator, value: MetricValue) -> StaticCriteria {
    StaticCriteria::new(&Comparison::new(operator, value).unwrap())
}

#[test]
fn numbers_are_compared_as_the_operator_says() {
    use ComparisonOperator as Op;
    for (operator, below, same, above) in [
        (Op::LessThan, true, false, false),
        (Op::LessThanEquals, true, true, false),
        (Op::GreaterThan, false, false, true),
        (Op::GreaterThanEquals, false, true, true),
    ] {
        let count = check(operator, MetricValue::Count(10));
        let number = check(operator, MetricValue::Number(10.0));
        for (value, expected) in [(9, below), (10, same), (11, above)] {
            assert_eq!(count.conforms(Observed::Count(value)), Some(expected));
            assert_eq!(count.conforms(Observed::Number(value as f64)), Some(expected));
            assert_eq!(number.conforms(Observed::Count(value)), Some(expected));
            assert_eq!(number.conforms(Observed::Number(value as f64)), Some(expected));
        }
    }
}

#[test]
fn large_counts_are_compared_exactly() {
    let limit = (1 << 53) + 1;
    let check = check(ComparisonOperator::LessThan, MetricValue::Count(limit));
    assert_eq!(check.conforms(Observed::Count(limit - 1)), Some(true));
    assert_eq!(check.conforms(Observed::Count(limit)), Some(false));
}

#[test]
fn every_element_must_be_in_the_set_and_only_offending_ones_are_shown() {
    let inside = check(ComparisonOperator::InPortSet, MetricValue::Ports(vec![22, 80]));
    let outside = check(ComparisonOperator::NotInPortSet, MetricValue::Ports(vec![22, 80]));
    for (ports, is_inside, is_outside) in [
        (&[][..], true, true),
        (&[22, 80][..], true, false),
        (&[443][..], false, true),
        (&[22, 443][..], false, false),
    ] {
        assert_eq!(inside.conforms(Observed::Ports(ports)), Some(is_inside));
        assert_eq!(outside.conforms(Observed::Ports(ports)), Some(is_outside));
    }
    let mixed = Observed::Ports(&[22, 443, 443, 8080, 80]);
    assert_eq!(inside.value_of(mixed, false), MetricValue::Ports(vec![443, 8080]));
    assert_eq!(outside.value_of(mixed, false), MetricValue::Ports(vec![22, 80]));
    assert_eq!(inside.value_of(mixed, true), MetricValue::Ports(vec![22, 443, 8080, 80]));
}

#[test]
fn texts_numbers_and_addresses_are_sets_too() {
    use ComparisonOperator as Op;
    let texts = check(Op::InSet, MetricValue::Strings(vec!["b".into(), "a".into()]));
    let list = ["a".to_owned(), "c".to_owned()];
    assert_eq!(texts.conforms(Observed::Strings(&list[..1])), Some(true));
    assert_eq!(texts.conforms(Observed::Strings(&list)), Some(false));
    let shown = texts.value_of(Observed::Strings(&list), false);
    assert_eq!(shown, MetricValue::Strings(vec!["c".into()]));
    let numbers = check(Op::NotInSet, MetricValue::Numbers(vec![0.0, 1.5]));
    assert_eq!(numbers.conforms(Observed::Numbers(&[2.0])), Some(true));
    assert_eq!(numbers.conforms(Observed::Numbers(&[2.0, -0.0])), Some(false));
    let nets = check(Op::InCidrSet, MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap()]));
    let addresses = ["10.1.2.3".parse().unwrap(), "203.0.113.9".parse().unwrap()];
    assert_eq!(nets.conforms(Observed::Addresses(&addresses[..1])), Some(true));
    let shown = nets.value_of(Observed::Addresses(&addresses), false);
    assert_eq!(shown, MetricValue::Cidrs(vec!["203.0.113.9/32".parse().unwrap()]));
}

#[test]
fn a_value_of_another_kind_gives_no_verdict() {
    let ports = check(ComparisonOperator::InPortSet, MetricValue::Ports(vec![22]));
    assert_eq!(ports.conforms(Observed::Count(22)), None);
    let count = check(ComparisonOperator::LessThan, MetricValue::Count(22));
    assert_eq!(count.conforms(Observed::Numbers(&[1.0])), None);
}

#[test]
fn what_is_shown_of_a_list_is_bounded() {
    let none = check(ComparisonOperator::InPortSet, MetricValue::Ports(vec![]));
    let all: Vec<u16> = (0..=u16::MAX).collect();
    assert_eq!(none.value_of(Observed::Ports(&all), false).elements(), VALUE_ELEMENTS);
    let none = check(ComparisonOperator::InSet, MetricValue::Strings(vec![]));
    let long: Vec<String> = (0..50).map(|n| format!("{n:01000}")).collect();
    assert_eq!(none.value_of(Observed::Strings(&long), false).elements(), 8);
}
