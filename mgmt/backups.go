package mgmt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/mgmt/api"
	"parley/mgmt/backup"
	"parley/mgmt/resource"
)

// backupFile is a backup in the folder of backups, with the names of the model API.
type backupFile struct {
	Filename string     `json:"filename" readonly:"yes" doc:"Name of the file."`
	Type     string     `json:"type" readonly:"yes" doc:"auto: the daily one; manual: somebody asked for it."`
	Date     *time.Time `json:"date" readonly:"yes" doc:"When it was made. null: it is damaged."`
	Size     int64      `json:"size" readonly:"yes" doc:"Bytes."`
	SHA256   string     `json:"sha256sum" readonly:"yes" doc:"SHA-256 of the file."`
	Version  string     `json:"version" readonly:"yes" doc:"Version of the program that made it."`
	Build    string     `json:"build" readonly:"yes" doc:"The same."`
	Of       int64      `json:"configuration_version" readonly:"yes" doc:"Version of the configuration that it holds. (Parley only)"`
	Objects  int        `json:"objects" readonly:"yes" doc:"How many objects. (Parley only)"`
}

// backupFiles are the backups that can be listed, taken away and deleted.
func (m *Management) backupFiles() api.Files {
	return api.Files{
		Kind: resource.NewKind("system_backup", "Backups of the configuration: made by the command platform/backup_create, and daily.", backupFile{}, nil),
		List: m.listBackups,
		Read: func(name string) (api.File, error) {
			content, err := m.readBackup(name)
			return api.File{Name: name, Type: "application/gzip", Content: content}, err
		},
		Remove: func(name string) error {
			if !m.isBackup(name) {
				return resource.ErrNoObject
			}
			return backupError(os.Remove(filepath.Join(m.dataDir, backupFolder, name)))
		},
	}
}

// isBackup reports whether a file of that name may be a backup; it need not be there.
func (m *Management) isBackup(name string) bool {
	return m.dataDir != "" && name == filepath.Base(name) && strings.HasSuffix(name, backupSuffix) && !strings.HasPrefix(name, ".")
}

// readBackup returns what is in a backup. Errors are resource.ErrNoObject or *api.Refused.
func (m *Management) readBackup(name string) ([]byte, error) {
	if !m.isBackup(name) {
		return nil, resource.ErrNoObject
	}
	content, err := os.ReadFile(filepath.Join(m.dataDir, backupFolder, name))
	return content, backupError(err)
}

func backupError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return resource.ErrNoObject
	}
	return &api.Refused{Status: http.StatusServiceUnavailable, Text: "the folder of backups: " + err.Error()}
}

// listBackups returns the backups by name.
func (m *Management) listBackups() (list []any, err error) {
	if m.dataDir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(m.dataDir, backupFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of backups: %w", err)
	}
	for _, e := range entries {
		content, err := m.readBackup(e.Name())
		if err != nil {
			continue // it is none, or has just gone
		}
		sum := sha256.Sum256(content)
		b := &backupFile{Filename: e.Name(), Type: "manual", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
		if strings.HasPrefix(e.Name(), backupDaily) {
			b.Type = "auto"
		}
		if h, err := backup.ReadHeader(bytes.NewReader(content)); err == nil {
			b.Date, b.Version, b.Build, b.Of, b.Objects = &h.Created, h.Program, h.Program, h.Version, h.Objects
		}
		list = append(list, b)
	}
	return list, nil
}
