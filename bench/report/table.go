package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table is a table of a run; every row has a cell for each column.
type Table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Row adds a row. Numbers are written as Number does.
func (t *Table) Row(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		if v, ok := c.(float64); ok {
			row[i] = Number(v)
		} else {
			row[i] = fmt.Sprint(c)
		}
	}
	t.Rows = append(t.Rows, row)
}

// Markdown returns the table without its title. The columns stand below each
// other in the source too, so that it can be read in a terminal; those of
// numbers are set to the right.
func (t Table) Markdown() string {
	width := make([]int, len(t.Columns))
	right := make([]bool, len(t.Columns))
	rows := make([][]string, 0, len(t.Rows)+1)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		cells := make([]string, len(t.Columns))
		for i := range cells {
			if i < len(row) {
				cells[i] = cell(row[i])
			}
			width[i] = max(width[i], utf8.RuneCountInString(cells[i]), 3)
		}
		rows = append(rows, cells)
	}
	for i := range right {
		numbers := 0
		for _, row := range rows[1:] {
			switch {
			case isNumber(row[i]):
				numbers++
			case row[i] != "" && row[i] != "-":
				numbers = -len(rows)
			}
		}
		right[i] = numbers > 0
	}
	var b strings.Builder
	for n, row := range rows {
		for i, text := range row {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(text))
			if right[i] {
				b.WriteString("| " + gap + text + " ")
			} else {
				b.WriteString("| " + text + gap + " ")
			}
		}
		b.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i := range row {
			if right[i] {
				b.WriteString("| " + strings.Repeat("-", width[i]-1) + ": ")
			} else {
				b.WriteString("| " + strings.Repeat("-", width[i]) + " ")
			}
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// cell makes text fit for a cell of Markdown.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(strings.TrimRight(strings.TrimLeft(text, "≤≥ "), "%×"), 64)
	return err == nil
}
