package mgmt

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"parley/mgmt/api"
	"parley/mgmt/resource"
	"parley/mgmt/store"
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

// set makes the alarms those that hold now, and returns what changed. Of one that
// goes on, level and details become what they are now.
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
		} else {
			a.raised[key].Level, a.raised[key].Details = one.Level, one.Details
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

// recall takes over the alarms that were held when the Management Node last ran.
func (a *alarms) recall(held []store.Alarm, last int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last, a.raised = last, map[alarmKey]*Alarm{}
	for _, one := range held {
		a.raised[alarmKey{one.Name, one.Instance}] = &Alarm{
			ID: one.Seq, Identifier: one.Identifier, Name: one.Name, Level: one.Level, Instance: one.Instance, Node: one.Node,
			Details: one.Details, TimeRaised: one.TimeRaised,
		}
	}
}

// keepAlarm writes an alarm into the history; lowered nil = it holds.
func (m *Management) keepAlarm(a Alarm, lowered *time.Time) {
	if err := m.store.KeepAlarm(context.Background(), store.Alarm{
		Seq: a.ID, Identifier: a.Identifier, Name: a.Name, Level: a.Level, Instance: a.Instance, Node: a.Node, Details: a.Details,
		TimeRaised: a.TimeRaised, TimeLowered: lowered,
	}); err != nil {
		m.log.Error("an alarm is not in the history", "alarm", a.Name, "err", err)
	}
}

// pastAlarms are those that hold no more.
func (m *Management) pastAlarms() api.Past {
	p := past[store.Alarm](m.store, "alarm", "What was wrong.", store.AlarmTable, "", "")
	all := p.Page
	lowered, _ := p.Kind.Field("time_lowered")
	p.Page = func(ctx context.Context, c []resource.Condition, o []resource.Order, limit, offset int) ([]any, int, error) {
		return all(ctx, append(c, resource.Condition{Field: lowered, Op: "isnull", Values: []any{false}}), o, limit, offset)
	}
	return p
}
