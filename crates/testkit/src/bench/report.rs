//! The figures, and the tables made of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::machine::Description;

/// What a figure is measured on: the columns of the table.
pub(super) const COLUMNS: [&str; 3] = ["raw HTTP", "cluster", "embedded"];

/// One figure: a cell of the table, with its value in each run.
#[derive(Debug)]
struct Figure {
    /// Of [`COLUMNS`].
    column: &'static str,
    /// The measurement: a section of the table.
    section: String,
    /// What was measured, with its unit.
    name: String,
    values: Vec<f64>,
}

/// All figures, in the order they were first measured in.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Figure>);

impl Report {
    /// Adds a figure of one run. `name` says the unit.
    pub(super) fn add(&mut self, column: &'static str, section: &str, name: &str, value: f64) {
        let same = |figure: &&mut Figure| {
            figure.column == column && figure.section == section && figure.name == name
        };
        if let Some(figure) = self.0.iter_mut().find(same) {
            return figure.values.push(value);
        }
        self.0.push(Figure {
            column,
            section: section.to_owned(),
            name: name.to_owned(),
            values: vec![value],
        });
    }

    /// For the terminal.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.line(&mut text, ["", COLUMNS[0], COLUMNS[1], COLUMNS[2]]);
        for (section, names) in self.rows() {
            writeln!(text, "{section}").expect("a string takes everything");
            for name in names {
                let [raw, cluster, embedded] =
                    COLUMNS.map(|column| self.cell(column, section, name));
                self.line(&mut text, [&format!("  {name}"), &raw, &cluster, &embedded]);
            }
        }
        text
    }

    /// For `docs/benchmarks.md`.
    pub(super) fn markdown(&self, machine: &Description, noise: &str) -> String {
        let mut text = format!("{}\n{noise}\n", machine.markdown());
        for (section, names) in self.rows() {
            let [raw, cluster, embedded] = COLUMNS;
            let head =
                format!("\n| {section} | {raw} | {cluster} | {embedded} |\n|---|--:|--:|--:|\n");
            text.push_str(&head);
            for name in names {
                let cells = COLUMNS
                    .map(|column| self.cell(column, section, name))
                    .join(" | ");
                writeln!(text, "| {name} | {cells} |").expect("a string takes everything");
            }
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self, machine: &Description, noise: &str) -> String {
        let figure = |figure: &Figure| {
            json!({
                "on": figure.column,
                "measurement": figure.section,
                "figure": figure.name,
                "values": figure.values,
                "median": median(&figure.values),
            })
        };
        let figures: Vec<Value> = self.0.iter().map(figure).collect();
        let report = json!({"machine": machine.text(), "noise": noise, "figures": figures});
        format!("{report:#}\n")
    }

    /// Sections with the names of their rows.
    fn rows(&self) -> Vec<(&str, Vec<&str>)> {
        let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
        for figure in &self.0 {
            let at = rows
                .iter()
                .position(|(section, _)| *section == figure.section);
            let at = at.unwrap_or_else(|| {
                rows.push((&figure.section, Vec::new()));
                rows.len() - 1
            });
            if !rows[at].1.contains(&figure.name.as_str()) {
                rows[at].1.push(&figure.name);
            }
        }
        rows
    }

    fn cell(&self, column: &str, section: &str, name: &str) -> String {
        let mut figures = self.0.iter();
        let found = figures.find(|figure| {
            figure.column == column && figure.section == section && figure.name == name
        });
        found.map_or_else(String::new, |figure| spread(&figure.values))
    }

    /// One line of the text table, its columns as wide as they must be.
    fn line(&self, text: &mut String, [name, cells @ ..]: [&str; 4]) {
        let longest = self
            .0
            .iter()
            .map(|figure| figure.name.len())
            .max()
            .unwrap_or(0)
            + 2;
        let runs = self
            .0
            .iter()
            .map(|figure| figure.values.len())
            .max()
            .unwrap_or(1);
        let width = if runs > 1 { 24 } else { 12 };
        write!(text, "{name:longest$}").expect("a string takes everything");
        for cell in cells {
            write!(text, "{cell:>width$}").expect("a string takes everything");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
}

/// The median, and from where to where the runs went when there are several.
fn spread(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match values {
        [value] => rounded(*value),
        _ => format!(
            "{} ({} to {})",
            rounded(median(values)),
            rounded(low),
            rounded(high)
        ),
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length.is_multiple_of(2) => f64::midpoint(sorted[half - 1], sorted[half]),
        _ => sorted[half],
    }
}

/// Three digits or so, thousands apart: more would be noise.
fn rounded(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let whole = text.len() - if digits > 0 { digits + 1 } else { 0 };
    let mut apart = String::new();
    for (index, digit) in text.char_indices() {
        let left = whole.saturating_sub(index);
        if index > 0 && index < whole && left.is_multiple_of(3) && digit != '-' {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// The one place that prints.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(super) fn print(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_or_so() {
        let cases = [
            (0.0345, "0.035"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (1_234_567.8, "1,234,568"),
        ];
        for (value, text) in cases {
            assert_eq!(rounded(value), text);
        }
    }

    #[test]
    fn several_runs_show_their_median_and_spread() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), "2.00 (1.00 to 3.00)");
        assert_eq!(spread(&[5.0]), "5.00");
    }

    #[test]
    fn a_figure_is_one_cell_in_its_section() {
        let mut report = Report::default();
        report.add("cluster", "1 endpoint", "delivered/s", 5_000.0);
        report.add("embedded", "1 endpoint", "delivered/s", 7_000.0);
        let text = report.text();
        assert_eq!(text.matches("delivered/s").count(), 1, "{text}");
        assert!(text.contains("5,000") && text.contains("7,000"), "{text}");
    }
}
