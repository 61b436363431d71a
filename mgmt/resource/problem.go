package resource

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Errors of transactions.
var (
	// ErrNoKind: there is no such kind of object.
	ErrNoKind = errors.New("there is no such resource")
	// ErrNoObject: there is no such object.
	ErrNoObject = errors.New("there is no such object")
	// ErrFilter is the error of a filter that cannot be used here.
	ErrFilter = errors.New("filter")
	// ErrStore: the store did not take the change; nothing has changed.
	ErrStore = errors.New("the change could not be stored")
)

// Problems are what is wrong with an object, by field. The field of what
// concerns the whole object is "__all__".
type Problems struct {
	Kind   string
	Fields map[string][]string
}

// All is the field of problems that concern a whole object.
const All = "__all__"

// Addf records what is wrong with a field.
func (p *Problems) Addf(field, format string, args ...any) {
	if p.Fields == nil {
		p.Fields = map[string][]string{}
	}
	p.Fields[field] = append(p.Fields[field], fmt.Sprintf(format, args...))
}

func (p *Problems) err() error {
	if len(p.Fields) == 0 {
		return nil
	}
	return p
}

// Error implements error, one line for each field.
func (p *Problems) Error() string {
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(p.Fields)) {
		lines = append(lines, p.Kind+"."+field+": "+strings.Join(p.Fields[field], " "))
	}
	return strings.Join(lines, "\n")
}

// InUse is the error of an object that cannot go because others refer to it.
type InUse struct {
	Kind string
	ID   int64
	By   []Key // some of those that refer to it
}

// Error implements error.
func (e *InUse) Error() string {
	names := make([]string, len(e.By))
	for i, k := range e.By {
		names[i] = k.String()
	}
	return fmt.Sprintf("%s/%d is used by %s: change or delete those first", e.Kind, e.ID, strings.Join(names, ", "))
}

// Key names an object.
type Key struct {
	Kind string
	ID   int64
}

// String returns kind/id.
func (k Key) String() string { return fmt.Sprintf("%s/%d", k.Kind, k.ID) }
