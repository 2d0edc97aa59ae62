//! Columns that line up, cut to the terminal's width.

use unicode_width::UnicodeWidthStr;

use crate::out::{Tone, paint};

/// A cell: its text, and its colour where it has one.
pub(crate) struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl Cell {
    /// A plain cell. Text of others is kept on one line.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self { text: text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(), tone: None }
    }

    /// A coloured cell.
    pub(crate) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone: Some(tone), ..Self::new(text) }
    }
}

/// Lays out rows under headings. The last column is as wide as it likes.
pub(crate) fn table(headings: &[&str], rows: &[Vec<Cell>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width());
        cells.chain(headings.get(column).map(|heading| heading.width())).max().unwrap_or(0).min(40)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let mut lines = Vec::with_capacity(rows.len() + 1);
    let head: Vec<Cell> = headings.iter().map(|heading| Cell::toned(Tone::Quiet, *heading)).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let last = column + 1 == row.len();
            let text = if last { cell.text.clone() } else { cut(&cell.text, widths[column]) };
            let pad = if last { 0 } else { widths[column].saturating_sub(text.width()) + 2 };
            line.push_str(&cell.tone.map_or_else(|| text.clone(), |tone| paint(tone, &text)));
            line.extend(std::iter::repeat_n(' ', pad));
        }
        lines.push(line);
    }
    lines.join("\n")
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.width() + 2 > width {
            break;
        }
        short.push(c);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn columns_line_up_whatever_the_script() {
        let rows = vec![vec![Cell::new("日本"), Cell::new("x")], vec![Cell::toned(Tone::Bad, "abcde"), Cell::new("y")]];
        assert_eq!(plain(&table(&["NAME", "ID"], &rows)), "NAME   ID\n日本   x\nabcde  y");
    }

    #[test]
    fn a_text_of_others_stays_on_its_line() {
        let rows = vec![vec![Cell::new("a\nb\u{1b}[31m"), Cell::new("z".repeat(90))]];
        let shown = table(&["A", "B"], &rows);
        assert_eq!(shown.lines().count(), 2);
        assert!(!plain(&shown).contains('\u{1b}'));
    }
}
