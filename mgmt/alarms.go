package mgmt

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"parley/bus"
	"parley/config"
)

// Alarm is something that is wrong with the deployment and that somebody should
// look at.
type Alarm struct {
	ID         int64     `json:"id" doc:"Number of the alarm."`
	Identifier int       `json:"identifier" doc:"Number of its kind."`
	Name       string    `json:"name" doc:"Its kind."`
	Level      string    `json:"level" doc:"warning, error or critical."`
	Instance   string    `json:"instance" doc:"What it is about."`
	Node       string    `json:"node" doc:"Name of the node, if it is about one."`
	Details    string    `json:"details" doc:"What is wrong, and what to do."`
	TimeRaised time.Time `json:"time_raised" doc:"Since when."`
}

// key tells alarms apart that hold at the same time.
type alarmKey struct{ name, instance string }

// alarms are those that are raised now. Safe for concurrent use.
type alarms struct {
	mu     sync.Mutex
	last   int64               // guarded by mu
	raised map[alarmKey]*Alarm // guarded by mu
}

// set makes the alarms those that hold now, and returns what changed.
func (a *alarms) set(holding []Alarm, now time.Time) (raised, lowered []Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.raised == nil {
		a.raised = map[alarmKey]*Alarm{}
	}
	still := map[alarmKey]bool{}
	for _, one := range holding {
		key := alarmKey{one.Name, one.Instance}
		still[key] = true
		if a.raised[key] == nil {
			a.last++
			one.ID, one.TimeRaised = a.last, now
			a.raised[key] = &one
			raised = append(raised, one)
		}
	}
	for key, one := range a.raised {
		if !still[key] {
			lowered = append(lowered, *one)
			delete(a.raised, key)
		}
	}
	return raised, lowered
}

// list returns copies of all, the oldest first.
func (a *alarms) list() []any {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]*Alarm, 0, len(a.raised))
	for _, one := range a.raised {
		c := *one
		all = append(all, &c)
	}
	slices.SortFunc(all, func(x, y *Alarm) int { return cmp.Compare(x.ID, y.ID) })
	list := make([]any, len(all))
	for i, one := range all {
		list[i] = one
	}
	return list
}

// The kinds of alarms.
const (
	alarmConnectivity = iota + 1
	alarmCapacity
	alarmSink
	alarmBackup
)

// watch looks at what is wrong now.
func (m *Management) watch(now time.Time) {
	if now.Sub(m.started) < silentAfter {
		return // nodes have not had the time to be heard of
	}
	heard := map[int64]*bus.NodeStatus{}
	all := m.fleet.all(now)
	for i := range all {
		heard[all[i].Node] = &all[i]
	}
	var holding []Alarm
	nodes, _ := m.tree.All("worker_vm")
	for _, one := range nodes {
		w := one.(*config.WorkerVM)
		s := heard[w.ID]
		switch {
		case !w.Joined:
		case s == nil:
			holding = append(holding, Alarm{
				Identifier: alarmConnectivity, Name: "connectivity_lost", Level: "error", Instance: w.Name, Node: w.Name,
				Details: fmt.Sprintf("Nothing has been heard of node %s for %v. Calls on it go on. Look at the node, and at the network between it and port %d of the Management Node.", w.Name, silentAfter, m.bus.Addr().Port()),
			})
		case s.Limit > 0 && s.Ports == 0 && s.Load > 0:
			holding = append(holding, Alarm{
				Identifier: alarmCapacity, Name: "capacity_exhausted", Level: "warning", Instance: w.Name, Node: w.Name,
				Details: fmt.Sprintf("Node %s has no room for another caller. Add a node to its location.", w.Name),
			})
		}
	}
	for _, s := range all {
		for _, sink := range s.FailingSinks {
			node, _ := m.place(s.Node)
			holding = append(holding, Alarm{
				Identifier: alarmSink, Name: "eventsink_failing", Level: "warning", Instance: node + ": " + sink, Node: node,
				Details: fmt.Sprintf("Event sink %s takes no events from node %s. They wait there, and are tried again. Look at the server, and at the way to it.", sink, node),
			})
		}
	}
	if m.backupFailed != nil {
		holding = append(holding, Alarm{
			Identifier: alarmBackup, Name: "backup_failed", Level: "warning", Instance: backupFolder,
			Details: fmt.Sprintf("There is no backup of the day (%v). It is tried again every hour.", m.backupFailed),
		})
	}
	raised, lowered := m.alarms.set(holding, now.UTC())
	for _, a := range raised {
		m.log.Warn("alarm raised", "alarm", a.Name, "node", a.Node, "details", a.Details)
	}
	for _, a := range lowered {
		m.log.Info("alarm lowered", "alarm", a.Name, "node", a.Node)
	}
}
