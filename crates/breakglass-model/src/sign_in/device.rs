//! The machine that somebody signs in from.

use super::words::Trust;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is known of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// Nobody said.
    #[default]
    NotTold,
    /// It is known to be unregistered: every property is null (CONDITIONAL_ACCESS F-1).
    Unregistered,
    /// It is registered, with these properties.
    Registered(Device),
}

impl Machine {
    /// Reads `deviceInfo`: absent, `null`, or an object.
    ///
    /// # Errors
    /// What is there instead.
    pub fn read(value: Option<&Value>) -> Result<Self, String> {
        match value {
            None => Ok(Self::NotTold),
            Some(Value::Null) => Ok(Self::Unregistered),
            Some(Value::Object(map)) => Device::read(map).map(Self::Registered),
            Some(other) => Err(format!("{other}, expected an object or null")),
        }
    }
}

/// One value of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// A text.
    Text(String),
    /// A truth value.
    Flag(bool),
    /// A collection.
    List(Vec<String>),
}

/// A registered device by its properties, named as in the filter language and held in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    properties: BTreeMap<String, Property>,
}

impl Device {
    fn read(map: &Map<String, Value>) -> Result<Self, String> {
        let mut device = Self::default();
        for (key, value) in map.iter().filter(|(k, _)| !k.contains('@')) {
            match (key.to_ascii_lowercase().as_str(), value) {
                (_, Value::Null) => {}
                // Graph's `device` keeps them in an object of their own.
                ("extensionattributes", Value::Object(inner)) => {
                    device.properties.extend(Self::read(inner)?.properties);
                }
                (name, value) => {
                    let name = if name == "ownership" { "deviceownership" } else { name };
                    device.properties.insert(name.to_owned(), property(key, value)?);
                }
            }
        }
        Ok(device)
    }

    /// A property by its name in the filter language, without `device.`; `None` is null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.properties.get(&name.to_ascii_lowercase())
    }

    /// Puts a property in, or takes it out; for scenarios that change a workstation.
    pub fn set(&mut self, name: &str, value: Option<Property>) {
        let name = name.to_ascii_lowercase();
        match value {
            Some(value) => self.properties.insert(name, value),
            None => self.properties.remove(&name),
        };
    }

    /// Whether it is compliant, where that is said.
    #[must_use]
    pub fn compliant(&self) -> Option<bool> {
        match self.get("isCompliant")? {
            Property::Flag(flag) => Some(*flag),
            Property::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Property::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Property::Text(_) | Property::List(_) => None,
        }
    }

    /// How the directory knows it, where that is said and understood.
    #[must_use]
    pub fn trust(&self) -> Option<Trust> {
        match self.get("trustType")? {
            Property::Text(text) => Trust::read(text),
            Property::Flag(_) | Property::List(_) => None,
        }
    }

    /// Whether device management is known (`mdmAppId`), which is one of the ways in which extension attributes become
    /// available to filters (F-3).
    #[must_use]
    pub fn managed(&self) -> bool {
        matches!(self.get("mdmAppId"), Some(Property::Text(id)) if !id.is_empty())
    }
}

fn property(key: &str, value: &Value) -> Result<Property, String> {
    match value {
        Value::String(text) => Ok(Property::Text(text.clone())),
        Value::Bool(flag) => Ok(Property::Flag(*flag)),
        Value::Number(number) => Ok(Property::Text(number.to_string())),
        Value::Array(items) => {
            let texts = items.iter().map(|i| i.as_str().map(str::to_owned)).collect::<Option<_>>();
            texts.map(Property::List).ok_or_else(|| format!("`{key}` with something that is no text"))
        }
        Value::Object(_) | Value::Null => Err(format!("an object at `{key}`")),
    }
}
