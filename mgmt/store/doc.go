// Package store is the database of the Management Node: SQLite in a file, or
// PostgreSQL, behind one query layer. It keeps the objects of the configuration
// and every change of them.
package store
