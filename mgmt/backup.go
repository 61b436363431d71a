package mgmt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/mgmt/api"
	"parley/mgmt/backup"
	"parley/mgmt/resource"
)

// The daily backups that are kept, and the names of backups in the folder: those
// that somebody asked for are never deleted.
const (
	backupsKept  = 7
	backupFolder = "backups"
	backupDaily  = "daily-"
	backupAsked  = "parley-"
	backupStamp  = "20060102T150405.000Z"
	backupSuffix = ".jsonl.gz"
)

// Backup writes the configuration of the database of c into a file, also while
// another process serves it; with a passphrase, sealed by it.
func Backup(ctx context.Context, c Config, file, passphrase string) (backup.Header, error) {
	m, err := load(ctx, c)
	if err != nil {
		return backup.Header{}, err
	}
	h, err := m.writeBackup(file, passphrase, time.Now())
	return h, errors.Join(err, m.store.Close())
}

// writeBackup writes a file, whole or not at all.
func (m *Management) writeBackup(file, passphrase string, now time.Time) (h backup.Header, err error) {
	next, err := os.CreateTemp(filepath.Dir(file), ".backup-*") // of mode 0600: secrets are in it
	if err != nil {
		return h, err
	}
	h, err = backup.Write(next, m.tree, m.version, passphrase, now)
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), file)
	}
	if err != nil {
		return h, errors.Join(err, os.Remove(next.Name()))
	}
	return h, nil
}

// keepBackup writes a file into the folder of backups and returns its name.
func (m *Management) keepBackup(prefix, passphrase string, now time.Time) (name string, h backup.Header, err error) {
	folder := filepath.Join(m.dataDir, backupFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", h, err
	}
	name = prefix + now.UTC().Format(backupStamp) + backupSuffix
	h, err = m.writeBackup(filepath.Join(folder, name), passphrase, now)
	return name, h, err
}

// backUpDaily writes the backup of the day if it is due. It is called every hour,
// one call at a time.
func (m *Management) backUpDaily(now time.Time) {
	if m.backupFailed = m.backUpIfDue(now); m.backupFailed != nil {
		m.log.Error("no backup of the day", "err", m.backupFailed)
	}
}

// backUpIfDue writes the backup of the day, and drops the oldest.
func (m *Management) backUpIfDue(now time.Time) error {
	if m.dataDir == "" {
		return nil
	}
	pattern := filepath.Join(m.dataDir, backupFolder, backupDaily+"*"+backupSuffix)
	if files, err := filepath.Glob(pattern); err != nil {
		return err
	} else if len(files) > 0 { // sorted, which is by time
		text := strings.TrimPrefix(filepath.Base(files[len(files)-1]), backupDaily)
		last, err := time.Parse(backupStamp, strings.TrimSuffix(text, backupSuffix))
		if age := now.Sub(last); err == nil && age >= 0 && age < 24*time.Hour-forgetEvery/2 {
			return nil
		}
	}
	if _, _, err := m.keepBackup(backupDaily, "", now); err != nil {
		return err
	}
	files, err := filepath.Glob(pattern)
	for len(files) > backupsKept {
		err = errors.Join(err, os.Remove(files[0]))
		files = files[1:]
	}
	return err
}

// Restored is what a restore did.
type Restored struct {
	backup.Header
	// Restart: the certificates of the deployment are others now, and nodes cannot
	// connect before this process begins anew.
	Restart bool
}

// Restore replaces the configuration by that of a backup, in one transaction.
// Errors are backup.ErrFile or resource.ErrStore; nothing has changed then.
func (m *Management) Restore(r io.Reader, passphrase string, by resource.By) (Restored, error) {
	h, s, err := backup.Read(r, m.tree, passphrase)
	if err != nil {
		return Restored{}, err
	}
	before, _ := m.tree.Get("authority", 1)
	_, err = m.tree.Edit(nil, func(e *resource.Edit) error {
		e.By = by
		return e.Replace(s)
	})
	switch {
	case errors.Is(err, resource.ErrStore):
		return Restored{}, err
	case err != nil:
		return Restored{}, fmt.Errorf("%w: %w", backup.ErrFile, err)
	}
	after, _ := m.tree.Get("authority", 1)
	restart := before.(*Authority).Certificate != after.(*Authority).Certificate
	m.log.Warn("configuration restored", "user", by.User, "via", by.Via, "created", h.Created, "objects", h.Objects, "restart_required", restart)
	return Restored{h, restart}, nil
}

// backupCommands are those of the command API.
func (m *Management) backupCommands() []api.Command {
	return []api.Command{
		{Name: "platform/backup_create", Optional: []string{"passphrase"}, Flags: []string{"request"}, Do: func(_ context.Context, a api.Arguments) (map[string]any, error) {
			if m.dataDir == "" {
				return nil, &api.Refused{Status: http.StatusServiceUnavailable, Text: "there is no data_dir to write a backup to"}
			}
			name, h, err := m.keepBackup(backupAsked, a["passphrase"], time.Now())
			if err != nil {
				m.log.Error("no backup", "err", err)
				return nil, &api.Refused{Status: http.StatusServiceUnavailable, Text: "the backup could not be written: " + err.Error()}
			}
			return map[string]any{"filename": name, "resource_uri": api.FileURI("system_backup", name), "created": h.Created, "version": h.Version, "objects": h.Objects}, nil
		}},
		{Name: "platform/backup_restore", File: "package", Optional: []string{"filename", "passphrase"}, Do: m.restoreCommand},
	}
}

func (m *Management) restoreCommand(ctx context.Context, a api.Arguments) (map[string]any, error) {
	content := []byte(a["package"])
	if name := a["filename"]; (name == "") == (len(content) == 0) {
		return nil, &api.Refused{Status: http.StatusBadRequest, Text: "give either filename, a backup in the folder of backups, or package, the file itself as multipart/form-data"}
	} else if name != "" {
		var err error
		if content, err = m.readBackup(name); err != nil {
			return nil, &api.Refused{Status: http.StatusBadRequest, Text: "filename: there is no backup of that name"}
		}
	}
	done, err := m.Restore(bytes.NewReader(content), a["passphrase"], api.By(ctx))
	if errors.Is(err, backup.ErrFile) {
		return nil, &api.Refused{Status: http.StatusBadRequest, Text: err.Error() + "; nothing has changed"}
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"created": done.Created, "parley": done.Program, "objects": done.Objects, "restart_required": done.Restart}, nil
}
