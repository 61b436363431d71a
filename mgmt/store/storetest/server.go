package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// Server is a PostgreSQL server in a folder of its own, which listens on a
// socket there and nowhere else.
type Server struct {
	folder    string
	programs  string              // folder of initdb and postgres
	as        *syscall.Credential // nil = whoever runs the tests
	databases int                 // made so far

	hold io.Closer     // the server runs until this is closed
	done chan struct{} // closed when it has ended
}

// startWithin bounds how long a server may take to begin, on a busy machine.
const startWithin = time.Minute

// newServer makes the files of a server and starts it.
func newServer() (*Server, error) {
	s := &Server{}
	var err error
	if s.programs, err = programs(); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "parley-pg-"); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 { // PostgreSQL refuses to be root
		if s.as, err = unprivileged(); err == nil {
			err = os.Chown(s.folder, int(s.as.Uid), int(s.as.Gid))
		}
	}
	if err == nil {
		initdb := s.command(filepath.Join(s.programs, "initdb"), "-D", "data", "-U", "parley", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
		if text, failed := initdb.CombinedOutput(); failed != nil {
			err = fmt.Errorf("initdb: %w\n%s", failed, text)
		}
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	return s, nil
}

// programs returns the folder of PostgreSQL's programs. Debian keeps them off PATH,
// by version.
func programs() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, newest := "", 0
	all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	for _, initdb := range all {
		folder := filepath.Dir(initdb)
		if version, err := strconv.Atoi(filepath.Base(filepath.Dir(folder))); err == nil && version > newest {
			found, newest = folder, version
		}
	}
	if found == "" {
		return "", errors.New("there is no PostgreSQL for the tests: run `make deps`, or install the package postgresql")
	}
	return found, nil
}

// unprivileged returns somebody who is not root.
func unprivileged() (*syscall.Credential, error) {
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	gid, errGroup := strconv.ParseUint(who.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, errGroup)
}

// command returns a command that runs in the folder of the server.
func (s *Server) command(name string, arguments ...string) *exec.Cmd {
	c := exec.Command(name, arguments...)
	c.Dir = s.folder
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true} // Ctrl-C is for the tests, which end it
	return c
}

// run starts the program that is its arguments, and ends it when its standard
// input ends: with the tests, however they end.
const run = `exec 3<&0; "$@" 3<&- & server=$!; (read _ <&3; kill -QUIT $server) & wait $server`

// Start starts the server, and returns when it serves.
func (s *Server) Start() error {
	c := s.command("/bin/sh", "-c", run, "sh", filepath.Join(s.programs, "postgres"), "-D", "data", "-k", s.folder,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=50")
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	if s.hold, err = c.StdinPipe(); err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	done := make(chan struct{})
	s.done = done
	go func() {
		defer close(done)
		_ = c.Wait() // how it ended is in its log
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if err = s.execute(ctx, "SELECT 1"); err == nil {
			return nil
		}
		select {
		case <-again.C:
			continue
		case <-done:
		case <-ctx.Done():
			s.Stop()
		}
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("postgres does not serve: %w\n%s", err, text)
	}
}

// Stop ends the server at once, as a crash would.
func (s *Server) Stop() {
	s.hold.Close()
	<-s.done
}

// remove ends the server and takes its files away.
func (s *Server) remove() {
	s.Stop()
	_ = os.RemoveAll(s.folder) // of a temporary folder
}

// dsn returns the DSN of a database.
func (s *Server) dsn(name string) string {
	return "postgres://parley@/" + name + "?sslmode=disable&host=" + url.QueryEscape(filepath.Join(s.folder, ".s.PGSQL.5432"))
}

// execute runs a statement in the database that is always there.
func (s *Server) execute(ctx context.Context, statement string) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(s.dsn("postgres"))))
	_, err := db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}
