package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the text that is parsed.
const maxFile = 1 << 20

// place is where a value was written.
type place struct {
	source string // file name or environment variable
	line   int    // 0 = the source has no lines
}

func (p place) String() string {
	if p.line == 0 {
		return p.source
	}
	return fmt.Sprintf("%s:%d", p.source, p.line)
}

// problem is one thing wrong with the configuration.
type problem struct {
	at   place
	text string
}

// decoder fills a Config and remembers where each value came from.
type decoder struct {
	source   string
	problems []problem
	places   map[string]place // by path, such as conferences[0].name
}

func newDecoder() *decoder { return &decoder{places: map[string]place{}} }

// problemf records that the value at path is wrong.
func (d *decoder) problemf(path, format string, args ...any) {
	at, ok := d.places[path]
	for p := path; !ok && p != ""; { // a default: the nearest place that was written
		p = p[:max(0, strings.LastIndexAny(p, ".["))]
		at, ok = d.places[p]
	}
	if !ok {
		at = place{source: "default"}
	}
	d.problems = append(d.problems, problem{at, path + ": " + fmt.Sprintf(format, args...)})
}

// err returns all problems in one error, those of the file by line.
func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b problem) int { return a.at.line - b.at.line })
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		errs[i] = fmt.Errorf("%s: %s", p.at, p.text)
	}
	return errors.Join(errs...)
}

func (d *decoder) file(name string, text []byte, c *Config) {
	d.source = name
	d.places[""] = place{source: name}
	if len(text) > maxFile {
		d.problems = append(d.problems, problem{place{name, 0}, fmt.Sprintf("%d bytes are more than a configuration may have (%d)", len(text), maxFile)})
		return
	}
	root, line, err := parse(text)
	if err != nil {
		d.problems = append(d.problems, problem{place{name, line}, err.Error()})
		return
	}
	if root != nil {
		d.value("", root, reflect.ValueOf(c).Elem())
	}
}

// errSecondDocument is of a text of which a reader of one document would
// silently drop the rest.
var errSecondDocument = errors.New("a second YAML document begins here; a configuration is one: join them, without the line \"---\"")

// parse returns the one document in text, nil if it is but comments; an error
// with its line where there is one.
func parse(text []byte) (root *yaml.Node, line int, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		return nil, 0, nil
	} else if err != nil {
		line, message := yamlError(err)
		return nil, line, errors.New(message)
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, second.Line, errSecondDocument
	} else if !errors.Is(err, io.EOF) {
		line, message := yamlError(err)
		return nil, line, errors.New(message)
	}
	if len(first.Content) == 0 {
		return nil, 0, nil
	}
	return first.Content[0], 0, nil
}

// yamlError takes the line out of a message of the YAML library, so that it
// stands where editors look for it.
func yamlError(err error) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, text, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				return n, text
			}
		}
	}
	return 0, message
}

// value decodes node into v, which is addressable.
func (d *decoder) value(path string, node *yaml.Node, v reflect.Value) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	at := place{source: d.source, line: node.Line}
	if strings.HasPrefix(d.source, envPrefix) {
		at.line = 0
	}
	d.places[path] = at
	switch {
	case v.Kind() == reflect.Struct && !isScalar(v):
		d.mapping(path, node, v)
	case node.Kind != yaml.ScalarNode:
		d.problemf(path, "expected a single value, not a %s", kindName(node.Kind))
	case node.Tag == "!!null":
		v.SetZero() // "key:" with nothing behind it: empty
	default:
		d.scalar(path, node.Value, v)
	}
}

func (d *decoder) mapping(path string, node *yaml.Node, v reflect.Value) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return // all its keys are commented out: the defaults
	}
	if node.Kind != yaml.MappingNode {
		where := path
		if where == "" {
			where = "the file"
		}
		d.problems = append(d.problems, problem{d.places[path], where + ": expected keys and values, not a " + kindName(node.Kind)})
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, val := node.Content[i], node.Content[i+1]
		at := d.places[path]
		if at.line != 0 {
			at.line = key.Line
		}
		if first, twice := seen[key.Value]; twice {
			d.problems = append(d.problems, problem{at, fmt.Sprintf("key %q is there twice, first on line %d", key.Value, first)})
			continue
		}
		seen[key.Value] = key.Line
		field, ok := fieldByKey(v, key.Value)
		if !ok {
			d.problems = append(d.problems, problem{at, unknownKey(path, key.Value, v)})
			continue
		}
		d.value(join(path, key.Value), val, field)
	}
}

func (d *decoder) scalar(path, text string, v reflect.Value) {
	if c, ok := v.Interface().(choice); ok {
		if text != "" && !slices.Contains(c.choices(), text) {
			d.problemf(path, "%q is none of %s%s", text, strings.Join(c.choices(), ", "), DidYouMean(text, c.choices()))
			return
		}
		v.SetString(text)
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			d.problemf(path, "%v", err)
		}
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		t, err := time.ParseDuration(text)
		if err != nil {
			d.problemf(path, "%q is not a time; write a number with its unit, such as 30s or 5m", text)
			return
		}
		v.SetInt(int64(t))
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			d.problemf(path, "%q is not a whole number", text)
			return
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			d.problemf(path, "%q is neither true nor false", text)
			return
		}
		v.SetBool(b)
	default:
		v.SetString(text)
	}
}

// isScalar reports whether the struct v is written as one value.
func isScalar(v reflect.Value) bool {
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok
}

func kindName(k yaml.Kind) string {
	switch k {
	case yaml.SequenceNode:
		return "list"
	case yaml.MappingNode:
		return "group of keys"
	default:
		return "single value"
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
