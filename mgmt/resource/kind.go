package resource

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"parley/config"
)

// Type is the type of a field, in the words of the API's schema.
type Type string

// The types of fields.
const (
	String   Type = "string"
	Integer  Type = "integer"
	Float    Type = "float"
	Boolean  Type = "boolean"
	Datetime Type = "datetime"
	Related  Type = "related" // the id of another object, or a list of them
	Object   Type = "object"  // a text that is JSON
)

// Field is one field of a kind, as the tags of its struct say; see
// config/resources.go.
type Field struct {
	Name     string // in JSON
	Doc      string
	Type     Type
	Nullable bool
	List     bool // of ids
	Required bool
	Default  any // as in JSON; nil = null, or none when Required
	Choices  []string
	Accepts  []string // of the choices, those that are acted on; nil = all
	Min, Max *int64   // of a number; of a text, its length in characters
	Unique   bool
	ReadOnly bool
	Secret   bool
	Ref      string // kind that it refers to
	Owned    bool   // the object goes with the one that it refers to
	Later    string // why nothing but the default is accepted

	index int
	check []func(text string) string // further checks of a text; "" = right
}

// Kind is one kind of object.
type Kind struct {
	Name      string // in URIs: "conference"
	Doc       string
	Singleton bool // there is one object, with id 1
	Hidden    bool // the API does not serve it
	Fields    []Field
	Children  []Child
	// Prepare, if not nil, finishes an object that has been decoded: it checks what
	// fields alone cannot say, and fills what Parley sets. It may record problems.
	Prepare func(e *Edit, object any, in Input, created bool, p *Problems)

	of     reflect.Type
	byName map[string]int
	absent map[string]string // fields that it does not have: their defaults as JSON
}

// Child is a list of objects that another kind's field ties to an object of
// this one, shown, and made, as part of it.
type Child struct {
	Name string // field: "aliases"
	Kind string // "conference_alias"
	By   string // "conference"
}

// Checks are the checks of a text that tags name, by tag.
type Checks map[string]func(text string) string

// NewKind describes the kind whose objects are of the type of sample, a struct.
func NewKind(name, doc string, sample any, checks Checks) Kind {
	k := Kind{Name: name, Doc: doc, of: reflect.TypeOf(sample), byName: map[string]int{}}
	for i := range k.of.NumField() {
		if k.of.Field(i).Tag.Get("json") == "-" {
			continue
		}
		f := newField(k.of.Field(i), checks)
		f.index = i
		k.byName[f.Name] = len(k.Fields)
		k.Fields = append(k.Fields, f)
	}
	return k
}

// newField reads the tags of a field.
func newField(s reflect.StructField, checks Checks) Field {
	tag := s.Tag
	f := Field{
		Name: tag.Get("json"), Doc: tag.Get("doc"), Choices: strings.Fields(tag.Get("choices")), Accepts: strings.Fields(tag.Get("accepts")),
		Unique: tag.Get("unique") != "", ReadOnly: tag.Get("readonly") != "", Secret: tag.Get("secret") != "", Later: tag.Get("later"),
	}
	if ref := tag.Get("ref"); ref != "" {
		f.Ref, ref, _ = strings.Cut(ref, ",")
		f.Owned = ref == "owned"
	}
	text, given := tag.Lookup("default")
	f.Required = !given && !f.ReadOnly
	t := s.Type
	if t.Kind() == reflect.Pointer {
		f.Nullable, t = true, t.Elem()
	}
	switch {
	case f.Ref != "":
		f.Type, f.List = Related, t.Kind() == reflect.Slice
	case tag.Get("object") != "":
		f.Type = Object
	case t == reflect.TypeFor[time.Time]():
		f.Type = Datetime
	case t.Kind() == reflect.Bool:
		f.Type = Boolean
	case t.Kind() == reflect.String:
		f.Type = String
	case t.Kind() == reflect.Float64:
		f.Type = Float
	default:
		f.Type = Integer
	}
	if given && !(f.Nullable && text == "null") {
		f.Default = defaultOf(f, text)
	}
	for _, bound := range []struct {
		tag string
		at  **int64
	}{{"min", &f.Min}, {"max", &f.Max}} {
		if n, err := strconv.ParseInt(tag.Get(bound.tag), 10, 64); err == nil {
			*bound.at = &n
		}
	}
	for name, check := range checks {
		if tag.Get(name) != "" {
			f.check = append(f.check, check)
		}
	}
	return f
}

