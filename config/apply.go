package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Apply changes one object of the deployment: kind as the API calls it, its id,
// and its JSON; no JSON = it is deleted. Of the next version of the program come
// kinds and fields that are not known: they are left out, and noted in Unknown.
// Fields that are missing take their defaults. Lists are replaced, never changed
// in place, so that copies of d stay as they are.
func (d *Deployment) Apply(kind string, id int64, body []byte) error {
	var err error
	switch kind {
	case "global":
		d.Global, err = decode(d, kind, body, blank[Global]())
	case "conference":
		err = apply(d, &d.Conferences, kind, id, body, func(o *Conference) int64 { return o.ID })
	case "conference_alias":
		err = apply(d, &d.Aliases, kind, id, body, func(o *ConferenceAlias) int64 { return o.ID })
	case "system_location":
		err = apply(d, &d.Locations, kind, id, body, func(o *SystemLocation) int64 { return o.ID })
	case "worker_vm":
		err = apply(d, &d.Nodes, kind, id, body, func(o *WorkerVM) int64 { return o.ID })
	case "event_sink":
		err = apply(d, &d.EventSinks, kind, id, body, func(o *EventSink) int64 { return o.ID })
	default:
		d.note(kind)
	}
	if err != nil {
		return fmt.Errorf("%s/%d: %w", kind, id, err)
	}
	return nil
}

// apply puts an object into a list that is in the order of ids.
func apply[T any](d *Deployment, list *[]T, kind string, id int64, body []byte, idOf func(*T) int64) error {
	at, found := slices.BinarySearchFunc(*list, id, func(o T, id int64) int { return cmp.Compare(idOf(&o), id) })
	next := slices.Clone(*list)
	if body == nil {
		if found {
			*list = slices.Delete(next, at, at+1)
		}
		return nil
	}
	o, err := decode(d, kind, body, blank[T]())
	if err != nil {
		return err
	}
	if found {
		next[at] = o
	} else {
		next = slices.Insert(next, at, o)
	}
	*list = next
	return nil
}

// UnmarshalJSON reads a whole deployment, with what is not known and what is
// missing as Apply has it.
func (d *Deployment) UnmarshalJSON(text []byte) error {
	next := DefaultDeployment()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if version, told := parts["version"]; told {
		if err := json.Unmarshal(version, &next.Version); err != nil {
			return fmt.Errorf("version: %w", err)
		}
		delete(parts, "version")
		d.Version = next.Version // so that it can be said which one is not understood
	}
	for kind, part := range parts {
		var err error
		switch kind {
		case "global":
			next.Global, err = decode(&next, kind, part, blank[Global]())
		case "conference":
			next.Conferences, err = decodeAll[Conference](&next, kind, part)
		case "conference_alias":
			next.Aliases, err = decodeAll[ConferenceAlias](&next, kind, part)
		case "system_location":
			next.Locations, err = decodeAll[SystemLocation](&next, kind, part)
		case "worker_vm":
			next.Nodes, err = decodeAll[WorkerVM](&next, kind, part)
		case "event_sink":
			next.EventSinks, err = decodeAll[EventSink](&next, kind, part)
		default:
			next.note(kind)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	*d = next
	return nil
}

// decodeAll reads a list of objects of a kind.
func decodeAll[T any](d *Deployment, kind string, text []byte) ([]T, error) {
	var bodies []json.RawMessage
	if err := json.Unmarshal(text, &bodies); err != nil || bodies == nil {
		return nil, err
	}
	list, fresh := make([]T, len(bodies)), blank[T]()
	for i, body := range bodies {
		var err error
		if list[i], err = decode(d, kind, body, fresh); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// blank returns an object with its defaults.
func blank[T any]() T {
	var o T
	SetDefaults(&o)
	return o
}

// decode reads an object of a kind into a copy of fresh.
func decode[T any](d *Deployment, kind string, body []byte, fresh T) (T, error) {
	o := fresh
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if strict.Decode(&o) == nil {
		return o, nil
	}
	tolerant := fresh
	if err := json.Unmarshal(body, &tolerant); err != nil {
		return tolerant, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return tolerant, err
	}
	for name := range fields {
		if !hasField(reflect.TypeFor[T](), name) {
			d.note(kind + "." + name)
		}
	}
	return tolerant, nil
}

// hasField reports whether a struct has a field of that name in JSON.
func hasField(t reflect.Type, name string) bool {
	for i := range t.NumField() {
		if tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); strings.EqualFold(tag, name) {
			return true
		}
	}
	return false
}

// note adds to Unknown, which has each name once.
func (d *Deployment) note(name string) {
	if at, found := slices.BinarySearch(d.Unknown, name); !found {
		d.Unknown = slices.Insert(slices.Clone(d.Unknown), at, name)
	}
}
