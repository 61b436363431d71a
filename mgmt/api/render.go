package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parley/mgmt/resource"
)

// timeFormat is how the API writes times: UTC without saying so, as the model does.
const timeFormat = "2006-01-02T15:04:05.000000"

// configurationRoot is where the objects of the configuration are.
const configurationRoot = "/api/admin/configuration/v1/"

// URI returns the URI of an object.
func URI(kind string, n int64) string { return fmt.Sprintf("%s%s/%d/", configurationRoot, kind, n) }

// resolve returns the id of the object that a URI names.
func (a *API) resolve(kind, text string) (int64, bool) {
	rest, ok := strings.CutPrefix(text, configurationRoot+kind+"/")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(rest, "/"), 10, 64)
	return n, err == nil && n > 0
}

// object returns an object as the API shows it.
func (a *API) object(k *resource.Kind, object any) map[string]any {
	out := make(map[string]any, len(k.Fields)+len(k.Children)+1)
	var number int64
	for i := range k.Fields {
		f := &k.Fields[i]
		value := f.Value(object)
		if f.Name == "id" {
			number, _ = value.(int64)
		}
		out[f.Name] = a.value(f, value)
	}
	out["resource_uri"] = URI(k.Name, number)
	for _, c := range k.Children {
		list := []any{}
		child, _ := a.tree.Kind(c.Kind)
		for _, n := range a.tree.ChildrenOf(c, number) {
			if one, ok := a.tree.Get(c.Kind, n); ok {
				list = append(list, a.object(child, one))
			}
		}
		out[c.Name] = list
	}
	return out
}

func (a *API) value(f *resource.Field, value any) any {
	switch x := value.(type) {
	case time.Time:
		return x.UTC().Format(timeFormat)
	case []int64:
		list := make([]string, len(x))
		for i, n := range x {
			list[i] = URI(f.Ref, n)
		}
		return list
	case int64:
		if f.Ref != "" {
			return URI(f.Ref, x)
		}
	case string:
		switch {
		case f.Secret && x != "":
			return resource.Mask
		case f.Type == resource.Object && x == "":
			return nil
		case f.Type == resource.Object:
			return json.RawMessage(x)
		}
	}
	return value
}
