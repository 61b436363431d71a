package managed

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/config"
	"parley/node"
	"parley/node/journal"
)

// Config says what a managed node is made of.
type Config struct {
	Identity   *Identity
	DataDir    string
	Deployment config.Deployment // the last that the node had
	Node       Subject
	Journal    *journal.Journal // its records are handed over; nil = there are none
	Log        *slog.Logger
	Now        func() time.Time // nil = time.Now
}

// Subject is the node that is managed.
type Subject interface {
	Configure(config.Deployment)
	Report() bus.NodeStatus
	Do(bus.Command) bus.Result
	Picture(ctx context.Context, conference string) ([]byte, error)
}

// Managed is the tie. Close ends it.
type Managed struct {
	c    Config
	conn *nats.Conn
	gate bus.Gate
	stop context.CancelFunc
	done sync.WaitGroup
	told map[string]bool // what is logged as unknown; of follow

	deltas    chan bus.Delta
	connected chan struct{}

	certificate atomic.Pointer[tls.Certificate]
	rejected    atomic.Pointer[bus.Rejection] // nil = what came is in force
}

// How often things are done.
const (
	statusEvery = time.Second
	askWithin   = 10 * time.Second
	askAgain    = 2 * time.Second
	deltaQueue  = 1024
)

// Start connects, now or whenever the Management Node can be reached.
func Start(c Config) (*Managed, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	m := &Managed{c: c, deltas: make(chan bus.Delta, deltaQueue), connected: make(chan struct{}, 1)}
	m.certificate.Store(&c.Identity.Certificate)
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	var err error
	m.conn, err = bus.Connect(bus.ClientConfig{
		Address: c.Identity.Bus, Node: c.Identity.Node, Certificate: m.certificate.Load, Authority: c.Identity.Authority,
		Connected: func() {
			select {
			case m.connected <- struct{}{}:
			default:
			}
		},
		Lost: func(err error) {
			if ctx.Err() == nil {
				c.Log.Warn("connectivity lost to the Management Node: calls go on", "err", err)
			}
		},
	})
	if err != nil {
		stop()
		return nil, fmt.Errorf("bus: %w", err)
	}
	if err := m.subscribe(ctx); err != nil {
		m.Close()
		return nil, fmt.Errorf("bus: %w", err)
	}
	m.done.Go(func() { m.follow(ctx) })
	m.done.Go(func() { m.tell(ctx) })
	m.done.Go(func() { m.renew(ctx) })
	if c.Journal != nil {
		m.done.Go(func() { m.handOver(ctx) })
	}
	return m, nil
}

// Close ends the connection.
func (m *Managed) Close() {
	m.stop()
	m.gate.Close()
	m.conn.Close()
	m.done.Wait()
}

func (m *Managed) subscribe(ctx context.Context) error {
	if _, err := m.conn.Subscribe(bus.DeltaSubject, m.gate.Handler(func(msg *nats.Msg) {
		var d bus.Delta
		if err := json.Unmarshal(msg.Data, &d); err != nil {
			m.c.Log.Error("change of the configuration not understood", "err", err)
			return
		}
		select {
		case m.deltas <- d:
		default: // the next one shows that something is missing
		}
	})); err != nil {
		return err
	}
	if _, err := m.conn.Subscribe(bus.PictureSubject(m.c.Identity.Node), m.gate.Handler(func(msg *nats.Msg) {
		var r bus.PictureRequest
		var p bus.Picture
		if json.Unmarshal(msg.Data, &r) == nil {
			p.JPEG, _ = m.c.Node.Picture(ctx, r.Conference) // none tells
		}
		if text, err := json.Marshal(p); err == nil {
			_ = msg.Respond(text) // who asked sees that nothing comes
		}
	})); err != nil {
		return err
	}
	_, err := m.conn.Subscribe(bus.CommandSubject(m.c.Identity.Node), m.gate.Handler(func(msg *nats.Msg) {
		var c bus.Command
		result := bus.Result{Error: "command not understood"}
		if json.Unmarshal(msg.Data, &c) == nil {
			result = m.c.Node.Do(c)
		}
		if text, err := json.Marshal(result); err == nil {
			_ = msg.Respond(text) // who asked sees that nothing comes
		}
	}))
	return err
}

