package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parley/config"
)

// deploymentFile is where a node keeps the last configuration that it got, in
// its data folder.
const deploymentFile = "deployment.json"

// LoadDeployment returns the configuration that a node kept in its data folder;
// that of a new deployment where it kept none.
func LoadDeployment(dataDir string) (config.Deployment, error) {
	d := config.DefaultDeployment()
	text, err := os.ReadFile(filepath.Join(dataDir, deploymentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return d, fmt.Errorf("the configuration that the node kept: %w", err)
	}
	return d, nil
}

// SaveDeployment keeps a configuration in a data folder, all of it or, when the
// program is killed meanwhile, the one before.
func SaveDeployment(dataDir string, d config.Deployment) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dataDir, 0o750); err != nil {
		return err
	}
	file := filepath.Join(dataDir, deploymentFile)
	next, err := os.CreateTemp(dataDir, deploymentFile+".*")
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}
