// Package disk tells how much room there is for data.
package disk
