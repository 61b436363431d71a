package config

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// SetDefaults gives every field of the resource at p, a pointer to one of the
// structs of this package, its default; those without one stay as they are.
func SetDefaults(p any) {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		text, ok := v.Type().Field(i).Tag.Lookup("default")
		if !ok {
			continue
		}
		if err := setDefault(v.Field(i), text); err != nil {
			panic(fmt.Sprintf("config: default of %s.%s: %v", v.Type().Name(), v.Type().Field(i).Name, err)) // held by a test
		}
	}
}

func setDefault(field reflect.Value, text string) error {
	if field.Kind() == reflect.String {
		field.SetString(text)
		return nil
	}
	return json.Unmarshal([]byte(text), field.Addr().Interface())
}
