package mgmt

import (
	"parley/config"
)

// Deployment returns the configuration as nodes get it.
func (m *Management) Deployment() config.Deployment {
	var d config.Deployment
	m.tree.View(func(version int64, all func(kind string) []any) {
		d.Version = version
		d.Global = *all("global")[0].(*config.Global)
		d.Conferences = values[config.Conference](all("conference"))
		d.Aliases = values[config.ConferenceAlias](all("conference_alias"))
		d.Locations = values[config.SystemLocation](all("system_location"))
		d.Nodes = values[config.WorkerVM](all("worker_vm"))
		for i := range d.Nodes {
			d.Nodes[i].JoinToken = ""
		}
		d.EventSinks = values[config.EventSink](all("event_sink"))
	})
	return d
}

func values[T any](objects []any) []T {
	list := make([]T, len(objects))
	for i, one := range objects {
		list[i] = *one.(*T)
	}
	return list
}
