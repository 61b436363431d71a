package rtp

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain looks for goroutines and sockets that tests left behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if n := TransportsOpen(); code == 0 && n != 0 {
		fmt.Printf("%d transports left open\n", n)
		code = 1
	}
	for range 100 {
		if leaked() == "" {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	if stack := leaked(); code == 0 && stack != "" {
		fmt.Printf("goroutine left behind:\n%s\n", stack)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stack of a goroutine of this package other than the test's.
func leaked() string {
	buffer := make([]byte, 1<<20)
	for _, stack := range strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(stack, "engine/rtp.") && !strings.Contains(stack, "TestMain") {
			return stack
		}
	}
	return ""
}
