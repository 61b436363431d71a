package mgmt

import (
	"fmt"
	"slices"
	"time"

	"parley/bus"
	"parley/config"
	"parley/disk"
)

// The kinds of alarms, by their names; the numbers are what clients know them by.
const (
	alarmConnectivity = "connectivity_lost"
	alarmCapacity     = "capacity_exhausted"
	alarmSink         = "eventsink_failing"
	alarmBackup       = "backup_failed"
	alarmRejected     = "configuration_rejected"
	alarmCertificate  = "certificate_expiring"
	alarmDisk         = "disk_nearly_full"
)

var alarmNumbers = map[string]int{
	alarmConnectivity: 1, alarmCapacity: 2, alarmSink: 3, alarmBackup: 4, alarmRejected: 5, alarmCertificate: 6, alarmDisk: 7,
}

// When certificates are an alarm: nodes have new ones long before that.
const (
	expiringWithin = 30 * 24 * time.Hour
	urgentWithin   = 7 * 24 * time.Hour
)

// What must be free on a disk, unless it is small: a twentieth.
const (
	freeShare = 20
	freeBytes = 500 << 20
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
		switch s := heard[w.ID]; {
		case !w.Joined:
		case s == nil:
			holding = append(holding, Alarm{
				Name: alarmConnectivity, Level: "error", Instance: w.Name, Node: w.Name,
				Details: fmt.Sprintf("Nothing has been heard of node %s for %v. Calls on it go on. Look at the node, and at the network between it and port %d of the Management Node.", w.Name, silentAfter, m.bus.Addr().Port()),
			})
		default:
			s.FailingSinks = m.sinks(s.FailingSinks)
			holding = append(holding, wrongWith(w.Name, s, now)...)
		}
	}
	holding = append(holding, m.wrongHere(now)...)
	for i := range holding {
		holding[i].Identifier = alarmNumbers[holding[i].Name]
	}
	raised, lowered := m.alarms.set(holding, now.UTC())
	for _, a := range raised {
		m.log.Warn("alarm raised", "alarm", a.Name, "instance", a.Instance, "node", a.Node, "details", a.Details)
		m.keepAlarm(a, nil)
	}
	for _, a := range lowered {
		m.log.Info("alarm lowered", "alarm", a.Name, "instance", a.Instance, "node", a.Node)
		at := now.UTC()
		m.keepAlarm(a, &at)
	}
}

// sinks returns the event sinks that are configured among those that a node names.
func (m *Management) sinks(named []string) (list []string) {
	all, _ := m.tree.All("event_sink")
	for _, one := range all {
		if name := one.(*config.EventSink).Name; slices.Contains(named, name) {
			list = append(list, name)
		}
	}
	return list
}

// wrongWith returns what is wrong with a node that is heard of.
func wrongWith(node string, s *bus.NodeStatus, now time.Time) (list []Alarm) {
	if s.Limit > 0 && s.Ports == 0 && s.Load > 0 {
		list = append(list, Alarm{
			Name: alarmCapacity, Level: "warning", Instance: node,
			Details: fmt.Sprintf("Node %s has no room for another caller. Add a node to its location.", node),
		})
	}
	for _, sink := range s.FailingSinks {
		list = append(list, Alarm{
			Name: alarmSink, Level: "warning", Instance: node + ": " + sink,
			Details: fmt.Sprintf("Event sink %s takes no events from node %s. They wait there, and are tried again. Look at the server, and at the way to it.", sink, node),
		})
	}
	if r := s.Rejected; r != nil {
		list = append(list, Alarm{
			Name: alarmRejected, Level: "error", Instance: node,
			Details: fmt.Sprintf("Node %s cannot take version %d of the configuration (%s), and goes on with version %d. Is its program (%s) as new as that of the Management Node?", node, r.Version, r.Reason, s.Configuration, s.Version),
		})
	}
	for _, c := range s.Certificates {
		list = append(list, expiring("node "+node+": "+c.Name, c.Until, now)...)
	}
	list = append(list, full("node "+node, s.DiskFree, s.DiskTotal)...)
	for i := range list {
		list[i].Node = node
	}
	return list
}

// wrongHere returns what is wrong with the Management Node itself.
func (m *Management) wrongHere(now time.Time) (list []Alarm) {
	if m.backupFailed != nil {
		list = append(list, Alarm{
			Name: alarmBackup, Level: "warning", Instance: backupFolder,
			Details: fmt.Sprintf("There is no backup of the day (%v). It is tried again every hour.", m.backupFailed),
		})
	}
	list = append(list, expiring("authority of the deployment", m.authority.Expires(), now)...)
	if at := m.public.Load(); at != nil {
		list = append(list, expiring("Management Node: HTTPS", at.expires, now)...)
	}
	if m.dataDir != "" {
		if free, total, err := disk.Space(m.dataDir); err == nil {
			list = append(list, full("Management Node", free, total)...)
		}
	}
	return list
}

// expiring returns an alarm if a certificate does not hold for long any more.
func expiring(what string, until, now time.Time) []Alarm {
	left := until.Sub(now)
	if until.IsZero() || left > expiringWithin {
		return nil
	}
	a := Alarm{
		Name: alarmCertificate, Level: "warning", Instance: what,
		Details: fmt.Sprintf("The certificate of the %s holds until %s. Put a new one in its place, and start the program again.", what, until.UTC().Format("2 January 2006, 15:04 UTC")),
	}
	if left < urgentWithin {
		a.Level = "error"
	}
	if left <= 0 {
		a.Details = fmt.Sprintf("The certificate of the %s has not held since %s. Put a new one in its place, and start the program again.", what, until.UTC().Format("2 January 2006, 15:04 UTC"))
	}
	return []Alarm{a}
}

// full returns an alarm if there is little room on a disk; total 0 = nothing is known.
func full(what string, free, total uint64) []Alarm {
	if total == 0 || free >= min(total/freeShare, freeBytes) {
		return nil
	}
	return []Alarm{{
		Name: alarmDisk, Level: "error", Instance: what,
		Details: fmt.Sprintf("The disk with the data of the %s has %d MB left of %d. When it is full, history and changes of the configuration are lost; calls go on. Make room.", what, free>>20, total>>20),
	}}
}
