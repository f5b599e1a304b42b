// Package schema is the main database's tables and who may touch them.
//
// Each table has one writing package, named above it in the migration. Migrations
// are append-only: once released a file never changes.
package schema
