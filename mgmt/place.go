package mgmt

import (
	"encoding/json"
	"regexp"
	"strings"

	"parley/config"
	"parley/mgmt/auth"
	"parley/mgmt/resource"
)

// firstLocation is the location of a node that is made by the program itself.
const firstLocation = "Default"

// PlaceFor makes a node for the machine that the Management Node runs on, in a
// location of its own where there is none, and returns the link by which it joins.
func (m *Management) PlaceFor(host string) (link string, err error) {
	name := nodeName(host)
	token := ""
	_, err = m.tree.Edit(nil, func(e *resource.Edit) error {
		e.By = resource.By{Via: "start"}
		location := int64(0)
		if places, _ := m.tree.All("system_location"); len(places) > 0 {
			location = places[0].(*config.SystemLocation).ID
		} else if location, err = e.Create("system_location", resource.Input{"name": quoted(firstLocation)}); err != nil {
			return err
		}
		e.Resolve(func(string, string) (int64, bool) { return location, true })
		if old, ok := m.tree.Find("worker_vm", "name", name); ok { // its data folder is new: it joins again
			token = auth.NewToken(joinTokenPrefix)
			return e.Set("worker_vm", old.(*config.WorkerVM).ID, func(object any) {
				object.(*config.WorkerVM).JoinToken = auth.TokenHash(token)
			})
		}
		if _, err := e.Create("worker_vm", resource.Input{"name": quoted(name), "system_location": quoted("its location")}); err != nil {
			return err
		}
		token, _ = e.Reveal["join_token"].(string)
		return nil
	})
	if err != nil {
		return "", err
	}
	return m.link(token), nil
}

func quoted(s string) json.RawMessage {
	text, _ := json.Marshal(s) // texts can be
	return text
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9-]+`)

// nodeName makes a name for a node of that of a host.
func nodeName(host string) string {
	name, _, _ := strings.Cut(host, ".")
	name = strings.Trim(notInNames.ReplaceAllString(name, "-"), "-")
	name = strings.TrimRight(name[:min(len(name), 32)], "-")
	if name == "" {
		return "node"
	}
	return name
}
