package config

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Example returns the text of parley.example.yaml: every key with its
// documentation, its variable and its default. Reading it gives Default.
func Example() []byte {
	var b bytes.Buffer
	b.WriteString(`# Configuration of parley serve: every key with its default.
# Keep the lines that you change and drop the others, then start it with
#
#     parley serve --config parley.yaml
#
# Each key can be given as an environment variable too, which wins over the file.
`)
	c := Default()
	exampleStruct(&b, "", "", reflect.ValueOf(&c).Elem())
	return b.Bytes()
}

func exampleStruct(b *bytes.Buffer, indent, path string, v reflect.Value) {
	for i := range v.NumField() {
		field, tag := v.Field(i), v.Type().Field(i).Tag
		key := tag.Get("yaml")
		p := join(path, key)
		group := field.Kind() == reflect.Struct && !isScalar(field)
		if i > 0 || path == "" {
			b.WriteByte('\n')
		}
		doc := tag.Get("doc")
		if !group {
			doc += " " + envName(p)
		}
		exampleComment(b, indent, doc)
		switch {
		case group:
			fmt.Fprintf(b, "%s%s:\n", indent, key)
			exampleStruct(b, indent+"  ", p, field)
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, key, exampleScalar(field))
		}
	}
}

func exampleScalar(v reflect.Value) string {
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			panic(err) // our own types, which cannot fail
		}
		return string(text)
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return shortDuration(x)
	case int, bool:
		return fmt.Sprint(x)
	}
	text := v.String()
	if text == "" || strings.ContainsAny(text, ":[]{}#&*!|>'\"%@`") {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// shortDuration writes 30m0s as 30m.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// exampleComment writes text as comment lines of at most about 90 columns.
func exampleComment(b *bytes.Buffer, indent, text string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 90 {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}
