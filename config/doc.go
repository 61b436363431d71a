// Package config holds what an administrator configures: one struct for each
// resource, with its defaults, its documentation and its validation. It reads
// the YAML file of `parley serve` and the environment, strictly: a key that it
// does not know stops the program with the line and the likely meaning. It is a
// leaf: it imports nothing of Parley, and everything may import it.
package config
