package load

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"time"

	"parley/codecs/native"
	"parley/signaling/sip"
)

// processVariable makes this program the load process.
const processVariable = "PARLEY_BENCH_LOAD"

// request is what the load process is asked for.
type request struct {
	Do         string // join, offer, leave, snapshot, sample, likeness
	Conference int
	Caller     int // how many join, or who leaves
}

// reply is its answer, or what it says meanwhile.
type reply struct {
	Progress string // not the answer yet
	Failed   string
	Status   int // of the answer to one who was refused
	Snapshot Snapshot
	Likeness []Likeness
}

// Process is a load in a process of its own: this program once more, which must
// call Serve first of all. Its methods are called by one goroutine at a time.
type Process struct {
	command *exec.Cmd
	in      io.WriteCloser
	ask     *gob.Encoder
	answers chan reply
	failed  error // why there are no more answers; read after answers is closed
	told    func(string)
	closing sync.Once
}

// Start starts it and returns when everything is encoded. told is called with
// what it does meanwhile.
func Start(ctx context.Context, p Plan, told func(string)) (*Process, error) {
	p, err := p.WithDefaults()
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &Process{command: exec.Command(program), told: told, answers: make(chan reply, 1)}
	l.command.Env = append(os.Environ(), processVariable+"=1")
	l.command.Stderr = os.Stderr
	if l.in, err = l.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := l.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.command.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	l.ask = gob.NewEncoder(l.in)
	decoder := gob.NewDecoder(out)
	go func() { // ends with the process
		defer close(l.answers)
		for {
			var r reply
			if l.failed = decoder.Decode(&r); l.failed != nil {
				return
			}
			l.answers <- r
		}
	}()
	if err := l.ask.Encode(p); err != nil {
		l.Close()
		return nil, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	if _, err := l.await(ctx); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// PID returns its process.
func (l *Process) PID() int { return l.command.Process.Pid }

// Join is Generator.Join.
func (l *Process) Join(ctx context.Context, conference, callers int) error {
	_, err := l.do(ctx, request{Do: "join", Conference: conference, Caller: callers})
	return err
}

// Offer has one caller call. It returns the status code of the answer if he is
// refused, and 0 if he is in.
func (l *Process) Offer(ctx context.Context, conference int) (status int, err error) {
	r, err := l.do(ctx, request{Do: "offer", Conference: conference})
	return r.Status, err
}

// Leave is Generator.Leave.
func (l *Process) Leave(ctx context.Context, conference, index int) error {
	_, err := l.do(ctx, request{Do: "leave", Conference: conference, Caller: index})
	return err
}

// Snapshot is Generator.Snapshot.
func (l *Process) Snapshot(ctx context.Context) (Snapshot, error) {
	r, err := l.do(ctx, request{Do: "snapshot"})
	return r.Snapshot, err
}

// Sample is Generator.Sample.
func (l *Process) Sample(ctx context.Context) error {
	_, err := l.do(ctx, request{Do: "sample"})
	return err
}

// Likeness is Generator.Likeness.
func (l *Process) Likeness(ctx context.Context) ([]Likeness, error) {
	r, err := l.do(ctx, request{Do: "likeness"})
	return r.Likeness, err
}

func (l *Process) do(ctx context.Context, r request) (reply, error) {
	if err := l.ask.Encode(r); err != nil {
		return reply{}, fmt.Errorf("%w: %w", ErrProcess, err)
	}
	return l.await(ctx)
}

// await waits for an answer. After the end of ctx the process is of no more use.
func (l *Process) await(ctx context.Context) (reply, error) {
	for {
		select {
		case r, ok := <-l.answers:
			switch {
			case !ok:
				return reply{}, fmt.Errorf("%w: %w", ErrProcess, l.failed)
			case r.Failed != "":
				return r, errors.New(r.Failed)
			case r.Progress == "":
				return r, nil
			}
			l.told(r.Progress)
		case <-ctx.Done():
			return reply{}, ctx.Err()
		}
	}
}

// closePatience is how long hanging up may take.
const closePatience = 15 * time.Second

// Close has everybody hang up and ends the process.
func (l *Process) Close() {
	l.closing.Do(func() {
		l.in.Close()
		timer := time.AfterFunc(closePatience, func() { _ = l.command.Process.Kill() })
		defer timer.Stop()
		for range l.answers { // so that it never waits for us
		}
		_ = l.command.Wait()
	})
}

// Serve makes the load and ends the program when Start started it for that,
// and returns otherwise. It must be called before anything else.
func Serve() {
	if os.Getenv(processVariable) == "" {
		return
	}
	signal.Ignore(os.Interrupt) // it ends with the one who started it, after hanging up
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve does what it is asked for until there is no more.
func serve(in io.Reader, out io.Writer) error {
	ask, answer := gob.NewDecoder(in), gob.NewEncoder(out)
	var p Plan
	if err := ask.Decode(&p); err != nil {
		return err
	}
	g, err := New(p, native.Codecs(), func(text string) { _ = answer.Encode(reply{Progress: text}) })
	if err != nil {
		return answer.Encode(reply{Failed: err.Error()})
	}
	defer g.Close()
	if err := answer.Encode(reply{}); err != nil {
		return err
	}
	for {
		var r request
		if err := ask.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var a reply
		var err error
		switch r.Do {
		case "join":
			err = g.Join(context.Background(), r.Conference, r.Caller)
		case "offer":
			err = g.Join(context.Background(), r.Conference, 1)
			var refused *sip.StatusError
			if errors.As(err, &refused) {
				a.Status, err = refused.Code, nil
			}
		case "leave":
			err = g.Leave(context.Background(), r.Conference, r.Caller)
		case "sample":
			g.Sample()
		case "likeness":
			a.Likeness, err = g.Likeness()
		default:
			a.Snapshot = g.Snapshot()
		}
		if err != nil {
			a.Failed = err.Error()
		}
		if err := answer.Encode(a); err != nil {
			return err
		}
	}
}
