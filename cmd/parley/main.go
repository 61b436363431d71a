// Command parley is the program: a conferencing node, calls to one, a
// demonstration, and measurements. It reads flags and configuration, wires the packages together
// and does nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"parley/bench/capacity"
	"parley/bench/load"
	"parley/config"
)

// version is set by the linker (make build).
var version = "unknown"

// commands are the subcommands.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run everything in one process: management and a conferencing node."`
	Mgmt    mgmtCommand    `cmd:"" help:"Run the Management Node alone."`
	Node    nodeCommand    `cmd:"" help:"Run a Conferencing Node alone."`
	Call    callCommand    `cmd:"" help:"Call a conference, as a phone would, and tell what came back."`
	Demo    demoCommand    `cmd:"" help:"Run a node with callers that the program makes: dial in and open the page."`
	Bench   benchCommand   `cmd:"" help:"Measure what this machine holds, and draw what was measured."`
	Version versionCommand `cmd:"" help:"Tell what this build is made of."`
}

// output is where a command writes what it was asked for, and what it is doing.
type output struct {
	out      io.Writer // results
	progress io.Writer // what happens meanwhile
}

const description = `Parley: anyone calls in by SIP and sees one composed picture and hears one mixed sound.

Examples:

  parley demo                                  nine callers in a conference; join them
  parley serve                                 calls on port 5060, REST API on 8443, page on 8080
  parley call sip:meet@192.0.2.1 --duration 10s --record out.mp4`

func main() {
	load.Serve()           // this program makes the load of a bench, too, in a process of its own,
	capacity.ServeCodecs() // and codec work alone
	if len(os.Args) > 1 && slices.Contains([]string{"serve", "node", "demo"}, os.Args[1]) {
		coarseTimers()
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 done, 1 failed, 2 wrong use.
func run(args []string, stdout, stderr io.Writer) int {
	// What libraries log on their own is of use only when it is serious.
	slog.SetDefault(newLog(stderr, config.Log{Level: config.LevelError, Format: config.FormatText}))
	ctx, stop := interruptible(stderr)
	defer stop()
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("parley"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"own_thumbnail": "hidden"},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&output{out: stdout, progress: stderr}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "parley:", err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help was printed
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "parley: %v\nSee: parley --help\n", err)
		return 2
	}
	err = parsed.Run()
	var wrong *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "parley: %v\nSee: parley %s --help\n", err, parsed.Command())
		return 2
	default:
		fmt.Fprintln(stderr, "parley:", err)
		return 1
	}
}

// usageError is the error of a command called in a way that cannot work.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// interruptible returns a context that the first Ctrl-C or SIGTERM ends; the
// second ends the program at once.
func interruptible(stderr io.Writer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			fmt.Fprintln(stderr, "ending; once more ends at once")
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			os.Exit(130)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
