package bus

import (
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"parley/pki"
)

// ErrStart is the error of a server that does not start.
var ErrStart = errors.New("bus: the server did not start")

// startWithin is how long the server may take to start.
const startWithin = 10 * time.Second

// messageMax bounds one message: a snapshot of a very large deployment.
const messageMax = 64 << 20

// ServerConfig says how a server is reached and by whom.
type ServerConfig struct {
	Address     string // "host:port"
	Certificate tls.Certificate
	Authority   *x509.CertPool // that issued the certificates of nodes
	// Admit decides about a node whose certificate the authority issued.
	Admit func(node int64, c *x509.Certificate) error
	Log   *slog.Logger
}

// Server is the bus. Close ends it.
type Server struct {
	config   ServerConfig
	nats     *server.Server
	address  netip.AddrPort
	password string // of the connection inside the process

	mu      sync.Mutex
	clients map[int64][]uint64 // guarded by mu: connections by node
}

// Listen starts a server.
func Listen(c ServerConfig) (*Server, error) {
	host, portText, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s := &Server{config: c, password: rand.Text(), clients: map[int64][]uint64{}}
	s.nats, err = server.NewServer(&server.Options{
		ServerName: pki.ManagementName, Host: host, Port: port, NoSigs: true, NoLog: true, MaxPayload: messageMax, MaxPending: 4 * messageMax,
		TLS: true, TLSVerify: true, TLSTimeout: 5, AuthTimeout: 5, PingInterval: 2 * time.Second, MaxPingsOut: 2,
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c.Certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: c.Authority,
		},
		CustomClientAuthentication: authentication{s},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	s.nats.SetLoggerV2(logger{c.Log, &seldom{}}, false, false, false)
	s.nats.Start()
	if !s.nats.ReadyForConnections(startWithin) {
		s.Close()
		return nil, fmt.Errorf("%w at %s: is the port taken?", ErrStart, c.Address)
	}
	if a, ok := s.nats.Addr().(*net.TCPAddr); ok {
		s.address = a.AddrPort()
	}
	return s, nil
}

// Addr returns where the server listens.
func (s *Server) Addr() netip.AddrPort { return s.address }

// Connect returns a connection inside the process that may do everything.
func (s *Server) Connect() (*nats.Conn, error) {
	lost := &seldom{}
	return nats.Connect("", nats.InProcessServer(s.nats), nats.UserInfo(pki.ManagementName, s.password), nats.Name(pki.ManagementName),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			skipped, ok := lost.pass(time.Now())
			if !ok {
				return
			}
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			s.config.Log.Warn("messages on the bus are lost", "subject", subject, "err", err, "not_logged", skipped)
		}))
}

// Expel ends the connections of a node.
func (s *Server) Expel(node int64) {
	s.mu.Lock()
	ids := s.clients[node]
	delete(s.clients, node)
	s.mu.Unlock()
	for _, id := range ids {
		_ = s.nats.DisconnectClientByID(id) // it has gone by itself if that fails
	}
}

// enter notes a connection of a node, and forgets those that are gone.
func (s *Server) enter(node int64, id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[node] = append(slices.DeleteFunc(s.clients[node], func(id uint64) bool { return s.nats.GetClient(id) == nil }), id)
}

// Close ends all connections and the server.
func (s *Server) Close() {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}

// authentication lets the process itself in, and nodes by their certificates.
type authentication struct{ server *Server }

// Check implements server.Authentication.
func (a authentication) Check(c server.ClientAuthentication) bool {
	s := a.server
	if o := c.GetOpts(); o.Username == pki.ManagementName && subtle.ConstantTimeCompare([]byte(o.Password), []byte(s.password)) == 1 {
		c.RegisterUser(&server.User{Username: pki.ManagementName})
		return true
	}
	state := c.GetTLSConnectionState()
	if state == nil || len(state.VerifiedChains) == 0 {
		return false
	}
	certificate := state.PeerCertificates[0]
	node, ok := pki.NodeID(certificate.Subject.CommonName)
	err := errors.New("the certificate is not that of a node")
	if ok {
		s.enter(node, c.GetID()) // first, so that Expel finds it whatever Admit has read
		err = s.config.Admit(node, certificate)
	}
	if err != nil {
		s.config.Log.Warn("node refused on the bus", "address", c.RemoteAddress().String(), "certificate", certificate.Subject.CommonName, "err", err)
		return false
	}
	name := pki.NodeName(node)
	c.RegisterUser(&server.User{Username: name, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{StatusSubject(node), AskSubject(node, "*")}},
		Subscribe: &server.SubjectPermission{Allow: []string{DeltaSubject, CommandSubject(node), PictureSubject(node), inbox(node) + ".>"}},
		Response:  &server.ResponsePermission{MaxMsgs: 1, Expires: time.Minute},
	}})
	return true
}
