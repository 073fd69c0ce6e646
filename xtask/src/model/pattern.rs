//! The model's patterns are Java's; this turns them into what the `regex` crate reads.
//!
//! The two differ in what the model uses of them: Java's `\w`, `\d`, `\s` and its POSIX classes
//! (`\p{Graph}`, `\p{Cntrl}`, `\p{Upper}`, `\p{Digit}`) are ASCII, and its `.` stops at more
//! line ends. AWS matches the whole string, so the translation is anchored.

/// Translates one pattern.
pub(super) fn translate(java: &str) -> String {
    let mut out = String::from(r"\A(?:");
    let mut rest = java;
    // How many brackets stand open: classes nest.
    let mut depth = 0_usize;
    while let Some(letter) = rest.chars().next() {
        if let Some((class, length)) = class_at(rest) {
            let within = depth > 0;
            out.push_str(&if within { class.to_owned() } else { format!("[{class}]") });
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let length = match letter {
            '\\' => letter.len_utf8().saturating_add(escaped_length(rest)),
            _ => letter.len_utf8(),
        };
        match letter {
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter == '.' && depth == 0 {
            out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]");
        } else {
            out.push_str(rest.get(..length).unwrap_or(rest));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    out.push_str(r")\z");
    out
}

/// Java's classes and the `regex` crate's ASCII ones.
const CLASSES: [(&str, &str); 10] = [
    (r"\p{Graph}", "[:graph:]"),
    (r"\p{Cntrl}", "[:cntrl:]"),
    (r"\p{Upper}", "[:upper:]"),
    (r"\p{Digit}", "[:digit:]"),
    (r"\w", "[:word:]"),
    (r"\W", "[:^word:]"),
    (r"\d", "[:digit:]"),
    (r"\D", "[:^digit:]"),
    (r"\s", "[:space:]"),
    (r"\S", "[:^space:]"),
];

fn class_at(rest: &str) -> Option<(&'static str, usize)> {
    let (java, ours) = CLASSES.into_iter().find(|(java, _)| rest.starts_with(java))?;
    Some((ours, java.len()))
}

fn escaped_length(rest: &str) -> usize {
    rest.chars().nth(1).map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn java_classes_become_ascii_ones() {
        assert_eq!(translate(r"[\p{Graph}\x20]*"), r"\A(?:[[:graph:]\x20]*)\z");
        assert_eq!(translate(r"[^\p{Cntrl}]*"), r"\A(?:[^[:cntrl:]]*)\z");
        assert_eq!(translate(r"[\w+=,.@-]+"), r"\A(?:[[:word:]+=,.@-]+)\z");
        assert_eq!(translate(r"\S{36,64}"), r"\A(?:[[:^space:]]{36,64})\z");
        assert_eq!(translate(r"[\s\S]*"), r"\A(?:[[:space:][:^space:]]*)\z");
        assert_eq!(translate(r"a\.b."), r"\A(?:a\.b[^\n\r\x{85}\x{2028}\x{2029}])\z");
        assert_eq!(translate(r"[.\[\]]"), r"\A(?:[.\[\]])\z");
    }
}
