//! Makes the client from the document that `OPENAPI` names.

use std::error::Error;
use std::{env, fs};

use progenitor::{GenerationSettings, Generator, InterfaceStyle};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=OPENAPI");
    let document = env::var("OPENAPI")?;
    println!("cargo:rerun-if-changed={document}");
    let spec = serde_json::from_str(&fs::read_to_string(document)?)?;
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Builder);
    let client = Generator::new(&settings).generate_tokens(&spec)?;
    let client = prettyplease::unparse(&syn::parse2(client)?);
    fs::write(format!("{}/client.rs", env::var("OUT_DIR")?), client)?;
    Ok(())
}
