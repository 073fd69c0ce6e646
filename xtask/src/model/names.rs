//! From AWS's names to Rust's.

/// `additionalMetricsToRetainV2` to `additional_metrics_to_retain_v2`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(at.saturating_add(1));
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else {
            out.push('_');
        }
    }
    out
}

/// A struct field: snake case, with keywords made raw.
pub(super) fn field(name: &str) -> String {
    let snake = snake(name);
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

const KEYWORDS: [&str; 12] =
    ["as", "box", "enum", "final", "in", "match", "mod", "move", "ref", "type", "use", "where"];

/// A static: `BEHAVIOR_NAME`.
pub(super) fn constant(name: &str) -> String {
    let upper = snake(name).to_uppercase();
    // A few shapes begin with a lower-case letter and would meet their capital namesake.
    if name.starts_with(char::is_lowercase) { format!("PLAIN_{upper}") } else { upper }
}

/// A type or a variant: `in-cidr-set` to `InCidrSet`, `RSA_2048` to `Rsa2048`.
pub(super) fn pascal(name: &str) -> String {
    let mut out = String::new();
    for word in name.split(|letter: char| !letter.is_alphanumeric()) {
        let shouted = !word.chars().any(char::is_lowercase);
        let mut letters = word.chars();
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        if shouted {
            out.push_str(&letters.as_str().to_lowercase());
        } else {
            out.push_str(letters.as_str());
        }
    }
    if out.starts_with(|letter: char| letter.is_ascii_digit()) { format!("V{out}") } else { out }
}

/// What serde's `rename_all = "camelCase"` makes of a field.
pub(super) fn camel(field: &str) -> String {
    let mut out = String::new();
    let mut capital = false;
    for letter in field.trim_start_matches("r#").chars() {
        match letter {
            '_' => capital = true,
            _ if capital => {
                out.push(letter.to_ascii_uppercase());
                capital = false;
            }
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_field() {
        assert_eq!(snake("additionalMetricsToRetainV2"), "additional_metrics_to_retain_v2");
        assert_eq!(snake("thingArn"), "thing_arn");
        assert_eq!(snake("ARNList"), "arn_list");
        assert_eq!(field("type"), "r#type");
        assert_eq!(constant("stringValue"), "PLAIN_STRING_VALUE");
        assert_eq!(pascal("in-cidr-set"), "InCidrSet");
        assert_eq!(pascal("PENDING_TRANSFER"), "PendingTransfer");
        assert_eq!(pascal("CreateThingRequest"), "CreateThingRequest");
        assert_eq!(pascal("1_DAY"), "V1Day");
        assert_eq!(camel("additional_metrics_to_retain_v2"), "additionalMetricsToRetainV2");
        assert_eq!(camel("r#type"), "type");
    }
}
