package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Server is a Handler with a port of its own.
type Server struct {
	handler *Handler
	http    *http.Server
	address netip.AddrPort
	done    chan struct{}
}

// Listen serves the page at address ("host:port").
func Listen(address string, c Config) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	h := New(c)
	s := &Server{
		handler: h,
		http: &http.Server{
			Handler:           http.MaxBytesHandler(h, 1<<10), // there is nothing to be sent to us
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    16 << 10,
		},
		done: make(chan struct{}),
	}
	if a, ok := listener.Addr().(*net.TCPAddr); ok {
		s.address = a.AddrPort()
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.config.Log.Error("the page stopped", "error", err)
		}
	}()
	return s, nil
}

// Addr returns where the page is.
func (s *Server) Addr() netip.AddrPort { return s.address }

// Close ends the streams, waits shortly for answers under way and stops. A
// second Close does nothing.
func (s *Server) Close() {
	s.handler.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	<-s.done
}
