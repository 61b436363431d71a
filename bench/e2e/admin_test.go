//go:build e2e

package e2e

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"parley/composer"
	"parley/mgmt"
	"parley/mgmt/pages"
	"parley/pki"
)

// TestAdminPages has Chromium do what an administrator does, from the first start
// on: see web/admin/test. PARLEY_SCREENSHOTS names a folder for pictures of all pages.
func TestAdminPages(t *testing.T) {
	if !pages.Built() {
		t.Fatal("the admin pages are not built: make pages")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m, err := mgmt.Open(t.Context(), mgmt.Config{
		DSN: filepath.Join(dir, "parley.db"), Layouts: []string{composer.OneMainSevenPips, "four_by_four_speaker"},
		Log: slog.New(slog.DiscardHandler), Bus: "127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	certificate, err := pki.Own("", "", dir, "management")
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Listen("127.0.0.1:0", "127.0.0.1", certificate)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	url := "https://" + s.Addr().String()

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	playwright := exec.CommandContext(ctx, "npx", "playwright", "test")
	playwright.Dir = filepath.Join("..", "..", "web", "admin")
	playwright.Env = append(os.Environ(), "PARLEY_URL="+url, "PARLEY_SETUP="+url+"/setup#"+m.SetupToken(), "PARLEY_CHROMIUM="+chromium, "PARLEY_RESULTS="+dir+"/results")
	playwright.Cancel = func() error { return playwright.Process.Signal(os.Interrupt) } // it ends its browser then
	playwright.WaitDelay = 10 * time.Second
	out, err := playwright.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", errors.Join(err, ctx.Err()), out)
	}
	t.Logf("%s", out)
}
