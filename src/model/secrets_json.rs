//! Secrets in what is written as JSON.

use super::{SecretLines, mask_secrets};
use serde_json::Value;

/// Masks every text in `value`, wherever it stands: what a node printed can have a secret anywhere. A text that `spare` knows
/// as a whole stays: the name of a node may look like a token.
pub fn mask_json(value: &mut Value, spare: &impl Fn(&str) -> bool) {
    match value {
        Value::String(text) if spare(text) => {}
        Value::String(text) => *text = mask_secrets(text),
        Value::Array(values) => {
            let mut lines = SecretLines::default(); // texts in a list are lines of one
            for value in values {
                match value {
                    Value::String(text) if !spare(text) => *text = lines.mask(text),
                    value => mask_json(value, spare),
                }
            }
        }
        Value::Object(map) => map.values_mut().for_each(|value| mask_json(value, spare)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_masked_at_any_depth_and_names_stay() {
        let token = "abcdef.0123456789abcdef";
        let mut value = serde_json::json!({ "node": "node01.internalexamples", "tail": [[token], 7, null, true] });
        mask_json(&mut value, &|text| text == "node01.internalexamples");
        let text = value.to_string();
        assert_eq!(text, r#"{"node":"node01.internalexamples","tail":[["abcdef.****************"],7,null,true]}"#);
        let mut tail = serde_json::json!(["-----BEGIN PRIVATE KEY-----", "MIIE", "-----END PRIVATE KEY-----", "x"]);
        mask_json(&mut tail, &|_| false);
        assert!(!tail.to_string().contains("MIIE") && tail[3] == "x", "{tail}");
    }
}
