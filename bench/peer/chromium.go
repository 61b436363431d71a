package peer

// Chromium is a Chromium without a window that shows one page.
type Chromium struct{ *Process }

// NewChromium starts a Chromium that opens the page. It writes only below dir,
// and calls nobody else than the page does.
func NewChromium(dir, url string) (*Chromium, error) {
	p, err := start(dir, []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_CACHE_HOME=" + dir}, "chromium",
		"--headless", "--user-data-dir="+dir+"/profile",
		"--no-sandbox", // it cannot have one as root; the page is the test's own
		"--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		// A page that nobody sees is not slowed down.
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding",
		"--enable-logging=stderr", "--log-level=1", url)
	if err != nil {
		return nil, err
	}
	return &Chromium{p}, nil
}
