package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Apply changes one object of the deployment: kind as the API calls it, its id,
// and its JSON; no JSON = it is deleted. Kinds that nodes need not know are left
// out. Lists are replaced, never changed in place, so that copies of d stay as they are.
func (d *Deployment) Apply(kind string, id int64, body []byte) error {
	var err error
	switch kind {
	case "global":
		err = json.Unmarshal(body, &d.Global)
	case "conference":
		err = apply(&d.Conferences, id, body, func(o *Conference) int64 { return o.ID })
	case "conference_alias":
		err = apply(&d.Aliases, id, body, func(o *ConferenceAlias) int64 { return o.ID })
	case "system_location":
		err = apply(&d.Locations, id, body, func(o *SystemLocation) int64 { return o.ID })
	case "worker_vm":
		err = apply(&d.Nodes, id, body, func(o *WorkerVM) int64 { return o.ID })
	case "event_sink":
		err = apply(&d.EventSinks, id, body, func(o *EventSink) int64 { return o.ID })
	}
	if err != nil {
		return fmt.Errorf("%s/%d: %w", kind, id, err)
	}
	return nil
}

// apply puts an object into a list that is in the order of ids.
func apply[T any](list *[]T, id int64, body []byte, idOf func(*T) int64) error {
	at, found := slices.BinarySearchFunc(*list, id, func(o T, id int64) int { return cmp.Compare(idOf(&o), id) })
	next := slices.Clone(*list)
	if body == nil {
		if found {
			*list = slices.Delete(next, at, at+1)
		}
		return nil
	}
	var o T
	if err := json.Unmarshal(body, &o); err != nil {
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