// follow keeps the configuration of the node up to date.
func (m *Managed) follow(ctx context.Context) {
	d := m.c.Deployment
	stale := true // a snapshot is wanted
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		if stale {
			next, err := m.snapshot(ctx)
			if errors.Is(err, errUnreadable) {
				m.reject(next.Version, err)
			}
			if err == nil {
				stale = false
				// Another version of a program may know more of the same version of the configuration.
				if next.Version != d.Version || d.Version == 0 || !reflect.DeepEqual(next, d) {
					d = next
					m.apply(d)
				}
			} else {
				retry.Reset(askAgain)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-m.connected:
			m.c.Log.Info("connected to the Management Node", "address", m.c.Identity.Bus)
			stale = true
		case <-retry.C:
		case delta := <-m.deltas:
			switch {
			case delta.Version == d.Version: // known
			case delta.Previous != d.Version || len(delta.Changes) == 0 && delta.Version == delta.Previous:
				stale = true
			default:
				next := d
				if err := applyDelta(&next, delta); err != nil {
					m.reject(delta.Version, err)
					stale = true
					continue
				}
				d = next
				m.apply(d)
			}
		}
	}
}

// reject tells, and has the Management Node told, of a version that cannot be put
// into force.
func (m *Managed) reject(version int64, err error) {
	m.c.Log.Error("configuration rejected", "version", version, "err", err)
	m.rejected.Store(&bus.Rejection{Version: version, Reason: err.Error()})
}

func applyDelta(d *config.Deployment, delta bus.Delta) error {
	for _, c := range delta.Changes {
		if err := d.Apply(c.Kind, c.ID, c.Body); err != nil {
			return err
		}
	}
	d.Version = delta.Version
	return nil
}

// snapshot asks for the whole configuration.
func (m *Managed) snapshot(ctx context.Context) (config.Deployment, error) {
	var d config.Deployment
	if !m.conn.IsConnected() {
		return d, nats.ErrDisconnected
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	answer, err := m.conn.RequestWithContext(ctx, bus.AskSubject(m.c.Identity.Node, bus.AskSnapshot), nil)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(answer.Data, &d); err != nil {
		return d, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return d, nil
}

// errUnreadable is the error of a configuration that came and is not understood.
var errUnreadable = errors.New("the configuration is not understood")

// apply puts a configuration into force and keeps it.
func (m *Managed) apply(d config.Deployment) {
	m.tellUnknown(d.Unknown)
	m.c.Node.Configure(d)
	m.rejected.Store(nil)
	if err := node.SaveDeployment(m.c.DataDir, d); err != nil {
		m.c.Log.Error("the configuration is not kept", "err", err)
	}
}

// tellUnknown logs, once each, what the Management Node tells that this version
// of the program does not know.
func (m *Managed) tellUnknown(names []string) {
	if m.told == nil {
		m.told = map[string]bool{}
	}
	for _, name := range names {
		if !m.told[name] {
			m.told[name] = true
			m.c.Log.Warn("not known to this version of the program and left out: the Management Node is of a later one", "what", name)
		}
	}
}

// tell publishes the state of the node.
func (m *Managed) tell(ctx context.Context) {
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	for {
		if m.conn.IsConnected() {
			s := m.c.Node.Report()
			s.Node, s.Rejected = m.c.Identity.Node, m.rejected.Load()
			s.Certificates = append(s.Certificates, bus.Expiry{Name: "bus", Until: m.certificate.Load().Leaf.NotAfter})
			if text, err := json.Marshal(s); err == nil {
				_ = m.conn.Publish(bus.StatusSubject(s.Node), text) // the next one comes soon
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Bounds of handing over.
const (
	recordsAtOnce = 500
	bytesAtOnce   = 4 << 20         // of their bodies; the Management Node takes messages of 8 MB
	handOverEvery = 5 * time.Second // also without anything new: what failed is tried again
)

// handOver gives the records of the journal to the Management Node, in order,
// and takes out what it has.
func (m *Managed) handOver(ctx context.Context) {
	ticker := time.NewTicker(handOverEvery)
	defer ticker.Stop()
	for {
		for m.handOverSome(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-m.c.Journal.Added():
		}
	}
}

// handOverSome hands over the oldest records; it reports whether there may be more.
func (m *Managed) handOverSome(ctx context.Context) bool {
	list := m.c.Journal.Waiting(recordsAtOnce, bytesAtOnce)
	if len(list) == 0 || !m.conn.IsConnected() {
		return false
	}
	text, err := json.Marshal(bus.Records{Journal: m.c.Journal.ID(), List: list})
	if err != nil {
		m.c.Log.Error("history not handed over", "err", err)
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	answer, err := m.conn.RequestWithContext(ctx, bus.AskSubject(m.c.Identity.Node, bus.AskRecords), text)
	if err != nil {
		return false // the connection tells
	}
	var a bus.Acknowledged
	if err := json.Unmarshal(answer.Data, &a); err != nil || a.Error != "" {
		m.c.Log.Warn("the Management Node does not take the history now", "err", err, "reason", a.Error)
		return false
	}
	if err := m.c.Journal.Acknowledge(a.Number); err != nil {
		m.c.Log.Error("journal", "err", err)
		return false
	}
	return a.Number >= list[len(list)-1].Number && len(m.c.Journal.Waiting(1, 0)) > 0
}
