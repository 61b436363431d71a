package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"parley/mgmt"
	"parley/mgmt/resource"
)

// mgmtBackupCommand is `parley mgmt backup`.
type mgmtBackupCommand struct {
	fileFlags
	File string `arg:"" help:"Where it is written; what is there is replaced. Passwords and keys are in it."`
	passphraseFlag
}

// passphraseFlag is how a passphrase is given that nobody sees in the list of
// processes.
type passphraseFlag struct {
	PassphraseFile string `type:"path" placeholder:"FILE" help:"File with the passphrase that seals the backup, in its first line."`
}

// read returns the passphrase, "" = none.
func (f *passphraseFlag) read() (string, error) {
	if f.PassphraseFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(f.PassphraseFile)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if first = strings.TrimSpace(first); first == "" {
		return "", fmt.Errorf("%s: its first line is empty", f.PassphraseFile)
	}
	return first, nil
}

// Run implements the command.
func (c *mgmtBackupCommand) Run(ctx context.Context, o *output) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	from := managementConfig(cfg, newLog(o.progress, cfg.Log))
	if !strings.Contains(from.DSN, "://") { // which opening would make
		if _, err := os.Stat(from.DSN); err != nil {
			return fmt.Errorf("there is no configuration here: %w", err)
		}
	}
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	h, err := mgmt.Backup(ctx, from, c.File, passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%s: %d objects, version %d of the configuration\n", c.File, h.Objects, h.Version)
	return nil
}

// mgmtRestoreCommand is `parley mgmt restore`.
type mgmtRestoreCommand struct {
	fileFlags
	File string `arg:"" help:"What parley mgmt backup wrote, or the Management Node itself, into backups in data_dir."`
	passphraseFlag
}

// Run implements the command.
func (c *mgmtRestoreCommand) Run(ctx context.Context, o *output) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	probe, err := net.Listen("tcp", cfg.Management.Bus) // one that runs would know nothing of what is restored
	if err != nil {
		return fmt.Errorf("management.bus: %w\nDoes the Management Node run? End it first, or restore by its API: /api/admin/command/v1/platform/backup_restore/", err)
	}
	probe.Close()
	m, err := openManagement(ctx, cfg, newLog(o.progress, cfg.Log))
	if err != nil {
		return err
	}
	done, err := m.Restore(file, passphrase, resource.By{Via: "restore"})
	if err = errors.Join(err, m.Close()); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "restored: %d objects, of %s\n", done.Objects, done.Created.Format(time.RFC3339))
	return nil
}
