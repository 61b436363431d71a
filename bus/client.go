package bus

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/nats-io/nats.go"

	"parley/pki"
)

// ClientConfig is how a node connects.
type ClientConfig struct {
	Address     string // "host:port" of the Management Node's bus
	Node        int64
	Certificate func() *tls.Certificate // asked for at every connection
	Authority   *x509.CertPool
	Connected   func() // called whenever there is a connection, the first one included; may be nil
	Lost        func(error)
}

// How a lost connection is looked after.
const (
	reconnectWait = 500 * time.Millisecond
	pingEvery     = 2 * time.Second
	pingsOut      = 2
)

// Connect returns a connection that comes, and comes back, by itself: the
// Management Node need not be there.
func Connect(c ClientConfig) (*nats.Conn, error) {
	return nats.Connect("tls://"+c.Address,
		nats.Secure(&tls.Config{
			MinVersion: tls.VersionTLS13, RootCAs: c.Authority, ServerName: pki.ManagementName,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.Certificate(), nil },
		}),
		nats.Name(pki.NodeName(c.Node)), nats.CustomInboxPrefix(inbox(c.Node)),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.IgnoreAuthErrorAbort(), // a node that is refused may be let in again
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsOut), nats.ReconnectBufSize(-1), nats.NoEcho(),
		nats.ConnectHandler(func(*nats.Conn) { call(c.Connected) }), nats.ReconnectHandler(func(*nats.Conn) { call(c.Connected) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if c.Lost != nil {
				c.Lost(err)
			}
		}),
	)
}

func call(f func()) {
	if f != nil {
		f()
	}
}
