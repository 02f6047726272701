//! Reads the reference vectors of Tests/Fixtures/reference: safetensors files with a `spec` in the metadata.

use std::collections::BTreeMap;
use std::path::Path;

/// As little of JSON as the files need.
#[derive(Clone, Debug)]
pub enum Json {
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.get(key),
            _ => None,
        }
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        match self.get(key) {
            Some(Json::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn list(&self, key: &str) -> &[Json] {
        match self.get(key) {
            Some(Json::List(items)) => items,
            _ => &[],
        }
    }

    fn parse(text: &str) -> Json {
        let mut rest = text;
        parse_value(&mut rest)
    }
}

fn parse_value(rest: &mut &str) -> Json {
    *rest = rest.trim_start();
    match rest.as_bytes()[0] {
        b'{' => Json::Object(parse_members(rest, '}', |rest| {
            let key = parse_text(rest);
            assert!(take(rest, ':'));
            (key, parse_value(rest))
        })),
        b'[' => Json::List(parse_members(rest, ']', parse_value)),
        b'"' => Json::Text(parse_text(rest)),
        _ => {
            let end = rest.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(rest.len());
            let number = rest[..end].parse().expect("a number");
            *rest = &rest[end..];
            Json::Number(number)
        }
    }
}

fn parse_members<T, C: FromIterator<T>>(rest: &mut &str, end: char, member: impl Fn(&mut &str) -> T) -> C {
    let mut members = Vec::new();
    *rest = &rest[1..];
    while !take(rest, end) {
        members.push(member(rest));
        take(rest, ',');
    }
    members.into_iter().collect()
}

/// A string, whose escapes are but `\"` and `\\`.
fn parse_text(rest: &mut &str) -> String {
    assert!(take(rest, '"'));
    let (mut text, mut characters) = (String::new(), rest.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                *rest = &rest[at + 1..];
                return text;
            }
            '\\' => text.push(characters.next().expect("an escape").1),
            _ => text.push(character),
        }
    }
    panic!("a string without an end")
}

fn take(rest: &mut &str, wanted: char) -> bool {
    let trimmed = rest.trim_start();
    match trimmed.strip_prefix(wanted) {
        Some(behind) => *rest = behind,
        None => return false,
    }
    true
}

/// One file: its spec, and every tensor as float64.
pub struct Vectors {
    pub spec: Json,
    pub tensors: BTreeMap<String, Vec<f64>>,
}

impl Vectors {
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let (header, data) = bytes[8..].split_at(length);
        let header = Json::parse(std::str::from_utf8(header).unwrap());
        let mut spec = None;
        let mut tensors = BTreeMap::new();
        let members = match header {
            Json::Object(members) => members,
            _ => panic!("{}: no object", path.display()),
        };
        for (name, tensor) in members {
            if name == "__metadata__" {
                spec = tensor.text("spec").map(Json::parse);
                continue;
            }
            let offset = |index: usize| match tensor.list("data_offsets")[index] {
                Json::Number(offset) => offset as usize,
                _ => panic!("{name}: an offset is no number"),
            };
            let bytes = &data[offset(0)..offset(1)];
            let values = match tensor.text("dtype") {
                Some("F32") => {
                    bytes.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()).into()).collect()
                }
                Some("F64") => bytes.chunks(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect(),
                other => panic!("{name}: {other:?}"),
            };
            tensors.insert(name, values);
        }
        Vectors { spec: spec.expect("a spec"), tensors }
    }

    /// What the tensors whose names begin with `prefix` are called behind it.
    pub fn names<'v>(&'v self, prefix: &'v str) -> impl Iterator<Item = &'v str> {
        self.tensors.keys().filter_map(move |name| name.strip_prefix(prefix))
    }

    pub fn floats(&self, name: &str) -> Vec<f32> {
        self.tensors[name].iter().map(|&value| value as f32).collect()
    }
}
