package mgmt

import (
	"cmp"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/config"
	"parley/mgmt/resource"
)

// silentAfter is how long nothing may be heard of a node.
const silentAfter = 5 * time.Second

// fleet is what the nodes say of themselves. Safe for concurrent use.
type fleet struct {
	mu    sync.Mutex
	nodes map[int64]heard // guarded by mu
}

// heard is the last that came of a node.
type heard struct {
	status bus.NodeStatus
	at     time.Time
}

func (f *fleet) take(s bus.NodeStatus, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nodes == nil {
		f.nodes = map[int64]heard{}
	}
	f.nodes[s.Node] = heard{s, now}
}

// all returns what is known of the nodes that are heard of, by id.
func (f *fleet) all(now time.Time) []bus.NodeStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]bus.NodeStatus, 0, len(f.nodes))
	for _, h := range f.nodes {
		if now.Sub(h.at) < silentAfter {
			list = append(list, h.status)
		}
	}
	slices.SortFunc(list, func(a, b bus.NodeStatus) int { return cmp.Compare(a.Node, b.Node) })
	return list
}

// forget drops a node that is no more.
func (f *fleet) forget(node int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.nodes, node)
}

// admit decides about a node that knocks at the bus.
func (m *Management) admit(node int64, c *x509.Certificate) error {
	object, ok := m.tree.Get("worker_vm", node)
	if !ok {
		return fmt.Errorf("there is no node with id %d", node)
	}
	switch w, serial := object.(*config.WorkerVM), c.SerialNumber.Text(16); serial {
	case w.Serial:
		return nil
	case w.NextSerial:
		// The bus waits for the answer, and the database may be slow.
		m.gate.Go(func() { m.renewed(node, serial) })
		return nil
	}
	return errors.New("another machine has joined in its place")
}

// listenBus starts the bus and answers what nodes ask.
func (m *Management) listenBus(address string) error {
	var err error
	if m.bus, err = bus.Listen(bus.ServerConfig{
		Address: address, Certificate: m.certificate, Authority: m.authority.Pool(), Admit: m.admit, Log: m.log,
	}); err != nil {
		return err
	}
	if m.conn, err = m.bus.Connect(); err != nil {
		return err
	}
	if _, err = m.conn.Subscribe("parley.status.*", m.from(statusBytes, func(msg *nats.Msg) {
		var s bus.NodeStatus
		if json.Unmarshal(msg.Data, &s) == nil && msg.Subject == bus.StatusSubject(s.Node) {
			boundStatus(&s)
			m.fleet.take(s, time.Now())
		}
	})); err != nil {
		return err
	}
	if _, err = m.conn.Subscribe(bus.AskSubject("*", bus.AskRecords), m.from(recordsBytes, m.serveRecords)); err != nil {
		return err
	}
	if _, err = m.conn.Subscribe(bus.AskSubject("*", bus.AskCertificate), m.from(requestBytes, m.serveRenewal)); err != nil {
		return err
	}
	_, err = m.conn.Subscribe(bus.AskSubject("*", bus.AskSnapshot), m.from(requestBytes, func(msg *nats.Msg) {
		text, err := json.Marshal(m.Deployment())
		if err == nil {
			err = msg.Respond(text)
		}
		if err != nil {
			m.log.Error("a node did not get the configuration", "subject", msg.Subject, "err", err)
		}
	}))
	return err
}

// publish sends a version of the configuration to the nodes. What a node misses
// it asks for: the next delta, or the version that it hears of, tells it.
func (m *Management) publish(version int64, changes []resource.Change) {
	d := bus.Delta{Previous: version - 1, Version: version}
	for _, c := range changes {
		if !slices.Contains(config.DeploymentKinds, c.Kind) {
			continue
		}
		one := bus.Change{Kind: c.Kind, ID: c.ID}
		if c.After != nil {
			after := c.After
			if w, ok := after.(*config.WorkerVM); ok {
				if before, ok := c.Before.(*config.WorkerVM); ok && w.Serial != before.Serial && w.Serial != before.NextSerial {
					m.bus.Expel(c.ID) // another machine has its place
				}
				one := *w
				one.JoinToken, after = "", &one
			}
			body, err := json.Marshal(after)
			if err != nil {
				m.log.Error("configuration not published", "object", c.Key.String(), "err", err)
				return
			}
			one.Body = body
		} else if c.Kind == "worker_vm" {
			m.bus.Expel(c.ID)
			m.fleet.forget(c.ID)
		}
		d.Changes = append(d.Changes, one)
	}
	text, err := json.Marshal(d)
	if err == nil {
		err = m.conn.Publish(bus.DeltaSubject, text)
	}
	if err != nil {
		m.log.Error("configuration not published", "version", version, "err", err)
	}
}

// versionEvery is how often the version is told, for nodes that missed a delta.
const versionEvery = 5 * time.Second

// tellVersion publishes a delta without changes.
func (m *Management) tellVersion() {
	v := m.tree.Version()
	if text, err := json.Marshal(bus.Delta{Previous: v, Version: v}); err == nil {
		_ = m.conn.Publish(bus.DeltaSubject, text) // the next one comes soon
	}
}

// BusAddr returns where nodes connect.
func (m *Management) BusAddr() netip.AddrPort { return m.bus.Addr() }
