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
	dir := t.TempDir()
	url, token := manage(t, dir, mgmt.Config{
		DSN: filepath.Join(dir, "parley.db"), Layouts: []string{composer.OneMainSevenPips, "four_by_four_speaker"},
		Log: slog.New(slog.DiscardHandler), Bus: "127.0.0.1:0",
	})
	browse(t, "admin.spec.ts", "PARLEY_URL="+url, "PARLEY_SETUP="+url+"/setup#"+token)
}

// manage runs a Management Node until the test ends, and returns its URL and the
// token that sets the password of its administrator.
func manage(t *testing.T, dir string, c mgmt.Config) (url, token string) {
	t.Helper()
	m, err := mgmt.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	certificate, err := pki.Own("", "", dir, "management")
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Listen("127.0.0.1:0", "127.0.0.1", certificate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return "https://" + s.Addr().String(), m.SetupToken()
}

// browse has Chromium do what a file of web/admin/test says, which env tells where.
func browse(t *testing.T, spec string, env ...string) {
	t.Helper()
	if !pages.Built() {
		t.Fatal("the admin pages are not built: make pages")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	playwright := exec.CommandContext(ctx, "npx", "playwright", "test", spec)
	playwright.Dir = filepath.Join("..", "..", "web", "admin")
	playwright.Env = append(append(os.Environ(), "PARLEY_CHROMIUM="+chromium, "PARLEY_RESULTS="+t.TempDir()+"/results"), env...)
	playwright.Cancel = func() error { return playwright.Process.Signal(os.Interrupt) } // it ends its browser then
	playwright.WaitDelay = 10 * time.Second
	out, err := playwright.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", errors.Join(err, ctx.Err()), out)
	}
	t.Logf("%s", out)
}