func defaultOf(f Field, text string) any {
	switch {
	case f.List:
		return []any{}
	case f.Type == Boolean:
		return text == "true"
	case f.Type == Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(fmt.Sprintf("resource: default of %s: %v", f.Name, err)) // of our own tags
		}
		return n
	}
	return text
}

// Field returns the field of that name.
func (k *Kind) Field(name string) (*Field, bool) {
	i, ok := k.byName[name]
	if !ok {
		return nil, false
	}
	return &k.Fields[i], true
}

// Child returns the list of that name of objects that belong to one of the kind.
func (k *Kind) Child(name string) (Child, bool) {
	for _, c := range k.Children {
		if c.Name == name {
			return c, true
		}
	}
	return Child{}, false
}

// Lack names fields that objects of the kind do not have, and that may be given all
// the same with their default: JSON, "" = any value that stands for nothing.
func (k *Kind) Lack(fields map[string]string) { k.absent = fields }

// Choose lets a text field be one of the choices, where its tag cannot list them,
// of which those in accepts are there already.
func (k *Kind) Choose(field string, choices, accepts []string) {
	f := &k.Fields[k.byName[field]]
	f.Choices, f.Accepts = choices, accepts
}

// New returns an object of the kind with its defaults.
func (k *Kind) New() any {
	p := reflect.New(k.of)
	config.SetDefaults(p.Interface())
	return p.Interface()
}

// clone returns a copy of an object. Slices are not changed in place, so they may be shared.
func (k *Kind) clone(object any) any {
	p := reflect.New(k.of)
	p.Elem().Set(reflect.ValueOf(object).Elem())
	return p.Interface()
}

// Mask is what secrets are shown as; one that an update changes has maskNew after it.
const (
	Mask    = "********"
	maskNew = " (new)"
)

// masked returns a copy of an object without its secrets. before is what it was, nil = nothing.
func (k *Kind) masked(object, before any) any {
	c := k.clone(object)
	for i := range k.Fields {
		f := &k.Fields[i]
		if text, _ := f.Value(object).(string); f.Secret && text != "" {
			shown := Mask
			if before != nil && f.Value(before) != text {
				shown += maskNew
			}
			f.set(c, shown)
		}
	}
	return c
}

func (f *Field) of(object any) reflect.Value { return reflect.ValueOf(object).Elem().Field(f.index) }

// Value returns the value of the field: nil, string, int64, float64, bool,
// time.Time or, of a list, []int64.
func (f *Field) Value(object any) any {
	v := f.of(object)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x
	case []int64:
		return x
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Float64:
		return v.Float()
	}
	return v.Int()
}

// set gives the field a value of the same types.
func (f *Field) set(object, value any) {
	v := f.of(object)
	if value == nil {
		v.SetZero()
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	v.Set(reflect.ValueOf(value).Convert(v.Type()))
}

// refs returns the ids that the field of the object refers to.
func (f *Field) refs(object any) []int64 {
	switch x := f.Value(object).(type) {
	case int64:
		return []int64{x}
	case []int64:
		return x
	}
	return nil
}

// id returns the number of an object.
func id(object any) int64 { return reflect.ValueOf(object).Elem().FieldByName("ID").Int() }

func setID(object any, n int64) { reflect.ValueOf(object).Elem().FieldByName("ID").SetInt(n) }
