package resource

// Condition is a filter as data: the field, what is asked of it (exact, in, gte,
// icontains, ...), and the values that it is compared with, of the field's type.
type Condition struct {
	Field  *Field
	Op     string
	Values []any
}

// Order is a field to order by.
type Order struct {
	Field   *Field
	Falling bool
}
